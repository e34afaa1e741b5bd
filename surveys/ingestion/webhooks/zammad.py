"""Zammad: a webhook on a trigger, with Zammad's standard payload, signed with our token.

A ticket's tags are not part of that payload. A deleted ticket tells nobody; one that is merged says so by its state.
"""

from collections.abc import Mapping

from .mapping import Shape, channels, statuses

IS_SECRET_OURS = True
BODY = ""  # Zammad's own

_NOBODY = ("-", "")


def _of_ticket(payload: dict) -> dict:
    """Names are in two parts, the owner of a ticket that nobody owns is “-”, and who wrote first began it."""
    ticket = payload["ticket"] if isinstance(payload.get("ticket"), dict) else {}
    customer, owner = (ticket[who] if isinstance(ticket.get(who), dict) else {} for who in ("customer", "owner"))
    is_owned = str(owner.get("login", owner.get("firstname", ""))) not in _NOBODY and owner.get("id") != 1
    return {
        **ticket,
        "customer": {**customer, "name": _name(customer)},
        "owner": {"id": owner.get("id"), "name": _name(owner)} if is_owned else {},
        "direction": ticket.get("create_article_sender"),
    }


def _name(person: dict) -> str:
    parts = (person.get("firstname"), person.get("lastname"))
    return " ".join(str(part) for part in parts if part and part != "-")


SHAPES = (
    Shape(
        marker="ticket.id",
        fields={
            "external_id": "number|id",
            "status": "state",
            "started_at": "created_at",
            "ended_at": "last_close_at|close_at",
            "told_at": "updated_at",
            "subject": "title",
            "channel": "create_article_type",
            "direction": "direction",
            "tags": "tags",
            "team": "group",
            "agent_key": "owner.id",
            "agent_name": "owner.name",
            "customer_name": "customer.name",
            "email": "customer.email",
            "customer_phone": "customer.phone|customer.mobile",
        },
        statuses=statuses(
            solved="closed, geschlossen",
            open="new, open, pending reminder, pending close, neu, offen, warten auf erinnerung, warten auf schließen",
            discarded="merged, removed, zusammengefasst",
            spam="spam",
        ),
        channels=channels(
            email="email",
            phone="phone",
            web="web",
            chat="chat",
            messenger="sms, telegram personal-message, whatsapp message, facebook feed post",
            other="note, fax",
        ),
        outbound=frozenset({"agent"}),
        attributes={"priority": "priority", "organization": "organization"},
        flatten=_of_ticket,
    ),
)


def is_about_a_contact(payload: dict) -> bool:
    return True


def event_id(payload: dict, headers: Mapping[str, str]) -> str:
    return headers.get("X-Zammad-Delivery", "")
