"""The list of responses and the page of one: what staff reads, finds and corrects."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from analytics import classification
from analytics.models import ThemeAssignment
from analytics.templatetags import voice
from feedback_loop import cases
from tests import factories

LIST = reverse("admin:surveys_response_changelist")


def page_of(response):
    return reverse("admin:surveys_response_change", args=[response.pk])


def make(client, score=3, text="Ich habe ewig gewartet.", days=1, **fields):
    response = factories.make_response(
        client, score, text, submitted_at=timezone.now() - dt.timedelta(days=days), **fields
    )
    for answer in response.answers.all():
        classification.read(answer)
    return response


@pytest.fixture
def lead(acme):
    login = factories.make_login("mira", first_name="Mira", last_name="Tönnies")
    factories.give_access(login, acme, "lead", factories.make_team(acme))
    return login


@pytest.fixture
def team(acme):
    return factories.make_team(acme)


@pytest.fixture
def browser(client, lead):
    client.force_login(lead)
    return client


def listed(answer):
    return list(answer.context["cl"].result_list)


# --- The list ---


@pytest.mark.parametrize("role", ["lead", "analyst", "viewer"])
def test_the_list_takes_as_many_queries_for_three_as_for_one(client, acme, role):
    team = factories.make_team(acme)
    login = factories.make_login(role)
    factories.give_access(login, acme, role, team if role == "lead" else None)
    client.force_login(login)
    agent = factories.make_agent(acme, team=team)
    make(acme, 2, kind="csat", agent=agent, team=team)
    client.get(LIST)
    with CaptureQueriesContext(connection) as first:
        assert len(listed(client.get(LIST))) == 1
    for number in range(2):
        make(
            acme,
            5,
            "Sehr freundlich, aber lange gewartet.",
            kind="csat",
            team=team,
            agent=factories.make_agent(acme, f"Agent {number}", team=team),
        )
    with CaptureQueriesContext(connection) as second:
        assert len(listed(client.get(LIST))) == 3
    assert len(second) == len(first)


def test_a_page_holds_fifty(browser, acme, team):
    for number in range(51):
        make(acme, 5, "", kind="csat", team=team, days=1 + number / 100)
    assert [len(listed(browser.get(LIST))), len(listed(browser.get(f"{LIST}?p=2")))] == [50, 1]


def test_the_heading_counts_the_groups_of_the_last_ninety_days(client, acme):
    login = factories.make_login("lena")
    agent = factories.make_agent(acme, login=login)
    client.force_login(login)
    for score, days in ((5, 1), (4, 2), (3, 3), (1, 4), (5, 100)):
        make(acme, score, "", kind="csat", agent=agent, days=days)
    context = client.get(LIST).context
    assert context["title"] == "My responses"
    assert context["subtitle"] == (
        "CSAT: 4 answers on your contacts in the last 90 days: 2 happy, 1 in between, 1 unhappy."
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["sad", "fine", "silent", "odd"]),
        ("?group=detractor", ["sad"]),
        ("?group=promoter", ["silent", "odd"]),
        ("?theme=waiting_time", ["sad"]),
        ("?comment=yes", ["sad", "fine", "odd"]),
        ("?comment=no", ["silent"]),
        ("?comment=unclassified", ["odd"]),
        ("?period=7", ["sad"]),
        ("?period=all", ["sad", "fine", "silent", "odd", "old"]),
        ("?kind__exact=nps", []),
        ("?q=Warteschleife", ["sad"]),
        ("?q=T-4711", ["fine"]),
        ("?q=Lena", ["silent"]),
    ],
)
def test_filters_and_search_find_what_they_say(browser, acme, team, query, found):
    agent = factories.make_agent(acme, "Lena Ritter", team=team)
    rows = {
        "sad": make(acme, 1, "Warteschleife ohne Ende.", 1, kind="csat", team=team),
        "fine": make(
            acme,
            3,
            "Der Mitarbeiter war freundlich.",
            10,
            kind="csat",
            team=team,
            contact=factories.make_contact(acme, external_id="T-4711", team=team),
        ),
        "silent": make(acme, 5, "", 20, kind="csat", team=team, agent=agent),
        "odd": make(acme, 4, "Der blaue Kasten steht links.", 30, kind="csat", team=team),
        "old": make(acme, 3, "", 100, kind="csat", team=team),
    }
    assert listed(browser.get(LIST + query)) == [rows[name] for name in found]


def test_an_empty_list_says_what_will_fill_it(browser):
    assert "They appear here as soon as customers send them." in browser.get(LIST).content.decode()


def test_the_team_lead_reads_who_served_and_a_single_agent_needs_no_such_column(browser, acme, team):
    agent = factories.make_agent(acme, "Lena Ritter", login=factories.make_login("lena"), team=team)
    make(acme, kind="csat", agent=agent, team=team)
    assert "agent" in browser.get(LIST).context["cl"].list_display
    browser.force_login(agent.login)
    assert "agent" not in browser.get(LIST).context["cl"].list_display


# --- How words look ---


def test_evidence_is_marked_tokens_become_words_and_the_rest_is_escaped(acme):
    response = factories.make_response(acme, 2, "<b>Ewig</b> gewartet, Frau ⟦name⟧ war nett & ⟦phone⟧.")
    answer = response.answers.get()
    theme = classification.adopt_starter_taxonomy(acme)["waiting_time"]
    ThemeAssignment.objects.create(
        answer=answer, theme=theme, sentiment=-1, source="rules", version="1", start=0, end=20
    )
    with translation.override("de"):
        said = str(voice.voice(response))
    assert '„<mark class="ev ev-negative">&lt;b&gt;Ewig&lt;/b&gt; gewartet</mark>, Frau ' in said
    assert '<span class="redacted">Name</span> war nett &amp; <span class="redacted">Telefonnummer</span>.“' in said
    assert '<span class="visually-hidden">negativ: </span>Wartezeit &amp; Erreichbarkeit' in said
    assert "<b>" not in said


def test_overlapping_evidence_is_marked_once(acme):
    answer = factories.make_response(acme, 2, "0123456789").answers.get()
    themes = classification.adopt_starter_taxonomy(acme)
    for key, start, end in (("price", 2, 6), ("billing", 4, 8), ("contract", 8, 10), ("digital", 5, 99)):
        ThemeAssignment.objects.create(
            answer=answer, theme=themes[key], sentiment=1, source="rules", version="1", start=start, end=end
        )
    assert str(voice.voice(answer.response)).split("“")[1].split("”")[0] == (
        '01<mark class="ev ev-positive">2345</mark>67<mark class="ev ev-positive">89</mark>'
    )


@pytest.mark.parametrize(
    ("kind", "score", "shown"),
    [
        ("nps", 10, 'mark-promoter">10</span> <span class="word">Promoter'),
        ("csat", 4, "of 5, happy"),
        ("csat", 2, "of 5, unhappy"),
        ("nps", 4, "mark-detractor"),
    ],
)
def test_the_mark_says_its_group_and_a_csat_its_scale(acme, kind, score, shown):
    assert shown in voice.mark(factories.make_response(acme, score, kind=kind))


@pytest.mark.parametrize(
    ("age", "english", "german"),
    [
        ({"minutes": 5}, "5 min", "5 Min."),
        ({"hours": 2, "minutes": 59}, "2 h", "2 Std."),
        ({"hours": 25}, "1 day", "1 Tag"),
        ({"days": 5}, "5 days", "5 Tage"),
        ({"minutes": -3}, "0 min", "0 Min."),
    ],
)
def test_an_age_is_told_in_its_largest_unit(now, age, english, german):
    at = now - dt.timedelta(**age)
    assert voice.age(at, now) == english
    with translation.override("de"):
        assert voice.age(at, now) == german


# --- One response ---


def test_a_correction_is_saved_as_the_persons_and_said_so(browser, lead, acme, team):
    response = make(acme, 1, "Ich habe ewig gewartet.", kind="csat", team=team)
    answer = response.answers.get()
    themes = classification.adopt_starter_taxonomy(acme)
    form = {f"theme_{themes['friendliness'].pk}": "1", f"theme_{themes['billing'].pk}": "0"}
    said = browser.post(page_of(response), form, follow=True)
    assert "Your judgement is saved. No machine will change it." in said.content.decode()
    assert {(a.theme.key, a.sentiment, a.source) for a in answer.assignments.all()} == {
        ("friendliness", 1, "person"),
        ("billing", 0, "person"),
    }
    assert answer.reading.read_by == lead


def test_a_forged_theme_or_sentiment_changes_nothing(browser, acme, globex, team):
    response = make(acme, 1, "Ich habe ewig gewartet.", kind="csat", team=team)
    answer = response.answers.get()
    before = list(answer.assignments.values())
    theme = classification.adopt_starter_taxonomy(acme)["billing"]
    refused = browser.post(page_of(response), {f"theme_{theme.pk}": "7"})
    assert refused.status_code == 200
    assert list(answer.assignments.values()) == before
    foreign = classification.adopt_starter_taxonomy(globex)["billing"]
    browser.post(page_of(response), {f"theme_{foreign.pk}": "1", f"theme_{theme.pk}": "1"})
    assert [(a.theme, a.sentiment) for a in answer.assignments.all()] == [(theme, 1)]


def test_an_unticked_signal_is_taken_back(browser, acme, team):
    response = make(acme, 1, "Ich wechsle den Anbieter und gehe zum Anwalt.", kind="csat", team=team)
    answer = response.answers.get()
    assert answer.reading.signals == ["churn_risk", "legal_threat"]
    browser.post(page_of(response), {"signals": ["legal_threat"]})
    answer.reading.refresh_from_db()
    assert answer.reading.signals == ["legal_threat"]


def test_nobody_edits_deletes_or_adds_a_response(client, acme):
    client.force_login(factories.make_login("root", is_superuser=True))
    response = make(acme)
    client.post(page_of(response), {"score": "10", "group": "promoter"})
    response.refresh_from_db()
    assert response.score == 3
    for refused in (page_of(response).replace("change", "delete"), reverse("admin:surveys_response_add")):
        assert client.post(refused, {"post": "yes"}).status_code == 403


def test_the_response_leads_to_its_case(browser, acme, team):
    response = make(acme, 1, kind="csat", team=team)
    case = cases.open_for(response, timezone.now())
    link = reverse("admin:feedback_loop_case_change", args=[case.pk])
    assert f'href="{link}"' in browser.get(page_of(response)).content.decode()
