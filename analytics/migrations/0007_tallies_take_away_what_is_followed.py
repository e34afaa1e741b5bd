"""A day takes away what its answers follow, so that nothing of earlier days changes. All is tallied anew."""

from django.db import migrations, models

NUMBERS = [(f"n{score}", models.IntegerField()) for score in range(11)]


def begin_anew(apps, schema_editor):
    """Where nobody knows how far tallies go, the answers are read until they have been tallied again."""
    apps.get_model("analytics", "TalliedUntil").objects.all().delete()


def tally(name: str, key: list[str], fields: list[tuple[str, models.Field]]) -> migrations.CreateModel:
    identity = {"blank": True, "editable": False, "primary_key": True, "serialize": False}
    whose = {"db_constraint": False, "db_index": False, "related_name": "+"}
    return migrations.CreateModel(
        name,
        [
            ("day_on", models.DateField()),
            *NUMBERS,
            ("counts_in", models.SmallIntegerField()),
            ("kind", models.CharField(max_length=4)),
            ("pk", models.CompositePrimaryKey(*key, **identity)),
            ("client", models.ForeignKey("surveys.client", models.CASCADE, **whose)),
            *fields,
        ],
        options={"abstract": False},
    )


class Migration(migrations.Migration):
    dependencies = [("analytics", "0006_queues_in_order")]

    operations = [
        migrations.RunPython(begin_anew, migrations.RunPython.noop),
        migrations.DeleteModel("CellTally"),
        migrations.DeleteModel("DayTally"),
        tally(
            "CellTally",
            ["client_id", "kind", "dimension", "day_on", "value", "counts_in"],
            [("dimension", models.CharField(max_length=46)), ("value", models.CharField(max_length=120))],
        ),
        tally(
            "DayTally",
            ["client_id", "kind", "day_on", "version_id", "counts_in"],
            [
                (
                    "version",
                    models.ForeignKey(
                        "surveys.surveyversion",
                        models.DO_NOTHING,
                        db_constraint=False,
                        db_index=False,
                        related_name="+",
                    ),
                )
            ],
        ),
        migrations.RunPython(migrations.RunPython.noop, begin_anew),
    ]
