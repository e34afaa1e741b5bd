"""One contact in, exactly once, from API or file.

The constraint (client, source, external id) makes it once; a hash of the content tells an update from a repeat. The
last word received counts: no source says which of two events is the newer one, so an event that comes late overwrites.
What has been decided from an earlier word – an Invitation and its frozen context – is never touched here.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.db import transaction

from surveys.models import Client, Contact

from . import parties
from .incoming import LABELS, Finding, Incoming, Refused, admit, content_hash

__all__ = ["LABELS", "MOST", "Finding", "Incoming", "Outcome", "Refused", "admit", "receive"]

MOST = 1_000  # contacts in one batch
_COPIED = (
    "state",
    "started_at",
    "ended_at",
    "email",
    "channel",
    "reason",
    "subject",
    "language",
    "is_solved",
    "wait_seconds",
    "talk_seconds",
    "reopened_count",
    "is_transferred",
    "is_goodwill",
    "is_agent_initiated",
    "is_spam",
    "is_test",
    "has_consent",
    "attributes",
    "told_at",
)
_UPDATED = (*_COPIED, "tags", "customer", "agent", "team", "content_hash", "changed_at", "awaits_verdict")

Kind = Literal["created", "updated", "unchanged", "refused"]
Key = tuple[str, str]  # source, external id


@dataclass(frozen=True)
class Outcome:
    """What became of one incoming contact. A refused one has no id and says why."""

    kind: Kind
    contact_id: int | None = None
    refusal: Finding | None = None
    notes: tuple[Finding, ...] = ()

    @property
    def message(self) -> str:
        return self.refusal.message if self.refusal else ""


@dataclass(frozen=True)
class _Admitted:
    incoming: Incoming
    notes: tuple[Finding, ...]
    hash: str

    @property
    def key(self) -> Key:
        return self.incoming.source, self.incoming.external_id


def receive(client: Client, incoming: Sequence[Incoming], at: dt.datetime) -> list[Outcome]:
    """Store a batch of at most `MOST` contacts of one client in one transaction; one outcome per contact, in order.

    The number of queries does not grow with the batch. A repeat within it is taken in order: the last content stays.
    Batches of one client queue up behind its row, so of two that bring the same new contact at once one creates it and
    the other finds it. Without the queue they would lock each other out: PostgreSQL checks foreign keys at the commit.
    """
    if len(incoming) > MOST:
        raise ValueError(f"{len(incoming)} contacts in one batch; {MOST} are possible")
    judged = [_judge(one) for one in incoming]
    admitted = [one for one in judged if isinstance(one, _Admitted)]
    with transaction.atomic():
        # On SQLite this locks nothing, but there the transaction itself is the queue (BEGIN IMMEDIATE).
        Client.objects.select_for_update(no_key=True).values_list("pk").get(pk=client.pk)
        stored = iter(_store(client, admitted, at))
    return [next(stored) if isinstance(one, _Admitted) else one for one in judged]


def _judge(incoming: Incoming) -> _Admitted | Outcome:
    try:
        admitted, notes = admit(incoming)
    except Refused as refused:
        return Outcome("refused", refusal=refused.finding)
    return _Admitted(admitted, tuple(notes), content_hash(admitted))


def _store(client: Client, batch: list[_Admitted], at: dt.datetime) -> list[Outcome]:
    known = _known(client, batch)
    hashes = {key: known_hash for key, (_pk, known_hash) in known.items()}
    kinds: list[Kind] = []
    latest: dict[Key, _Admitted] = {}
    for one in batch:
        before = hashes.get(one.key)
        kinds.append("created" if before is None else "unchanged" if before == one.hash else "updated")
        hashes[one.key] = one.hash
        latest[one.key] = one
    fresh = [one for key, one in latest.items() if key not in known or known[key][1] != one.hash]
    ids = {key: pk for key, (pk, _hash) in known.items()} | _write(client, fresh, known.keys(), at)
    return [Outcome(kind, ids[one.key], notes=one.notes) for kind, one in zip(kinds, batch, strict=True)]


def _known(client: Client, batch: list[_Admitted]) -> dict[Key, tuple[int, str]]:
    if not batch:
        return {}
    sources, external_ids = zip(*(one.key for one in batch), strict=True)
    rows = Contact.objects.filter(client=client, source__in=set(sources), external_id__in=set(external_ids))
    return {row[:2]: row[2:] for row in rows.values_list("source", "external_id", "pk", "content_hash")}


def _write(client: Client, fresh: list[_Admitted], known: set[Key], at: dt.datetime) -> dict[Key, int]:
    """Insert the new; overwrite the changed, by an upsert, because bulk_update makes a CASE per row and field."""
    contacts = _contacts(client, fresh, at)
    new = [contact for contact in contacts if (contact.source, contact.external_id) not in known]
    changed = [contact for contact in contacts if (contact.source, contact.external_id) in known]
    Contact.objects.bulk_create(new)
    Contact.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["client", "source", "external_id"], update_fields=_UPDATED
    )
    return {(contact.source, contact.external_id): contact.pk for contact in contacts}


def _contacts(client: Client, fresh: list[_Admitted], at: dt.datetime) -> list[Contact]:
    batch = [one.incoming for one in fresh]
    teams = parties.teams_of(client, batch)
    agents = parties.agents_of(client, batch, teams)
    customers = parties.customers_of(client, batch)
    contacts = []
    for one in fresh:
        incoming = one.incoming
        agent = agents.get((incoming.agent_key, incoming.agent_name))
        contact = Contact(
            client=client,
            source=incoming.source,
            external_id=incoming.external_id,
            customer_id=customers.get(parties.customer_key(incoming)),
            agent=agent,
            # Telephone systems name no team: then it is the agent's own.
            team_id=teams.get(incoming.team) or (agent and agent.team_id),
            tags=list(incoming.tags),
            content_hash=one.hash,
            received_at=at,
            changed_at=at,
            **{name: getattr(incoming, name) for name in _COPIED},
        )
        contacts.append(contact)
    return contacts
