"""Who took part: finds or makes the teams, agents and customers that a batch names, in a constant number of queries.

The caller sees to it that no other batch of the client does the same at the same time.
"""

from collections import defaultdict
from collections.abc import Iterable

from surveys.addresses import is_deliverable
from surveys.models import Agent, Client, Customer, Team
from surveys.models.people import email_key

from .incoming import Incoming, one_line


def teams_of(client: Client, batch: Iterable[Incoming]) -> dict[str, int]:
    """Team ids by name; unknown teams are made."""
    names = {incoming.team for incoming in batch if incoming.team}
    if not names:
        return {}
    found = dict(Team.objects.filter(client=client, name__in=names).values_list("name", "pk"))
    new = [Team(client=client, name=name) for name in sorted(names - found.keys())]
    Team.objects.bulk_create(new)
    return found | {team.name: team.pk for team in new}


def _folded(name: str) -> str:
    return one_line(name).casefold()


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
        self.by_folded_key[_folded(agent.key)] = agent
        self.by_name[_folded(agent.name)].append(agent)

    def find_or_make(self, key: str, name: str, team_id: int | None) -> Agent:
        agent = self.by_key.get(key) or self._by_name(key, _folded(name))
        if agent is None:
            agent = Agent(client=self.client, key=key or _folded(name), name=name or key, team_id=team_id)
            self._enter(agent)
            self.new.append(agent)
        elif _is_better_written(name, agent):
            agent.name = name
            self._note_change(agent)
        return agent

    def _by_name(self, key: str, folded: str) -> Agent | None:
        """The agent known by name so far. With a key, that agent takes it; without, a namesake with a key will do."""
        if not folded:
            return None
        known = self.by_folded_key.get(folded)
        if key and known:
            known.key = key
            self.by_key[key] = known
            self._note_change(known)
        if key or known:
            return known
        namesakes = self.by_name.get(folded, [])
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
    if _folded(agent.name) != _folded(name):
        return agent.name == agent.key
    is_shouted_or_mumbled = agent.name in (agent.name.lower(), agent.name.upper())
    return is_shouted_or_mumbled and name not in (name.lower(), name.upper())


def agents_of(client: Client, batch: Iterable[Incoming], teams: dict[str, int]) -> dict[tuple[str, str], Agent]:
    """Agents by (key, name) as the batch has them; the nameless are left out.

    An agent is known by the source's id, else by the tidied name. A name without id that one agent bears is that agent.
    """
    named = [incoming for incoming in batch if incoming.agent_key or incoming.agent_name]
    if not named:
        return {}
    register = _Register(client)
    # Those with an id first: a name without one, earlier in the file, may be one of them.
    for incoming in sorted(named, key=lambda incoming: not incoming.agent_key):
        register.find_or_make(incoming.agent_key, incoming.agent_name, teams.get(incoming.team))
    found = {
        (incoming.agent_key, incoming.agent_name): register.find_or_make(incoming.agent_key, incoming.agent_name, None)
        for incoming in named
    }
    register.save()
    return found


def customer_key(incoming: Incoming) -> str:
    """“no:” and the customer number, else “mail:” and the mailbox, else nothing: then nobody can be told apart."""
    if incoming.customer_number:
        return f"no:{incoming.customer_number}"
    return f"mail:{email_key(incoming.email)}" if is_deliverable(incoming.email) else ""


def customers_of(client: Client, batch: Iterable[Incoming]) -> dict[str, int]:
    """Customer ids by key. New values refresh a known customer's name, address, phone, language; empty ones do not."""
    keyed = [(key, incoming) for incoming in batch if (key := customer_key(incoming))]
    if not keyed:
        return {}
    rows = Customer.objects.filter(client=client, key__in={key for key, _incoming in keyed})
    known = {customer.key: customer for customer in rows}
    ids = {key: customer.pk for key, customer in known.items()}
    changed: dict[str, Customer] = {}
    for key, incoming in keyed:
        customer = known.get(key)
        if customer is None:
            customer = known[key] = Customer(client=client, key=key, first_seen_at=incoming.started_at)
        if _refresh(customer, incoming) or key not in ids:
            changed[key] = customer
    return ids | _upsert(changed)


def _refresh(customer: Customer, incoming: Incoming) -> bool:
    newer = {
        "number": incoming.customer_number,
        "name": incoming.customer_name,
        "email": email_key(incoming.email) if is_deliverable(incoming.email) else "",
        "phone": incoming.customer_phone,
        "language": incoming.language,
        "segment": incoming.customer_segment,
        "time_zone": incoming.customer_time_zone,
    }
    changes = {name: value for name, value in newer.items() if value and value != getattr(customer, name)}
    if incoming.started_at < customer.first_seen_at:
        changes["first_seen_at"] = incoming.started_at
    for name, value in changes.items():
        setattr(customer, name, value)
    return bool(changes)


def _upsert(changed: dict[str, Customer]) -> dict[str, int]:
    """One statement for the new and the changed alike: far faster than bulk_update's CASE per row and field."""
    customers = list(changed.values())
    for customer in customers:
        customer.pk = None
    Customer.objects.bulk_create(
        customers,
        update_conflicts=True,
        unique_fields=["client", "key"],
        update_fields=["number", "name", "email", "phone", "language", "segment", "time_zone", "first_seen_at"],
    )
    return {customer.key: customer.pk for customer in customers}
