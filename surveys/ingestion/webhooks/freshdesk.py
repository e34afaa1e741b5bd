"""Freshdesk: automation rules that call a webhook, with its simple content or with the body below.

Such a rule cannot sign, and names neither an event's number nor, unless the body is given them, any times: of two
different events that are on their way at once, the one received last counts.
"""

from collections.abc import Mapping

from .mapping import Shape, channels, statuses

IS_SECRET_OURS = True

BODY = """{
  "freshdesk_webhook": {
    "ticket_id": "{{ticket.id}}",
    "ticket_status": "{{ticket.status}}",
    "ticket_subject": "{{ticket.subject}}",
    "ticket_source": "{{ticket.source}}",
    "ticket_tags": "{{ticket.tags}}",
    "ticket_priority": "{{ticket.priority}}",
    "ticket_type": "{{ticket.ticket_type}}",
    "ticket_group_name": "{{ticket.group.name}}",
    "ticket_agent_name": "{{ticket.agent.name}}",
    "ticket_agent_email": "{{ticket.agent.email}}",
    "ticket_contact_name": "{{ticket.requester.name}}",
    "ticket_contact_email": "{{ticket.requester.email}}",
    "ticket_contact_phone": "{{ticket.requester.phone}}",
    "custom_fields": {}
  }
}"""

SHAPES = (
    Shape(
        marker="freshdesk_webhook.ticket_id",
        fields={
            "external_id": "freshdesk_webhook.ticket_id",
            "status": "freshdesk_webhook.ticket_status",
            "started_at": "freshdesk_webhook.ticket_created_at",
            "told_at": "freshdesk_webhook.ticket_updated_at",
            "subject": "freshdesk_webhook.ticket_subject",
            "channel": "freshdesk_webhook.ticket_source",
            "direction": "freshdesk_webhook.ticket_source",
            "reason": "freshdesk_webhook.ticket_type|freshdesk_webhook.ticket_ticket_type",
            "tags": "freshdesk_webhook.ticket_tags",
            "team": "freshdesk_webhook.ticket_group_name",
            "agent_key": "freshdesk_webhook.ticket_agent_email",
            "agent_name": "freshdesk_webhook.ticket_agent_name",
            "customer_name": "freshdesk_webhook.ticket_contact_name",
            "email": "freshdesk_webhook.ticket_contact_email",
            "customer_phone": "freshdesk_webhook.ticket_contact_phone",
        },
        statuses=statuses(
            solved="resolved, closed, gelöst, geschlossen",
            open="open, reopened, pending, waiting on customer, waiting on third party, offen, wieder geöffnet, "
            "ausstehend, warten auf kunden, warten auf drittanbieter",
            discarded="deleted, merged, gelöscht, zusammengeführt",
            spam="spam",
        ),
        channels=channels(
            email="email, e-mail, outbound email, ausgehende e-mail",
            web="portal, feedback widget, feedback-widget, web form",
            phone="phone, telefon, outbound phone",
            chat="chat, mobihelp",
            messenger="whatsapp, facebook, twitter",
            other="forum, ecommerce, bot, api",
        ),
        outbound=frozenset({"outbound email", "ausgehende e-mail", "outbound phone"}),
        attributes={"priority": "freshdesk_webhook.ticket_priority"},
        bag="freshdesk_webhook.custom_fields",
    ),
)


def is_about_a_contact(payload: dict) -> bool:
    return True


def event_id(payload: dict, headers: Mapping[str, str]) -> str:
    return ""
