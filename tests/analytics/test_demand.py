"""Contacts that need not have been: what is counted, what is estimated, and what is made of both."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import themes
from analytics.counts import By
from analytics.demand import CAUSING, failure_demand
from analytics.scores import Estimate, share
from analytics.small_groups import Shown
from analytics.taxonomy import THEME_KEYS
from surveys import authoring
from tests import factories
from tests.analytics.voices import OCTOBER, SEPTEMBER, campaign_of, give, meet, on, say, told

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def causes(found) -> dict:
    return {cause.key: (cause.name, round(cause.contacts, 6), cause.is_counted) for cause in found.causes}


def call_again(client, count: int, **fields) -> None:
    """So many customers who called twice for the same reason."""
    for _one in range(count):
        customer = factories.make_customer(client)
        for hour in (0, 1):
            meet(client, 1, on(OCTOBER) + hour * HOUR, customer=customer, **{"reason": "Rechnung", **fields})


def asking_once(client) -> None:
    """The survey as we write it for after a contact: with the question whether one contact was enough."""
    survey = campaign_of(client, "csat").survey
    draft = authoring.begin(survey, authoring.Start.POST_CONTACT)
    authoring.publish(draft, authoring.stamp(draft.questions.all()), on(SEPTEMBER))


def exclude(response) -> None:
    ada, bo = factories.make_login("ada"), factories.make_login("bo")
    response.exclusions.create(
        reason="staff",
        state="confirmed",
        proposed_by=ada,
        proposed_at=on(OCTOBER),
        decided_by=bo,
        decided_at=on(OCTOBER),
    )


# --- Counted


def test_repeated_and_reopened_contacts_are_counted_with_their_minutes(acme):
    call_again(acme, 3, talk_seconds=120)
    meet(acme, 5, on(OCTOBER), reopened_count=2, reason="Umzug", talk_seconds=600)
    meet(acme, 9, on(OCTOBER), talk_seconds=60)

    found = failure_demand(acme, OCTOBER)

    assert (found.contacts, found.counted) == (20, 8)
    assert {(c.key, c.contacts, c.minutes, c.share) for c in found.causes} == {
        ("repeated", 3, 6, Estimate(15, 15, 15, 20)), ("reopened", 5, 50, Estimate(25, 25, 25, 20)),
    }  # fmt: skip
    assert [(c.key, c.contacts, c.minutes) for c in found.reasons] == [("Umzug", 5, 50), ("Rechnung", 3, 6)]


def test_a_contact_that_is_both_counts_once(acme):
    call_again(acme, 2, reopened_count=1)

    found = failure_demand(acme, OCTOBER)

    assert (found.contacts, found.counted) == (4, 4)
    assert [(cause.key, cause.contacts) for cause in found.causes] == [("reopened", 4), ("repeated", 2)]


def test_without_answers_there_is_no_estimate_but_what_was_counted(acme):
    call_again(acme, 2)
    meet(acme, 6, on(OCTOBER))

    found = failure_demand(acme, OCTOBER)

    assert (found.counted, found.answered, found.share, found.unnecessary, found.minutes) == (2, 0, None, None, None)


def test_where_all_were_counted_nothing_is_left_to_estimate(acme):
    meet(acme, 4, on(OCTOBER), reopened_count=1, talk_seconds=60)

    found = failure_demand(acme, OCTOBER)

    assert (found.share, found.unnecessary, found.minutes) == (Estimate(100, 100, 100, 0), 4, 4)


# --- Estimated


def test_what_answers_tell_of_the_others_is_added_to_what_was_counted(acme):
    meet(acme, 10, on(OCTOBER), reopened_count=1, talk_seconds=600)
    meet(acme, 50, on(OCTOBER), talk_seconds=60)
    given = give(acme, "csat", [1] * 10 + [5] * 30, talk_seconds=180)
    say(given[:10], {"delivery": -1})

    found = failure_demand(acme, OCTOBER)

    told = share(10, 40)  # 25 %, of the 90 that were not counted
    assert (found.contacts, found.counted, found.answered) == (100, 10, 40)
    assert (found.share.value, found.share.n) == (10 + 0.9 * 25, 40)
    assert (found.share.low, found.share.high) == pytest.approx((10 + 0.9 * told.low, 10 + 0.9 * told.high))
    assert (found.unnecessary, found.minutes) == (32.5, 10 * 10 + 22.5 * 3)
    delivery = next(cause for cause in found.causes if not cause.is_counted)
    assert (delivery.name, delivery.side, delivery.share.value) == ("Delivery, dates & punctuality", "client", 22.5)
    assert (delivery.contacts, delivery.minutes) == (22.5, 67.5)


def test_an_answer_about_a_counted_contact_says_nothing_of_the_others(acme):
    say(give(acme, "csat", [1] * 10, reopened_count=1), {"delivery": -1})
    give(acme, "csat", [5] * 10)

    found = failure_demand(acme, OCTOBER)

    assert (found.answered, found.share.value, found.unnecessary) == (10, 50, 10)


def test_only_what_makes_people_come_again_counts_and_only_as_criticism(acme):
    say(give(acme, "csat", [1] * 10), {"friendliness": -1, "price": -1})
    say(give(acme, "csat", [5] * 10), {"delivery": 1})

    found = failure_demand(acme, OCTOBER)

    assert (found.share.value, found.causes) == (0, ())
    assert set(THEME_KEYS) > CAUSING


def test_parts_and_merged_themes_count_where_they_belong(acme):
    own = themes.adopt_starter_taxonomy(acme)
    late, lost = themes.split(
        own["delivery"], [{"name_en": "late", "name_de": "spät"}, {"name_en": "lost", "name_de": "verloren"}]
    )
    say(give(acme, "csat", [1] * 10), {late.key: -1})
    say(give(acme, "csat", [1] * 12), {"price": -1})
    say(give(acme, "csat", [1] * 14), {"digital": -1})
    give(acme, "csat", [5] * 14)
    themes.merge(own["price"], own["billing"])
    themes.merge(own["digital"], own["product_quality"])

    assert causes(failure_demand(acme, OCTOBER)) == {
        str(own["billing"].pk): ("Invoice & payment", 12, False),
        str(late.pk): ("Delivery, dates & punctuality: late", 10, False),
    }
    assert lost.pk


def test_whoever_says_that_one_contact_was_not_enough_is_believed(acme):
    asking_once(acme)
    given = give(acme, "csat", [5] * 40)
    told(given, "once", ["no", "yes", "yes", "yes"])

    found = failure_demand(acme, OCTOBER)

    assert causes(found) == {"once": ("one contact was not enough", 10, False)}
    assert (found.share.value, found.hidden) == (25, ())


def test_who_names_several_causes_is_one_contact(acme):
    asking_once(acme)
    given = give(acme, "csat", [1] * 10 + [5] * 10)
    say(given[:10], {"delivery": -1, "digital": -1})
    told(given[:10], "once", ["no"])

    found = failure_demand(acme, OCTOBER)

    assert (found.unnecessary, [cause.contacts for cause in found.causes]) == (10, [10, 10, 10])


def test_what_too_few_speak_of_is_only_called_by_name_and_the_thin_stand_last(acme):
    given = give(acme, "csat", [1] * 40)
    say(given[:4], {"ordering": -1})
    say(given[4:11], {"transfer": -1})
    say(given[11:22], {"digital": -1})

    found = failure_demand(acme, OCTOBER)

    assert [(cause.name, cause.shown) for cause in found.causes] == [
        ("Website, app & self-service", Shown.FULL), ("Hand-overs & ownership", Shown.INTERVAL_ONLY),
    ]  # fmt: skip
    assert found.hidden == ("Ordering, booking & sign-up",)


def test_answers_excluded_by_two_people_tell_nothing(acme):
    given = give(acme, "csat", [1] * 20)
    say(given[:10], {"delivery": -1})
    exclude(given[0])

    assert failure_demand(acme, OCTOBER).answered == 19


# --- Filters, and whose it is


def test_a_filter_that_leaves_out_too_few_answers_estimates_nothing(acme):
    """Two filters beside each other would tell what the three who came by chat said."""
    say(give(acme, "csat", [1] * 20, channel="phone"), {"delivery": -1})
    give(acme, "csat", [1] * 3, channel="chat")

    found = failure_demand(acme, OCTOBER, {By.CHANNEL: "phone"})

    assert (found.contacts, found.answered, found.share, found.causes, found.hidden) == (20, 0, None, (), ())


def test_a_cause_within_a_filter_does_not_give_the_others_away(acme):
    """By phone 20 of 23 speak of delivery, by chat 15 of 30: the 35 of all less the 15 would tell of the 3 others."""
    phone, chat = give(acme, "csat", [1] * 23, channel="phone"), give(acme, "csat", [1] * 30, channel="chat")
    say([*phone[:20], *chat[:15]], {"delivery": -1})

    shown = {
        channel: [
            cause.shown for cause in failure_demand(acme, OCTOBER, {By.CHANNEL: channel} if channel else {}).causes
        ]
        for channel in ("", "phone", "chat")
    }

    assert shown == {"": [Shown.FULL], "phone": [], "chat": []}
    assert len(failure_demand(acme, OCTOBER, {By.CHANNEL: "chat"}).hidden) == 1


def test_a_filter_narrows_contacts_and_answers_alike(acme):
    say(give(acme, "csat", [1] * 10, channel="chat"), {"delivery": -1})
    give(acme, "csat", [1] * 30, channel="phone")
    meet(acme, 10, on(OCTOBER), channel="chat")

    found = failure_demand(acme, OCTOBER, {By.CHANNEL: "chat"})

    assert (found.contacts, found.answered, found.share.value) == (20, 10, 100)


def test_an_other_month_has_nothing_of_this_one(acme):
    say(give(acme, "csat", [1] * 10), {"delivery": -1})

    found = failure_demand(acme, SEPTEMBER)

    assert (found.contacts, found.counted, found.share, found.causes, found.reasons) == (0, 0, None, (), ())


def test_more_causes_take_no_more_queries(acme):
    counted = []
    for key in ("delivery", "digital", "transfer"):
        say(give(acme, "csat", [1] * 10), {key: -1})
        call_again(acme, 1)
        with CaptureQueriesContext(connection) as queries:
            failure_demand(acme, OCTOBER)
        counted.append(len(queries))

    assert counted == [counted[0]] * 3


def test_globex_sees_nothing_of_acme(acme, globex):
    say(give(acme, "csat", [1] * 10), {"delivery": -1})
    call_again(acme, 1)

    found = failure_demand(globex, OCTOBER)

    assert (found.contacts, found.counted, found.answered, found.share) == (0, 0, 0, None)
    assert (found.causes, found.reasons, found.hidden) == ((), (), ())
