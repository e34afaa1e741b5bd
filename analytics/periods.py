"""Weeks, months, quarters and years in a client's time zone, as aware half-open ranges.

A period is made of calendar days in one zone; `start` and `end` are the instants in UTC between which its answers lie
(start <= at < end), so that neighbours neither overlap nor leave a gap, over clock changes too. Addresses, the API and
file names write it as `text` does: 2026-W45, 2026-10, 2026-Q3, 2026; `parse` reads that.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Kind = Literal["week", "month", "quarter", "year"]

FIRST_YEAR, LAST_YEAR = 2000, 2199  # what can be written; years far away overflow the calendar
_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:-(?:W(?P<week>\d\d)|Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?", re.ASCII
)


@dataclass(frozen=True)
class Period:
    """One week (Monday to Sunday, ISO 8601), month, quarter or year; `last_on` is its last day, inclusive."""

    kind: Kind
    first_on: date
    last_on: date
    zone: str

    @property
    def start(self) -> datetime:
        return midnight(self.first_on, self.zone)

    @property
    def end(self) -> datetime:
        return midnight(self.last_on + timedelta(days=1), self.zone)

    @property
    def text(self) -> str:
        """2026-W45, 2026-10, 2026-Q3 or 2026; any other days by the first and the last one, 2026-10-05/2026-10-18.

        A week belongs to the year that has most of its days.
        """
        if self.kind == "week":
            year, week, _weekday = self.first_on.isocalendar()
            return f"{year}-W{week:02}"
        if self.kind == "month":
            return f"{self.first_on:%Y-%m}"
        if self.kind == "quarter":
            return f"{self.first_on.year}-Q{(self.first_on.month + 2) // 3}"
        return str(self.first_on.year) if self.kind == "year" else f"{self.first_on}/{self.last_on}"

    def previous(self) -> "Period":
        return _around(self.first_on - timedelta(days=1), self.kind, self.zone)

    def next(self) -> "Period":
        return _around(self.last_on + timedelta(days=1), self.kind, self.zone)


def containing(at: datetime, kind: Kind, zone: str) -> Period:
    """The period in which this instant lies, by the calendar of the zone. ValueError for a naive `at`."""
    if at.tzinfo is None:
        raise ValueError("at must be aware of its time zone")
    return _around(at.astimezone(ZoneInfo(zone)).date(), kind, zone)


def parse(text: str, zone: str) -> Period:
    """What `Period.text` writes. ValueError for everything else, and for years before 2000 or from 2200 on."""
    found = _WRITTEN.fullmatch(text)
    if not found or not FIRST_YEAR <= (year := int(found["year"])) <= LAST_YEAR:
        raise ValueError(f"no period: {text[:40]!r}")
    if found["week"]:
        return _around(date.fromisocalendar(year, int(found["week"]), 1), "week", zone)
    if found["quarter"]:
        return _around(date(year, 3 * int(found["quarter"]), 1), "quarter", zone)
    if found["month"]:
        return _around(date(year, int(found["month"]), 1), "month", zone)
    return _around(date(year, 1, 1), "year", zone)


def last_complete(at: datetime, kind: Kind, zone: str) -> Period:
    """The latest period that had ended by this instant."""
    return containing(at, kind, zone).previous()


def run_back(period: Period, count: int) -> list[Period]:
    """This period and those before it, `count` in all, oldest first."""
    run = [period]
    while len(run) < count:
        run.append(run[-1].previous())
    return run[::-1]


def _around(day: date, kind: Kind, zone: str) -> Period:
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return Period(kind, first, first + timedelta(days=6), zone)
    if kind == "month":
        return Period(kind, day.replace(day=1), _month_end(day.year, day.month), zone)
    if kind == "quarter":
        last_month = (day.month + 2) // 3 * 3
        return Period(kind, date(day.year, last_month - 2, 1), _month_end(day.year, last_month), zone)
    if kind == "year":
        return Period(kind, date(day.year, 1, 1), date(day.year, 12, 31), zone)
    raise ValueError(f"unknown kind of period: {kind}")


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def midnight(day: date, zone: str) -> datetime:
    """The first instant of a day. Where clocks jump over midnight, fold 0 gives the jump itself; where midnight comes
    twice, the first. Checked for every zone and day from 2000 to 2036: one second earlier it is still the day before.
    """
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
