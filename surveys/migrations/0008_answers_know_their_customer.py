"""The customer stands with the answer, too, so that one index leads from it to the others of the same person."""

from django.db import migrations, models

FILL = (
    "UPDATE surveys_response SET customer_id = "
    "(SELECT customer_id FROM surveys_invitation asked WHERE asked.id = invitation_id) WHERE invitation_id IS NOT NULL"
)


class Migration(migrations.Migration):
    dependencies = [("surveys", "0007_exclusions_and_reported_counts")]

    operations = [
        migrations.AddField(
            "Response",
            "customer",
            models.ForeignKey(
                "surveys.customer",
                models.SET_NULL,
                null=True,
                blank=True,
                db_index=False,
                related_name="+",
                verbose_name="customer",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            "Response", models.Index(fields=["customer", "kind", "submitted_at"], name="response_of_customer")
        ),
    ]
