"""One contact in, exactly once, from API, webhook or file.

The constraint (client, source, external id) makes it once; a hash of the content tells an update from a repeat. Where a
source says as of when it tells something, an older word never beats a newer one; else the last word received counts.
What has been decided from an earlier word – an Invitation and its frozen context – is never touched here.
"""

import datetime as dt
from collections.abc import Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

from django.db import transaction

from surveys import bulk
from surveys.models import Client, Contact, Mark

from . import parties
from .incoming import LABELS, Finding, Incoming, Refused, admit, content_hash

__all__ = ["LABELS", "MOST", "Finding", "Incoming", "Outcome", "Refused", "admit", "judge", "receive", "store"]

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
)
_copied_of = attrgetter(*_COPIED)
# What every word says anew, and what only the first one does.
_UPDATED = (
    *("id", "customer_id", "agent_id", "team_id", "tags", "attributes", "told_at", "content_hash", "changed_at"),
    *_COPIED,
)
_LASTING = ("client_id", "source", "external_id", "received_at")

Kind = Literal["created", "updated", "unchanged", "outdated", "refused"]
Key = tuple[str, str]  # source, external id


class Outcome(NamedTuple):
    """What became of one incoming contact. A refused one has no id and says why; an outdated one changed nothing."""

    kind: Kind
    contact_id: int | None = None
    refusal: Finding | None = None
    notes: tuple[Finding, ...] = ()

    @property
    def message(self) -> str:
        return self.refusal.message if self.refusal else ""


class Admitted(NamedTuple):
    """An incoming contact that passed the gate."""

    key: Key
    incoming: Incoming
    notes: tuple[Finding, ...]
    hash: str


class _Known(NamedTuple):
    """What is stored of a contact, or would be after the words so far. `told_at`: the newest word that named a time."""

    pk: int | None
    hash: str
    told_at: dt.datetime | None


def receive(client: Client, incoming: Sequence[Incoming], at: dt.datetime) -> list[Outcome]:
    """Store a batch of at most `MOST` contacts of one client in one transaction; one outcome per contact, in order.

    The number of queries does not grow with the batch. A repeat within it is taken in order: the last content stays,
    unless it is older by its own account. Whatever was created or changed awaits its verdict.
    Batches of one client queue up behind its row, so of two that bring the same new contact at once one creates it and
    the other finds it. Without the queue they would lock each other out: PostgreSQL checks foreign keys at the commit.
    """
    if len(incoming) > MOST:
        raise ValueError(f"{len(incoming)} contacts in one batch; {MOST} are possible")
    return store(client, [judge(one) for one in incoming], at)


def judge(incoming: Incoming) -> Admitted | Outcome:
    """The contact as it may be stored, or its refusal. Asks no database."""
    try:
        admitted, notes = admit(incoming)
    except Refused as refused:
        return Outcome("refused", refusal=refused.finding)
    return Admitted((admitted.source, admitted.external_id), admitted, tuple(notes), content_hash(admitted))


def store(client: Client, judged: Sequence[Admitted | Outcome], at: dt.datetime) -> list[Outcome]:
    """The second half of `receive`."""
    admitted = [one for one in judged if isinstance(one, Admitted)]
    with transaction.atomic():
        # On SQLite this locks nothing, but there the transaction itself is the queue (BEGIN IMMEDIATE).
        Client.objects.select_for_update(no_key=True).values_list("pk").get(pk=client.pk)
        stored = iter(_store(client, admitted, at))
    return [next(stored) if isinstance(one, Admitted) else one for one in judged]


def _store(client: Client, batch: list[Admitted], at: dt.datetime) -> list[Outcome]:
    stored = _known(client, batch)
    so_far = dict(stored)
    kinds: list[Kind] = []
    latest: dict[Key, Admitted] = {}
    for one in batch:
        kinds.append(kind := _kind(one, so_far.get(one.key)))
        if kind in ("created", "updated"):
            pk, _hash, told_at = so_far.get(one.key, (None, "", None))
            so_far[one.key] = _Known(pk, one.hash, one.incoming.told_at or told_at)
            latest[one.key] = one
    fresh = {key: one for key, one in latest.items() if key not in stored or stored[key].hash != one.hash}
    ids = {key: known.pk for key, known in stored.items()} | _write(client, fresh, so_far, at)
    return [Outcome(kind, ids[one.key], None, one.notes) for kind, one in zip(kinds, batch, strict=True)]


def _kind(one: Admitted, known: _Known | None) -> Kind:
    if known is None:
        return "created"
    if known.hash == one.hash:
        return "unchanged"
    is_older = bool(one.incoming.told_at and known.told_at) and one.incoming.told_at < known.told_at
    return "outdated" if is_older else "updated"


def _known(client: Client, batch: list[Admitted]) -> dict[Key, _Known]:
    if not batch:
        return {}
    sources, external_ids = map(set, zip(*(one.key for one in batch), strict=True))
    rows = Contact.objects.filter(bulk.among("external_id", external_ids), client=client, source__in=sources)
    found = rows.order_by().values_list("source", "external_id", "pk", "content_hash", "told_at")
    return {(source, number): _Known(*known) for source, number, *known in found}


def _write(client: Client, fresh: dict[Key, Admitted], so_far: dict[Key, _Known], at: dt.datetime) -> dict[Key, int]:
    """Insert the new and overwrite the changed; their ids."""
    new = [key for key in fresh if so_far[key].pk is None]
    ids = {key: so_far[key].pk for key in fresh} | dict(zip(new, _reserved(len(new)), strict=True))
    rows = dict(zip(fresh, _rows(client, fresh, ids, so_far, at), strict=True))
    if new:
        bulk.insert(Contact, (*_UPDATED, *_LASTING), ((*rows.pop(key), client.pk, *key, at) for key in new))
        bulk.insert(Mark, ("contact_id", "client_id"), ((ids[key], client.pk) for key in new))
    if rows:
        bulk.update(Contact, _UPDATED, list(rows.values()))
        Contact.objects.filter(bulk.among("pk", [ids[key] for key in rows])).mark()
    return ids


def _reserved(count: int) -> list[int]:
    return bulk.reserve(Contact, count) if count else []


def _rows(
    client: Client, fresh: dict[Key, Admitted], ids: dict[Key, int], so_far: dict[Key, _Known], at: dt.datetime
) -> list[tuple]:
    """The values of `_UPDATED`, contact by contact."""
    batch = [one.incoming for one in fresh.values()]
    teams = parties.teams_of(client, batch)
    agents = parties.agents_of(client, batch, teams)
    rows = []
    for (key, one), customer_id in zip(fresh.items(), parties.customers_of(client, batch), strict=True):
        incoming = one.incoming
        agent = agents.get((incoming.agent_key, incoming.agent_name))
        # Telephone systems name no team: then it is the agent's own.
        team_id = teams.get(incoming.team) or (agent and agent.team_id)
        rows.append(
            (
                *(ids[key], customer_id, agent and agent.pk, team_id, list(incoming.tags), dict(incoming.attributes)),
                *(so_far[key].told_at, one.hash, at),
                *_copied_of(incoming),
            )
        )
    return rows
