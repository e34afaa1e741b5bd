"""What is known of each answer beside its score, as columns of numbers: how the matter went, when and what was said.

* Themes as criticised and as praised, the most frequent first; a comment that nobody has read names none.
* Waiting in minutes where people wait on the line (phone, chat), in hours elsewhere: two columns, for a minute in a
  queue is not a minute until a mail is answered. Waiting and talking are cut at their 99th percentile, so that one
  forgotten telephone does not decide; they are not transformed otherwise.
* Channel and hour (of the contact's start, in the client's zone) each against the most frequent one.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from django.db.models import Min, QuerySet
from django.db.models.functions import ExtractHour
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys.models import Answer, Client, Contact, Question, Response

from .found import LED
from .matters import repeated_keys
from .models import Theme, ThemeAssignment
from .periods import Period
from .scores import VALUE_FROM

ON_THE_LINE = (Contact.Channel.PHONE, Contact.Channel.CHAT)
HOURS = ((0, 9), (9, 13), (13, 17), (17, 24))
CUT_AT = 99  # percentile of a length of time
UNKNOWN = float("nan")


@dataclass(frozen=True, eq=False)
class Column:
    """One circumstance: its value for each answer, NaN where it is unknown. Yes is 1, no is 0."""

    key: str
    name: str
    values: np.ndarray
    is_yes_or_no: bool = True


class _Row(NamedTuple):
    response: int
    group: str
    channel: str
    contact: int | None
    customer: int | None
    reason: str | None
    is_solved: bool | None
    wait_seconds: int | None
    talk_seconds: int | None
    is_transferred: bool | None
    reopened_count: int | None
    ended_at: dt.datetime | None
    hour: int | None


def rows_of(responses: QuerySet[Response], client: Client) -> list[_Row]:
    """One query."""
    contact = "invitation__contact"
    columns = [f"{contact}__{name}" for name in _Row._fields[4:-1]]
    hour = ExtractHour(f"{contact}__started_at", tzinfo=client.zone)
    return [_Row(*row) for row in responses.values_list("pk", "group", "invitation__channel", contact, *columns, hour)]


def columns_of(rows: Sequence[_Row], client: Client, kind: str, period: Period) -> list[Column]:
    """What is known of the answers of a period, the facts before the themes. Four queries."""
    return [
        *_course(rows, _said_solved(client, kind, period), _repeated(rows, client)),
        *_against_the_usual(
            "channel", _("%(this)s rather than %(usual)s"), [row.channel for row in rows], _channel_name
        ),
        *_against_the_usual(
            "hour", _("begun %(this)s rather than %(usual)s"), [_band(row.hour) for row in rows], _band_name
        ),
        *_themes(rows, client, kind, period),
    ]


def _course(rows: Sequence[_Row], said_solved: dict[int, bool], repeated_keys: set[int]) -> Iterator[Column]:
    yes_or_no = lambda key, name, value: Column(key, name, _numbers(value(row) for row in rows))  # noqa: E731
    length = lambda key, name, value: Column(key, name, _cut(_numbers(value(row) for row in rows)), False)  # noqa: E731
    yield yes_or_no("says_solved", _("says that the matter is solved"), lambda row: said_solved.get(row.response))
    yield yes_or_no("solved", _("solved, as the source tells"), lambda row: row.is_solved)
    yield length("wait_minutes", _("each minute of waiting (phone, chat)"), lambda row: _wait(row, True, 60))
    yield length("wait_hours", _("each hour of waiting (in writing)"), lambda row: _wait(row, False, 3600))
    yield length("talk_minutes", _("each minute of talking"), lambda row: _per(row.talk_seconds, 60))
    yield yes_or_no("transferred", _("handed on"), lambda row: row.is_transferred)
    yield yes_or_no(
        "reopened", _("reopened"), lambda row: None if row.reopened_count is None else row.reopened_count > 0
    )
    told = lambda row: row.contact in repeated_keys if row.customer and row.reason else None  # noqa: E731
    yield yes_or_no("repeated", _("repeated contact"), told)


def _against_the_usual(key: str, shape: str, values: Sequence[str], name: Callable[[str], str]) -> Iterator[Column]:
    """A column for each value but the most frequent. Unknown are “” and what fewer than `VALUE_FROM` answers have."""
    frequent = [value for value, n in Counter(filter(None, values)).most_common() if n >= VALUE_FROM]
    for this in frequent[1:]:
        numbers = _numbers(value == this if value in frequent else None for value in values)
        yield Column(f"{key}:{this}", shape % {"this": name(this), "usual": name(frequent[0])}, numbers)


def _themes(rows: Sequence[_Row], client: Client, kind: str, period: Period) -> list[Column]:
    place = {row.response: number for number, row in enumerate(rows)}
    said = ThemeAssignment.objects.filter(**_within("answer__response", client, kind, period)).order_by()
    named: dict[tuple[int, int], list[int]] = defaultdict(list)
    for response, theme, worst in said.values_list("answer__response", LED).annotate(worst=Min("sentiment")):
        if response in place and worst:
            named[theme, worst].append(place[response])
    themes = Theme.objects.filter(client=client).select_related("parent").in_bulk([theme for theme, _worst in named])
    most_named = sorted(named.items(), key=lambda item: (-len(item[1]), item[0]))
    return [_theme(themes[theme], worst, places, len(rows)) for (theme, worst), places in most_named]


def _theme(theme: Theme, worst: int, places: Sequence[int], n: int) -> Column:
    numbers = np.zeros(n)
    numbers[places] = 1
    shape = _("“%(theme)s” criticised") if worst < 0 else _("“%(theme)s” praised")
    name = shape % {"theme": theme.full_name(get_language() or "en")}
    return Column(f"theme:{theme.pk}:{'criticised' if worst < 0 else 'praised'}", name, numbers)


def _said_solved(client: Client, kind: str, period: Period) -> dict[int, bool]:
    """Of each response that tells: is it solved? “Partly” is not."""
    asked = Answer.objects.filter(**_within("response", client, kind, period), question__kind=Question.Kind.SOLVED)
    return {response: choice == "yes" for response, choice in asked.order_by().values_list("response", "choice")}


def _repeated(rows: Sequence[_Row], client: Client) -> set[int]:
    """Which contacts are repeated ones (see `matters`)."""
    ended = [row.ended_at for row in rows if row.ended_at]
    if not ended:
        return set()
    return set(repeated_keys(client, min(ended), max(ended) + dt.timedelta(microseconds=1)))


def _within(response: str, client: Client, kind: str, period: Period) -> dict[str, object]:
    at = f"{response}__submitted_at"
    named = {f"{response}__client": client, f"{response}__kind": kind}
    return {**named, f"{at}__gte": period.start, f"{at}__lt": period.end}


def _wait(row: _Row, is_on_the_line: bool, unit: int) -> float | None:
    """In the channels of the other sort nobody waits in this way."""
    if row.contact is None:
        return None
    return _per(row.wait_seconds, unit) if (row.channel in ON_THE_LINE) == is_on_the_line else 0.0


def _per(seconds: int | None, unit: int) -> float | None:
    return None if seconds is None else seconds / unit


def _numbers(values: Iterable[float | bool | None]) -> np.ndarray:
    return np.array([UNKNOWN if value is None else float(value) for value in values])


def _cut(lengths: np.ndarray) -> np.ndarray:
    real = lengths[lengths > 0]
    return np.minimum(lengths, np.percentile(real, CUT_AT)) if real.size else lengths


def _band(hour: int | None) -> str:
    return "" if hour is None else next(f"{first}-{end}" for first, end in HOURS if first <= hour < end)


def _band_name(band: str) -> str:
    first, end = band.split("-")
    return _("from %(first)s to %(end)s o’clock") % {"first": first, "end": end}


def _channel_name(channel: str) -> str:
    return str(Contact.Channel(channel).label)
