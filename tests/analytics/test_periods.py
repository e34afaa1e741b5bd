"""Calendars in a client's zone: what belongs to a week, a month, a quarter, over clock changes and year ends."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.periods import Period, containing, last_complete, parse, run_back

BERLIN = "Europe/Berlin"
KINDS = ("week", "month", "quarter", "year")
ZONES = ("UTC", BERLIN, "America/St_Johns", "Africa/Cairo", "Asia/Kathmandu", "Pacific/Apia", "America/Havana")

unhurried = settings(deadline=None)  # a busy machine is no finding
moments = st.datetimes(datetime(2015, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))


def _days(period) -> tuple[date, date]:
    return period.first_on, period.last_on


def test_a_week_runs_from_monday_to_sunday():
    week = containing(datetime(2026, 11, 4, 12, tzinfo=UTC), "week", BERLIN)
    assert _days(week) == (date(2026, 11, 2), date(2026, 11, 8))


@pytest.mark.parametrize(
    ("sunday", "start", "end", "hours"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 22, 23), datetime(2026, 3, 29, 22), 167),
        (date(2026, 10, 25), datetime(2026, 10, 18, 22), datetime(2026, 10, 25, 23), 169),
    ],
)
def test_the_week_of_a_clock_change_is_an_hour_shorter_or_longer(sunday, start, end, hours):
    week = containing(datetime(sunday.year, sunday.month, sunday.day, 12, tzinfo=UTC), "week", BERLIN)
    assert (week.start, week.end) == (start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
    assert week.end - week.start == timedelta(hours=hours)


def test_the_calendar_is_that_of_the_client_and_not_of_utc():
    late_evening = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    assert _days(containing(late_evening, "month", BERLIN))[0] == date(2026, 11, 1)
    assert _days(containing(late_evening, "month", "UTC"))[0] == date(2026, 10, 1)


def test_the_first_instant_belongs_to_a_period_and_the_last_bound_to_the_next():
    october = containing(datetime(2026, 10, 9, tzinfo=UTC), "month", BERLIN)
    assert containing(october.start, "month", BERLIN) == october
    assert containing(october.end - timedelta(microseconds=1), "month", BERLIN) == october
    assert containing(october.end, "month", BERLIN) == october.next()


@pytest.mark.parametrize(
    ("day", "zone", "first_instant"),
    [
        (date(2024, 4, 26), "Africa/Cairo", datetime(2024, 4, 25, 22)),
        (date(2018, 11, 4), "America/Sao_Paulo", datetime(2018, 11, 4, 3)),
        (date(2011, 12, 31), "Pacific/Apia", datetime(2011, 12, 30, 10)),
    ],
)
def test_a_day_without_midnight_begins_when_its_clocks_jump(day, zone, first_instant):
    """Read from the day after a period that ends the day before."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    week = containing(noon, "week", zone)
    shifted = type(week)("week", day, week.last_on, zone)
    assert shifted.start == first_instant.replace(tzinfo=UTC)
    assert (shifted.start - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() < day


def test_a_day_with_two_midnights_begins_with_the_first():
    week = containing(datetime(2026, 11, 1, 12, tzinfo=UTC), "week", "America/Havana")
    sunday = type(week)("week", date(2026, 11, 1), week.last_on, "America/Havana")
    assert sunday.end - sunday.start == timedelta(hours=25)


def test_weeks_and_quarters_go_on_over_the_end_of_a_year():
    week_53 = containing(datetime(2027, 1, 2, 12, tzinfo=UTC), "week", BERLIN)
    assert _days(week_53) == (date(2026, 12, 28), date(2027, 1, 3))
    assert week_53.first_on.isocalendar()[:2] == (2026, 53)
    assert week_53.next().first_on.isocalendar()[:2] == (2027, 1)
    quarter = containing(datetime(2027, 1, 2, 12, tzinfo=UTC), "quarter", BERLIN)
    assert _days(quarter.previous()) == (date(2026, 10, 1), date(2026, 12, 31))


def test_months_have_their_own_lengths():
    run = run_back(containing(datetime(2028, 3, 15, tzinfo=UTC), "month", BERLIN), 4)
    assert [_days(month) for month in run] == [
        (date(2027, 12, 1), date(2027, 12, 31)),
        (date(2028, 1, 1), date(2028, 1, 31)),
        (date(2028, 2, 1), date(2028, 2, 29)),
        (date(2028, 3, 1), date(2028, 3, 31)),
    ]


def test_a_period_is_complete_from_the_instant_of_its_end():
    october = containing(datetime(2026, 10, 9, tzinfo=UTC), "month", BERLIN)
    assert last_complete(october.end, "month", BERLIN) == october
    assert last_complete(october.end - timedelta(seconds=1), "month", BERLIN) == october.previous()


def test_a_year_runs_from_new_year_to_new_years_eve():
    year = containing(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "year", BERLIN)
    assert _days(year) == (date(2027, 1, 1), date(2027, 12, 31))
    assert year.previous().end == year.start


@pytest.mark.parametrize(
    ("text", "kind", "first_on", "last_on"),
    [
        ("2026-W45", "week", date(2026, 11, 2), date(2026, 11, 8)),
        ("2026-W01", "week", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-W53", "week", date(2026, 12, 28), date(2027, 1, 3)),
        ("2026-10", "month", date(2026, 10, 1), date(2026, 10, 31)),
        ("2028-02", "month", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-Q3", "quarter", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026", "year", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_read_from_an_address_as_it_was_written_there(text, kind, first_on, last_on):
    period = parse(text, BERLIN)
    assert period == Period(kind, first_on, last_on, BERLIN)
    assert period.text == text


@pytest.mark.parametrize(
    "text",
    ["", "october", "2026-13", "2026-00", "2026-1", "2026-W54", "2025-W53", "2026-W00", "2026-W5", "2026-Q5", "2026-Q0",
     "2026-10-01", "1999", "2200-01", "9999", "٢٠٢٦", "2026-10\n", " 2026", "2026-w45", "2026-10-01..2026-10-09"],
)  # fmt: skip
def test_what_is_no_whole_period_is_refused(text):
    with pytest.raises(ValueError):
        parse(text, BERLIN)


@unhurried
@given(moments, st.sampled_from(KINDS), st.sampled_from(ZONES))
def test_what_is_written_of_a_period_leads_back_to_it(at, kind, zone):
    period = containing(at, kind, zone)
    assert parse(period.text, zone) == period


def test_days_that_are_no_period_of_the_calendar_are_written_by_first_and_last():
    assert Period("days", date(2026, 10, 5), date(2026, 10, 18), BERLIN).text == "2026-10-05/2026-10-18"


def test_a_naive_time_and_an_unknown_kind_are_refused():
    with pytest.raises(ValueError, match="aware"):
        containing(datetime(2026, 10, 9), "month", BERLIN)
    with pytest.raises(ValueError, match="fortnight"):
        containing(datetime(2026, 10, 9, tzinfo=UTC), "fortnight", BERLIN)


@unhurried
@given(moments, st.sampled_from(KINDS), st.sampled_from(ZONES))
def test_every_instant_lies_in_exactly_one_period(at, kind, zone):
    period = containing(at, kind, zone)
    assert period.start <= at < period.end
    assert period.previous().end == period.start
    assert period.next().start == period.end
    assert period.previous().next() == period == period.next().previous()


@unhurried
@given(moments, st.sampled_from(KINDS), st.integers(min_value=1, max_value=20))
def test_a_run_is_without_gaps_oldest_first_and_ends_with_its_period(at, kind, length):
    period = containing(at, kind, BERLIN)
    run = run_back(period, length)
    assert (len(run), run[-1]) == (length, period)
    assert all(earlier.end == later.start for earlier, later in pairwise(run))
