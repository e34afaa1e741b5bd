"""Plays the year: each night the exports come in, each morning the loop ticks, customers read their mail and answer.

Nothing is written past the product: contacts go through the importer, mail is read from the mailbox, answers are posted
to the real pages, cases move by their verbs. Only the clock is the story's: it is set for each moment.
"""

import datetime as dt
import heapq
import io
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr
from pathlib import Path
from random import Random

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django.utils.module_loading import import_string

from config.celery import SCHEDULE
from surveys.delivery import references
from surveys.models import Client, OpenLink, OutgoingMessage

from .. import cases
from ..models import Case
from . import contacts, counter, outer_loop, readers, story
from .pages import clock_at

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
        self.read_mails: set[str] = set()
        self.visits: list[tuple[dt.datetime, int, Callable[[], None]]] = []  # a heap: when, in which order, what
        self.order = itertools.count()
        self.links = list(OpenLink.objects.select_related("client", "survey"))

    def play(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for day in self.world.days():
                self._morning(day)
                self._visits_until(_utc(day, NIGHT))
                self._night(day, Path(folder))
                self.on_day()
            self._morning(self.world.end_on)
            with clock_at(_utc(self.world.end_on, MORNING)):
                outer_loop.write_down(self.world, self.clients, Path(folder), timezone.now())
                outer_loop.judge(timezone.now())

    def _morning(self, day: dt.date) -> None:
        with clock_at(_utc(day, MORNING)):
            _tick()
            self._read_mail()
        self._pass_by(day)
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

    def _read_mail(self) -> None:
        """New survey mails reach their readers (and some a scanner), who do with them what they do."""
        folder, now = Path(settings.EMAIL_FILE_PATH), timezone.now()
        names = set(os.listdir(folder) if folder.exists() else []) - self.read_mails
        self.read_mails |= names
        new = {references.read(name): folder / name for name in names}
        surveys = OutgoingMessage.objects.filter(pk__in=new, invitation__isnull=False).order_by("pk")
        people = ("invitation__client", "invitation__contact", "invitation__customer")
        for message in surveys.select_related(*people):
            self._plan(readers.visits(readers.Mail(message.pk, new[message.pk], message.invitation, now), self.world))

    def _pass_by(self, day: dt.date) -> None:
        """Some of those who pass a counter with a code on it answer there."""
        for link in self.links:
            self._plan(counter.visits(link, day, self.world))

    def _plan(self, visits: Iterable[readers.Visit]) -> None:
        for at, happens in visits:
            heapq.heappush(self.visits, (at, next(self.order), happens))

    def _visits_until(self, moment: dt.datetime) -> None:
        while self.visits and self.visits[0][0] <= moment:
            heapq.heappop(self.visits)[2]()

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


def _tick() -> None:
    for task, _, _ in SCHEDULE:
        import_string(task)()


def _utc(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time, dt.UTC)
