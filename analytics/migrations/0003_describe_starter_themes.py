"""Clients of before have the starter themes by name only: what is empty gets the starter's definition and examples."""

from pathlib import Path

import yaml
from django.db import migrations

TEXTS = ("definition", "included", "excluded")


def describe(apps, schema_editor):
    """Only where nobody wrote anything; a second run finds nothing to fill."""
    Theme = apps.get_model("analytics", "Theme")
    if not Theme.objects.exists():
        return
    listed = yaml.safe_load((Path(__file__).parents[1] / "taxonomy.yaml").read_text("utf-8"))["themes"]
    for starter in listed:
        for text in TEXTS:
            for code, said in starter.get(text, {}).items():
                column = f"{text}_{code}"
                Theme.objects.filter(**{"key": starter["key"], column: ""}).update(**{column: said})


class Migration(migrations.Migration):
    dependencies = [("analytics", "0002_corrections_models_and_topics")]

    operations = [migrations.RunPython(describe, migrations.RunPython.noop)]
