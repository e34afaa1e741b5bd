"""The survey pages as a visitor's browser sees them: a form is read from the page, filled in, and sent where it says.

Nothing is known of the product but what stands on its pages.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser
from unittest import mock
from urllib.parse import urljoin, urlsplit

from django.test import Client as Browser
from django.utils import timezone

from surveys.delivery import clock

READING = dt.timedelta(seconds=50)  # before a page is sent
END = "/thanks/"


@contextmanager
def clock_at(moment: dt.datetime) -> Iterator[None]:
    """Within: it is `moment` for everything that asks the clock of this process or of the database."""
    with mock.patch.object(timezone, "now", lambda: moment), mock.patch.object(clock, "now", lambda: moment):
        yield


@cache
def browser() -> Browser:
    """One for all visitors: the pages keep nothing in it, and each of it would read all static files anew."""
    return Browser(HTTP_HOST="localhost")


class Form(HTMLParser):
    """What a page asks: `offered` values by name, what `stands` in it so far, the `languages` it can be read in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action, self.language = "", ""
        self.offered: dict[str, list[str]] = {}
        self.stands: dict[str, str] = {}
        self.languages: dict[str, str] = {}
        self._writing = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attributes}
        name = said.get("name", "")
        if tag == "html":
            self.language = said.get("lang", "")
        elif tag == "form":
            self.action = said.get("action", "")
        elif tag == "a" and "hreflang" in said:
            self.languages[said["hreflang"]] = said["href"]
        elif tag == "textarea":
            self.offered[name], self.stands[name], self._writing = [], "", name
        elif tag == "input" and said.get("type") in ("radio", "checkbox"):
            self.offered.setdefault(name, []).append(said["value"])
            if "checked" in said:
                self.stands[name] = said["value"]
        elif tag == "input" and name:
            self.offered[name], self.stands[name] = [], said.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._writing = ""

    def handle_data(self, data: str) -> None:
        if self._writing:
            self.stands[self._writing] += data.lstrip("\n")

    def filled(self, said: Mapping[str, str]) -> dict[str, str]:
        """What is sent: the page as it stands, with what the visitor says to what it asks."""
        answers = {name: value for name, value in said.items() if name in self.offered}
        return {name: value for name, value in (self.stands | answers).items() if value}


class Visitor:
    """Somebody at a device of their own. With scripts, the page tells that it was touched; `tongue` is preferred."""

    def __init__(self, device: int, tongue: str, has_script: bool = True) -> None:
        self.tongue, self.touches = tongue, {"script": "1", "touched": "1"} if has_script else {}
        self.address = f"2001:db8:{device >> 16:x}:{device & 0xFFFF:x}::1"

    def look(self, address: str, at: dt.datetime) -> Form:
        """Open a page; if it can be read in their own language, turn to that."""
        form = self._open(address, at)
        if form.language != self.tongue and self.tongue in form.languages:
            form = self._open(urljoin(address, form.languages[self.tongue]), at)
        return form

    def fill_in(self, address: str, said: Mapping[str, str], at: dt.datetime, pages: int = 9) -> dt.datetime:
        """Page by page to the end, or until they have had enough; when the last one was sent."""
        for _ in range(pages):
            form = self.look(address, at)
            at += READING
            with clock_at(at):
                reply = browser().post(form.action, form.filled(said) | self.touches, REMOTE_ADDR=self.address)
            if reply.status_code != 302:
                raise RuntimeError(f"an answer was not taken: {reply.status_code} {form.filled(said)}")
            address = reply["Location"]
            if urlsplit(address).path.endswith(END):
                break
        return at

    def _open(self, address: str, at: dt.datetime) -> Form:
        with clock_at(at):
            form = Form(browser().get(address, REMOTE_ADDR=self.address).content.decode())
        form.action = urljoin(address, form.action)
        return form


class Scanner(Visitor):
    """A mail gateway's: asks for the head, opens every number at once, and sends the form, hidden field and all."""

    def scan(self, links: list[str], at: dt.datetime) -> None:
        with clock_at(at):
            browser().head(links[0], REMOTE_ADDR=self.address)
        form = [self._open(link, at) for link in links][-1]
        chosen = {name: values[0] for name, values in form.offered.items() if len(values) > 1}
        with clock_at(at):
            browser().post(form.action, form.stands | chosen | {"website": "x"}, REMOTE_ADDR=self.address)
