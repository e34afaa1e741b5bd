"""Pictures of every surface of a running demo: `python -m tests.browser.pictures FOLDER [ADDRESS]`.

Those that README shows are copied from there to `tests/pictures/`. Nothing is written in the demo: links are opened,
forms are left alone.
"""

import itertools
import re
import sys
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, sync_playwright

from . import CHROMIUM

LOCALES = {"de": "de-DE", "en": "en-GB"}
STAFF = {
    "admin": {"de": "admin", "en": "admin"},
    "lead": {"de": "marlies.oltmann", "en": "fiona.gallagher"},
    "agent": {"de": "ulrike.thomsen", "en": "priya.raman"},
    "viewer": {"de": "hendrik.pauli", "en": "beatrice.alder"},
    "analyst": {"de": "katrin.seidel", "en": "nadja.kornfeld"},
}
CLIENTS = {"de": "nordheim", "en": "alderfinch"}


class Camera:
    """One browser, one language, one folder."""

    def __init__(self, browser: Browser, language: str, folder: Path, address: str) -> None:
        self.browser, self.language, self.folder, self.address = browser, language, folder, address

    def page(self, width: int, scheme: str = "light"):
        context = self.browser.new_context(
            locale=LOCALES[self.language], viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        return context.new_page()

    def shoot(self, page, name: str) -> None:
        width, language = page.viewport_size["width"], self.language
        page.screenshot(path=self.folder / f"{name}-{width}-{language}.png", full_page=True)

    def log_in(self, role: str, width: int, scheme: str = "light"):
        page = self.page(width, scheme)
        page.goto(urljoin(self.address, "/admin/"))
        page.fill("#id_username", STAFF[role][self.language])
        page.fill("#id_password", "nachklang")
        page.locator("input[type=submit]").click()
        return page

    def admin(self) -> None:
        """What each role opens first: the list, an answer, the cases and one of them."""
        for width in (1280, 360):
            page = self.log_in("lead", width)
            self.shoot(page, "index")
            self._visit(page, "responses", "/admin/surveys/response/")
            self._first(page, "response")
            self._visit(page, "cases", "/admin/feedback_loop/case/?state=all")
            self._first(page, "case")
            for role in ("agent", "viewer"):
                self._visit(self.log_in(role, width), f"responses-{role}", "/admin/surveys/response/")
        analyst = self.log_in("analyst", 1280)
        for name, path in {
            "analyst": "/admin/", "ledger": "/admin/surveys/invitation/", "contacts": "/admin/surveys/contact/",
            "campaigns": "/admin/surveys/campaign/", "digests": "/admin/feedback_loop/digest/",
        }.items():  # fmt: skip
            self._visit(analyst, name, path)
        self._visit(self.log_in("lead", 1280, "dark"), "responses-dark", "/admin/surveys/response/")

    def dashboards(self) -> None:
        """All clients at one glance, and one of them as each role sees it."""
        own, sizes = f"/dashboard/{CLIENTS[self.language]}/", (1280, 360)
        for width in sizes:
            self._visit(self.log_in("admin", width), "dashboards", "/dashboard/")
        for role, width in itertools.product(("analyst", "lead", "viewer"), sizes):
            page = self.log_in(role, width)
            for name, path in (("dashboard", own), ("dashboard-csat", f"{own}?kind=csat")):
                page.goto(urljoin(self.address, path))
                self._fetch_parts(page)
                self.shoot(page, f"{name}-{role}")
            if role == "analyst":  # for README: down to the end of the chart
                below = page.locator(".row").first.bounding_box()
                clip = {"x": 0, "y": 0, "width": width, "height": below["y"] + below["height"]}
                page.screenshot(path=self.folder / f"dashboard-{width}-{self.language}.png", full_page=True, clip=clip)

    @staticmethod
    def _fetch_parts(page) -> None:
        """Look at each part that waits for being looked at, until it has come."""
        waiting = page.locator("section.waiting")
        while waiting.count():
            waiting.evaluate_all("parts => parts[0]?.scrollIntoView()")
            page.wait_for_timeout(100)
        page.evaluate("scrollTo(0, 0)")

    def mails(self) -> None:
        """The newest survey mail and monthly digest of this language, and the pages behind their links."""
        surveys = {"de": "Wie zufrieden", "en": "How satisfied"}
        digests = {"de": "Monatsbericht", "en": "Monthly report"}
        for name, subjects, form, shows in (
            ("survey", surveys, r"/s/\S+?score=\d+", "input[name=score]"), ("digest", digests, r"/d/[^/\s]+/", "h1"),
        ):  # fmt: skip
            address, link = self._newest(subjects[self.language], form, shows)
            for width in (700, 375):
                body = self.page(width)
                body.goto(urljoin(self.address, f"{address}body/"))
                self.shoot(body, f"{name}-mail")
            for width, scheme in itertools.product((360, 1280), ("light", "dark")):
                opened = self.page(width, scheme)
                opened.goto(link)
                self.shoot(opened, name if scheme == "light" else f"{name}-dark")

    def _newest(self, subject: str, form: str, shows: str) -> tuple[str, str]:
        """(address in the mailbox, first link of this form) of the newest mail with this subject whose link still leads
        to a page that shows this: a survey that was answered shows no score to choose."""
        page = self.page(1280)
        for number in range(1, 100):
            page.goto(urljoin(self.address, f"/demo/mailbox/?page={number}"))
            for address in [mail.get_attribute("href") for mail in page.get_by_role("link", name=subject).all()]:
                page.goto(urljoin(self.address, address))
                link = re.findall(r"http\S*?" + form, page.locator("pre").text_content())[0]
                page.goto(link)
                if page.locator(shows).count():
                    return address, link
        raise LookupError(f"no mail has the subject {subject!r} and leads to a page with {shows}")

    def _visit(self, page, name: str, path: str) -> None:
        page.goto(urljoin(self.address, path))
        self.shoot(page, name)

    def _first(self, page, name: str) -> None:
        """The first row of the list that is open now."""
        page.goto(urljoin(page.url, page.locator("#result_list tbody a").first.get_attribute("href")))
        self.shoot(page, name)


def main(folder: str, address: str = "http://localhost:8000") -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for language in LOCALES:
            camera = Camera(browser, language, Path(folder), address)
            camera.admin()
            camera.dashboards()
            camera.mails()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
