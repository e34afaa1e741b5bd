"""Weeks, months and quarters in a client's time zone, as aware half-open ranges.

A period is made of calendar days in one zone; `start` and `end` are the instants in UTC between which its answers lie
(start <= at < end), so that neighbours neither overlap nor leave a gap, over clock changes too.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Kind = Literal["week", "month", "quarter"]


@dataclass(frozen=True)
class Period:
    """One week (Monday to Sunday, ISO 8601), month or quarter; `last_on` is its last day, inclusive."""

    kind: Kind
    first_on: date
    last_on: date
    zone: str

    @property
    def start(self) -> datetime:
        return _midnight(self.first_on, self.zone)

    @property
    def end(self) -> datetime:
        return _midnight(self.last_on + timedelta(days=1), self.zone)

    def previous(self) -> "Period":
        return _around(self.first_on - timedelta(days=1), self.kind, self.zone)

    def next(self) -> "Period":
        return _around(self.last_on + timedelta(days=1), self.kind, self.zone)


def containing(at: datetime, kind: Kind, zone: str) -> Period:
    """The period in which this instant lies, by the calendar of the zone. ValueError for a naive `at`."""
    if at.tzinfo is None:
        raise ValueError("at must be aware of its time zone")
    return _around(at.astimezone(ZoneInfo(zone)).date(), kind, zone)


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
    raise ValueError(f"unknown kind of period: {kind}")


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _midnight(day: date, zone: str) -> datetime:
    """The first instant of a day. Where clocks jump over midnight, fold 0 gives the jump itself; where midnight comes
    twice, the first. Checked for every zone and day from 2000 to 2036: one second earlier it is still the day before.
    """
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
