"""A kiosk that forgets each person, and a form in a foreign page's frame, in a real browser."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from analytics import classification
from surveys import wording
from surveys.admin import open_links
from surveys.models import Appearance, Door, OpenLink, Response, Survey
from surveys.pages import doors
from tests import factories

from .conftest import check_accessibility, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def make_link(transactional_db, live_server, settings):
    """An open link of this kind to a survey of two pages."""
    settings.BASE_URL = live_server.url
    client = factories.make_client()

    def make(door: Door) -> OpenLink:
        survey = Survey.objects.create(client=client, kind="csat", name=f"at the {door}")
        draft = wording.draft_of(survey, [("score", "csat"), ("comment", "text")])
        draft.questions.filter(key="comment").update(starts_page=True)
        wording.publish(survey, timezone.now())
        return OpenLink.objects.create(client=client, survey=survey, name="here", door=door)

    return make


def choose(page: Page, score: int) -> None:
    page.wait_for_timeout(1100)  # nobody reads a page in less than a second
    page.locator(f'.scale input[value="{score}"]').check()
    page.locator("button[type=submit]").first.click()


def test_a_kiosk_forgets_each_person(make_link, live_server, open_page, monkeypatch):
    monkeypatch.setattr(doors, "AFTER_THANKS", 3)
    link = make_link(Door.KIOSK)
    # What reads comments is loaded with the first one, for seconds, and in tests before the page is answered.
    classification.read(factories.make_response(link.client, 3, "Too long a wait.").answers.get())
    start = live_server.url + doors.path_of(link)
    page = open_page("en", 1280)
    page.goto(start)
    check_accessibility(page)
    check_fits(page)
    choose(page, 2)
    page.locator("textarea").fill("Nobody else shall read this.")
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/thanks/")
    check_accessibility(page)
    page.wait_for_url(start, timeout=5000)
    assert link.responses.get().answers.get().text == "Nobody else shall read this."
    for _ in range(5):
        page.go_back()
        page.wait_for_timeout(300)
        assert "Nobody else" not in page.content()
        assert page.locator("textarea").count() == 0 or page.locator("textarea").input_value() == ""
        assert page.locator(".scale input:checked").count() == 0


def test_a_kiosk_that_nobody_touches_starts_again_and_not_while_somebody_writes(
    make_link, live_server, open_page, monkeypatch
):
    monkeypatch.setattr(doors, "UNTOUCHED", 2)
    start = live_server.url + doors.path_of(make_link(Door.KIOSK))
    page = open_page("de", 390)
    page.goto(start)
    check_fits(page)
    choose(page, 4)
    page.wait_for_url("**/r/**")
    for word in ("Ich", " schreibe", " noch", " daran"):
        page.locator("textarea").press_sequentially(word)
        page.wait_for_timeout(900)
    assert page.locator("textarea").input_value() == "Ich schreibe noch daran"
    page.wait_for_url(start, timeout=5000)
    assert (page.locator("textarea").count(), page.locator(".scale input:checked").count()) == (0, 0)


def test_a_kiosk_starts_again_without_script(make_link, live_server, open_page, monkeypatch):
    monkeypatch.setattr(doors, "UNTOUCHED", 2)
    monkeypatch.setattr(doors, "AFTER_THANKS", 2)
    start = live_server.url + doors.path_of(make_link(Door.KIOSK))
    page = open_page("de", 1280, java_script_enabled=False)
    page.goto(start)
    choose(page, 4)
    page.wait_for_url("**/r/**")
    assert page.locator("textarea").count() == 1
    page.wait_for_url(start, timeout=6000)
    assert (page.locator("textarea").count(), page.locator(".scale input:checked").count()) == (0, 0)


class HelpPage(ThreadingHTTPServer):
    """Another site's page with the snippet in it."""

    def __init__(self, snippet: str) -> None:
        body = f"<!doctype html><html lang=en><title>Help</title><h1>Help</h1>{snippet}".encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/" else 204)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                if self.path == "/":
                    self.wfile.write(body)

            def log_message(self, *args) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def help_pages():
    pages = []

    def make(snippet: str) -> HelpPage:
        pages.append(HelpPage(snippet))
        return pages[-1]

    yield make
    for page in pages:
        page.shutdown()
        page.server_close()


@pytest.mark.parametrize("is_listed", [True, False])
def test_the_snippet_works_on_a_listed_page_and_on_no_other(make_link, open_page, browser, help_pages, is_listed):
    link = make_link(Door.EMBED)
    site = help_pages(open_links._snippet(link))
    Appearance.objects.create(client=link.client, embed_origins=site.url if is_listed else "https://help.example")
    page = open_page("en", 390) if is_listed else browser.new_context().new_page()  # which will complain
    page.goto(site.url)
    page.wait_for_timeout(1000)
    frame = page.frames[1]
    assert frame.locator(".scale").count() == (1 if is_listed else 0)
    if is_listed:
        check_accessibility(page)
        frame.locator('.scale input[value="4"]').check()
        frame.locator("button[type=submit]").first.click()
        frame.wait_for_selector("textarea")
        frame.locator("textarea").fill("In a frame.")
        frame.locator("button[type=submit]").first.click()
        frame.wait_for_selector(".thanks")
        assert Response.objects.get().answers.get().text == "In a frame."
        assert page.context.cookies() == []
    else:
        page.context.close()
