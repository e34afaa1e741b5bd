"""Plays the year: each night the exports come in, each morning the loop ticks, customers read their mail and answer.

Nothing is written past the product: contacts go through the importer, mail is read from the mailbox, answers are posted
to the real pages, cases move by their verbs. Only the clock is the story's: it is set for each moment.
"""

import datetime as dt
import email
import heapq
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from email import policy
from pathlib import Path
from random import Random
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone
from django.utils.module_loading import import_string

from config.celery import SCHEDULE
from surveys.delivery import clock, references
from surveys.models import Client, Invitation, OutgoingMessage

from .. import cases
from ..models import Case
from . import contacts, story, voices

MORNING, NIGHT = dt.time(10, 30), dt.time(21, 30)  # UTC: after the digests' hour, within and after the sending hours
CAUSES = {
    "billing": "client_billing",
    "delivery": "client_delivery",
    "availability": "client_delivery",
    "product_quality": "client_product",
    "price": "client_product",
    "digital": "client_product",
    "process": "client_process",
    "contract": "client_process",
    "refund_goodwill": "client_process",
    "ordering": "client_process",
    "waiting_time": "our_reach",
    "promise_kept": "our_promise",
}
ACTIONS = {
    "de": ["Angerufen, den Fall erklärt und die Sache noch am Telefon geregelt.",
           "Rückruf wie zugesagt; Gutschrift veranlasst und schriftlich bestätigt.",
           "Entschuldigt, Ursache an die Fachabteilung gegeben, Termin für die Rückmeldung genannt.",
           "Mit der Technik geklärt; der Kunde hat eine feste Ansprechperson bekommen."],
    "en": ["Called, explained what happened and settled it on the phone.",
           "Called back as promised; refund arranged and confirmed in writing.",
           "Apologised, passed the cause on and named the day on which we report back.",
           "Sorted it out with the warehouse; the customer has one person to turn to."],
}  # fmt: skip
NOTES = {
    "de": "Angerufen, niemanden erreicht. Neuer Versuch am Nachmittag.",
    "en": "Called, no answer. Trying again this afternoon.",
}


class Year:
    """One run through the story's days. `on_day` is told each day that has passed."""

    def __init__(
        self, world: story.World, clients: dict[str, Client], on_day: Callable[[], None] = lambda: None
    ) -> None:
        self.world, self.clients, self.on_day = world, clients, on_day
        self.browser = Browser(HTTP_HOST="localhost")
        self.read_mails: set[str] = set()
        self.answers: list[tuple[dt.datetime, int, str, dict[str, str]]] = []  # when, which mail, the link, the sheet

    def play(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for day in self.world.days():
                self._morning(day)
                self._answers_until(_utc(day, NIGHT))
                self._night(day, Path(folder))
                self.on_day()
            self._morning(self.world.end_on)

    def _morning(self, day: dt.date) -> None:
        with clock_at(_utc(day, MORNING)):
            _tick()
            self._read_mail(day)
        with clock_at(_utc(day, dt.time(12, 45))):
            self._work_on_cases(day)

    def _night(self, day: dt.date, folder: Path) -> None:
        with clock_at(_utc(day, NIGHT)):
            for key, client in self.clients.items():
                if rows := contacts.contacts_on(day, key, self.world):
                    export = folder / f"{key}.csv"
                    export.write_bytes(contacts.export_bytes(rows, key))
                    profile = self.world.clients[key].import_profile
                    quiet = io.StringIO()  # the importer's own bar and report: the year has one of its own
                    with redirect_stderr(quiet):
                        call_command("import_contacts", client.slug, str(export), profile=profile, stdout=quiet)

    # --- Customers --------------------------------------------------------------------------------------------------

    def _read_mail(self, day: dt.date) -> None:
        """New survey mails reach their readers, who decide whether and when they answer."""
        folder = Path(settings.EMAIL_FILE_PATH)
        names = set(os.listdir(folder) if folder.exists() else []) - self.read_mails
        self.read_mails |= names
        new = {references.read(name): folder / name for name in names}
        surveys = OutgoingMessage.objects.filter(pk__in=new, invitation__isnull=False).order_by("pk")
        people = ("invitation__client", "invitation__contact", "invitation__customer")
        for message in surveys.select_related(*people):
            if decision := self._decide(message.pk, message.invitation, day):
                answered_at, sheet = decision
                link = _score_link(new[message.pk], sheet["score"])
                heapq.heappush(self.answers, (answered_at, message.pk, link, sheet))

    def _decide(self, key: int, invitation: Invitation, day: dt.date) -> tuple[dt.datetime, dict[str, str]] | None:
        """When this reader answers, and what; None for those who do not. Only the mood comes from behind the scenes."""
        slug, rng = invitation.client.slug, self.world.rng("answer", key)
        is_nps = invitation.contact is None
        if invitation.email not in self.world.clients[slug].by_email:
            return None  # an address that came in with a broken row: nobody there
        mood = (
            contacts.mood_of_customer(slug, invitation.email, day, self.world)
            if is_nps
            else contacts.mood(slug, invitation.contact.external_id, self.world)
        )
        if not voices.answers(mood, rng):
            return None
        score = voices.nps_score(mood, rng) if is_nps else voices.csat_score(mood, rng)
        scale = "nps" if is_nps else "csat"
        form = "du" if invitation.form_of_address == "du" else "Sie"
        sheet = {
            "score": str(score),
            "comment": voices.comment(mood, score, invitation.language, form, rng, scale=scale),
        }
        phone = voices.phone_left(mood, rng)
        if voices.wants_call(mood, score, rng, scale=scale) and (phone or invitation.customer.phone):
            sheet |= {"wants_call": "1", "phone": phone}
        answered_at = _utc(day, MORNING) + dt.timedelta(
            minutes=rng.choice([2, 7, 25, 90, 240, 600, 1500, 3200]) * rng.uniform(0.7, 1.3)
        )
        return answered_at, sheet

    def _answers_until(self, moment: dt.datetime) -> None:
        while self.answers and self.answers[0][0] <= moment:
            answered_at, _, link, sheet = heapq.heappop(self.answers)
            address = urlsplit(link)._replace(scheme="", netloc="").geturl()
            with clock_at(answered_at):
                self.browser.get(address)
                reply = self.browser.post(address, sheet)
            if reply.status_code != 302:
                raise RuntimeError(f"an answer was not taken: {reply.status_code} {sheet}")

    # --- Team leads -------------------------------------------------------------------------------------------------

    def _work_on_cases(self, day: dt.date) -> None:
        """Leads work through their cases on working days: most are solved within days, a stubborn few take weeks."""
        if day.weekday() >= 5:
            return
        now = timezone.now()
        for case in Case.objects.open().filter(owner__isnull=False).select_related("client", "owner", "response"):
            is_stubborn = self.world.rng("stubborn", case.response_id).random() < 0.1
            rng = self.world.rng("case", case.response_id, day)
            language = case.client.language
            if rng.random() > (0.06 if is_stubborn else 0.6):
                continue
            if rng.random() < 0.3:
                cases.note(case, NOTES[language], by=case.owner, at=now)
            else:
                cases.resolve(case, self._cause(case, rng), rng.choice(ACTIONS[language]), by=case.owner, at=now)

    def _cause(self, case: Case, rng: Random) -> str:
        themes = case.response.answers.values_list("assignments__theme__key", "assignments__sentiment")
        causes = [CAUSES[key] for key, sentiment in themes if sentiment == -1 and key in CAUSES]
        return causes[0] if causes else rng.choice(["our_advice", "misunderstanding", "not_reached", "client_process"])


@contextmanager
def clock_at(moment: dt.datetime) -> Iterator[None]:
    """Within: it is `moment` for everything that asks the clock of this process or of the database."""
    with mock.patch.object(timezone, "now", lambda: moment), mock.patch.object(clock, "now", lambda: moment):
        yield


def _tick() -> None:
    for task, _, _ in SCHEDULE:
        import_string(task)()


def _utc(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, dt.UTC)


def _score_link(path: Path, score: str) -> str:
    """The link of the score in the mail's text part, as a customer would press it."""
    text = email.message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",)).get_content()
    links = re.findall(r"https?://\S+/s/\S+", text)
    return next(link for link in links if parse_qs(urlsplit(link).query).get("score") == [score])
