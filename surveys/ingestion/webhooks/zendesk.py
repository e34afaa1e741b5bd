"""Zendesk: a webhook called by a trigger, with the body below, and a webhook that subscribes to ticket events.

Zendesk's own events name people by number only, so they alone would reach nobody: the trigger tells of the customer,
the events of what no trigger sees (deleted, spam, merged). Both may lead to the same inlet.
"""

from collections.abc import Mapping

from .mapping import Shape, channels, statuses

IS_SECRET_OURS = False  # Zendesk makes the signing secret; it is pasted here

BODY = """{
  "ticket": {
    "id": "{{ticket.id}}",
    "status": "{{ticket.status}}",
    "created_at": "{{ticket.created_at_with_timestamp}}",
    "updated_at": "{{ticket.updated_at_with_timestamp}}",
    "subject": "{{ticket.title}}",
    "via": "{{ticket.via}}",
    "tags": "{{ticket.tags}}",
    "priority": "{{ticket.priority}}",
    "type": "{{ticket.ticket_type}}",
    "group": "{{ticket.group.name}}",
    "assignee": {
      "id": "{{ticket.assignee.id}}",
      "name": "{{ticket.assignee.name}}"
    },
    "requester": {
      "name": "{{ticket.requester.name}}",
      "email": "{{ticket.requester.email}}",
      "phone": "{{ticket.requester.phone}}",
      "language": "{{ticket.requester.language}}"
    },
    "custom_fields": {}
  }
}"""

_STATUSES = statuses(
    solved="solved, closed, archived, gelöst, geschlossen",
    open="new, open, pending, hold, on-hold, neu, offen, wartend, angehalten",
    discarded="deleted, scrubbed, soft_deleted, permanently_deleted, merged, gelöscht",
    spam="marked_as_spam",
)
_CHANNELS = channels(
    email="email, e-mail, mail",
    web="web, web form, webformular, web_widget, web widget, help_center, help center",
    chat="chat, live chat, native_messaging, messaging",
    messenger="whatsapp, facebook, instagram_dm, line, telegram, sms, sunshine_conversations_api",
    phone="voice, phone, voicemail, phone call (inbound), phone call (incoming), phone call (outbound), "
    "phone call (outgoing)",
    other="api, web service, closed_ticket, closed ticket, rule, system",
)
_OUTBOUND = frozenset({"phone call (outbound)", "phone call (outgoing)"})
_ENDINGS = ("soft_deleted", "permanently_deleted", "marked_as_spam", "merged")


def _of_event(payload: dict) -> dict:
    """What ended a ticket stands in the type of the event, not in the status that the ticket had by then."""
    ending = str(payload.get("type")).rpartition(".")[2]
    detail = payload["detail"] if isinstance(payload.get("detail"), dict) else {}
    return {**payload, "status": ending if ending in _ENDINGS else detail.get("status")}


SHAPES = (
    Shape(
        marker="ticket.id",
        fields={
            "external_id": "ticket.id",
            "status": "ticket.status",
            "started_at": "ticket.created_at",
            "told_at": "ticket.updated_at",
            "subject": "ticket.subject",
            "channel": "ticket.via",
            "direction": "ticket.via",
            "tags": "ticket.tags",
            "team": "ticket.group",
            "agent_key": "ticket.assignee.id",
            "agent_name": "ticket.assignee.name",
            "customer_name": "ticket.requester.name",
            "email": "ticket.requester.email",
            "customer_phone": "ticket.requester.phone",
            "language": "ticket.requester.language|ticket.requester.locale",
            "customer_time_zone": "ticket.requester.time_zone",
        },
        statuses=_STATUSES,
        channels=_CHANNELS,
        outbound=_OUTBOUND,
        attributes={"priority": "ticket.priority", "type": "ticket.type"},
        bag="ticket.custom_fields",
    ),
    Shape(
        marker="detail.id",
        fields={
            "external_id": "detail.id",
            "status": "status",
            "started_at": "detail.created_at",
            "told_at": "time|detail.updated_at",
            "subject": "detail.subject",
            "channel": "detail.via.channel",
            "tags": "detail.tags",
            "agent_key": "detail.assignee_id",
        },
        statuses=_STATUSES,
        channels=_CHANNELS,
        attributes={"priority": "detail.priority", "type": "detail.type"},
        flatten=_of_event,
    ),
)


def is_about_a_contact(payload: dict) -> bool:
    """Events about users and organisations share the form of those about tickets."""
    return "detail" not in payload or str(payload.get("type")).startswith("zen:event-type:ticket.")


def event_id(payload: dict, headers: Mapping[str, str]) -> str:
    """Of an event its own id, of a trigger's call the number of the invocation: a retry bears the same."""
    own = payload.get("id") if "detail" in payload else ""
    return str(own or headers.get("X-Zendesk-Webhook-Invocation-Id", ""))
