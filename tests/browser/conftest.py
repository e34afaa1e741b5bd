"""A real Chromium, and what every page it visits must hold: no error on the console, no accessibility violation."""

import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Page, sync_playwright

from tests.browser import CHROMIUM
from tests.conftest import needs

# What proves the product where there are no servers: it is answered, written and followed up in a real browser.
JOURNEYS = {"test_authoring.py", "test_journey.py", "test_sheet.py"}
LOCALES = {"de": "de-DE", "en": "en-GB", "ar": "ar-EG"}


def pytest_runtest_setup(item) -> None:
    """Every attack and every dress is tried once, where all servers are; the database makes no difference to it."""
    if item.get_closest_marker("browser") and item.path.name not in JOURNEYS:
        needs("it runs where all servers are: REQUIRE_SERVICES=1", os.environ.get("REQUIRE_SERVICES") == "1")


@pytest.fixture(scope="package")
def browser():
    """One Chromium for the tests of this folder, gone before all others.

    Playwright's loop runs in this thread. Django refuses the ORM beside a running loop, and has other connections while
    one runs: what this thread opened before is neither seen nor closed.
    """
    needs("Chromium is not installed (apt-get install chromium)", bool(CHROMIUM))
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()
        connections.close_all()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser):
    """`open_page(language, width)`: a fresh visitor. Whatever the console complains about fails the test.

    `refusals`: what the server, or the lost connection, is meant to say no with.
    """
    contexts, complaints = [], []

    def listen(message, refusals: str) -> None:
        # axe is evaluated into the page and tries styles of its own: what it says has no address.
        is_meant = refusals and re.search(f"Failed to load resource: .*({refusals})", message.text)
        if message.type == "error" and message.location["url"] and not is_meant:
            complaints.append(f"{message.location['url']}: {message.text}")

    def visit(language: str = "de", width: int = 390, refusals: str = "", **options) -> Page:
        context = browser.new_context(locale=LOCALES[language], viewport={"width": width, "height": 844}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: listen(message, refusals))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def check_accessibility(page: Page) -> None:
    """axe finds nothing to complain about, WCAG 2.2 AA."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    violations = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}}).response["violations"]
    found = [f"{v['id']}: {[node['target'] for node in v['nodes']]}" for v in violations]
    assert found == [], page.url


def check_fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
