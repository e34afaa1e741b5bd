from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("feedback_loop", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="caseevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opened", "opened"),
                    ("trigger", "new reason"),
                    ("assigned", "assigned"),
                    ("note", "note"),
                    ("started", "started"),
                    ("due", "due time changed"),
                    ("changed", "answer changed"),
                    ("resolved", "resolved"),
                    ("reopened", "reopened"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="caseevent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "changed")), fields=("case", "at"), name="change_told_once"
            ),
        ),
    ]
