"""Days and times as look.md writes them, in the client's zone: “Montag, 30. November”, “Monday 30 November, 18:00”.

The forms are translations themselves, so each language keeps its own order and points.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django import template
from django.utils.dateformat import format as written
from django.utils.translation import pgettext

register = template.Library()


@register.filter
def day(at: dt.datetime, zone: ZoneInfo) -> str:
    """The weekday and day of a moment within a few weeks."""
    return written(at.astimezone(zone), pgettext("date format: weekday and day", "l j F"))


@register.filter
def day_and_time(at: dt.datetime, zone: ZoneInfo) -> str:
    """A promise or a limit: to the minute."""
    return written(at.astimezone(zone), pgettext("date format: weekday, day and time", "l j F, H:i"))


@register.filter
def full_date(at: dt.datetime, zone: ZoneInfo) -> str:
    """A day that may lie years back."""
    return written(at.astimezone(zone), pgettext("date format: day and year", "j F Y"))


@register.filter
def moment(at: dt.datetime, zone: ZoneInfo) -> str:
    """Day, year and minute: for what staff look up."""
    return written(at.astimezone(zone), pgettext("date format: day, year and time", "j F Y, H:i"))
