"""What of a client a login may see on its dashboard: all of it, one team, or the contacts of one agent.

A narrower reach is a filter that nobody can take off. Who served is never named to those who also look from a client's
side, and of the teams only those that are large enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.http import Http404

from analytics import teams
from analytics.counts import By
from surveys.admin_scope import names_agents
from surveys.models import Agent, Client, Login, Team, reach_of


@dataclass(frozen=True)
class Scope:
    """`fixed` is the one dimension that a narrow reach pins, with the values that it may take (primary keys and names);
    empty for those who see all of the client.

    `sees_agents`: names of those who served, and figures by them. `is_client`: looks from the client's chair.
    """

    client: Client
    fixed: Mapping[str, Mapping[str, str]]
    sees_agents: bool
    is_analyst: bool
    is_client: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.fixed

    @cached_property
    def teams(self) -> Mapping[str, str]:
        """Primary key → name of those that may be read by name (see `analytics.teams`). One query."""
        if By.TEAM in self.fixed:
            return self.fixed[By.TEAM]
        found = teams.named([self.client.pk], self.sees_agents or not self.is_whole)
        return {str(pk): name for pk, name in found.items()}


def clients_of(login: Login) -> list[Client]:
    """Of which the login sees anything; by name."""
    reach = reach_of(login)
    if reach.is_everything:
        return list(Client.objects.filter(is_active=True))
    near = reach.analyst_clients | reach.viewer_clients
    by_team = Team.objects.filter(pk__in=reach.teams).values("client")
    by_agent = Agent.objects.filter(pk__in=reach.agents).values("client")
    rows = Client.objects.filter(is_active=True)
    return list((rows.filter(pk__in=near) | rows.filter(pk__in=by_team) | rows.filter(pk__in=by_agent)).distinct())


def scope_of(login: Login, slug: str) -> Scope:
    """What the login sees of the client of that name. Http404 where that is nothing, and where there is no client."""
    client = Client.objects.filter(slug=slug, is_active=True).first()
    scope = client and within(login, client)
    if scope is None:
        raise Http404("no such client")
    return scope


def within(login: Login, client: Client) -> Scope | None:
    """A wider reach takes in the narrower ones. None where the login sees nothing of the client."""
    reach = reach_of(login)
    is_analyst = reach.is_everything or client.pk in reach.analyst_clients
    if is_analyst or client.pk in reach.viewer_clients:
        return Scope(client, {}, is_analyst and names_agents(login), is_analyst, not is_analyst)
    for by, rows in ((By.TEAM, Team.objects.filter(pk__in=reach.teams)), (By.AGENT, _own(reach.agents))):
        if found := {str(row.pk): row.name for row in rows.filter(client=client)}:
            return Scope(client, {by: found}, by == By.TEAM and names_agents(login), False)
    return None


def _own(agents: frozenset[int]):
    return Agent.objects.filter(pk__in=agents)
