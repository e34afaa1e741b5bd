"""Dashboards: what an address means, who sees which part of a client, and that every figure leads to its answers."""

import datetime as dt
import json
import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics import figures
from analytics.models import Theme, ThemeAssignment
from feedback_loop import cases
from feedback_loop.dashboards import address, scope
from feedback_loop.models import Initiative, Target
from surveys.models import Login, Response
from tests import factories
from tests.feedback_loop.crowds import answered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

SEPTEMBER, OCTOBER, THIS_MONTH = dt.date(2026, 9, 10), dt.date(2026, 10, 5), dt.date(2026, 11, 3)
FETCHED = ("dashboard-funnel", "dashboard-themes", "dashboard-parts", "dashboard-voices", "dashboard-causes")
PAGES = ("dashboard", "dashboard-answers", *FETCHED)


def page(client, slug="acme", name="dashboard", **params):
    return client.get(reverse(name, args=[slug]), params)


def text_of(response) -> str:
    """What a page says, without its markup."""
    main = response.content.decode().partition('<main class="page"')[2].partition("</main>")[0]
    words = unescape(re.sub(r"<[^>]+>", " ", main.replace("</title>", " · </title>"))).replace("\u00a0", " ")
    return re.sub(r"\s+", " ", words)


def whole_page(client, **params) -> list:
    """The page and all that it fetches by itself, from the addresses that stand in it."""
    first = page(client, **params)
    fetched = re.findall(r'<section class="waiting"[^>]* hx-get="([^"]+)"', first.content.decode())
    return [first, *(client.get(unescape(path)) for path in fetched)]


def links_of(response) -> list[str]:
    return [unescape(href) for href in re.findall(r'href="([^"]+)"', response.content.decode())]


@pytest.fixture
def october(acme):
    """NPS 30 from 100 answers in October, 28 from 50 in September."""
    answered(acme, SEPTEMBER, (24, 16, 10))
    answered(acme, OCTOBER, (50, 30, 20))


# --- Who sees what --------------------------------------------------------------------------------------------------


def test_who_is_not_signed_in_is_sent_to_the_admins_sign_in(client, acme):
    for path in (reverse("dashboards"), *(reverse(name, args=["acme"]) for name in PAGES)):
        answer = client.get(path)
        assert (answer.status_code, answer.url) == (302, f"/admin/login/?next={path}")


def test_who_sees_one_client_goes_straight_to_it(browser):
    answer = browser.get(reverse("dashboards"))
    assert (answer.status_code, answer.url) == (302, "/dashboard/acme/")


def test_globex_does_not_exist_for_acmes_analyst(browser, globex, october):
    answered(globex, OCTOBER, (20, 10, 5))
    for name in PAGES:
        assert page(browser, "globex", name).status_code == 404
        assert page(browser, "nobody", name).status_code == 404
        assert page(browser, "acme", name).status_code == 200
    assert "Globex" not in browser.get(reverse("dashboards"), follow=True).content.decode()


def test_a_foreign_team_in_the_address_is_told_like_one_that_does_not_exist(browser, acme, globex, october):
    theirs = factories.make_team(globex, "Zyxglobe").pk
    factories.make_team(acme, "North")
    factories.make_team(acme, "South")
    told = [text_of(page(browser, team=team)).replace(f"“{team}”", "“N”") for team in (theirs, 999_999)]
    assert told[0] == told[1]
    assert "Zyxglobe" not in told[0]


def test_a_login_without_reach_finds_nothing(client, acme):
    client.force_login(factories.make_login("nobody"))
    assert client.get(reverse("dashboards")).status_code == 404
    assert {page(client, name=name).status_code for name in PAGES} == {404}


@pytest.fixture
def two_teams(acme):
    """Team North with 40 happy answers to its agent Ada Zyx, team South with 40 unhappy ones."""
    lead = factories.make_login("lead")
    north, south = factories.make_team(acme, "North"), factories.make_team(acme, "South")
    own = factories.make_login("ada")
    ada = factories.make_agent(acme, "Ada Zyx", own, north)
    factories.make_campaign(acme, "csat")
    answered(acme, OCTOBER, (40, 0, 0), "csat", team=north, agent=ada)
    bea = factories.make_agent(acme, "Bea Zyx", team=south)
    answered(acme, OCTOBER, (0, 0, 40), "csat", team=south, agent=bea)
    factories.give_access(lead, acme, "lead", north)
    return {"lead": lead, "agent": own, "north": north, "south": south}


def test_a_lead_sees_the_team_and_nothing_beside_it(client, two_teams):
    client.force_login(two_teams["lead"])
    seen = text_of(page(client, period="2026-10"))
    assert "100% 91% to 100%" in seen and "North" in seen and "South" not in seen
    other = text_of(page(client, period="2026-10", team=two_teams["south"].pk))
    assert "100% 91% to 100%" in other and "South" not in other
    listed = page(client, name="dashboard-answers", period="2026-10", team=two_teams["south"].pk)
    assert listed.content.decode().count('class="mark mark-promoter"') == 25
    assert listed.content.decode().count('class="mark mark-detractor"') == 0


def test_an_agent_sees_the_answers_to_own_contacts(client, two_teams):
    client.force_login(two_teams["agent"])
    seen = text_of(page(client, period="2026-10"))
    assert "Ada Zyx" in seen and "100% 91% to 100%" in seen and "South" not in seen


def test_only_who_may_read_names_of_agents_can_break_down_by_them(client, acme, analyst, two_teams):
    viewer = factories.make_login("viewer")
    factories.give_access(viewer, acme, "viewer")
    seen = {}
    for login in (analyst, viewer):
        client.force_login(login)
        pages = [page(client, name=name, period="2026-10", by="agent") for name in PAGES]
        seen[login] = "".join(answer.content.decode() for answer in pages)
    assert "Ada Zyx" in seen[analyst]
    assert "Zyx" not in seen[viewer] and "by=agent" not in seen[viewer]


def test_a_wider_reach_takes_in_a_narrower_one(acme, two_teams):
    factories.give_access(two_teams["lead"], acme, "viewer")
    assert scope.within(two_teams["lead"], acme).is_whole
    assert not scope.within(two_teams["lead"], acme).sees_agents


# --- What an address means ------------------------------------------------------------------------------------------


def test_the_usual_view_is_the_last_whole_month(browser, october):
    shown = text_of(page(browser))
    assert shown.startswith(' id="main"> October 2026')
    assert "30 14 to 44" in shown and "n = 100" in shown
    assert "September 2026: 28 (6 to 47)" in shown
    assert "No clear change" in shown


def test_a_client_who_began_this_month_sees_this_month(browser, acme):
    answered(acme, THIS_MONTH, (20, 10, 5))
    assert "November 2026" in text_of(page(browser))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"period": "2026-13"}, "“2026-13” is no period"),
        ({"period": "<b>"}, "“<b>” is no period"),
        ({"period": "0000"}, "is no period"),
        ({"period": "9999-12"}, "is no period"),
        ({"period": "2027-01"}, "January 2027 has not begun yet; November 2026 is shown."),
        ({"period": "2026-W60"}, "is no period"),
        ({"kind": "xyz"}, "“xyz” is no kind of survey; NPS is shown."),
        ({"kind": "ces"}, "Nobody is asked for CES here; NPS is shown."),
        ({"compare": "x"}, "“x” is nothing to compare with"),
        ({"channel": "smoke"}, "There are no answers with"),
        ({"by": "shoe size"}, "nothing to break the answers down by"),
        ({"score": "11"}, "“11” is no score of this scale"),
        ({"score": "²"}, "is no score of this scale"),
        ({"group": "x"}, "“x” is no group"),
    ],
)
def test_what_an_address_says_wrongly_is_told_and_the_nearest_view_shown(browser, acme, october, params, says):
    answered(acme, OCTOBER, (10, 5, 5), channel="phone")
    answer = page(browser, **params)
    assert answer.status_code == 200
    assert says in text_of(answer)
    assert "<b>" not in answer.content.decode().partition("<main")[2]


@pytest.mark.parametrize("name", PAGES)
def test_no_address_makes_an_error(browser, october, name):
    for params in (
        {"period": "2026-10\0"}, {"reason": "\0"}, {"team": "9" * 40}, {"page": "0"}, {"page": "9" * 30},
        {"page": "-1"}, {"theme": "-"}, {"attr:x": "1"}, {"kind": "", "team": "-"}, {"goodwill": "1"},
    ):  # fmt: skip
        assert page(browser, name=name, **params).status_code in (200, 302), params


def test_an_empty_field_of_the_form_does_not_stay_in_the_address(browser, october):
    answer = page(browser, kind="nps", period="2026-10", team="", channel="")
    assert (answer.status_code, answer.url) == (302, "/dashboard/acme/?kind=nps&period=2026-10")


def test_every_kind_of_period_can_be_asked_for_and_compared_with_the_year_before(browser, acme, october):
    answered(acme, dt.date(2025, 10, 6), (10, 20, 70))
    seen = {
        period: text_of(page(browser, period=period, compare="year"))
        for period in ("2026-10", "2026-W41", "2026-Q4", "2026")
    }
    assert "October 2025: −60" in seen["2026-10"] and "Clearly higher" in seen["2026-10"]
    assert "Week 41 2025" in seen["2026-W41"]
    assert "Q4 2025" in seen["2026-Q4"]
    assert "2025: −60" in seen["2026"]


def test_the_week_before_in_a_year_of_53_weeks_has_a_neighbour():
    week = address.periods.parse("2026-W53", "Europe/Berlin")
    assert address.year_before(week).text == "2025-W52"


def test_an_address_read_is_the_address_written(browser, acme, october):
    answered(acme, OCTOBER, (10, 5, 5), channel="phone")
    answered(acme, OCTOBER, (40, 5, 5), channel="chat")
    query = "?kind=nps&period=2026-10&compare=year&by=channel&channel=chat&score=10"
    shown = browser.get(f"/dashboard/acme/answers/{query}")
    assert f"/dashboard/acme/answers/{query}&page=2" in links_of(shown)
    assert f"/dashboard/acme/{query.removesuffix('&score=10')}" in links_of(shown)


# --- What it shows --------------------------------------------------------------------------------------------------


def test_a_change_is_named_only_if_the_test_shows_it(browser, acme):
    answered(acme, SEPTEMBER, (18, 7, 5))
    answered(acme, OCTOBER, (12, 9, 11))
    assert "No clear change against September 2026." in text_of(page(browser))
    answered(acme, OCTOBER, (0, 0, 60))
    assert "Clearly lower against September 2026." in text_of(page(browser))


def test_nothing_is_compared_across_a_series_break(browser, acme, october):
    survey = acme.surveys.get(kind="nps")
    version = survey.versions.create(number=2)
    type(version).objects.filter(pk=version.pk).update(published_at=dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC))
    answered(acme, OCTOBER, (0, 0, 5))
    shown = text_of(page(browser))
    assert "New wording, no comparison" in shown and "Since 1 October 2026 another series" in shown


def test_fewer_than_five_answers_are_shown_nowhere(browser, acme):
    answered(acme, OCTOBER, (2, 1, 1))
    assert "4 answers; a value from 5 on" in text_of(page(browser))
    assert "Only 4 answers." in text_of(page(browser, name="dashboard-voices"))
    listed = page(browser, name="dashboard-answers", period="2026-10")
    assert "mark-promoter" not in listed.content.decode() and "Only 4 answers." in text_of(listed)


def test_five_to_nine_answers_have_a_range_and_no_value(browser, acme):
    answered(acme, OCTOBER, (4, 2, 1))
    shown = text_of(page(browser))
    assert "range only: −16 to 76" in shown
    assert "Single scores are shown from 10 answers on." in shown


def test_what_a_filter_leaves_out_is_protected_too(browser, acme):
    """28 of 30 by phone: whoever sees all and the phone would know of the other two."""
    answered(acme, OCTOBER, (14, 7, 7), channel="phone")
    answered(acme, OCTOBER, (0, 0, 2), channel="chat")
    shown = text_of(page(browser, channel="phone"))
    assert "n = 28" not in shown and "Not shown, because it would tell of fewer than 5 others." in shown
    listed = page(browser, name="dashboard-answers", channel="phone")
    assert "These answers are not shown." in text_of(listed)


def test_every_bar_dot_and_row_leads_to_the_answers_behind_it(browser, acme):
    team = factories.make_team(acme, "North")
    factories.make_team(acme, "South")
    theme = Theme.objects.create(client=acme, key="wait", name_en="Waiting", name_de="Warten", side="service")
    answered(acme, OCTOBER, (20, 10, 10), theme=theme, team=team)
    answered(acme, OCTOBER, (20, 10, 10))
    hrefs = {href for each in whole_page(browser, period="2026-10") for href in links_of(each) if "/answers/" in href}
    start = "/dashboard/acme/answers/?kind=nps&period=2026-10"
    wanted = {
        f"{start}&score=9": 0, f"{start}&score=10": 40, f"{start}&group=detractor": 20,
        f"{start}&team={team.pk}": 40, f"{start}&theme={theme.pk}": 40, start: 80,
    }  # fmt: skip
    assert {href for href, n in wanted.items() if n} <= hrefs
    for href, n in wanted.items():
        shown = text_of(browser.get(href))
        assert (f"{n} answers" if n else "No answer passes these filters.") in shown, href


def losses_of(answer) -> dict[str, str]:
    """What the funnel says of its steps and losses → where that leads."""
    body = answer.content.decode()
    funnel = body.partition('<ol class="funnel">')[2].partition("</ol>")[0]
    return {
        text.replace("\u00a0", " "): unescape(href)
        for href, text in re.findall(r'<a href="([^"]+)">([^<]+)</a>', funnel)
    }


def test_each_loss_of_the_funnel_leads_to_exactly_its_verdicts(browser, acme):
    october, campaign = dt.datetime(2026, 10, 7, 9, tzinfo=dt.UTC), factories.make_campaign(acme, "csat")
    answered(acme, OCTOBER, (3, 2, 2), "csat")
    for reason, n in (("not_sampled", 4), ("quarantine", 3)):
        for _each in range(n):
            factories.make_invitation(acme, campaign=campaign, is_asked=False, reason=reason, about_at=october)
    for state, n in (("failed", 2), ("accepted", 5)):
        for _each in range(n):
            silent = factories.make_invitation(acme, campaign=campaign, about_at=october)
            factories.make_message(silent, state=state)
    factories.make_invitation(acme, "nps", is_asked=False, reason="not_sampled", about_at=october)
    ways = losses_of(page(browser, name="dashboard-funnel", kind="csat", period="2026-10"))
    shown = {said: browser.get(href).context["cl"].result_count for said, href in ways.items() if "/admin/" in href}
    assert shown == {
        "Eligible": 21, "Asked": 14, "Delivered": 12, "4 not drawn": 4, "3 asked recently": 3,
        "2 refused by the receiving side": 2, "− 5 have not answered": 5,
    }  # fmt: skip


def test_a_loss_leads_nowhere_where_the_ledger_is_not_read_or_knows_no_such_filter(client, browser, acme):
    october, campaign = dt.datetime(2026, 10, 7, 9, tzinfo=dt.UTC), factories.make_campaign(acme, "csat")
    answered(acme, OCTOBER, (6, 2, 2), "csat", channel="phone", segment="gold")
    answered(acme, OCTOBER, (6, 2, 2), "csat", channel="chat", segment="iron")
    for channel in ("phone", "phone", "chat"):
        factories.make_invitation(
            acme, campaign=campaign, contact=factories.make_contact(acme, channel=channel), is_asked=False,
            reason="not_sampled", about_at=october,
        )  # fmt: skip
    asked = {"name": "dashboard-funnel", "kind": "csat", "period": "2026-10"}
    narrow = losses_of(page(browser, channel="phone", **asked))
    assert browser.get(narrow["2 not drawn"]).context["cl"].result_count == 2
    ways = losses_of(page(browser, channel="phone", segment="gold", **asked)).values()
    assert [href for href in ways if "/admin/" in href] == []
    viewer = factories.make_login("viewer")
    factories.give_access(viewer, acme, "viewer")
    client.force_login(viewer)
    assert [href for href in losses_of(page(client, **asked)).values() if "/admin/" in href] == []


def test_drivers_and_causes_lead_to_their_answers_where_an_address_can_say_it(browser, acme):
    theme = Theme.objects.create(client=acme, key="promise_kept", name_en="Promises", name_de="Zusagen", side="service")
    campaign = factories.make_campaign(acme, "csat")
    at = dt.datetime(2026, 10, 7, 9, tzinfo=dt.UTC)
    for place in range(120):
        contact = factories.make_contact(
            acme, channel="phone" if place % 3 else "chat", ended_at=at, wait_seconds=20 + 13 * (place % 7)
        )
        response = factories.make_response(
            acme, 1 if place % 4 == 0 else 5, "Nie gehalten." if place % 5 == 0 else "Alles gut.", kind="csat",
            campaign=campaign, contact=contact, about_at=at, submitted_at=at,
        )  # fmt: skip
        if place % 5 == 0 or place % 10 == 1:
            ThemeAssignment.objects.create(
                answer=response.answers.get(), theme=theme, sentiment=-1 if place % 5 == 0 else 1, source="rules",
                version="rules", confidence=1,
            )  # fmt: skip
    causes = page(browser, name="dashboard-causes", kind="csat", period="2026-10")
    start = "/dashboard/acme/answers/?kind=csat&period=2026-10"
    criticised, praised = (f"{start}&theme={theme.pk}&tone={tone}" for tone in ("criticised", "praised"))
    ways = {href for href in links_of(causes) if "/answers/" in href}
    assert ways == {start, criticised, praised, f"{start}&channel=chat"}
    for href, heading, n in (
        (criticised, "Answers that criticise the theme", 24),
        (praised, "Answers that praise it", 12),
    ):
        listed = browser.get(href)
        assert heading in text_of(listed)
        assert len({each for each in links_of(listed) if each.endswith("/change/")}) == n, href
    assert f"{start}&theme={theme.pk}" in links_of(browser.get(criticised))  # the tone can be taken off


def test_nothing_leads_to_answers_by_what_an_address_cannot_say(browser, acme):
    """A theme that was retired since is shown for the months that named it, and can be chosen no more."""
    theme = Theme.objects.create(
        client=acme, key="wait", name_en="Waiting", name_de="Warten", side="service", is_retired=True
    )
    answered(acme, OCTOBER, (20, 10, 10), theme=theme)
    answered(acme, OCTOBER, (20, 10, 10))
    shown = page(browser, name="dashboard-themes", period="2026-10")
    assert "Waiting" in text_of(shown)
    assert [href for href in links_of(shown) if "theme=" in href] == []


def test_a_list_of_answers_goes_on_page_by_page_and_shows_each_once(browser, acme):
    answered(acme, OCTOBER, (60, 0, 0))
    path, seen, pages = "/dashboard/acme/answers/?kind=nps&period=2026-10", [], 0
    while path:
        answer = browser.get(path)
        hrefs = links_of(answer)
        seen += [href for href in hrefs if re.fullmatch(r"/admin/surveys/response/\d+/change/", href)]
        path = next((href for href in hrefs if "page=" in href), "")
        pages += 1
    assert (len(seen), len(set(seen)), pages) == (60, 60, 3)


def test_a_comment_stands_with_its_evidence_its_case_and_without_what_was_redacted(browser, acme):
    answered(acme, OCTOBER, (10, 5, 5))
    at = dt.datetime(2026, 10, 6, 8, tzinfo=dt.UTC)
    response = factories.make_response(acme, 1, "⟦name⟧ ließ mich warten <b>", submitted_at=at)
    case = cases.open_for(response, at)
    voices = page(browser, name="dashboard-voices")
    shown = voices.content.decode()
    assert '<span class="redacted">name</span> ließ mich warten &lt;b&gt;' in shown
    assert f"Case {case.number}, open" in shown
    assert reverse("admin:surveys_response_change", args=[response.pk]) in links_of(voices)


def test_targets_and_initiatives_stand_with_the_trend(browser, acme, october):
    Target.objects.create(client=acme, kind="nps", value=30, starts_on=dt.date(2026, 1, 1), state="on_course")
    Initiative.objects.create(
        client=acme, kind="nps", name="Call-back promise", what="x", by="us", starts_on=dt.date(2026, 9, 1)
    )
    shown = text_of(page(browser))
    assert "target 30" in shown and "Call-back promise" in shown
    assert "Initiative “Call-back promise”, since 1 September 2026" in shown
    assert "Target: Recommendation (NPS): at least 30.0 in each month. On course." in shown


def test_german_numbers_for_german_readers(client, analyst, acme, october):
    client.force_login(analyst)
    shown = text_of(client.get("/dashboard/acme/", headers={"accept-language": "de"}))
    assert "Oktober 2026" in shown and "50,0 %" in shown and "14 bis 44" in shown and "Keine klare Veränderung" in shown


def test_a_page_bears_no_script_and_no_style_of_its_own(browser, acme, october):
    for name in PAGES:
        markup = page(browser, name=name).content.decode()
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", markup)


# --- What it fetches by itself ---------------------------------------------------------------------------------------


def test_what_a_page_fetches_can_be_reached_by_a_link_in_its_place(browser, acme, two_teams, october):
    first = page(browser)
    fetched = [unescape(path) for path in re.findall(r' hx-get="([^"]+)"', first.content.decode())]
    ways = [f"{reverse(name, args=['acme'])}?kind=nps&period=2026-10" for name in FETCHED]
    assert sorted(fetched) == sorted(ways)
    assert {*fetched} <= {*links_of(first)}


def test_the_rates_of_the_funnel_have_their_places_among_the_figures(browser, october):
    places = [re.findall(r'id="(fig-[^"]+)"', page(browser, name=name).content.decode()) for name in PAGES[::2]]
    assert places == [["fig-response-rate", "fig-coverage"], ["fig-response-rate", "fig-coverage"], [], []]
    assert "100.0% 150 of 150 asked." not in text_of(page(browser))
    assert "100.0% 100 of 100 asked." in text_of(page(browser, name="dashboard-funnel", compare="year"))


def test_with_a_theme_chosen_what_is_known_of_all_only_is_neither_fetched_nor_empty(browser, acme):
    theme = Theme.objects.create(client=acme, key="wait", name_en="Waiting", name_de="Warten", side="service")
    answered(acme, OCTOBER, (20, 10, 10), theme=theme)
    answered(acme, OCTOBER, (20, 10, 10))
    asked = {"period": "2026-10", "theme": theme.pk}
    markup = page(browser, **asked).content.decode()
    assert re.findall(r'<section class="waiting" id="([^"]+)"', markup) == ["voices", "causes"]
    for name in ("dashboard-funnel", "dashboard-themes"):
        assert "One theme is chosen. Take this filter off to see this." in text_of(page(browser, name=name, **asked))


@pytest.mark.parametrize(("name", "most"), [("dashboard", 32), *((name, 25) for name in FETCHED)])
def test_a_page_asks_as_often_however_many_clients_and_answers_there_are(browser, acme, globex, name, most):
    def asked() -> int:
        page(browser, name=name, period="2026-10")
        with CaptureQueriesContext(connection) as queries:
            assert page(browser, name=name, period="2026-10").status_code == 200
        beside = ("SAVEPOINT", "RELEASE", "ROLLBACK TO SAVEPOINT", "SELECT set_config")  # no reads: see `together`
        return sum(not query["sql"].startswith(beside) for query in queries)

    theme = Theme.objects.create(client=acme, key="wait", name_en="Waiting", name_de="Warten", side="service")
    teams = [factories.make_team(acme, name) for name in ("North", "South")]
    for team in teams:
        answered(acme, SEPTEMBER, (60, 30, 30), theme=theme, team=team)
        answered(acme, OCTOBER, (60, 30, 30), theme=theme, team=team)
    few = asked()
    third = factories.make_client("third", "Third")
    for client in (globex, third):
        answered(client, OCTOBER, (20, 10, 10))
    answered(acme, OCTOBER, (100, 50, 50), theme=theme, team=teams[0])
    assert few == asked() <= most


# --- What can be taken along ------------------------------------------------------------------------------------------


def taken(client, form="csv", slug="acme", **params):
    return client.get(reverse("dashboard-figures", args=[slug, form]), params)


def figures_in(response) -> list[dict]:
    return json.loads(b"".join(response.streaming_content))


def test_the_file_of_figures_says_what_the_page_says(browser, acme, october):
    """The same numbers, unrounded, for every part of the page."""
    theme = Theme.objects.create(client=acme, key="wait", name_en="Waiting", name_de="Warten", side="service")
    answered(acme, OCTOBER, (5, 5, 20), theme=theme, channel="phone")
    answered(acme, OCTOBER, (20, 10, 5), channel="chat")
    rows = figures_in(taken(browser, "json", period="2026-10"))
    told = {(row["figure"], row["of"]): row for row in rows if row["period"] == "2026-10"}
    everybody = told["score", ""]
    assert (everybody["n"], everybody["kind"], everybody["unit"], everybody["change"]) == (
        165, "nps", "points", "no_clear_change",
    )  # fmt: skip
    assert everybody["value"] == pytest.approx(100 * (75 - 45) / 165)
    assert [told["answers", str(score)]["n"] for score in (2, 8, 10)] == [45, 45, 75]
    assert told["theme", "Waiting"]["value"] < 0 and told["channel", "Phone"]["n"] == 30
    assert (told["funnel", "asked"]["n"], told["response_rate", ""]["value"]) == (165, 100)
    shown = text_of(page(browser, period="2026-10"))
    assert f"{everybody['value']:.0f} {everybody['low']:.0f} to {everybody['high']:.0f}" in shown
    trend = {row["period"]: row["n"] for row in rows if row["figure"] == "trend"}
    assert trend["2026-09"] == 50 and trend["2026-08"] is None


def test_the_file_keeps_to_filters_and_hides_what_the_page_hides(browser, acme):
    answered(acme, OCTOBER, (14, 7, 7), channel="phone")
    answered(acme, OCTOBER, (0, 0, 2), channel="chat")
    for params in ({"channel": "phone"}, {"channel": "chat"}):
        rows = figures_in(taken(browser, "json", period="2026-10", **params))
        assert [row["n"] for row in rows if row["figure"] in ("score", "trend") and row["period"] == "2026-10"] == [
            None, None,
        ]  # fmt: skip
        assert {row["figure"] for row in rows} <= {"score", "trend", "funnel", "loss", "response_rate", "coverage"}
    whole = figures_in(taken(browser, "json", period="2026-10"))
    assert [row for row in whole if row["figure"] == "channel"] == []


def test_of_five_to_nine_answers_the_file_has_no_value(browser, acme):
    answered(acme, OCTOBER, (4, 2, 1))
    (now,) = (
        row for row in figures_in(taken(browser, "json", period="2026-10")) if row["figure"] == "score" and row["n"]
    )
    assert (now["n"], now["value"], round(now["low"])) == (7, None, -16)


def test_files_are_offered_to_who_may_take_them_and_carry_the_address(client, browser, acme, october, two_teams):
    viewer = factories.make_login("viewer")
    factories.give_access(viewer, acme, "viewer")
    query = "?kind=csat&period=2026-10&compare=year"
    seen = {}
    for login in ("anna", "viewer", "lead", "ada"):
        client.force_login(Login.objects.get(username=login))
        shown = client.get(f"/dashboard/acme/{query}&score=5")
        ways = [
            href for href in links_of(shown) if href.partition("?")[0].rstrip("/").endswith(("csv", "xlsx", "json"))
        ]
        assert [client.get(href).status_code for href in ways] == [200] * 6, login
        seen[login] = ways
    figures, rows = "/dashboard/acme/figures/csv/", "/admin/surveys/response/rows/acme/csv/"
    assert [seen["anna"][0], seen["anna"][3]] == [f"{figures}{query}", f"{rows}{query}"]
    assert seen["viewer"] == seen["anna"]
    assert seen["lead"][3] == f"{rows}{query}&team={two_teams['north'].pk}"
    client.force_login(viewer)
    thin = [href for href in links_of(page(client, kind="csat", period="2026-09")) if "/rows/" in href]
    assert thin == []  # of nobody's answers


def test_figures_of_a_foreign_client_and_other_forms_do_not_exist(browser, acme, globex, october):
    assert [taken(browser, slug=slug).status_code for slug in ("acme", "globex", "nobody")] == [200, 404, 404]
    assert taken(browser, "pdf").status_code == 404


# --- All clients side by side ---------------------------------------------------------------------------------------


@pytest.fixture
def provider(client, analyst, acme, globex):
    factories.give_access(analyst, globex, "analyst")
    client.force_login(analyst)
    return client


def test_the_worst_news_stands_first_by_the_test_and_not_by_the_difference(provider, acme, globex):
    """Acme fell by 40 points of a few answers, globex by 20 of many: only that is news."""
    answered(acme, SEPTEMBER, (7, 2, 3))
    answered(acme, OCTOBER, (4, 3, 5))
    answered(globex, SEPTEMBER, (500, 300, 200))
    answered(globex, OCTOBER, (400, 300, 300))
    shown = text_of(provider.get(reverse("dashboards"), {"period": "2026-10"}))
    assert shown.index("Globex") < shown.index("Acme")
    assert shown.count("Clearly lower") == 1 and shown.count("No clear change") == 1


def test_clients_without_clear_news_stand_by_name(provider, acme, globex):
    for client in (acme, globex):
        answered(client, SEPTEMBER, (20, 10, 10))
        answered(client, OCTOBER, (20, 10, 10))
    shown = text_of(provider.get(reverse("dashboards"), {"period": "2026-10"}))
    assert shown.index("Acme") < shown.index("Globex")


def test_the_overview_shows_the_same_figures_as_the_clients_page(provider, acme, globex, october):
    answered(globex, OCTOBER, (20, 10, 10))
    shown = text_of(provider.get(reverse("dashboards"), {"period": "2026-10"}))
    assert "30 14 to 44" in shown and figures.evidence(100, "en").replace("\u00a0", " ") in shown


def test_the_overview_tells_the_period_before_and_fetches_who_was_asked_and_answered(provider, acme, globex, october):
    at = dt.datetime(2026, 10, 7, 9, tzinfo=dt.UTC)
    for _each in range(10):
        factories.make_invitation(acme, "csat", about_at=at)
    for _each in range(40):
        factories.make_invitation(acme, "csat", is_asked=False, reason="not_sampled", about_at=at)
    answered(globex, OCTOBER, (20, 10, 10))
    listed = provider.get(reverse("dashboards"), {"period": "2026-10"})
    assert "September 2026: 28 (6 to 47)." in text_of(listed)
    ways = [unescape(href) for href in re.findall(r'hx-get="([^"]+)"', listed.content.decode())]
    assert ways == [f"/dashboard/{slug}/rates/?period=2026-10" for slug in ("acme", "globex")]
    assert {*ways} <= {*links_of(listed)}
    told = text_of(provider.get(ways[0]))
    assert "Response rate 90.9% 100 of 110 asked. September 2026: 100.0%." in told
    assert "Coverage 73.3% 110 of 150 were asked. September 2026: 100.0%." in told
    assert "September" not in text_of(provider.get(ways[1]))  # nobody was asked then


def test_rates_are_of_what_a_login_sees(client, two_teams):
    client.force_login(two_teams["lead"])
    told = text_of(page(client, name="dashboard-rates", period="2026-10"))
    assert "40 of 40 asked." in told
    assert page(client, "globex", "dashboard-rates").status_code == 404


def test_the_overview_needs_as_many_queries_for_three_clients_as_for_two(provider, analyst, acme, globex):
    for client in (acme, globex):
        answered(client, OCTOBER, (20, 10, 10))
    path = reverse("dashboards")
    provider.get(path, {"period": "2026-10"})
    with CaptureQueriesContext(connection) as two:
        provider.get(path, {"period": "2026-10"})
    third = factories.make_client("third", "Third")
    factories.give_access(analyst, third, "analyst")
    answered(third, OCTOBER, (20, 10, 10))
    with CaptureQueriesContext(connection) as three:
        provider.get(path, {"period": "2026-10"})
    assert len(three) - len(two) <= 2, [query["sql"] for query in three]


def test_an_odd_period_leads_to_the_usual_one(provider, acme, globex):
    for period in ("x", "2099-01", "\0"):
        assert provider.get(reverse("dashboards"), {"period": period}).status_code == 200


def test_the_numbers_of_a_dashboard_are_those_of_its_answers(browser, acme):
    answered(acme, OCTOBER, (20, 10, 10), channel="phone")
    answered(acme, OCTOBER, (10, 10, 30), channel="chat")
    assert "n = 40" in text_of(page(browser, channel="phone"))
    assert "40 answers" in text_of(page(browser, name="dashboard-answers", channel="phone"))
    assert Response.objects.filter(invitation__channel="phone").count() == 40
