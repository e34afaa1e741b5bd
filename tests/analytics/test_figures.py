"""How figures, dates and periods read, row by row of the look's table "Numbers and dates"."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from analytics import figures
from analytics.periods import containing
from analytics.scores import Estimate, nps, share

LANGUAGES = ("de", "en")


def _both(write, *values, **options):
    return tuple(write(*values, language=language, **options) for language in LANGUAGES)


def test_points_have_a_true_minus_and_the_decimal_of_the_language():
    assert _both(figures.points, 31.4) == ("31", "31")
    assert _both(figures.points, -4) == ("\u22124", "\u22124")
    assert _both(figures.points, 13.5, digits=1, sign=True) == ("+13,5", "+13.5")
    assert _both(figures.points, -13.5, digits=1, sign=True) == ("\u221213,5", "\u221213.5")


def test_zero_points_have_no_sign_of_any_kind():
    assert _both(figures.points, -0.4, sign=True) == ("0", "0")
    assert _both(figures.points, -0.04, digits=1) == ("0,0", "0.0")


def test_points_are_rounded_half_away_from_zero():
    assert [figures.points(value) for value in (12.5, -12.5)] == ["13", "\u221213"]


def test_a_percent_sign_never_stands_alone_on_a_line():
    assert _both(figures.percent, 16.34, digits=1) == ("16,3\u00a0%", "16.3%")
    assert _both(figures.percent, 82.0) == ("82\u00a0%", "82%")


def test_no_data_is_a_dash_and_never_zero():
    for write in (figures.points, figures.percent, figures.count, figures.interval):
        assert _both(write, None) == ("–", "–")


def test_an_interval_is_said_in_words():
    assert _both(figures.interval, Estimate(31.05, 24.2, 37.6, 512)) == ("24 bis 38", "24 to 38")
    assert _both(figures.interval, Estimate(-10, -24.2, 4.1, 60)) == ("\u221224 bis 4", "\u221224 to 4")
    assert _both(figures.interval, share(41, 50), unit="percent") == ("69\u00a0% bis 90\u00a0%", "69% to 90%")


def test_the_worked_example_of_the_look_reads_as_it_is_printed_there():
    estimate = nps(261, 149, 102)
    assert (figures.points(estimate.value), figures.interval(estimate)) == ("31", "24 bis 38")
    assert figures.evidence(estimate.n) == "n\u00a0=\u00a0512"


def test_thousands_are_set_off_and_evidence_never_breaks():
    assert _both(figures.count, 3184) == ("3.184", "3,184")
    assert _both(figures.count, 1_234_567) == ("1.234.567", "1,234,567")
    assert _both(figures.evidence, 3184) == ("n\u00a0=\u00a03.184", "n\u00a0=\u00a03,184")


def test_dates_are_written_out():
    monday = date(2026, 11, 2)
    assert _both(figures.date_long, monday) == ("Montag, 2. November 2026", "Monday 2 November 2026")
    assert _both(figures.date_short, date(2026, 10, 30)) == ("30. Oktober", "30 October")
    assert _both(figures.month_long, date(2026, 3, 1)) == ("März", "March")
    assert _both(figures.month_short, date(2026, 3, 1)) == ("Mär", "Mar")


def test_a_time_is_read_from_the_clock_it_carries():
    at = datetime(2026, 11, 2, 17, 5, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))
    assert _both(figures.date_time, at) == ("Montag, 2. November 2026, 18:05 Uhr", "Monday 2 November 2026, 18:05")


@pytest.mark.parametrize(
    ("kind", "day", "names"),
    [
        ("month", (2026, 10, 9), ("Oktober 2026", "October 2026")),
        ("quarter", (2026, 8, 9), ("3. Quartal 2026", "Q3 2026")),
        ("week", (2026, 11, 4), ("KW 45, 2. bis 8. November 2026", "Week 45, 2 to 8 November 2026")),
        ("week", (2026, 10, 28), ("KW 44, 26. Oktober bis 1. November 2026", "Week 44, 26 October to 1 November 2026")),
        (
            "week",
            (2026, 12, 30),
            ("KW 53, 28. Dezember 2026 bis 3. Januar 2027", "Week 53, 28 December 2026 to 3 January 2027"),
        ),
    ],
)
def test_a_period_has_a_name(kind, day, names):
    period = containing(datetime(*day, 12, tzinfo=UTC), kind, "Europe/Berlin")
    assert _both(figures.period_name, period) == names


def test_regional_variants_read_like_their_language_and_others_are_refused():
    assert figures.percent(16.3, 1, "de-at") == figures.percent(16.3, 1, "de")
    assert figures.percent(16.3, 1, "en-gb") == figures.percent(16.3, 1, "en")
    with pytest.raises(KeyError):
        figures.points(16.3, language="fr")


def test_what_stands_beside_is_named_only_where_there_is_any():
    assert figures.beside(1_200, 0, 3) == "Daneben, nicht eingerechnet: 1.200 nur angeklickt, 3 ohne Einladung."
    assert figures.beside(0, 2, 0, "en") == "Besides, not counted: 2 marked as made by a machine."
    assert figures.beside(0, 0, 0) == ""
