"""Which teams a client is told by name: none that is one or two people, nor one by which these could be told."""

import csv
import datetime as dt
import io
import json
from collections import Counter

import pytest
from django.urls import reverse
from django.utils import timezone

from analytics import teams
from analytics.models import ThemeAssignment
from feedback_loop import cases
from surveys.models import ApiKey, Response
from tests import factories
from tests.feedback_loop.crowds import answered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

OCTOBER = dt.date(2026, 10, 5)


def make_teams(client, **sizes):
    made = {}
    for name, size in sizes.items():
        made[name] = factories.make_team(client, name)
        for place in range(size):
            factories.make_agent(client, f"{name} {place}", team=made[name])
    return made


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"Nord": 3, "Sued": 4}, ["Nord", "Sued"]),
        ({"Nord": 0, "Sued": 0}, ["Nord", "Sued"]),  # of agents that nobody hands in, nobody can be told
        ({"Nord": 3, "Sued": 1}, []),  # the rest beside Nord would be one person
        ({"Nord": 3, "Sued": 1, "West": 5}, ["West"]),
        ({"Nord": 3, "Sued": 1, "West": 2}, ["Nord"]),
        ({"Nord": 3, "Sued": 2, "West": 0}, ["West"]),
    ],
)
def test_a_team_of_one_or_two_is_not_named_nor_one_that_leaves_so_few(acme, globex, sizes, told):
    make_teams(acme, **sizes)
    make_teams(globex, Fremd=2)
    assert sorted(teams.told_to_clients([acme.pk]).values()) == told
    assert sorted(teams.named([acme.pk], names_agents=True).values()) == sorted(sizes)


@pytest.fixture
def seen(client, acme):
    """`seen(role)`: what a login of this role reads of teams, by place."""
    made = make_teams(acme, Nord=4, Ostwind=2, Sued=3, West=3)
    for team in made.values():
        answered(acme, OCTOBER, (20, 10, 10), team=team)
    response = Response.objects.filter(invitation__team=made["Ostwind"]).first()
    unhappy = [Response.objects.filter(invitation__team=team, group="detractor").first() for team in made.values()]
    opened = [cases.open_for(each, timezone.now()) for each in unhappy]
    of_each = [reverse("admin:feedback_loop_case_change", args=[case.pk]) for case in opened]
    assert not ThemeAssignment.objects.exists()

    def read(role):
        login = factories.make_login(role)
        factories.give_access(login, acme, role)
        client.force_login(login)
        asked = {"kind": "nps", "period": "2026-10"}
        addresses = {
            name: reverse(name, args=["acme"]) for name in ("dashboard", "dashboard-parts", "dashboard-answers")
        }
        addresses["file"] = reverse("dashboard-figures", args=["acme", "csv"])
        found = {}
        for name, address in addresses.items():
            answer = client.get(address, asked)
            found[name] = b"".join(answer).decode()
        found["list"] = client.get(reverse("admin:surveys_response_changelist"), {"period": "all"}).content.decode()
        found["one"] = client.get(reverse("admin:surveys_response_change", args=[response.pk])).content.decode()
        found["cases"] = "".join(client.get(case).content.decode() for case in of_each)
        return {name: [team for team in made if team in said] for name, said in found.items()}, made

    return read


def test_the_same_teams_are_named_on_dashboards_in_files_and_lists(seen):
    told, _made = seen("viewer")
    assert told == {
        "dashboard": ["Nord", "West"], "dashboard-parts": ["Nord", "West"], "dashboard-answers": ["Nord", "West"],
        "file": ["Nord", "West"], "list": ["Nord", "West"], "one": [],
        "cases": ["Nord", "West"],
    }  # fmt: skip


def test_the_providers_people_read_all_of_them(seen):
    told, _made = seen("analyst")
    everyone = ["Nord", "Ostwind", "Sued", "West"]
    assert told["dashboard-parts"] == told["file"] == told["list"] == told["dashboard"] == told["cases"] == everyone
    assert told["one"] == ["Ostwind"]


def test_an_unnamed_team_in_an_address_is_told_like_one_that_does_not_exist(client, seen):
    _told, made = seen("viewer")
    small, nobody = made["Ostwind"].pk, 999_999
    told = []
    for team in (small, nobody):
        asked = {"kind": "nps", "period": "2026-10", "team": team}
        rows = json.loads(b"".join(client.get(reverse("dashboard-figures", args=["acme", "json"]), asked)))
        listed = client.get(reverse("admin:surveys_response_changelist"), {"period": "all", "team": team})
        told.append(([row["n"] for row in rows if row["figure"] == "score"], listed.context["cl"].result_count))
    assert told == [([160, None], 0)] * 2


def test_a_key_of_the_client_is_told_the_same_teams_by_figures_and_in_files(client, acme):
    made = make_teams(acme, Nord=4, Ostwind=2, Sued=3, West=3)
    for team in made.values():
        answered(acme, OCTOBER, (20, 10, 10), team=team)
    key = ApiKey.objects.create_key(client=acme, name="test")[1]

    def get(name, **query):
        asked = {"kind": "nps", "period": "2026-10", **query}
        return client.get(reverse(f"api-{name}"), asked, headers={"Authorization": f"Api-Key {key}"})

    assert sorted(row["name"] for row in get("breakdown", by="team").json()["rows"]) == ["Nord", "West"]
    assert [get("score", team=made[name].pk).status_code for name in ("Nord", "Ostwind", "Sued")] == [200, 404, 404]
    assert get("rows", team=made["Ostwind"].pk).status_code == 404
    rows = list(csv.DictReader(io.StringIO(b"".join(get("rows")).decode("utf-8-sig"), newline="")))
    assert Counter(row["team"] for row in rows) == {"Nord": 40, "West": 40, "*": 80}
