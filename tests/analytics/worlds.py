"""Small worlds in which anything may happen to answers, in any order, and what numbers a person would count in them."""

import datetime as dt
import random
from collections import Counter, defaultdict
from collections.abc import Callable

from django.db import connection
from django.utils import timezone

from analytics import tallies, themes
from analytics.counts import SCORES
from analytics.dimensions import By
from analytics.models import ChosenAttribute, Theme, ThemeAssignment
from analytics.periods import containing, run_back
from surveys import exclusions
from surveys.models import Agent, Answer, Client, Contact, Exclusion, Invitation, Question, Response
from tests import factories

KINDS = ("csat", "nps")
UNITS = ("week", "month", "quarter", "year")
DIMENSIONS = ("", *By, "attr:tariff", "attr:region")


class Crash(Exception):
    """The process dies here."""


class World:
    """Answers of one client around the ends of weeks, months, quarters and years, and everything that befalls them."""

    def __init__(self, client: Client, seed: int) -> None:
        self.client, self.draw = client, random.Random(seed)
        self.now = timezone.now()
        self.customers = [factories.make_customer(client) for _ in range(4)]
        self.teams = [None, factories.make_team(client, "Nord"), factories.make_team(client, "Süd")]
        self.agents = [None, *(factories.make_agent(client, name) for name in ("Ada", "Bo", "Cy"))]
        self.themes = list(themes.adopt_starter_taxonomy(client).values())[:4]
        self.people = [factories.make_login(f"{client.slug}-{name}") for name in ("ada", "bo")]
        surveys = {kind: factories.make_survey(client, kind) for kind in KINDS}
        self.campaigns = {kind: factories.make_campaign(client, survey=survey) for kind, survey in surveys.items()}
        today = self.now.astimezone(client.zone).date()
        newer = [today - dt.timedelta(days) for days in (1, 1, 2, 3, 6, 7, 8, 9, 29, 30, 31, 60, 100)]
        ends = [today.replace(month=1, day=1) + dt.timedelta(days) for days in (-40, -3, -2, -1, 0, 1, 2, 5)]
        self.days = newer + ends

    def any_time(self) -> dt.datetime:
        """Some seconds before or after a local midnight as often as any other time."""
        day, draw = self.draw.choice(self.days), self.draw
        time = draw.choice([dt.time(0, 0, 1), dt.time(23, 59, 58), dt.time(draw.randrange(24), draw.randrange(60))])
        return dt.datetime.combine(day, time, self.client.zone).astimezone(dt.UTC)

    def act(self) -> str:
        """Something happens; its name."""
        name, weight = zip(*ACTS.items(), strict=True)
        act = self.draw.choices(name, weight)[0]
        act(self)
        return act.__name__

    # --- What may happen

    def answers(self, at: dt.datetime | None = None) -> Response:
        draw, at = self.draw, at or self.any_time()
        attributes = {
            key: draw.choice(["a", "b", 7, True, None]) for key in ("tariff", "region") if draw.random() < 0.7
        }
        contact = factories.make_contact(
            self.client, customer=draw.choice(self.customers), reason=draw.choice(["", "Rechnung"]), ended_at=at,
            channel=draw.choice(["phone", "chat"]), attributes=attributes,
        )  # fmt: skip
        kind = draw.choice(KINDS)
        response = factories.make_response(
            self.client, draw.randrange(1, 6), kind=kind, campaign=self.campaigns[kind], contact=contact, about_at=at,
            submitted_at=at, completed_at=None, agent=draw.choice(self.agents), team=draw.choice(self.teams),
            language=draw.choice(["de", "en"]), segment=draw.choice(["", "business"]), is_goodwill=draw.random() < 0.3,
        )  # fmt: skip
        for question in draw.sample(list(Question.objects.filter(version=response.version)), draw.randrange(3)):
            answer = Answer.objects.create(response=response, question=question, text="gut")
            for theme in draw.sample(self.themes, draw.randrange(3)):
                ThemeAssignment.objects.create(answer=answer, theme=theme, sentiment=1, source="rules", version="1")
        return response

    def answers_just_now(self) -> None:
        self.answers(self.now)

    def an_open_door(self) -> None:
        factories.make_unverified(self.client, 3, kind="csat", submitted_at=self.any_time(), completed_at=None)

    def changes_score(self) -> None:
        if response := self._any(Response):
            response.score = self.draw.randrange(1, 6)
            response.save()

    def changes_time(self) -> None:
        if response := self._any(Response, invitation__isnull=False):
            Response.objects.filter(pk=response.pk).update(submitted_at=self.any_time())

    def is_deleted(self) -> None:
        if response := self._any(Response):
            response.delete()

    def is_erased(self) -> None:
        Invitation.objects.filter(customer=self.draw.choice(self.customers)).update(customer=None)

    def turns_out_to_be_another(self) -> None:
        one, other = self.draw.sample(self.customers, 2)
        Invitation.objects.filter(customer=one).update(customer=other)

    def context_changes(self) -> None:
        change = self.draw.choice([{"team": self.teams[1]}, {"agent": None}, {"channel": "email"}, {"segment": "new"},
                                   {"contact_reason": "Tarif"}, {"language": "tr"}, {"is_goodwill": True}])  # fmt: skip
        if invitation := self._any(Invitation):
            Invitation.objects.filter(pk=invitation.pk).update(**change)

    def agent_goes(self) -> None:
        gone = Agent.objects.filter(client=self.client, name="Cy").first()
        if gone:
            gone.delete()
            self.agents = self.agents[:3]

    def contact_is_told_anew(self) -> None:
        if contact := self._any(Contact):
            contact.attributes = {"tariff": self.draw.choice(["a", "c"])}
            contact.save()

    def is_excluded(self) -> None:
        response = self._any(Response, invitation__isnull=False, exclusions=None)
        if response:
            proposed = exclusions.propose(response, "staff", "", self.people[0], self.now)
            exclusions.confirm(proposed, self.people[1], self.now)

    def counts_again(self) -> None:
        if standing := self._any(Exclusion, path="response__client", state="confirmed"):
            exclusions.withdraw(standing, self.people[0], self.now)

    def themes_are_corrected(self) -> None:
        answer = self._any(Answer, path="response__client")
        if answer:
            answer.assignments.all().delete()
            theme = self.draw.choice(self.themes)
            ThemeAssignment.objects.create(answer=answer, theme=theme, sentiment=-1, source="person", version="")

    def themes_are_merged(self) -> None:
        theme, into = (Theme.objects.get(pk=one.pk) for one in self.draw.sample(self.themes, 2))
        if theme.merged_into:
            themes.restore(theme)
        elif not into.is_retired:
            Theme.objects.filter(pk=theme.pk).update(parent=None)
            Theme.objects.filter(parent=theme).update(parent=None)
            themes.merge(theme, into)

    def moves_to_another_zone(self) -> None:
        zone = self.draw.choice(["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
        Client.objects.filter(pk=self.client.pk).update(time_zone=zone)
        self.client.refresh_from_db()

    def an_attribute_is_chosen(self) -> None:
        chosen = ChosenAttribute.objects.filter(client=self.client)
        if chosen.exists() and self.draw.random() < 0.5:
            chosen.delete()
        else:
            name = self.draw.choice(["tariff", "region"])
            ChosenAttribute.objects.get_or_create(client=self.client, name=name, defaults={"label": name})

    def is_swept(self) -> None:
        tallies.sweep(self.now)

    def is_swept_a_little(self) -> None:
        tallies.turn(self.client, self.now)

    def dies_in_the_sweep(self) -> None:
        left = self.draw.randrange(1, 25)

        def die(execute: Callable, *statement):
            nonlocal left
            left -= 1
            if not left:
                raise Crash
            return execute(*statement)

        try:
            with connection.execute_wrapper(die):
                tallies.turn(self.client, self.now)
        except Crash:
            pass

    def _any(self, model, path: str = "client", **of):
        found = list(model.objects.filter(**{path: self.client}, **of).order_by("pk"))
        return self.draw.choice(found) if found else None


ACTS = {
    World.answers: 12,
    World.answers_just_now: 4,
    World.an_open_door: 1,
    World.changes_score: 3,
    World.changes_time: 3,
    World.is_deleted: 2,
    World.is_erased: 0.7,
    World.turns_out_to_be_another: 1,
    World.context_changes: 3,
    World.agent_goes: 0.5,
    World.contact_is_told_anew: 2,
    World.is_excluded: 2,
    World.counts_again: 2,
    World.themes_are_corrected: 2,
    World.themes_are_merged: 1,
    World.moves_to_another_zone: 0.5,
    World.an_attribute_is_chosen: 1,
    World.is_swept: 6,
    World.is_swept_a_little: 3,
    World.dies_in_the_sweep: 3,
}


def run_of(client: Client, unit: str, now: dt.datetime) -> list:
    """So many periods that the days of a world lie in them, and the current one."""
    length = {"week": 10, "month": 6, "quarter": 5, "year": 2}[unit]
    return run_back(containing(now, unit, client.time_zone), length)


def counted(client: Client, kind: str, run: list, by: str = "", where: dict | None = None) -> dict:
    """What a person would count with the answers on the table: `counts` must come to the same."""
    excluded = set(Exclusion.objects.filter(state="confirmed").values_list("response", flat=True))
    rows = Response.objects.filter(client=client, kind=kind, invitation__isnull=False).select_related(
        "invitation__contact", "version"
    )
    named = defaultdict(set)
    for assigned in ThemeAssignment.objects.select_related("answer", "theme"):
        named[assigned.answer.response_id].add(str(assigned.theme.merged_into_id or assigned.theme_id))
    latest: dict[tuple, Response] = {}
    for row in sorted((row for row in rows if row.pk not in excluded), key=lambda row: (row.submitted_at, row.pk)):
        for place, period in enumerate(run):
            if period.start <= row.submitted_at < period.end:
                latest[place, row.invitation.customer_id or -row.pk] = row
    found: dict[tuple[int, str], Counter] = defaultdict(Counter)
    for (place, _person), row in latest.items():
        if all(value in _values(row, dimension, named) for dimension, value in (where or {}).items()):
            for value in _values(row, by, named):
                found[place, value][row.score] += 1
    return {key: tuple(scores[score] for score in SCORES) for key, scores in found.items()}


def _values(row: Response, by: str, named: dict) -> set[str]:
    asked = row.invitation
    if by == By.THEME:
        return named[row.pk] or {""}
    if by.startswith("attr:"):
        value = asked.contact.attributes.get(by[5:])
        return {str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)}
    plain = {
        "": "", By.SURVEY: row.version.survey_id, By.VERSION: row.version_id, By.CHANNEL: asked.channel,
        By.REASON: asked.contact_reason, By.TEAM: asked.team_id or "", By.AGENT: asked.agent_id or "",
        By.LANGUAGE: asked.language, By.SEGMENT: asked.segment, By.GOODWILL: "1" if asked.is_goodwill else "",
    }  # fmt: skip
    return {str(plain[by])}
