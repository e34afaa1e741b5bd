"""The dashboard in a real browser: by script or without, in both languages, on a phone and a desk, dark and light."""

import datetime as dt
import re
from urllib.parse import quote

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from analytics import classification
from surveys.models import Campaign
from tests import factories

from .conftest import check_accessibility, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

THIS_YEAR = dt.date.today().year


@pytest.fixture
def signed_in(transactional_db, live_server, open_page):
    """`signed_in(language, width, …)`: acme's analyst on a page of her own."""
    client = factories.make_client("acme", "Acme & Söhne")
    login = factories.make_login("anna", first_name="Anna", last_name="Berg")
    factories.give_access(login, client, "analyst")
    north, south = factories.make_team(client, "Nord"), factories.make_team(client, "Süd")
    campaign = factories.make_campaign(client, "csat")
    at = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
    for place in range(30):
        response = factories.make_response(
            client, 5 if place % 3 else 1, "Zu lange gewartet, aber sehr freundlich." if place % 5 == 0 else "",
            kind="csat", campaign=campaign, team=north if place % 2 else south, about_at=at, submitted_at=at,
        )  # fmt: skip
        for answer in response.answers.all():
            classification.read(answer)
    assert Campaign.objects.count() == 1

    def visit(path: str, language: str = "de", width: int = 1280, **options) -> Page:
        page = open_page(language, width, **options)
        page.goto(f"{live_server.url}{reverse('admin:login')}?next={quote(path)}")
        page.fill("#id_username", "anna")
        page.fill("#id_password", "kennwort")
        page.locator("input[type=submit]").click()
        page.wait_for_url(re.compile("/dashboard/"))
        return page

    return visit


@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [("de", 1280, "light"), ("en", 360, "dark"), ("de", 360, "light"), ("en", 1280, "dark")],
)
def test_every_page_fits_and_is_accessible(signed_in, live_server, language, width, scheme):
    path = f"/dashboard/acme/?kind=csat&period={THIS_YEAR}"
    page = signed_in(path, language, width, color_scheme=scheme)
    for address in (path, path.replace("acme/", "acme/answers/"), path.replace("acme/", "acme/causes/")):
        page.goto(live_server.url + address)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        check_fits(page)
        check_accessibility(page)


def test_a_filter_swaps_the_middle_and_the_address_says_so(signed_in):
    page = signed_in(f"/dashboard/acme/?kind=csat&period={THIS_YEAR}", "en")
    page.evaluate("window.isTheSamePage = true")
    page.get_by_label("Team", exact=True).select_option(label="Nord")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".whose-answers")).to_have_text("Nord")
    assert re.search(rf"/dashboard/acme/\?kind=csat&period={THIS_YEAR}&team=\d+$", page.url)
    assert page.evaluate("window.isTheSamePage") is True
    page.go_back()
    expect(page.locator(".whose-answers")).to_have_count(0)


def test_without_script_the_form_and_the_links_do_the_same(signed_in):
    page = signed_in(f"/dashboard/acme/?kind=csat&period={THIS_YEAR}", "en", java_script_enabled=False)
    page.get_by_label("Team", exact=True).select_option(label="Nord")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".whose-answers")).to_have_text("Nord")
    page.get_by_role("link", name="Happy, 4 and 5").click()
    expect(page.locator(".voice").first).to_be_visible()
    page.get_by_role("link", name="Whole answer").first.click()
    assert "/admin/surveys/response/" in page.url


def test_more_answers_are_fetched_below_and_a_bar_leads_to_its_answers(signed_in):
    page = signed_in(f"/dashboard/acme/?kind=csat&period={THIS_YEAR}", "en")
    page.locator("svg a[href*='score=1']").click()
    page.wait_for_url(re.compile("score=1"))
    expect(page.locator(".voice")).to_have_count(10)
    page.goto(page.url.replace("&score=1", ""))
    expect(page.locator(".voice")).to_have_count(25)
    page.get_by_role("link", name="More", exact=True).click()
    expect(page.locator(".voice")).to_have_count(30)


def test_causes_come_when_they_are_looked_at(signed_in):
    page = signed_in(f"/dashboard/acme/?kind=csat&period={THIS_YEAR}", "en")
    page.locator("#causes").scroll_into_view_if_needed()
    expect(page.locator("#causes h2").first).to_have_text("What goes with a higher or lower score")
    check_accessibility(page)
