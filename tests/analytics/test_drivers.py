"""What goes with the score: against statsmodels on the same answers, and every reason why something is not shown."""

import datetime as dt

import numpy as np
import pytest
import statsmodels.api as sm
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from analytics.counts import By
from analytics.drivers import Drivers, LeftOut, Missing, drivers
from surveys.models import Answer, Contact, Invitation
from tests import factories
from tests.analytics.voices import OCTOBER, answer, give, meet, on, say, told

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def varied(client, kind="nps", count=240, seed=4, **fields):
    """Answers whose scores fall with the wait (in seconds) and rise with a solution; the rest is chance."""
    rng = np.random.default_rng(seed)
    waits, solved = rng.integers(0, 1200, count), rng.random(count) < 0.7
    leaning = 6 + 4 * solved - waits / 200 + rng.normal(size=count) * 2
    low, high = {"nps": (0, 10), "csat": (1, 5)}[kind]
    scores = np.clip(np.round(leaning if kind == "nps" else leaning / 2), low, high).astype(int).tolist()
    given = give(client, kind, scores, **fields)
    contacts = [Contact(pk=response.invitation.contact_id, wait_seconds=int(wait), is_solved=bool(is_solved))
                for response, wait, is_solved in zip(given, waits, solved, strict=True)]  # fmt: skip
    Contact.objects.bulk_update(contacts, ["wait_seconds", "is_solved"])
    return given, waits, solved


def rows(found) -> dict:
    return {row.key: row for row in found.rows}


def left_out(found) -> dict:
    return {one.key: one.why for one in found.left_out}


# --- Effects


@pytest.mark.parametrize(("kind", "worth"), [("nps", (100, 0, -100)), ("csat", (100, 0, 0))])
def test_effects_are_points_of_the_score_as_statsmodels_finds_them(acme, kind, worth):
    given, waits, solved = varied(acme, kind)
    points = dict(zip(("promoter", "passive", "detractor"), worth, strict=True))
    minutes = np.minimum(waits / 60, np.percentile(waits[waits > 0] / 60, 99))

    found = drivers(acme, kind, OCTOBER)

    outcome = np.array([points[response.group] for response in given])
    oracle = sm.OLS(outcome, sm.add_constant(np.column_stack([solved, minutes]))).fit(cov_type="HC3")
    wanted = {
        key: pytest.approx((oracle.params[place], *oracle.conf_int()[place], oracle.pvalues[place]))
        for place, key in enumerate(("solved", "wait_minutes"), start=1)
    }
    assert {key: (row.effect, row.low, row.high, row.p) for key, row in rows(found).items()} == wanted
    assert (found.n, found.missing, found.explained) == (240, None, pytest.approx(100 * oracle.rsquared_adj))
    assert all(row.is_clear for row in found.rows)
    assert rows(found)["solved"].n == solved.sum()


def test_of_more_than_five_drivers_chance_makes_none_clear(acme):
    """Nothing here has to do with the score."""
    rng = np.random.default_rng(11)
    given = give(acme, "nps", rng.integers(0, 11, 300).tolist())
    for number, response in enumerate(given):
        contact = response.invitation.contact
        contact.is_solved, contact.is_transferred = bool(number % 2), bool(number % 3)
        contact.wait_seconds, contact.talk_seconds = int(rng.integers(600)), int(rng.integers(600))
        contact.reopened_count, response.invitation.channel = int(number % 7 == 0), ("phone", "chat")[number % 5 % 2]
    Contact.objects.bulk_update(
        [response.invitation.contact for response in given],
        ["is_solved", "is_transferred", "wait_seconds", "talk_seconds", "reopened_count"],
    )
    Invitation.objects.bulk_update([response.invitation for response in given], ["channel"])

    found = drivers(acme, "nps", OCTOBER)

    assert len(found.rows) == 6
    assert found.rows[0].p < 0.05  # which alone would have been news
    assert not any(row.is_clear for row in found.rows)
    assert list(found.rows) == sorted(found.rows, key=lambda row: row.p)


def test_a_theme_counts_as_criticised_and_as_praised(acme):
    say(answer(acme, "nps", (5, 5, 40)), {"price": -1})
    say(answer(acme, "nps", (40, 5, 5)), {"price": 1})
    say(answer(acme, "nps", (5, 10, 5)), {"price": 0})
    answer(acme, "nps", (20, 40, 20))
    pk = acme.themes.get(key="price").pk

    found = drivers(acme, "nps", OCTOBER)

    named = {row.name: (row.n, round(row.effect)) for row in found.rows}
    assert named == {"“Price & value” criticised": (50, -70), "“Price & value” praised": (50, 70)}
    assert set(rows(found)) == {f"theme:{pk}:criticised", f"theme:{pk}:praised"}
    with translation.override("de"):
        assert {row.name for row in drivers(acme, "nps", OCTOBER).rows} == {
            "„Preis & Leistung fürs Geld“ bemängelt", "„Preis & Leistung fürs Geld“ gelobt",
        }  # fmt: skip


def test_waiting_on_the_line_and_in_writing_are_two_things(acme):
    """By phone each minute costs; a mail that takes hours costs as much per hour."""
    for number in range(120):
        minutes = number % 12
        give(acme, "nps", [10 if minutes < 6 else 3], channel="phone", wait_seconds=60 * minutes)
        give(acme, "nps", [10 if minutes < 6 else 3], channel="email", wait_seconds=3600 * minutes)

    found = rows(drivers(acme, "nps", OCTOBER))

    phone, mail = found["wait_minutes"], found["wait_hours"]
    assert (phone.name, mail.name) == ("each minute of waiting (phone, chat)", "each hour of waiting (in writing)")
    assert phone.effect == pytest.approx(mail.effect)
    assert (phone.effect < -10, phone.n, mail.n) == (True, 110, 110)


def test_one_forgotten_telephone_does_not_decide(acme):
    varied(acme)
    before = rows(drivers(acme, "nps", OCTOBER))["wait_minutes"].effect
    give(acme, "nps", [10], wait_seconds=30 * 24 * 3600, is_solved=True)

    assert rows(drivers(acme, "nps", OCTOBER))["wait_minutes"].effect == pytest.approx(before, rel=0.15)


def test_channels_and_hours_stand_against_the_most_frequent_one(acme):
    answer(acme, "nps", (50, 20, 10), channel="phone", at=on(OCTOBER, hour=8))  # ten in Berlin
    answer(acme, "nps", (20, 20, 20), channel="chat", at=on(OCTOBER, hour=8))
    answer(acme, "nps", (10, 10, 30), channel="chat", at=on(OCTOBER, hour=18))
    answer(acme, "nps", (2, 2, 2), channel="web", at=on(OCTOBER, hour=18))  # too few for a column: left out of all

    found = drivers(acme, "nps", OCTOBER)

    assert {key: row.name for key, row in rows(found).items()} == {
        "channel:phone": "Phone rather than Chat",
        "hour:17-24": "begun from 17 to 24 o’clock rather than from 9 to 13 o’clock",
    }  # fmt: skip
    assert (found.n, rows(found)["channel:phone"].n, rows(found)["hour:17-24"].n) == (190, 80, 50)


def test_a_repeated_contact_is_one_of_the_same_customer_and_reason(acme):
    for number in range(40):
        customer = factories.make_customer(acme)
        own = {"customer": customer, "reason": "Rechnung"}
        if number % 2:
            meet(acme, 1, on(OCTOBER) - HOUR, **own)
        give(acme, "nps", [3 if number % 2 else 10], **own)
        give(acme, "nps", [8, 8], customer=factories.make_customer(acme), reason="Umzug")

    found = rows(drivers(acme, "nps", OCTOBER))["repeated"]

    assert (found.name, found.n) == ("repeated contact", 60)  # and one of each two about a move
    assert found.effect < 0


def test_what_customers_say_of_the_solution_counts(acme):
    survey = factories.make_long_survey(acme, "csat", is_one_page=True)
    factories.make_campaign(acme, "csat", survey=survey)
    given = answer(acme, "csat", (60, 20, 40))
    told(given[:60], "solved", ["yes"])
    told(given[60:], "solved", ["no", "partly"])

    found = rows(drivers(acme, "csat", OCTOBER))["says_solved"]

    assert (found.name, found.effect, found.n) == ("says that the matter is solved", pytest.approx(100), 60)


# --- What is not shown, and why


def test_under_a_hundred_answers_nothing_is_shown(acme):
    varied(acme, count=99)
    assert drivers(acme, "nps", OCTOBER) == Drivers(99, None, (), (), Missing.TOO_FEW)

    varied(acme, count=1, seed=5)
    assert (drivers(acme, "nps", OCTOBER).missing, drivers(acme, "nps", OCTOBER).n) == (None, 100)


def test_answers_of_which_something_is_unknown_do_not_count(acme):
    given, _waits, _solved = varied(acme, count=110)
    Contact.objects.filter(pk__in=[one.invitation.contact_id for one in given[:15]]).update(wait_seconds=None)

    found = drivers(acme, "nps", OCTOBER)

    assert (found.n, found.missing, found.rows) == (95, Missing.TOO_FEW, ())


def test_what_too_many_answers_do_not_know_is_left_out_and_the_answers_stay(acme):
    given, _waits, _solved = varied(acme, count=200)
    Contact.objects.filter(pk__in=[one.invitation.contact_id for one in given[:41]]).update(wait_seconds=None)

    found = drivers(acme, "nps", OCTOBER)

    assert (found.n, set(rows(found))) == (200, {"solved"})
    assert left_out(found) == {
        "says_solved": LeftOut.UNKNOWN, "wait_minutes": LeftOut.UNKNOWN, "talk_minutes": LeftOut.UNKNOWN,
        "repeated": LeftOut.UNKNOWN, "wait_hours": LeftOut.RARE, "transferred": LeftOut.RARE, "reopened": LeftOut.RARE,
    }  # fmt: skip


@pytest.mark.parametrize(("n", "is_among"), [(9, False), (10, True)])
def test_a_yes_needs_ten_answers(acme, n, is_among):
    given, _waits, _solved = varied(acme)
    Contact.objects.filter(pk__in=[one.invitation.contact_id for one in given[:n]]).update(is_transferred=True)

    assert ("transferred" in rows(drivers(acme, "nps", OCTOBER))) == is_among


def test_what_tells_the_same_is_left_out_with_the_name_of_the_other(acme):
    given, _waits, solved = varied(acme)
    for response, is_solved in zip(given, solved, strict=True):
        Contact.objects.filter(pk=response.invitation.contact_id).update(is_transferred=not is_solved)

    found = drivers(acme, "nps", OCTOBER)

    twin = next(one for one in found.left_out if one.key == "transferred")
    assert (twin.name, twin.why, twin.beside) == ("handed on", LeftOut.TOLD_ALREADY, "solved, as the source tells")
    assert set(rows(found)) == {"solved", "wait_minutes"}


def test_each_driver_needs_ten_answers_and_the_rarest_themes_go_first(acme):
    given, _waits, _solved = varied(acme, count=100)
    keys = [theme.key for theme in say([given[0]]) or acme.themes.all()][:10]
    for place, key in enumerate(keys):
        say(given[place * 4 : place * 4 + 10 + place], {key: -1})

    found = drivers(acme, "nps", OCTOBER)

    crowded = {one.name for one in found.left_out if one.why is LeftOut.CROWDED_OUT}
    rarest = [acme.themes.get(key=key).name_en for key in keys[:2]]
    assert len(found.rows) == 10
    assert crowded == {f"“{name}” criticised" for name in rarest}


def test_where_all_are_alike_there_is_nothing_to_explain(acme):
    given, _waits, _solved = varied(acme)
    type(given[0]).objects.update(score=10, group="promoter")

    assert drivers(acme, "nps", OCTOBER).missing is Missing.ALL_ALIKE


def test_where_nothing_is_known_nothing_is_shown(acme):
    answer(acme, "nps", (60, 40, 40))

    found = drivers(acme, "nps", OCTOBER)

    assert (found.missing, found.rows, found.explained) == (Missing.NOTHING_KNOWN, (), None)


def test_a_filter_that_leaves_out_too_few_shows_nothing(acme):
    varied(acme, channel="phone")
    answer(acme, "nps", (3, 0, 0), channel="chat")

    assert drivers(acme, "nps", OCTOBER, {By.CHANNEL: "phone"}).missing is Missing.TOO_NARROW


def test_a_filter_narrows_to_its_answers(acme):
    varied(acme, channel="phone")
    varied(acme, channel="chat", count=110)

    assert drivers(acme, "nps", OCTOBER, {By.CHANNEL: "chat"}).n == 110


def test_surveys_without_contacts_have_themes_only(acme):
    """Those of a wave are about a customer."""
    for score in [10] * 60 + [3] * 60:
        response = factories.make_response(acme, score, "Zu teuer.", about_at=on(OCTOBER), submitted_at=on(OCTOBER))
        if score == 3:
            say([response], {"price": -1})

    found = drivers(acme, "nps", OCTOBER)

    assert [(row.n, row.effect) for row in found.rows] == [(60, pytest.approx(-200))]
    assert {LeftOut.UNKNOWN} == set(left_out(found).values())


def test_more_answers_take_no_more_queries(acme):
    counted = []
    for key in ("price", "billing", "contract"):
        given, _waits, _solved = varied(acme, count=120)
        say(given[:30], {key: -1})
        with CaptureQueriesContext(connection) as queries:
            drivers(acme, "nps", OCTOBER)
        counted.append(len(queries))

    assert counted == [counted[0]] * 3


def test_globex_sees_nothing_of_acme(acme, globex):
    say(varied(acme)[0][:40], {"price": -1})
    varied(globex, count=100)

    found = drivers(globex, "nps", OCTOBER)

    assert (found.n, set(rows(found))) == (100, {"solved", "wait_minutes"})
    assert Answer.objects.filter(response__client=globex).count() == 0
