"""Who took part: finds or makes the teams, agents and customers that a batch names, in a constant number of queries.

The caller sees to it that no other batch of the client does the same at the same time.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter

from surveys import bulk
from surveys.addresses import is_deliverable
from surveys.models import Agent, Client, Customer, Team
from surveys.models.people import email_key

from .incoming import Incoming, folded


def teams_of(client: Client, batch: Iterable[Incoming]) -> dict[str, int]:
    """Team ids by name; unknown teams are made."""
    names = {incoming.team for incoming in batch if incoming.team}
    if not names:
        return {}
    found = dict(Team.objects.filter(client=client, name__in=names).values_list("name", "pk"))
    new = [Team(client=client, name=name) for name in sorted(names - found.keys())]
    Team.objects.bulk_create(new)
    return found | {team.name: team.pk for team in new}


class _Register:
    """The agents of one client, by key and by name. One query loads them all: a client has hundreds, not millions."""

    def __init__(self, client: Client):
        self.client = client
        self.by_key: dict[str, Agent] = {}
        self.by_folded_key: dict[str, Agent] = {}
        self.by_name: dict[str, list[Agent]] = defaultdict(list)
        self.new: list[Agent] = []
        self.changed: set[Agent] = set()
        for agent in Agent.objects.filter(client=client):
            self._enter(agent)

    def _enter(self, agent: Agent) -> None:
        self.by_key[agent.key] = agent
        self.by_folded_key[folded(agent.key)] = agent
        self.by_name[folded(agent.name)].append(agent)

    def find_or_make(self, key: str, name: str, team_id: int | None) -> Agent:
        agent = self.by_key.get(key) or self._by_name(key, name)
        if agent is None:
            agent = Agent(client=self.client, key=key or folded(name), name=name or key, team_id=team_id)
            self._enter(agent)
            self.new.append(agent)
        elif _is_better_written(name, agent):
            agent.name = name
            self._note_change(agent)
        return agent

    def _by_name(self, key: str, name: str) -> Agent | None:
        """The agent known by name so far. With a key, that agent takes it; without, a namesake with a key will do."""
        if not (alike := folded(name)):
            return None
        known = self.by_folded_key.get(alike)
        if key and known:
            known.key = key
            self.by_key[key] = known
            self._note_change(known)
        if key or known:
            return known
        namesakes = self.by_name.get(alike, [])
        return namesakes[0] if len(namesakes) == 1 else None  # of two with one name, neither is meant for sure

    def _note_change(self, agent: Agent) -> None:
        if agent.pk:
            self.changed.add(agent)

    def save(self) -> None:
        Agent.objects.bulk_update(self.changed, ["key", "name"])
        Agent.objects.bulk_create(self.new)


def _is_better_written(name: str, agent: Agent) -> bool:
    """“Tom Berger” beats “tom berger” and “TOM BERGER”, and any name beats a bare key; else the name stays as it is."""
    if not name or agent.name == name:
        return False
    if folded(agent.name) != folded(name):
        return agent.name == agent.key
    is_shouted_or_mumbled = agent.name in (agent.name.lower(), agent.name.upper())
    return is_shouted_or_mumbled and name not in (name.lower(), name.upper())


_agent_of = attrgetter("agent_key", "agent_name", "team")


def agents_of(client: Client, batch: Iterable[Incoming], teams: dict[str, int]) -> dict[tuple[str, str], Agent]:
    """Agents by (key, name) as the batch has them; the nameless are left out.

    An agent is known by the source's id, else by the tidied name. A name without id that one agent bears is that agent.
    """
    named = [(key, name, team) for key, name, team in dict.fromkeys(map(_agent_of, batch)) if key or name]
    if not named:
        return {}
    register = _Register(client)
    # Those with an id first: a name without one, earlier in the file, may be one of them.
    for key, name, team in sorted(named, key=lambda each: not each[0]):
        register.find_or_make(key, name, teams.get(team))
    found = {(key, name): register.find_or_make(key, name, None) for key, name, _team in named}
    register.save()
    return found


# What a contact tells of its customer: our field and the customer's. Newer values replace older, empty ones do not.
_TOLD = ("number", "name", "email", "phone", "language", "segment", "time_zone")
_told_of = attrgetter(
    "customer_number", "customer_name", "email", "customer_phone", "language", "customer_segment", "customer_time_zone"
)
_EMAIL = _TOLD.index("email")


class _Person:
    """A customer of the batch, as known so far."""

    __slots__ = ("first_seen_at", "is_changed", "pk", "told")

    def __init__(self, pk: int | None, told: list[str], first_seen_at: dt.datetime):
        self.pk, self.told, self.first_seen_at, self.is_changed = pk, told, first_seen_at, False

    def refresh(self, told: list[str], at: dt.datetime) -> None:
        for index, value in enumerate(told):
            if value and value != self.told[index]:
                self.told[index] = value
                self.is_changed = True
        if at < self.first_seen_at:
            self.first_seen_at = at
            self.is_changed = True


def customers_of(client: Client, batch: Sequence[Incoming]) -> list[int | None]:
    """The customer's id for each contact; None where nobody can be told apart.

    A customer is known by the customer number (key “no:…”), else by the mailbox (“mail:…”). Unknown ones are made;
    of known ones, new values refresh name, address, phone, language, segment and zone.
    """
    told = [_tell(incoming) for incoming in batch]
    keys = [_key(values) for values in told]
    people = _known(client, set(keys) - {""})
    for key, values, incoming in zip(keys, told, batch, strict=True):
        if not key:
            continue
        if (person := people.get(key)) is None:
            people[key] = _Person(None, values, incoming.started_at)
        else:
            person.refresh(values, incoming.started_at)
    _save(client, people)
    return [people[key].pk if key else None for key in keys]


def _tell(incoming: Incoming) -> list[str]:
    told = list(_told_of(incoming))
    address = told[_EMAIL]
    told[_EMAIL] = email_key(address) if address and is_deliverable(address) else ""
    return told


def _key(told: list[str]) -> str:
    number, email = told[0], told[_EMAIL]
    return f"no:{number}" if number else f"mail:{email}" if email else ""


def _known(client: Client, keys: set[str]) -> dict[str, _Person]:
    if not keys:
        return {}
    rows = Customer.objects.filter(bulk.among("key", keys), client=client)
    found = rows.values_list("key", "pk", "first_seen_at", *_TOLD)
    return {key: _Person(pk, told, first_seen_at) for key, pk, first_seen_at, *told in found}


def _save(client: Client, people: dict[str, _Person]) -> None:
    changed = [person for person in people.values() if person.pk and person.is_changed]
    if changed:
        bulk.update(Customer, ("id", "first_seen_at", *_TOLD), [(p.pk, p.first_seen_at, *p.told) for p in changed])
    new = {key: person for key, person in people.items() if not person.pk}
    if new:
        for person, pk in zip(new.values(), bulk.reserve(Customer, len(new)), strict=True):
            person.pk = pk
        rows = ((p.pk, client.pk, key, p.first_seen_at, *p.told) for key, p in new.items())
        bulk.insert(Customer, ("id", "client_id", "key", "first_seen_at", *_TOLD), rows)
