"""Tallies reach up to a moment, no longer up to a day. What is tallied stays so."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import migrations, models


def to_the_moment(apps, schema_editor):
    """The midnight with which the day began that was the first one not tallied."""
    TalliedUntil = apps.get_model("analytics", "TalliedUntil")
    for state in TalliedUntil.objects.all():
        midnight = dt.datetime.combine(state.until_on, dt.time.min, ZoneInfo(state.zone or "UTC"))
        TalliedUntil.objects.filter(pk=state.pk).update(until=midnight.astimezone(dt.UTC))


def to_the_day(apps, schema_editor):
    """Part of a day cannot be said: all is tallied anew."""
    apps.get_model("analytics", "TalliedUntil").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_tallies")]

    operations = [
        migrations.AddField("TalliedUntil", "until", models.DateTimeField(null=True)),
        migrations.RunPython(to_the_moment, migrations.RunPython.noop),
        migrations.AlterField("TalliedUntil", "until", models.DateTimeField()),
        migrations.RemoveField("TalliedUntil", "until_on"),
        migrations.RunPython(migrations.RunPython.noop, to_the_day),  # the first step back: the day has no value then
    ]
