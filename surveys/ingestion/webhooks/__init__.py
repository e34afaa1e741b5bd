"""One event of a helpdesk in, exactly once: proven, kept, and made into a contact.

The event's row and what it does to the contact are one transaction, behind the lock on the client's row: a crash loses
both or neither, and of a hundred equal deliveries one does it. What cannot be mapped is kept with its reason and can
be tried again after the mapping was mended. What an event does not say of a contact stays as it was.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from surveys.models import Client, Contact, Inlet, InletEvent

from .. import receive
from ..incoming import UNSTORABLE, Finding, Incoming, Refused
from . import freshdesk, genesys, overrides, zammad, zendesk
from .mapping import Shape, Values, at_path, read
from .payloads import parse

MOST_BYTES = 1_000_000
KEPT = dt.timedelta(days=30)  # how long a payload stays: it names people
HELPDESKS: dict[str, ModuleType] = {
    Inlet.Kind.ZENDESK: zendesk,
    Inlet.Kind.FRESHDESK: freshdesk,
    Inlet.Kind.ZAMMAD: zammad,
    Inlet.Kind.GENESYS: genesys,
}
Outcome = InletEvent.Outcome
_COPIED = (
    *("state", "started_at", "ended_at", "told_at", "email", "channel", "reason", "subject", "language", "is_solved"),
    *("wait_seconds", "talk_seconds", "reopened_count", "is_transferred", "is_goodwill", "is_agent_initiated"),
    *("is_spam", "is_test", "has_consent", "attributes"),
)


@dataclass(frozen=True)
class Taken:
    """What became of one delivery. `event` is None where nothing new was kept."""

    outcome: Outcome
    detail: str
    event: InletEvent | None = None
    is_known: bool = False  # an event that was here before: nothing is changed
    is_readable: bool = True


@dataclass(frozen=True)
class _Verdict:
    outcome: Outcome
    detail: str
    contact_id: int | None = None


@transaction.atomic
def take(inlet: Inlet, body: bytes, headers: Mapping[str, str], at: dt.datetime) -> Taken:
    """Take one proven delivery, in one transaction. Nothing is raised for what the sender may get wrong."""
    Client.objects.select_for_update(no_key=True).values_list("pk").get(pk=inlet.client_id)
    with translation.override(inlet.client.language):  # whoever looks at it later reads the client's language
        payload, flaw = parse(body)
        event_id = _event_id(inlet, payload, body, headers)
        if known := InletEvent.objects.filter(inlet=inlet, event_id=event_id).first():
            return Taken(Outcome(known.outcome), known.detail, is_known=True)
        verdict = _Verdict(Outcome.REFUSED, flaw) if flaw else _judge(inlet, payload, at)
        event = InletEvent.objects.create(
            inlet=inlet,
            event_id=event_id,
            received_at=at,
            payload=payload,
            outcome=verdict.outcome,
            detail=verdict.detail[:250],
            contact_id=verdict.contact_id,
        )
    return Taken(verdict.outcome, verdict.detail, event, is_readable=not flaw)


@transaction.atomic
def try_again(event: InletEvent, at: dt.datetime) -> InletEvent:
    """Map a refused event once more, after its mapping was mended. ValueError if it is not refused, or emptied."""
    client = event.inlet.client
    Client.objects.select_for_update(no_key=True).values_list("pk").get(pk=client.pk)
    event.refresh_from_db()
    if not is_open_again(event):
        raise ValueError(f"event {event.pk} cannot be tried again")
    with translation.override(client.language):
        verdict = _judge(event.inlet, event.payload, event.received_at, at)
    event.outcome, event.detail, event.contact_id = verdict.outcome, verdict.detail[:250], verdict.contact_id
    event.save(update_fields=["outcome", "detail", "contact"])
    return event


def is_open_again(event: InletEvent) -> bool:
    """Whether trying again makes sense: refused, and its payload is still here and could be read."""
    return event.outcome == Outcome.REFUSED and isinstance(event.payload, dict) and bool(event.payload)


def forget_payloads(at: dt.datetime) -> int:
    """Empty payloads older than `KEPT`; the events stay, and with them what became of each. The number emptied."""
    return InletEvent.objects.filter(received_at__lt=at - KEPT).exclude(payload={}).update(payload={})


# --- Knowing again ----------------------------------------------------------------------------------------------------


def _event_id(inlet: Inlet, payload: object, body: bytes, headers: Mapping[str, str]) -> str:
    """The source's number of the event, else a hash of the body.

    A body without a number may come again and be news: solved, reopened, solved. It is the same event only as long as
    its contact has not heard another one since; else it is counted on.
    """
    helpdesk = HELPDESKS[inlet.kind]
    stated = helpdesk.event_id(payload, headers) if isinstance(payload, dict) else ""
    digest = hashlib.sha256(stated.encode("utf-8", "replace") or body).hexdigest()
    if stated:
        return stated if len(stated) <= 100 and stated.isascii() and stated.isprintable() else digest
    same = InletEvent.objects.filter(inlet=inlet, event_id__startswith=digest).order_by("-pk").first()
    if same is None:
        return digest
    is_last_word = not InletEvent.objects.filter(inlet=inlet, contact=same.contact_id, pk__gt=same.pk).exists()
    if same.contact_id is None or is_last_word:
        return same.event_id
    return f"{digest}-{InletEvent.objects.filter(inlet=inlet, event_id__startswith=digest).count()}"


def _shape(inlet: Inlet, payload: object) -> Shape | None:
    helpdesk = HELPDESKS[inlet.kind]
    if not isinstance(payload, dict) or not helpdesk.is_about_a_contact(payload):
        return None
    return next((shape for shape in helpdesk.SHAPES if at_path(payload, shape.marker) not in (None, "")), None)


# --- Judging ----------------------------------------------------------------------------------------------------------


def _judge(inlet: Inlet, payload: dict, heard_at: dt.datetime, at: dt.datetime | None = None) -> _Verdict:
    """What an event does: a contact stored, nothing because it comes too late or is about something else, or refused.

    `heard_at` stands in for times that the source does not tell; `at` is now, where that is another moment.
    """
    shape = _shape(inlet, payload)
    if shape is None:
        return _Verdict(Outcome.IGNORED, _("It is not about a contact, or not in a form that is known here."))
    try:
        overrides.validate(inlet.mapping)
        said, notes = read(shape, payload, inlet.mapping, inlet.client.zone)
        contact = _contact(inlet, said)
        incoming = _incoming(inlet, shape, said, _known(contact), heard_at)
    except ValidationError as error:
        return _Verdict(Outcome.REFUSED, _("The mapping is wrong: %(errors)s") % {"errors": " ".join(error.messages)})
    except Refused as refused:
        return _Verdict(Outcome.REFUSED, _words(refused.finding))
    outcome = receive(inlet.client, [incoming], at or heard_at)[0]
    if outcome.refusal:
        return _Verdict(Outcome.REFUSED, _words(outcome.refusal))
    if outcome.kind == "outdated":
        return _Verdict(Outcome.TOO_LATE, _("A newer event is here already; nothing was changed."), outcome.contact_id)
    remarks = " ".join(_words(note) for note in (*notes, *outcome.notes))
    return _Verdict(Outcome.TAKEN, remarks, outcome.contact_id)


def _words(finding: Finding) -> str:
    return f"{finding.field}: {finding.message}"


def _contact(inlet: Inlet, said: Values) -> Contact | None:
    external_id = str(said.get("external_id", "")).strip()
    if not external_id or UNSTORABLE.search(external_id):
        return None
    known = Contact.objects.filter(client=inlet.client_id, source=inlet.name, external_id=external_id)
    return known.select_related("customer", "agent", "team").first()


def _known(contact: Contact | None) -> Values:
    """What is known so far, in the words of an event; the empty and the default left out, so that anything beats it."""
    if contact is None:
        return {}
    known = {name: getattr(contact, name) for name in _COPIED} | {"tags": tuple(contact.tags)}
    if customer := contact.customer:
        names = {"number": "number", "name": "name", "phone": "phone", "segment": "segment", "time_zone": "time_zone"}
        known |= {f"customer_{ours}": getattr(customer, theirs) for ours, theirs in names.items()}
    if agent := contact.agent:
        known |= {"agent_key": agent.key, "agent_name": agent.name}
    if contact.team:
        known["team"] = contact.team.name
    can_be_false = ("has_consent", "is_solved")
    known = {name: value for name, value in known.items() if value not in (None, "") and value is not False}
    known |= {name: False for name in can_be_false if getattr(contact, name) is False}
    return {name: value for name, value in known.items() if (name, value) != ("channel", Contact.Channel.OTHER)}


def _incoming(inlet: Inlet, shape: Shape, said: Values, known: Values, heard_at: dt.datetime) -> Incoming:
    if not shape.has_status:
        said.setdefault("told_at", heard_at)
    values = shape.combine(known, said)
    values.setdefault("started_at", said.get("told_at", heard_at))
    was_finished = known.get("state") == Contact.State.FINISHED
    if values["state"] == Contact.State.OPEN:
        values.pop("ended_at", None)
        values["reopened_count"] = said.get("reopened_count", known.get("reopened_count", 0) + was_finished)
    elif values["state"] == Contact.State.FINISHED and not values.get("ended_at"):
        # A ticket is closed for good days after it was solved: its end stays the moment when it was first said.
        values["ended_at"] = max(said.get("told_at", heard_at), values["started_at"])
    values.setdefault("external_id", "")
    return Incoming(source=inlet.name, **values)
