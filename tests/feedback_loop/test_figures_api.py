"""Targets and initiatives by API: as pages tell them, of the key's client alone, and never about one agent."""

import datetime as dt

import pytest
from django.urls import reverse

from feedback_loop.models import Initiative, Target
from surveys.models import ApiKey
from tests import factories
from tests.feedback_loop.crowds import answered

pytestmark = pytest.mark.usefixtures("clock")  # Tuesday, 10 November 2026
NOVEMBER, OCTOBER, SEPTEMBER = dt.date(2026, 11, 3), dt.date(2026, 10, 7), dt.date(2026, 9, 9)


@pytest.fixture
def get(client, acme):
    def get(name, of=acme):
        key = ApiKey.objects.create_key(client=of, name="test")[1]
        return client.get(reverse(f"api-{name}"), headers={"Authorization": f"Api-Key {key}"}).json()

    return get


def test_a_target_tells_what_was_promised_how_it_stands_and_how_it_ended_before(get, acme):
    answered(acme, NOVEMBER, (18, 7, 5))
    answered(acme, OCTOBER, (10, 5, 15))
    answered(acme, SEPTEMBER, (3, 0, 0))
    target = Target.objects.create(client=acme, kind="nps", value=40, starts_on=dt.date(2026, 9, 1))
    (told,) = get("targets")
    assert {name: told[name] for name in ("id", "kind", "theme", "scope", "each", "value")} == {
        "id": target.pk, "kind": "nps", "theme": None, "scope": {}, "each": "month", "value": 40.0,
    }  # fmt: skip
    assert (told["now"]["period"], told["now"]["n"], told["now"]["estimate"]["printed"]) == ("2026-11", 30, "43")
    assert [(past["measure"]["period"], past["measure"]["n"], past["verdict"]) for past in told["past"]] == [
        ("2026-10", 30, "missed"), ("2026-09", None, "too_few"),
    ]  # fmt: skip
    assert told["past"][1]["measure"]["estimate"] is None


def test_an_initiative_tells_what_came_of_it(get, acme):
    answered(acme, dt.date(2026, 9, 16), (10, 10, 20))
    answered(acme, dt.date(2026, 10, 20), (30, 10, 0))
    initiative = Initiative.objects.create(
        client=acme, kind="nps", name="Callback", what="We call back.", by="Service", starts_on=dt.date(2026, 10, 6)
    )
    (told,) = get("initiatives")
    assert (told["id"], told["name"], told["starts_on"]) == (initiative.pk, "Callback", "2026-10-06")
    assert (told["before"]["n"], told["after"]["n"]) == (40, 40)
    assert told["change"]["difference"] == pytest.approx(100)
    assert (told["change"]["verdict"], told["advice"], told["reason"]) == ("higher", "scale", "better")


@pytest.mark.parametrize("name", ["targets", "initiatives"])
def test_globex_is_told_nothing_of_acme_and_nobody_of_a_single_agent(get, acme, globex, name):
    agent = factories.make_agent(acme)
    started = {"client": acme, "kind": "nps", "starts_on": dt.date(2026, 9, 1)}
    for scope in ({}, {"agent": str(agent.pk)}):
        Target.objects.create(value=40, scope=scope, **started)
        Initiative.objects.create(name="Callback", what="We call back.", by="Service", scope=scope, **started)
    assert [told["scope"] for told in get(name)] == [{}]
    assert get(name, of=globex) == []
