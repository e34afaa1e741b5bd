"""The honesty pages: for analysts and the client's own viewers, in plain words, each figure leading to its rows."""

import datetime as dt
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from analytics.admin.honesty import words
from surveys import exclusions, reported
from surveys.models import Exclusion, ReportedCount, Response
from tests import factories
from tests.analytics.honest_rows import make_answers, make_rules, make_verdicts

PAGES = ("change", "funnel", "asked", "answered", "counts", "signs", "left_out")
OCTOBER = "?period=2026-10"


@pytest.fixture
def nps(acme):
    return factories.make_campaign(acme, survey=factories.make_survey(acme, "nps"), name="Recommendation")


@pytest.fixture
def viewer(acme):
    login = factories.make_login("vera")
    factories.give_access(login, acme, "viewer")
    return login


@pytest.fixture
def second(acme):
    login = factories.make_login("bert", first_name="Bert")
    factories.give_access(login, acme, "analyst")
    return login


@pytest.fixture
def gated(nps, acme):
    """Unsolved contacts are asked half as often; Lena served all of them."""
    agent = factories.make_agent(acme, "Lena Ritter")
    other = factories.make_agent(acme, "Ole Harms")
    asked = make_verdicts(nps, 100, asked=80, is_solved=True, agent=other, rules=make_rules(nps, "50"))
    make_verdicts(nps, 100, asked=40, is_solved=False, agent=agent)
    make_answers(asked, *[10] * 12, 3)
    return nps


def get(browser, client, name, query=OCTOBER):
    return browser.get(reverse(f"admin:surveys_honesty_{name}", args=[client.pk]) + query)


def text_of(reply):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.content.decode()))


@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens_with_rows_and_without_for_analysts_and_viewers(client, acme, gated, analyst, viewer, name):
    for login in (analyst, viewer):
        client.force_login(login)
        for query in (OCTOBER, "?period=2026-W03", "?period=2024", ""):
            assert get(client, acme, name, query).status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_a_foreign_client_does_not_exist(client, globex, analyst, viewer, name):
    for login in (analyst, viewer):
        client.force_login(login)
        reply = get(client, globex, name)
        assert (reply.status_code, "Globex" in reply.content.decode()) in ((302, False), (404, False))


@pytest.mark.parametrize("role", ["lead", "agent"])
def test_leads_and_agents_have_no_such_page(client, acme, role):
    login, team = factories.make_login(role), factories.make_team(acme)
    if role == "lead":
        factories.give_access(login, acme, "lead", team)
    else:
        factories.make_agent(acme, login=login)
    client.force_login(login)
    assert get(client, acme, "change").status_code == 403


def test_gating_is_said_in_plain_words(browser, acme, gated):
    told = text_of(get(browser, acme, "asked"))
    assert "Unsolved contacts were asked half as often: 40.0% rather than 80.0%." in told
    assert "Contacts of Lena Ritter were asked half as often" in told


def test_the_overview_fetches_what_was_found_one_by_one(browser, acme, gated):
    page = get(browser, acme, "change").content.decode()
    sources = re.findall(r'<li id="(found-\w+)"[^>]* hx-get="([^"]*)"', page)
    assert [name for name, _source in sources] == [f"found-{name}" for name in PAGES[1:]]
    assert "Unsolved contacts" not in page
    found = [browser.get(source.replace("&amp;", "&")).content.decode() for _name, source in sources]
    for (name, _source), each in zip(sources, found, strict=True):
        assert re.findall(r'<li id="(found-\w+)" class="[^"]*"><h3>', each) == [name]
    assert "Unsolved contacts were asked half as often" in found[1]


def test_viewers_read_no_agents_name_and_get_no_link_that_is_closed_to_them(client, acme, gated, viewer):
    client.force_login(viewer)
    for name in PAGES:
        page = get(client, acme, name).content.decode()
        assert "Lena Ritter" not in page
        for address in re.findall(r'href="(/admin/[^"]*)"', page):
            assert client.get(address.replace("&amp;", "&"), follow=True).status_code == 200, address


def test_every_figure_leads_to_exactly_its_rows(browser, acme, gated):
    page = get(browser, acme, "asked").content.decode()
    links = re.findall(r'<td[^>]* class="num"><a href="([^"]*)">([\d,]+)</a>', page)
    assert len(links) >= 4
    for address, number in links:
        listed = browser.get(address.replace("&amp;", "&"))
        assert listed.context["cl"].result_count == int(number.replace(",", "")), address


def test_a_sign_leads_to_its_answers(browser, acme, nps):
    make_answers(make_verdicts(nps, 2, email="info@acme.example"), 10, 10)
    make_answers(make_verdicts(nps, 3), 9, 9, 9)
    page = get(browser, acme, "signs").content.decode()
    (address,) = re.findall(r'href="([^"]*sign=staff[^"]*)"', page)
    assert browser.get(address.replace("&amp;", "&")).context["cl"].result_count == 2


def test_a_sign_of_another_client_shows_nothing(browser, acme, globex):
    address = reverse("admin:surveys_response_changelist")
    for value in (f"staff:2026-10:{globex.pk}", "staff:2026-10:x", "nonsense", f"nothing:2026-10:{acme.pk}"):
        assert browser.get(address, {"sign": value, "period": "all"}).status_code == 302  # as wrong filters are


def test_a_wrong_period_is_said_to_be_one(browser, acme):
    reply = get(browser, acme, "change", "?period=2026-13")
    assert (reply.status_code, "is no period" in reply.content.decode()) == (400, True)


@pytest.mark.parametrize(
    ("rate", "rest", "said"),
    [(40, 80, "half as often"), (26, 80, "a third as often"), (80, 40, "twice as often"),
     (70, 80, "less often"), (90, 80, "more often"), (5, 80, "hardly ever"), (90, 30, "more than twice as often")],
)  # fmt: skip
def test_how_often_is_said_in_words(rate, rest, said):
    assert words.how_often(rate, rest) == said


# --- Two people ------------------------------------------------------------------------------------------------------


def press(browser, name, *args, **data):
    return browser.post(reverse(f"admin:surveys_exclusion_{name}", args=args), data)


@pytest.fixture
def answer(acme):
    return factories.make_response(acme, 1, "Das war ein Test.")


def test_one_proposes_and_another_confirms_on_the_answers_page(client, acme, answer, analyst, second):
    client.force_login(analyst)
    press(client, "propose", answer.pk, reason="staff", note="Probe")
    proposal = Exclusion.objects.get()
    press(client, "confirm", proposal.pk)
    assert list(Response.objects.counting()) == [answer]
    client.force_login(second)
    assert "awaits a second person" in text_of(client.get(reverse("admin:surveys_exclusion_changelist")))
    press(client, "confirm", proposal.pk)
    assert list(Response.objects.counting()) == []
    page = text_of(client.get(reverse("admin:surveys_response_change", args=[answer.pk])))
    assert "It is in no score" in page and "Das war ein Test." in page and "Anna Berg" in page
    assert "excluded, in no score" in text_of(client.get(reverse("admin:surveys_response_changelist") + "?period=all"))


def test_a_get_decides_nothing(browser, answer, second):
    proposal = exclusions.propose(answer, "staff", "", second, factories.NOW)
    for name, pk in (
        ("propose", answer.pk),
        ("confirm", proposal.pk),
        ("reject", proposal.pk),
        ("withdraw", proposal.pk),
    ):
        assert browser.get(reverse(f"admin:surveys_exclusion_{name}", args=[pk])).status_code == 405
    proposal.refresh_from_db()
    assert proposal.state == "proposed"


def test_who_does_not_analyse_the_client_can_neither_propose_nor_decide(client, acme, globex, answer, viewer, second):
    proposal = exclusions.propose(answer, "staff", "", second, factories.NOW)
    foreign = factories.make_login("gero")
    factories.give_access(foreign, globex, "analyst")
    for login in (viewer, foreign):
        client.force_login(login)
        assert press(client, "propose", answer.pk, reason="staff").status_code in (403, 404)
        assert press(client, "confirm", proposal.pk).status_code in (302, 403, 404)
        assert "Bert" not in client.get(reverse("admin:surveys_response_change", args=[answer.pk])).content.decode()
    assert list(Exclusion.objects.values_list("state", flat=True)) == ["proposed"]


def test_the_page_shows_the_score_with_the_excluded_answers(client, acme, nps, analyst, second, viewer):
    answers = make_answers(make_verdicts(nps, 11), *[10] * 10, 0)
    exclusions.confirm(exclusions.propose(answers[-1], "machine", "", analyst, factories.NOW), second, factories.NOW)
    client.force_login(viewer)
    told = text_of(get(client, acme, "left_out"))
    assert "as it counts 100.0" in told and "with the excluded 81.8" in told and "from a machine (1)" in told


# --- Counts ----------------------------------------------------------------------------------------------------------


def hand_in(browser, client, text, **fields):
    file = SimpleUploadedFile("counts.csv", text.encode())
    return browser.post(
        reverse("admin:surveys_reportedcount_upload"), {"client": client.pk, "source": "acd", "file": file, **fields}
    )


def test_a_file_of_counts_is_taken_whole_or_not_at_all(client, acme, viewer):
    client.force_login(viewer)
    wrong = hand_in(client, acme, "day,contacts\n2026-10-15,5\n2026-10-16,five\n")
    assert (wrong.status_code, ReportedCount.objects.count()) == (400, 0)
    assert "Line 3, contacts: “five” is no whole number" in text_of(wrong)
    assert hand_in(client, acme, "day,contacts\n2026-10-15,5\n2026-10-16,6\n").status_code == 302
    assert ReportedCount.objects.filter(told_by=viewer).count() == 2
    told = text_of(get(client, acme, "counts"))
    assert "Of 11 contacts that the client counted, 11 did not come in: 100.0%." in told


def test_nobody_hands_in_counts_for_another_client(browser, acme, globex):
    reply = hand_in(browser, globex, "day,contacts\n2026-10-15,5\n")
    assert (reply.status_code, ReportedCount.objects.count()) == (400, 0)


def test_gaps_come_first(browser, acme):
    at = dt.datetime(2026, 10, 16, 10, tzinfo=dt.UTC)
    factories.make_contact(acme, started_at=at, ended_at=at)
    days = [reported.Count(dt.date(2026, 10, day), "", "acd", 1) for day in (15, 16)]
    reported.take(acme, days, factories.NOW)
    page = get(browser, acme, "counts").content.decode()
    assert re.findall(
        r"<tr role=\"row\"(?: class=\"(is-marked)\")?><th role=\"rowheader\" scope=\"row\">(\d+ \w+)", page
    ) == [
        ("is-marked", "15 October"),
        ("", "16 October"),
    ]
