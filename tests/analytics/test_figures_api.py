"""Figures by API: those of the pages, protected like these, of the key's client alone; errors name field and mend."""

import datetime as dt
import json

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from analytics import themes
from analytics.api.figures import figure
from analytics.models import ChosenAttribute
from surveys.models import Answer, ApiKey
from tests import factories
from tests.analytics.honest_rows import make_verdicts
from tests.feedback_loop.crowds import answered

OCTOBER, SEPTEMBER = dt.date(2026, 10, 7), dt.date(2026, 9, 9)
ASKED = {"kind": "nps", "period": "2026-10"}
OF_A_KIND = ("score", "trend", "breakdown", "themes", "drivers", "solved", "balance", "rows")
OF_ALL = ("demand", "figures-funnel", "gating", "reconciliation")
FIGURES = (*OF_A_KIND, *OF_ALL)


def key_of(client):
    return ApiKey.objects.create_key(client=client, name="test")[1]


@pytest.fixture
def get(client, acme):
    key = key_of(acme)

    def get(name, key=key, **query):
        headers = {"Authorization": f"Api-Key {key}", "Accept-Language": query.pop("language", "en")}
        return client.get(reverse(f"api-{name}"), query, headers=headers)

    return get


def of(name, **query):
    """The least that a figure must be asked."""
    asked = ASKED if name in OF_A_KIND else {"period": ASKED["period"]}
    return asked | ({"by": "team"} if name == "breakdown" else {}) | query


def body(response):
    return b"".join(response.streaming_content) if response.streaming else response.content


# --- The figures -----------------------------------------------------------------------------------------------------


def test_a_score_is_told_unrounded_and_as_pages_print_it(get, acme):
    answered(acme, OCTOBER, (18, 7, 5))
    now = get("score", **ASKED).json()["score"]["now"]
    assert {name: now[name] for name in ("period", "first_on", "last_on", "shown", "n", "mean")} == {
        "period": "2026-10",
        "first_on": "2026-10-01",
        "last_on": "2026-10-31",
        "shown": "full",
        "n": 30,
        "mean": None,
    }
    assert now["groups"] == {"promoter": 18, "passive": 7, "detractor": 5}
    assert now["counts"] == {str(score): {10: 18, 8: 7, 2: 5}.get(score, 0) for score in range(11)}
    score = now["score"]
    assert (score["value"], score["low"], score["high"]) == pytest.approx((43.3333, 13.25, 65.54), abs=0.005)
    assert (score["n"], score["printed"], score["printed_interval"]) == (30, "43", "13 to 66")


def test_satisfaction_is_a_share_with_its_mean_beside_it_in_german_figures_too(get, acme):
    answered(acme, OCTOBER, (41, 5, 4), kind="csat")
    now = get("score", kind="csat", period="2026-10", language="de").json()["score"]["now"]
    assert (now["score"]["value"], now["score"]["low"], now["score"]["high"]) == pytest.approx(
        (82, 69.20, 90.23), abs=0.005
    )
    assert (now["score"]["printed"], now["score"]["printed_interval"]) == ("82\u00a0%", "69\u00a0% bis 90\u00a0%")
    assert now["mean"]["value"] == pytest.approx((41 * 5 + 5 * 3 + 4) / 50)


def test_only_the_test_says_up_or_down(get, acme):
    answered(acme, SEPTEMBER, (12, 9, 11))
    answered(acme, OCTOBER, (18, 7, 5))
    change = get("score", **ASKED).json()["score"]["change"]
    assert change["z"] == pytest.approx(1.880, abs=0.001)
    assert change["p"] == pytest.approx(0.0601, abs=0.0001)
    assert (change["verdict"], change["printed"]) == ("no_clear_change", "+40")


def test_nothing_is_ever_minus_zero(get, acme):
    answered(acme, OCTOBER, (249, 1, 250))
    told = get("score", **ASKED)
    assert told.json()["score"]["now"]["score"]["printed"] == "0"
    answered(acme, SEPTEMBER, (10, 0, 10))
    assert b"-0.0," not in get("trend", **ASKED).content


def test_five_to_nine_answers_have_an_interval_and_no_value_and_fewer_have_nothing(get, acme):
    answered(acme, OCTOBER, (4, 1, 0))
    answered(acme, SEPTEMBER, (3, 1, 0))
    score = get("score", **ASKED).json()["score"]
    assert (score["now"]["shown"], score["now"]["n"], score["now"]["counts"], score["now"]["groups"]) == (
        "interval_only", 5, None, None,
    )  # fmt: skip
    assert score["now"]["score"] == {
        "value": None,
        "low": pytest.approx(4.17, abs=0.005),
        "high": pytest.approx(95.83, abs=0.005),
        "n": 5,
        "printed": "–",
        "printed_interval": "4 to 96",
    }
    told = {"period": "2026-09", "first_on": "2026-09-01", "last_on": "2026-09-30", "shown": "hidden"}
    assert score["before"] == told | dict.fromkeys(("n", "counts", "groups", "score", "mean"))
    assert score["change"] is None


def test_a_trend_has_twelve_months_oldest_first(get, acme):
    answered(acme, OCTOBER, (10, 0, 0))
    run = get("trend", **ASKED).json()["run"]
    assert [part["period"] for part in run][::11] == ["2025-11", "2026-10"]
    assert [part["n"] for part in run] == [None] * 11 + [10]


def test_a_small_part_and_the_one_that_would_give_it_away_are_hidden_by_breakdown_and_by_filter(get, acme):
    teams = {name: factories.make_team(acme, name) for name in ("Nord", "West", "Süd")}
    for team, n in zip(teams.values(), (30, 12, 3), strict=True):
        answered(acme, OCTOBER, (n, 0, 0), team=team)
    found = get("breakdown", **ASKED, by="team").json()
    assert {row["name"]: (row["shown"], row["n"]) for row in found["rows"]} == {
        "Nord": ("full", 30), "West": ("hidden", None), "Süd": ("hidden", None),
    }  # fmt: skip
    assert (found["total"]["n"], found["total"]["shown"]) == (45, "full")
    filtered = {name: get("score", **ASKED, team=team.pk).json()["score"]["now"] for name, team in teams.items()}
    assert {name: (now["shown"], now["n"]) for name, now in filtered.items()} == {
        "Nord": ("full", 30), "West": ("hidden", None), "Süd": ("hidden", None),
    }  # fmt: skip


def test_the_funnel_has_its_rates(get, acme):
    make_verdicts(factories.make_campaign(acme), 10, asked=4)
    (found,) = get("figures-funnel", period="2026-10").json()["kinds"]
    assert (found["kind"], found["funnel"]["eligible"], found["funnel"]["asked"]) == ("csat", 10, 4)
    assert (found["funnel"]["coverage"], found["funnel"]["not_asked"]) == (40.0, {"not_sampled": 6})
    assert found["rates"]["rr1"] == 0.0


def test_unlike_invitation_rates_are_told_with_their_test(get, acme):
    campaign = factories.make_campaign(acme)
    make_verdicts(campaign, 500, asked=400, is_solved=True)
    make_verdicts(campaign, 100, asked=40, is_solved=False)
    (monitor,) = get("gating", period="2026-10").json()["campaigns"]
    (check,) = [check for check in monitor["checks"] if check["by"] == "solved"]
    assert (monitor["campaign"], monitor["eligible"], check["test"]["df"]) == (campaign.pk, 600, 1)
    assert check["test"]["statistic"] == pytest.approx(68.18, abs=0.005)


# --- Whose they are --------------------------------------------------------------------------------------------------


def populate(client):
    """Enough of everything, with a name in every text that a figure could tell."""
    team = factories.make_team(client, "Zyxteam")
    agent = factories.make_agent(client, "Zyxagent", team=team)
    campaign = factories.make_campaign(client, name="Zyxcampaign")
    make_verdicts(campaign, 40, asked=20, reason="not_sampled", agent=agent, team=team)
    question = factories.make_long_survey(client).current.questions.get(kind="solved")
    for day in (SEPTEMBER, OCTOBER):
        said = answered(client, day, (20, 5, 5), team=team, agent=agent, channel="chat", contact_reason="Zyxreason")
        Answer.objects.bulk_create(Answer(response=response, question=question, choice="yes") for response in said)
    return agent


@pytest.mark.parametrize("name", FIGURES)
def test_globex_is_told_nothing_of_acme(get, acme, globex, name):
    key = key_of(globex)
    empty = body(get(name, key=key, **of(name)))
    populate(acme)
    assert body(get(name, key=key, **of(name))) == empty
    assert body(get(name, **of(name))) != empty


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_tells_who_served(get, acme, name):
    agent = populate(acme)
    told = body(get(name, **of(name))).decode()
    assert agent.name not in told
    assert '"agent"' not in told


@pytest.mark.parametrize("name", FIGURES)
def test_without_a_key_there_is_nothing(client, name):
    assert client.get(reverse(f"api-{name}"), of(name)).status_code == 403


@pytest.mark.parametrize("by", ["team", "theme", "survey", "version"])
def test_a_filter_by_what_is_foreign_is_404(get, acme, globex, by):
    survey = factories.make_survey(globex)
    rows = {
        "team": factories.make_team(globex),
        "theme": themes.adopt_starter_taxonomy(globex)["billing"],
        "survey": survey,
        "version": survey.current,
    }
    assert get("score", **ASKED, **{by: rows[by].pk}).status_code == 404


# --- What is wrong ---------------------------------------------------------------------------------------------------


def wrong(response):
    assert response.status_code == 400
    return {(error["field"], error["code"]) for error in response.json()["errors"]}


def test_everything_wrong_is_told_at_once_with_its_field(get):
    found = get("score", kind="stars", period="October", team="Nord", colour="blue", goodwill="yes")
    assert wrong(found) == {
        ("kind", "invalid"), ("period", "invalid"), ("team", "invalid"), ("colour", "unknown"), ("goodwill", "invalid"),
    }  # fmt: skip
    assert wrong(get("score")) == {("kind", "required"), ("period", "required")}
    assert get("score", kind="nps").json()["errors"] == [
        {
            "field": "period",
            "code": "required",
            "message": "Name a whole period, as in period=2026-10, 2026-W45, 2026-Q3 or 2026.",
        }
    ]


@pytest.mark.parametrize("query", [{"agent": "1"}, {"by": "agent"}])
def test_figures_of_single_agents_do_not_leave(get, query):
    field = "agent" if "agent" in query else "by"
    assert wrong(get("breakdown", **ASKED, **{"by": "team"} | query)) == {(field, "no_agents")}


@pytest.mark.parametrize(
    ("name", "query", "error"),
    [
        ("breakdown", {"by": "colour"}, ("by", "invalid")),
        ("breakdown", {}, ("by", "required")),
        ("breakdown", {"by": "channel", "channel": "chat"}, ("by", "filtered")),
        ("score", {"reason": "a\0b"}, ("reason", "invalid")),
        ("score", {"reason": "x" * 121}, ("reason", "invalid")),
        ("score", {"team": "1" * 30}, ("team", "invalid")),
        ("score", {"attr:": "x"}, ("attr:", "unknown")),
        ("themes", {"theme": "1"}, ("theme", "unknown")),
        ("score", dict.fromkeys(("channel", "reason", "segment", "team"), "1"), ("", "too_many_filters")),
        ("demand", {"attr:tariff": "x", "kind": None}, ("attr:tariff", "unknown")),
        ("rows", {"format": "pdf"}, ("format", "invalid")),
    ],
)  # fmt: skip
def test_each_mistake_names_its_field(get, name, query, error):
    asked = {name: value for name, value in (ASKED | query).items() if value is not None}
    assert wrong(get(name, **asked)) == {error}


@pytest.mark.parametrize("name", ["score", "trend", "breakdown", "themes", "drivers", "solved", "rows"])
def test_an_attribute_that_nobody_chose_is_told_with_those_that_were(get, acme, globex, name):
    for client, chosen in ((acme, "tariff"), (acme, "region"), (globex, "secret")):
        ChosenAttribute.objects.create(client=client, name=chosen, label=chosen)
    answered(acme, OCTOBER, (10, 0, 0))
    for query in ({"attr:secret": "gold"}, {"attr:tarif": "gold"}):
        (error,) = get(name, **of(name, **query)).json()["errors"]
        assert error == {
            "field": next(iter(query)),
            "code": "not_chosen",
            "message": "Attributes chosen for breakdowns: attr:region, attr:tariff. Take one of them, or have this one "
            "chosen as well.",
        }
    assert get(name, **of(name, **{"attr:tariff": "-"})).status_code == 200


def test_a_breakdown_by_an_attribute_that_nobody_chose_is_told(get, acme):
    (error,) = get("breakdown", **ASKED, by="attr:tariff").json()["errors"]
    assert (error["field"], error["code"]) == ("by", "not_chosen")
    assert "breakdowns: –." in error["message"]
    ChosenAttribute.objects.create(client=acme, name="tariff", label="Tariff")
    answered(acme, OCTOBER, (10, 0, 0))
    assert [row["n"] for row in get("breakdown", **ASKED, by="attr:tariff").json()["rows"]] == [10]


def test_many_attributes_are_looked_up_once(get, acme):
    for number in (1, 3):
        query = {f"attr:{place}": "x" for place in range(number)}
        with CaptureQueriesContext(connection) as seen:
            get("score", **ASKED, **query)
        assert len([one for one in seen if "chosenattribute" in one["sql"]]) == 1


def test_none_of_a_dimension_is_a_dash(get, acme):
    answered(acme, OCTOBER, (10, 0, 0), team=factories.make_team(acme))
    answered(acme, OCTOBER, (0, 0, 12))
    assert get("score", **ASKED, team="-").json()["score"]["now"]["n"] == 12


# --- The description -------------------------------------------------------------------------------------------------


def texts(schema):
    """Everything that a person reads in it."""
    if isinstance(schema, dict):
        told = [schema[name] for name in ("title", "summary", "description") if isinstance(schema.get(name), str)]
        return told + [text for part in schema.values() for text in texts(part)]
    return [text for part in schema for text in texts(part)] if isinstance(schema, list) else []


def test_the_schema_is_english_whatever_the_readers_language(client):
    """Docstrings, which no catalogue translates, are a third of it."""
    address = reverse("api-schema")
    told = {
        (language, asked): client.get(address + asked, headers={"Accept-Language": language}).content
        for language in ("en", "de")
        for asked in ("", "?lang=de")
    }
    assert len(set(told.values())) == 1
    read = texts(yaml.safe_load(told["de", ""]))
    assert "A score over time" in read and "How many stand behind it." in read
    assert len(read) > 300


def test_a_figure_that_says_not_what_it_returns_fails_where_it_is_defined():
    with pytest.raises(KeyError):

        @figure("nothing", "Nothing", "Nothing at all.")
        def nothing(asked):
            return None


def test_the_schema_is_complete_and_without_a_warning():
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert (schema["openapi"], bool(GENERATOR_STATS)) == ("3.1.0", False)
    told = {path.split("/")[-2]: methods["get"] for path, methods in schema["paths"].items() if "/figures/" in path}
    names = {reverse(f"api-{name}").split("/")[-2] for name in (*FIGURES, "targets", "initiatives")}
    assert told.keys() == names
    for name, operation in told.items():
        answers = {"200", "403"} | (set() if name in ("targets", "initiatives") else {"400", "404"})
        assert set(operation["responses"]) - {"409"} == answers
        assert operation["summary"] and operation["description"]
        assert [each["name"] for each in operation.get("parameters", []) if not each.get("description")] == []
    shapes = schema["components"]["schemas"]
    assert [name for name in shapes if "Agent" in name] == []
    assert set(shapes["SeriesPeriodScore"]["properties"]) == {
        "period", "first_on", "last_on", "shown", "n", "counts", "groups", "score", "mean",
    }  # fmt: skip
    assert set(shapes["Estimate"]["properties"]) == {"value", "low", "high", "n", "printed", "printed_interval"}


def test_what_is_told_has_the_shape_that_the_schema_describes(get, acme):
    populate(acme)
    schema = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))
    for name in set(FIGURES) - {"rows"}:
        path = reverse(f"api-{name}")
        reply = schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert_shaped(get(name, **of(name)).json(), reply, schema, name)


JSON = {dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean"}
JSON[type(None)] = "null"


def assert_shaped(value, shape, schema, where):
    shape = schema["components"]["schemas"][shape["$ref"].split("/")[-1]] if "$ref" in shape else shape
    if "oneOf" in shape:
        kinds = [one for one in shape["oneOf"] if ("null" in str(one.get("type"))) == (value is None)]
        return assert_shaped(value, kinds[0], schema, where)
    kinds = [shape["type"]] if isinstance(shape["type"], str) else shape["type"]
    assert JSON[type(value)] in kinds or (type(value) is int and "number" in kinds), (where, value, shape)
    if isinstance(value, dict) and "properties" in shape:
        assert value.keys() == shape["properties"].keys(), where
        for name, part in value.items():
            assert_shaped(part, shape["properties"][name], schema, f"{where}.{name}")
    if isinstance(value, list):
        for part in value:
            assert_shaped(part, shape["items"], schema, where)
