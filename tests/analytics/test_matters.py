"""Contacts of one matter: which came again, and which settled it at once."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.counts import By, attribute
from analytics.matters import Load, begun_by_customers, repeated, repeats
from analytics.scores import share
from surveys.models import Customer
from tests import factories
from tests.analytics.voices import OCTOBER, meet, on

pytestmark = pytest.mark.django_db
LATER = dt.datetime(2026, 12, 24, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def kim(acme) -> Customer:
    return factories.make_customer(acme)


def call(caller, at, **fields):
    """A contact of ten minutes that ended then, four of them talk."""
    base = {"customer": caller, "reason": "Rechnung", "talk_seconds": 240}
    return meet(caller.client, 1, at, **base | fields)[0]


def found(client, **options):
    return repeats(client, OCTOBER, at=LATER, **options)


# --- Repeated


def test_a_second_contact_for_the_same_reason_within_seven_days_is_repeated(acme, kim):
    call(kim, on(OCTOBER, 10))
    second = call(kim, on(OCTOBER, 17))  # to the second seven days later
    call(kim, on(OCTOBER, 24) + dt.timedelta(seconds=1))

    assert list(repeated(acme.contacts.all(), acme, OCTOBER.start, OCTOBER.end)) == [second]
    assert (found(acme).contacts, found(acme).repeated, found(acme).share) == (3, 1, share(1, 3))


@pytest.mark.parametrize("other", [{"reason": "Umzug"}, {"customer": None}, {"is_spam": True}, {"is_test": True},
                                   {"is_agent_initiated": True}, {"state": "discarded"}])  # fmt: skip
def test_what_is_of_another_matter_repeats_nothing(acme, kim, other):
    call(kim, on(OCTOBER, 10), **other)
    call(kim, on(OCTOBER, 12))

    assert found(acme).repeated == 0


def test_another_customer_with_the_same_reason_repeats_nothing(acme, kim):
    call(factories.make_customer(acme), on(OCTOBER, 10))
    call(kim, on(OCTOBER, 10) + HOUR)

    assert found(acme).repeated == 0


def test_the_days_can_be_chosen(acme, kim):
    call(kim, on(OCTOBER, 10))
    call(kim, on(OCTOBER, 12))

    assert [found(acme, within_days=days).repeated for days in (1, 2)] == [0, 1]


def test_what_went_before_may_lie_in_the_month_before_with_another_team(acme, kim):
    call(kim, OCTOBER.start - HOUR, team=factories.make_team(acme, "Nord"), channel="email")
    call(kim, OCTOBER.start + HOUR, team=(sued := factories.make_team(acme, "Süd")))

    assert (found(acme).contacts, found(acme).repeated) == (1, 1)
    assert found(acme, where={By.TEAM: str(sued.pk)}).repeated == 1


def test_of_two_that_ended_together_one_is_repeated(acme, kim):
    call(kim, on(OCTOBER))
    call(kim, on(OCTOBER))

    assert (found(acme).repeated, found(acme).first_contact_resolution) == (1, share(0, 1))


def test_without_customer_or_reason_nobody_can_tell(acme, kim):
    call(kim, on(OCTOBER), reason="")
    call(kim, on(OCTOBER) + HOUR, reason="")
    call(kim, on(OCTOBER) + HOUR, customer=None)

    assert (found(acme).contacts, found(acme).unknown, found(acme).share) == (0, 3, None)


def test_minutes_are_those_of_talking_and_unknown_ones_are_taken_as_the_others(acme, kim):
    call(kim, on(OCTOBER, 10))
    for day, seconds in ((11, 300), (12, 420), (13, None)):
        call(kim, on(OCTOBER, day), talk_seconds=seconds)

    assert found(acme).minutes == 3 * 6
    assert (Load().minutes, Load(2).minutes, Load(2, 60, 1).minutes) == (0, None, 2)


# --- Settled at once


def test_a_matter_is_settled_if_nothing_follows(acme, kim):
    call(factories.make_customer(acme), on(OCTOBER))
    call(kim, on(OCTOBER, 10))
    call(kim, on(OCTOBER, 12))  # the repeated one is no first contact

    assert found(acme).first_contact_resolution == share(1, 2)


@pytest.mark.parametrize(
    ("told", "is_settled"),
    [({"is_solved": True}, 1), ({"is_solved": None}, 1), ({"is_solved": False}, 0), ({"reopened_count": 1}, 0)],
)
def test_what_its_source_left_unsolved_or_took_up_again_is_not_settled(acme, kim, told, is_settled):
    call(kim, on(OCTOBER), **told)

    assert found(acme).first_contact_resolution == share(is_settled, 1)


def test_what_follows_in_the_next_month_counts(acme, kim):
    call(kim, OCTOBER.end - HOUR)
    call(kim, OCTOBER.end + DAY)

    assert found(acme).first_contact_resolution == share(0, 1)


def test_whoever_may_still_call_again_is_waited_for(acme, kim):
    call(kim, on(OCTOBER, 10))
    call(factories.make_customer(acme), on(OCTOBER, 3) - HOUR)

    now = repeats(acme, OCTOBER, at=on(OCTOBER, 10) + HOUR)

    assert (now.contacts, now.first_contact_resolution) == (2, share(1, 1))


# --- Filters, and whose it is


@pytest.mark.parametrize(
    ("by", "value", "fields"),
    [
        (By.CHANNEL, "chat", {"channel": "chat"}),
        (By.REASON, "Umzug", {"reason": "Umzug"}),
        (By.LANGUAGE, "tr", {"language": "tr"}),
        (By.GOODWILL, "1", {"is_goodwill": True}),
        (attribute("tariff"), "gold", {"attributes": {"tariff": "gold"}}),
    ],
)
def test_contacts_are_narrowed_by_what_they_have_themselves(acme, kim, by, value, fields):
    for given in ({}, fields):
        for hours in (0, 1):
            call(kim, on(OCTOBER) + hours * HOUR, **given)

    narrow = found(acme, where={by: value})

    assert (narrow.contacts, found(acme).contacts) == (2, 4)


def test_contacts_are_narrowed_by_whose_they_are(acme, kim):
    team, agent = factories.make_team(acme), factories.make_agent(acme)
    call(factories.make_customer(acme, segment="Gewerbe"), on(OCTOBER), team=team)
    call(kim, on(OCTOBER), agent=agent)

    asked = [
        (By.TEAM, str(team.pk)),
        (By.TEAM, ""),
        (By.AGENT, str(agent.pk)),
        (By.SEGMENT, "Gewerbe"),
        (By.SEGMENT, ""),
    ]
    assert [found(acme, where={by: value}).contacts for by, value in asked] == [1] * 5


@pytest.mark.parametrize("by", [By.THEME, By.SURVEY, By.VERSION, "weather"])
def test_what_contacts_do_not_have_is_refused(acme, by):
    with pytest.raises(ValueError, match=by):
        found(acme, where={by: "1"})


def test_more_contacts_take_no_more_queries(acme, kim):
    counted = []
    for day in (3, 4, 5):
        call(kim, on(OCTOBER, day))
        with CaptureQueriesContext(connection) as queries:
            found(acme)
        counted.append(len(queries))

    assert counted == [2, 2, 2]


def test_globex_sees_no_contact_of_acme(acme, globex, kim):
    call(kim, on(OCTOBER))
    call(kim, on(OCTOBER) + HOUR)

    nothing = found(globex)
    assert (nothing.contacts, nothing.unknown, nothing.repeated, nothing.share) == (0, 0, 0, None)
    assert (nothing.first_contact_resolution, nothing.minutes) == (None, 0)
    assert list(begun_by_customers(globex, OCTOBER.start, OCTOBER.end)) == []
