"""The frame of every honesty page: its period in the address, its tabs, and the ways to the rows behind a figure."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from surveys.admin_scope import names_agents
from surveys.models import Agent, Client, reach_of
from surveys.models.cuts import Cut

from ... import figures, periods, teams
from ...periods import Period
from . import words

OFFERED = {"week": 4, "month": 6, "quarter": 4, "year": 2}


@dataclass(frozen=True)
class Link:
    name: str
    address: str
    is_here: bool = False


@dataclass(frozen=True)
class Tab:
    """One of the honesty pages."""

    name: str
    title: str
    address: str
    is_here: bool


@dataclass(frozen=True)
class Figure:
    """A number with the address of exactly its rows; without one for those who may not see them."""

    text: str
    address: str = ""


@dataclass(frozen=True)
class Frame:
    """One client, one period, one reader."""

    client: Client
    period: Period
    request: HttpRequest
    wrong: str = ""

    @property
    def is_analyst(self) -> bool:
        reach = reach_of(self.request.user)
        return reach.is_everything or self.client.pk in reach.analyst_clients

    @property
    def names_agents(self) -> bool:
        return names_agents(self.request.user)

    @property
    def name(self) -> str:
        return figures.period_name(self.period, words.language())

    def names(self) -> words.Names:
        """What teams are called; and agents, for those who may read it. Two queries."""
        named = teams.named([self.client.pk], self.names_agents)
        found = {(Cut.TEAM.value, str(pk)): name for pk, name in named.items()}
        if self.names_agents:
            agents = Agent.objects.filter(client=self.client).values_list("pk", "name")
            found |= {(Cut.AGENT.value, str(pk)): name for pk, name in agents}
        return found

    def page(self, name: str) -> str:
        """The address of another honesty page of this client and period."""
        address = reverse(f"admin:surveys_honesty_{name}", args=[self.client.pk])
        return f"{address}?{urlencode({'period': self.period.text})}"

    def tabs(self, here: str) -> list[Tab]:
        titles = {
            "change": _("Overview"),
            "funnel": _("From contact to answer"),
            "asked": _("Who was asked"),
            "answered": _("Who answered"),
            "counts": _("Contact counts"),
            "signs": _("Signs"),
            "left_out": _("Left out"),
        }
        return [Tab(name, title, self.page(name), name == here) for name, title in titles.items()]

    def choices(self) -> dict[str, list[Link]]:
        """Periods that can be chosen with one press, the latest last."""
        now, zone = timezone.now(), self.client.time_zone
        heads = {"week": _("Week"), "month": _("Month"), "quarter": _("Quarter"), "year": _("Year")}
        return {
            heads[kind]: [
                Link(_short(each), f"?period={each.text}", each == self.period)
                for each in periods.run_back(periods.containing(now, kind, zone), number)
            ]
            for kind, number in OFFERED.items()
        }

    def ledger(self, number: int, **filters: str) -> Figure:
        """A number of verdicts, and the ledger's list of them."""
        days = f"{self.period.first_on}..{self.period.next().first_on}"
        query = {"client__id__exact": self.client.pk, "about": days, **filters}
        return self._figure(number, "surveys_invitation", query, self.is_analyst)

    def answers(self, number: int, sign: str) -> Figure:
        """A number of answers, and the list of them."""
        query = {"sign": f"{sign}:{self.period.text}:{self.client.pk}", "period": "all"}
        return self._figure(number, "surveys_response", query, may_look=True)

    def contacts(self, number: int) -> Figure:
        query = {"client__id__exact": self.client.pk}
        return self._figure(number, "surveys_contact", query, self.is_analyst)

    def _figure(self, number: int, rows: str, query: dict, may_look: bool) -> Figure:
        address = f"{reverse(f'admin:{rows}_changelist')}?{urlencode(query)}"
        return Figure(words.count(number), address if may_look and number else "")


def of(request: HttpRequest, client: Client) -> Frame:
    """The period in the address, else the last whole month; with what is wrong about the address."""
    usual = periods.last_complete(timezone.now(), "month", client.time_zone)
    text = request.GET.get("period", "").strip()
    if not text:
        return Frame(client, usual, request)
    try:
        return Frame(client, periods.parse(text, client.time_zone), request)
    except ValueError:
        wrong = _("“%(text)s” is no period. Write it as in 2026-10, 2026-W45, 2026-Q4 or 2026.") % {"text": text[:40]}
        return Frame(client, usual, request, wrong)


def _short(period: Period) -> str:
    if period.kind == "week":
        return figures.week_number(period.first_on, words.language())
    return figures.period_name(period, words.language())
