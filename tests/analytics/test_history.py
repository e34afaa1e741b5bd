"""Which periods are hidden up to a day: as when all is looked at, and without reading what came after it."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import history, tallies
from tests import factories

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC)


def answer(client, day: dt.date, n: int) -> None:
    for _each in range(n):
        at = dt.datetime.combine(day, dt.time(9), dt.UTC)
        factories.make_response(client, 9, kind="nps", about_at=at, submitted_at=at)


@pytest.fixture
def uneven(acme):
    """Three of September, which a quarter less two months would tell; and weeks of which some have two or three."""
    for day, n in (
        (dt.date(2026, 7, 7), 9), (dt.date(2026, 8, 4), 12), (dt.date(2026, 9, 8), 3), (dt.date(2026, 9, 30), 2),
        (dt.date(2026, 10, 1), 6), (dt.date(2026, 10, 20), 7), (dt.date(2026, 11, 2), 3),
    ):  # fmt: skip
        answer(acme, day, n)
    return acme


def tally(client, at: dt.datetime = AT) -> dt.date:
    """All that can be; the day until which it is."""
    while tallies.turn(client, at):
        pass
    return tallies.standing([client])[client.pk].until_on


def ended(spans, to: dt.date) -> set:
    return {span for span in spans if span[1] <= to}


@pytest.mark.parametrize("is_tallied", [False, True])
def test_what_ended_until_a_day_is_hidden_as_when_all_is_looked_at(uneven, is_tallied):
    if is_tallied:
        tally(uneven)
    everything = history.hidden([uneven], "nps")[uneven.pk]
    assert (dt.date(2026, 9, 7), dt.date(2026, 9, 13)) in everything
    for to in (dt.date(2026, 7, 31), dt.date(2026, 9, 30), dt.date(2026, 10, 31), dt.date(2026, 11, 30)):
        assert ended(history.hidden([uneven], "nps", to)[uneven.pk], to) == ended(everything, to), to


def test_what_came_after_a_tallied_day_is_not_read_and_changes_nothing_before_it(uneven):
    until_on = tally(uneven)
    to = until_on - dt.timedelta(days=1)
    before = history.hidden([uneven], "nps", to)[uneven.pk]
    with CaptureQueriesContext(connection) as all_of_it:
        history.hidden([uneven], "nps")
    with CaptureQueriesContext(connection) as until_then:
        assert history.hidden([uneven], "nps", to)[uneven.pk] == before
    assert len(until_then) < len(all_of_it)
    assert not any("surveys_response" in query["sql"] for query in until_then)


def test_up_to_a_day_that_is_not_tallied_yet_the_answers_themselves_are_read(uneven):
    until_on = tally(uneven)
    answer(uneven, until_on, 4)
    week = (until_on - dt.timedelta(days=until_on.weekday()), until_on + dt.timedelta(days=6 - until_on.weekday()))
    assert week in history.hidden([uneven], "nps", week[1])[uneven.pk]
    answer(uneven, until_on, 40)
    answer(uneven, dt.date(2026, 11, 24), 6)  # with the three of the 2nd, enough beside that week
    assert week not in history.hidden([uneven], "nps", week[1])[uneven.pk]


def test_each_client_has_its_own(uneven, globex):
    answer(globex, dt.date(2026, 9, 8), 30)
    found = history.hidden([uneven, globex], "nps", dt.date(2026, 10, 31))
    assert found == {
        client.pk: history.hidden([client], "nps", dt.date(2026, 10, 31))[client.pk] for client in (uneven, globex)
    }
    assert (dt.date(2026, 9, 7), dt.date(2026, 9, 13)) in found[uneven.pk] - found[globex.pk]
