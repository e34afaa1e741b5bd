"""The list of responses and the page of one: what staff reads, finds and corrects."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from analytics import classification
from analytics.models import ThemeAssignment
from analytics.templatetags import voice
from analytics.themes import adopt_starter_taxonomy
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
    for number in range(3):
        unverified = factories.make_unverified(
            acme, 2, "Lange Schlange.", kind="csat", team=team, submitted_at=timezone.now(), completed_at=None
        )
        unverified.answers.create(question=unverified.version.questions.get(key="score"), value=number)
    with CaptureQueriesContext(connection) as third:
        assert len(listed(client.get(LIST))) == 6
    assert len(third) == len(second) == len(first)


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


# --- Doors, unfinished sheets, changes ---


def change(response, first):
    """As the page leaves a response whose customer sent another score."""
    snapshot = {"said": {"score": first, "comment": "Zuerst <so>."}, "wants_call": False}
    type(response).objects.filter(pk=response.pk).update(changed_at=timezone.now(), first=snapshot)


def test_an_answer_of_an_open_link_names_the_link_and_says_that_it_is_unverified(browser, acme, team):
    response = factories.make_unverified(
        acme, 2, "Lange Schlange.", kind="csat", team=team, name="Counter Nord", submitted_at=timezone.now()
    )
    for page in (LIST, page_of(response)):
        said = browser.get(page).content.decode()
        assert "Counter Nord" in said
        assert '<li class="note note-unverified">unverified</li>' in said
    assert "it counts in no score" in said


def test_agents_see_no_open_links_and_leads_those_of_their_team(client, acme, globex, lead, team):
    theirs = factories.make_unverified(acme, 2, kind="csat", team=team, submitted_at=timezone.now())
    factories.make_unverified(acme, 2, kind="csat", submitted_at=timezone.now())
    factories.make_unverified(globex, 2, kind="csat", submitted_at=timezone.now())
    agent = factories.make_agent(acme, login=factories.make_login("lena"), team=team)
    viewer = factories.make_login("vera")
    factories.give_access(viewer, acme, "viewer")
    seen = {}
    for login in (lead, agent.login, viewer):
        client.force_login(login)
        seen[login.username] = len(listed(client.get(LIST)))
    assert seen == {"mira": 1, "lena": 0, "vera": 2}
    client.force_login(agent.login)
    assert client.get(page_of(theirs)).status_code == 302


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?door=verified", ["whole", "partial", "changed"]),
        ("?door=unverified", ["open"]),
        ("?door=open", ["open"]),
        ("?door=personal", ["whole", "partial", "changed"]),
        ("?door=kiosk", []),
        ("?sheet=whole", ["whole", "changed", "open"]),
        ("?sheet=partial", ["partial"]),
        ("?sheet=changed", ["changed"]),
        ("?kind__exact=ces", ["changed"]),
        ("?comment=no", ["partial"]),
        ("?q=Schalter", ["open"]),
    ],
)
def test_doors_kinds_and_states_of_a_sheet_can_be_filtered(client, acme, query, found):
    client.force_login(factories.make_login("root", is_superuser=True))
    rows = {
        "whole": make(acme, 5, days=1),
        "partial": make(acme, 5, "", days=2, completed_at=None),
        "changed": make(acme, 6, days=3, kind="ces"),
        "open": factories.make_unverified(
            acme, 3, "Gut.", name="Schalter", submitted_at=timezone.now() - dt.timedelta(days=4)
        ),
    }
    rows["partial"].answers.create(question=rows["partial"].version.questions.get(key="score"), value=3)
    change(rows["changed"], 2)
    assert listed(client.get(LIST + query)) == [rows[name] for name in found]


@pytest.mark.parametrize(
    ("minutes", "has_answer", "note"),
    [(5, False, "being filled in"), (60, False, "score only"), (60, True, "not sent to the end")],
)
def test_an_unfinished_sheet_says_how_far_it_came(acme, minutes, has_answer, note):
    at = timezone.now() - dt.timedelta(minutes=minutes)
    response = factories.make_response(acme, 3, "Schade." if has_answer else "", submitted_at=at, completed_at=None)
    assert voice.notes(response, timezone.now()) == (
        f'<ul class="notes"><li class="note note-partial">{note}</li></ul>'
    )


def test_a_changed_answer_shows_both_scores_and_the_first_sheet(browser, acme, team):
    response = make(acme, 5, "Doch noch gelöst.", kind="csat", team=team)
    change(response, 2)
    assert "changed: first 2, now 5" in browser.get(LIST).content.decode()
    said = browser.get(page_of(response)).content.decode()
    assert "<dd>2 of 5</dd>" in said
    assert '<p class="voice-text" lang="" dir="auto">“Zuerst &lt;so&gt;.”</p>' in said
    change(response, 5)
    assert "changed, same score" in browser.get(LIST).content.decode()


def test_other_answers_stand_in_the_readers_language_whatever_the_customer_read(browser, acme, team):
    survey = factories.make_long_survey(acme)
    campaign = factories.make_campaign(acme, survey=survey)
    response = factories.make_response(
        acme, 3, "Schade.", invitation=factories.make_invitation(acme, campaign=campaign, team=team, language="ar")
    )
    questions = {question.key: question for question in survey.current.questions.all()}
    for key, column in (
        ("solved", {"choice": "partly"}),
        ("ease", {"value": 2}),
        ("wrong", {"choice": "phone_line"}),
        ("wrong", {"choice": "chat"}),
    ):
        response.answers.create(question=questions[key], **column)
    said = browser.get(page_of(response), headers={"Accept-Language": "de"}).content.decode()
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", said) == [
        ("Ist Ihr Anliegen gelöst?", "Zum Teil"),
        (questions["ease"].wording["de"]["ask"], "2 von 7"),
        ("Wie haben Sie uns erreicht?", "Telefon, Chat"),
    ]


def test_each_text_of_a_sheet_is_corrected_for_itself(browser, acme, team):
    survey = factories.make_long_survey(acme)
    campaign = factories.make_campaign(acme, survey=survey)
    response = factories.make_response(
        acme, 3, "Ewig gewartet.", invitation=factories.make_invitation(acme, campaign=campaign, team=team)
    )
    more = response.answers.create(question=survey.current.questions.get(key="more"), text="Sehr freundlich.")
    for answer in response.answers.all():
        classification.read(answer)
    first = response.answers.first()
    billing = adopt_starter_taxonomy(acme)["billing"]
    browser.post(page_of(response), {"answer": more.pk, f"theme_{billing.pk}": "-1"})
    assert [(a.theme.key, a.source) for a in more.assignments.all()] == [("billing", "person")]
    assert [(a.theme.key, a.source) for a in first.assignments.all()] == [("waiting_time", "rules")]


def test_a_judgement_on_words_that_changed_says_so_and_marks_none_of_the_new_ones(browser, acme, team, lead):
    response = make(acme, 2, "Ich habe ewig gewartet.", kind="csat", team=team)
    answer = response.answers.get()
    classification.correct(answer, {found.theme: found.sentiment for found in answer.assignments.all()}, lead)
    answer.text = "Jetzt ganz andere Worte als vorher."
    answer.save()
    said = browser.get(page_of(response)).content.decode()
    assert "The customer has changed the words since." in said
    assert "<mark" not in said


def test_a_comment_that_the_rules_cannot_read_says_its_language(browser, acme, team):
    response = make(acme, 2, "Yarım saat bekledim, kimse açmadı.", kind="csat", team=team)
    assert (
        "The comment is in Turkish; the rules read German and English only."
        in browser.get(page_of(response)).content.decode()
    )


def test_the_heading_says_what_is_not_counted_within_ones_own_reach(client, acme, globex, lead, team):
    client.force_login(lead)
    make(acme, 5, "", kind="csat", team=team)
    now = timezone.now()
    for place, where in ((acme, team), (acme, None), (globex, None)):
        factories.make_invitation(place, "csat", team=where, clicked_at=now, clicked_score=5)
        factories.make_flagged(factories.make_invitation(place, "csat", team=where), 1, submitted_at=now)
        factories.make_unverified(place, 1, kind="csat", team=where, submitted_at=now)
    assert client.get(LIST).context["subtitle"] == (
        "CSAT: 1 answer on your team’s contacts in the last 90 days: 1 happy, 0 in between, 0 unhappy.\n"
        "Besides, not counted: 1 only clicked, 1 marked as made by a machine, 1 without an invitation."
    )


def test_effort_is_told_in_its_own_words(client, acme):
    client.force_login(factories.make_login("root", is_superuser=True))
    for score in (7, 4, 2):
        make(acme, score, "", kind="ces")
    assert client.get(LIST).context["subtitle"] == (
        "CES: 3 answers within your reach in the last 90 days: 1 found it easy, 1 in between, 1 hard."
    )


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
    theme = adopt_starter_taxonomy(acme)["waiting_time"]
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
    themes = adopt_starter_taxonomy(acme)
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
        ("ces", 3, "of 7, hard"),
        ("ces", 4, "of 7, in between"),
        ("ces", 5, "of 7, easy"),
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
    themes = adopt_starter_taxonomy(acme)
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
    theme = adopt_starter_taxonomy(acme)["billing"]
    refused = browser.post(page_of(response), {f"theme_{theme.pk}": "7"})
    assert refused.status_code == 200
    assert list(answer.assignments.values()) == before
    foreign = adopt_starter_taxonomy(globex)["billing"]
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
