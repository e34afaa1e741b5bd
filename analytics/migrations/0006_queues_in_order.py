"""Comments that wait for a person lie in the order of their queues: by lot, or the unclassified first."""

from django.db import migrations, models
from django.db.models import CharField, Func, Q
from django.db.models.functions import Cast


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0005_tallied_by_the_hour"),
    ]

    operations = [
        migrations.AddIndex(
            "reading",
            models.Index(
                "language",
                Func(
                    Cast("answer", CharField()),
                    template="MD5('first ' || %(expressions)s)",
                    output_field=CharField(),
                ),
                name="reading_by_lot",
                condition=~Q(source="person"),
            ),
        ),
        migrations.AddIndex(
            "reading",
            models.Index(
                fields=["language", "-outcome", "-answer"],
                name="reading_unmeasured",
                condition=Q(margin=None) & ~Q(source="person"),
            ),
        ),
    ]
