"""How far a login can see. One definition, used by lists, pages, exports and autocompletes alike."""

from dataclasses import dataclass

from django.db.models import Q

from .people import Access, Agent, Login


@dataclass(frozen=True)
class Reach:
    """Ids within reach. `is_everything` is for superusers; viewers see a client, but no agent's name."""

    is_everything: bool = False
    analyst_clients: frozenset[int] = frozenset()
    viewer_clients: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    agents: frozenset[int] = frozenset()

    @property
    def is_nothing(self) -> bool:
        return not (self.is_everything or self.analyst_clients or self.viewer_clients or self.teams or self.agents)

    @property
    def sees_agents(self) -> bool:
        """False for those who look from the client's side: they never learn who served."""
        return self.is_everything or bool(self.analyst_clients or self.teams or self.agents)

    @property
    def is_analyst(self) -> bool:
        return self.is_everything or bool(self.analyst_clients)

    def rows(self, client: str = "client", agent: str = "agent", team: str = "team") -> Q:
        """The rows within reach, given the paths to a row's client, agent and team. An empty path is never reached."""
        if self.is_everything:
            return Q()
        reached = Q(pk__in=[])
        if clients := self.analyst_clients | self.viewer_clients:
            reached |= Q(**{f"{client}__in": clients})
        if self.teams and team:
            reached |= Q(**{f"{team}__in": self.teams})
        if self.agents and agent:
            reached |= Q(**{f"{agent}__in": self.agents})
        return reached

    def analyst_rows(self, client: str = "client") -> Q:
        """Rows of the clients that this login analyses: settings, ledgers, messages."""
        return Q() if self.is_everything else Q(**{f"{client}__in": self.analyst_clients})


def reach_of(login: Login) -> Reach:
    """The reach of a login, read once per request (kept on the login object)."""
    if not getattr(login, "is_active", False):
        return Reach()
    if login.is_superuser:
        return Reach(is_everything=True)
    if not hasattr(login, "_reach"):
        accesses = list(Access.objects.filter(login=login).values_list("role", "client_id", "team_id"))
        pick = lambda role, column: frozenset(row[column] for row in accesses if row[0] == role)  # noqa: E731
        login._reach = Reach(
            analyst_clients=pick(Access.Role.ANALYST, 1),
            viewer_clients=pick(Access.Role.VIEWER, 1),
            teams=pick(Access.Role.LEAD, 2),
            agents=frozenset(Agent.objects.filter(login=login).values_list("pk", flat=True)),
        )
    return login._reach
