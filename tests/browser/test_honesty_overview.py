"""The first honesty page opens at once and then fetches what each of the others found."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from surveys.models import Honesty
from tests import factories
from tests.analytics.honest_rows import make_answers, make_verdicts
from tests.browser.conftest import check_accessibility, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_overview_fills_itself_in(live_server, open_page, acme, width):
    factories.give_access(factories.make_login("ana"), acme, "analyst")
    campaign, about_at = factories.make_campaign(acme), timezone.now() - dt.timedelta(days=1)
    make_answers(make_verdicts(campaign, 100, asked=80, is_solved=True, about_at=about_at), *[5] * 20)
    make_verdicts(campaign, 100, asked=20, is_solved=False, about_at=about_at)
    visitor = open_page("en", width)
    visitor.goto(f"{live_server.url}/admin/login/")
    visitor.fill("#id_username", "ana")
    visitor.fill("#id_password", "kennwort")
    visitor.locator("input[type=submit]").click()
    visitor.wait_for_url(lambda url: "/login/" not in url)
    page = reverse(f"admin:surveys_{Honesty._meta.model_name}_change", args=[acme.pk])
    visitor.goto(f"{live_server.url}{page}?period={about_at:%Y}")
    visitor.locator(".findings-list li > p").nth(5).wait_for()
    assert visitor.locator(".findings-list [aria-busy]").count() == 0
    assert "Unsolved contacts were asked a quarter as often" in visitor.inner_text("#found-asked")
    check_accessibility(visitor)
    check_fits(visitor)
