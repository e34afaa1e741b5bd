"""By what the contacts of a ledger are divided when it is asked whether some of them were treated unlike the others.

One definition for the figures and for the list of the rows behind them.
"""

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Case, CharField, Expression, F, Value, When
from django.db.models.functions import Cast, Coalesce, ExtractHour, ExtractIsoWeekDay
from django.utils.translation import gettext_lazy as _

WAITS = (30, 120, 300, 900)  # seconds at which a band of waiting times ends
YES, NO = "yes", "no"


class Cut(models.TextChoices):
    """Agent, team, channel, reason, language and segment as they were when the verdict was made."""

    SOLVED = "solved", _("solved")
    REOPENED = "reopened", _("reopened")
    TRANSFERRED = "transferred", _("handed on")
    GOODWILL = "goodwill", _("goodwill given")
    AGENT = "agent", _("agent")
    TEAM = "team", _("team")
    HOUR = "hour", _("hour of the day")
    WEEKDAY = "weekday", _("day of the week")
    CHANNEL = "channel", _("channel")
    REASON = "reason", _("contact reason")
    WAIT = "wait", _("wait")
    LANGUAGE = "language", _("language")
    SEGMENT = "segment", _("segment")


def cut(by: str, zone: ZoneInfo, contact: str = "contact") -> Expression:
    """The value of an invitation, as text; “” where it is not known. Hours and days are those of its contact's end.

    `contact`: by which name its contact is joined.
    """
    if by in (Cut.AGENT, Cut.TEAM):
        return Coalesce(Cast(f"{by}_id", CharField()), Value(""))
    if by == Cut.HOUR:
        return Cast(ExtractHour("about_at", tzinfo=zone), CharField())
    if by == Cut.WEEKDAY:
        return Cast(ExtractIsoWeekDay("about_at", tzinfo=zone), CharField())
    if by in _COLUMNS:
        return F(_COLUMNS[by])
    cases = {
        Cut.SOLVED: [(YES, {f"{contact}__is_solved": True}), (NO, {f"{contact}__is_solved": False})],
        Cut.REOPENED: [(YES, {f"{contact}__reopened_count__gt": 0}), (NO, {f"{contact}__reopened_count": 0})],
        Cut.TRANSFERRED: [(YES, {f"{contact}__is_transferred": True}), (NO, {f"{contact}__is_transferred": False})],
        Cut.GOODWILL: [(YES, {"is_goodwill": True}), (NO, {"contact__isnull": False})],
        Cut.WAIT: [
            *((str(place), {f"{contact}__wait_seconds__lt": end}) for place, end in enumerate(WAITS)),
            (str(len(WAITS)), {f"{contact}__wait_seconds__gte": WAITS[-1]}),
        ],
    }[Cut(by)]
    whens = (When(**condition, then=Value(value)) for value, condition in cases)
    return Case(*whens, default=Value(""), output_field=CharField())


_COLUMNS = {
    Cut.CHANNEL: "channel",
    Cut.REASON: "contact_reason",
    Cut.LANGUAGE: "language",
    Cut.SEGMENT: "segment",
}
