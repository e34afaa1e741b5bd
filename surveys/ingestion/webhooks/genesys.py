"""Genesys Cloud: a workflow that a trigger starts posts the body below; or EventBridge passes on the raw events.

Genesys Cloud signs nothing. A web services data action and an EventBridge destination both send a fixed header, which
carries the secret.

A raw event tells one facet: the queue how long the customer waited, the agent's leg how long they spoke, the
customer's leg that it is over. They come in any order and add up to one contact, in whatever order they come.
"""

import re
from collections.abc import Mapping

from .mapping import Shape, Values, channels, last_word, statuses

IS_SECRET_OURS = True

BODY = """{
  "conversation": {
    "id": "$!{input.conversationId}",
    "startedAt": "$!{input.startedAt}",
    "endedAt": "$!{input.endedAt}",
    "outcome": "$!{input.outcome}",
    "direction": "$!{input.direction}",
    "mediaType": "$!{input.mediaType}",
    "queue": "$!{esc.jsonString(${input.queueName})}",
    "wrapUp": "$!{esc.jsonString(${input.wrapUpName})}",
    "waitSeconds": "$!{input.waitSeconds}",
    "talkSeconds": "$!{input.talkSeconds}",
    "agentId": "$!{input.agentId}",
    "agentName": "$!{esc.jsonString(${input.agentName})}",
    "customerName": "$!{esc.jsonString(${input.customerName})}",
    "customerEmail": "$!{input.customerEmail}",
    "customerPhone": "$!{input.customerPhone}",
    "language": "$!{input.language}"
  }
}"""

_CHANNELS = channels(
    phone="voice, call, callback",
    email="email",
    chat="chat, webchat, webmessaging, webmessage",
    messenger="message, sms, whatsapp, facebook, line, open, instagram, apple",
    other="cobrowse, screenshare, social_expression, video, unknown",
)
_TOPIC = re.compile(r"v2\.detail\.events\.conversation\.[^.]+\.(customer\.end|user\.end|acd\.end)")


def _of_conversation(payload: dict) -> dict:
    conversation = payload["conversation"] if isinstance(payload.get("conversation"), dict) else {}
    phone = str(conversation.get("customerPhone") or "").removeprefix("tel:")
    return {**conversation, "customerPhone": phone, "outcome": conversation.get("outcome") or "ended"}


def _event(payload: dict) -> dict:
    """The event itself: bare, as a notification (eventBody), or in EventBridge's envelope (detail)."""
    inner = payload["detail"] if isinstance(payload.get("detail"), dict) else payload
    return inner["eventBody"] if isinstance(inner.get("eventBody"), dict) else inner


def _topic(payload: dict) -> str:
    inner = payload["detail"] if isinstance(payload.get("detail"), dict) else payload
    if told := inner.get("topicName") or payload.get("detail-type"):
        found = _TOPIC.fullmatch(str(told))
        return found[1] if found else ""
    event = _event(payload)
    return "acd.end" if "acdOutcome" in event else "user.end" if "userId" in event else "customer.end"


def _of_event(payload: dict) -> dict:
    """One facet as plain values: what each kind of leg can say for sure, and nothing else."""
    event, topic = _event(payload), _topic(payload)
    ended = event.get("eventTime")
    lasted = event.get("connectedDurationMs" if topic == "acd.end" else "interactingDurationMs")
    lasted = lasted if isinstance(lasted, int) and not isinstance(lasted, bool) else None
    is_media = event.get("mediaType") == "MESSAGE"
    flat = {
        "id": event.get("conversationId"),
        "told": ended,
        "began": ended - lasted if isinstance(ended, int) and lasted is not None else ended,
        "media": event.get("messageType") or "message" if is_media else event.get("mediaType"),
        "direction": event.get("direction"),
        "queue_id": event.get("queueId"),
        "topic": topic,
    }
    if topic == "customer.end":
        email = event.get("addressFrom") if event.get("mediaType") == "EMAIL" else ""
        phone = event.get("ani") if event.get("direction") == "INBOUND" else event.get("dnis")
        phone = str(phone).removeprefix("tel:") if str(phone).startswith("tel:") else ""
        flat |= {"email": email, "phone": phone, "subject": event.get("subject"), "end": ended}
    seconds = None if lasted is None else lasted / 1000
    if topic == "user.end":
        flat |= {"agent": event.get("userId"), "talk": seconds}
    if topic == "acd.end":
        flat |= {"wait": seconds, "is_abandoned": event.get("acdOutcome") == "ABANDON"}
    return flat


def _add_facet(known: Values, said: Values) -> Values:
    """Facets add up to the same in any order. Of two agents the one of the newer event is named: an accepted loss where
    a third event came between them, since a contact remembers only its newest."""
    is_newer = not known.get("told_at") or said["told_at"] >= known["told_at"]
    both = last_word(known, said) if is_newer else last_word(said, known)
    agents = {one["agent_key"] for one in (known, said) if one.get("agent_key")}
    both["is_transferred"] = known.get("is_transferred", False) or len(agents) > 1
    for name, choose in (("started_at", min), ("ended_at", max), ("told_at", max), ("wait_seconds", max)):
        if told := [one[name] for one in (known, said) if one.get(name) is not None]:
            both[name] = choose(told)
    return {**both, "state": _state(both)}


def _state(values: Values) -> str:
    """Over once the customer has left; without an agent, and given up in the queue, it was no conversation."""
    if values["attributes"].get("is_abandoned") and not values.get("agent_key"):
        return "discarded"
    return "finished" if values.get("ended_at") else "open"


SHAPES = (
    Shape(
        marker="conversation.id",
        fields={
            "external_id": "id",
            "status": "outcome",
            "started_at": "startedAt",
            "ended_at": "endedAt",
            "told_at": "endedAt",
            "channel": "mediaType",
            "direction": "direction",
            "team": "queue",
            "reason": "wrapUp",
            "wait_seconds": "waitSeconds",
            "talk_seconds": "talkSeconds",
            "agent_key": "agentId",
            "agent_name": "agentName",
            "customer_name": "customerName",
            "email": "customerEmail",
            "customer_phone": "customerPhone",
            "language": "language",
        },
        statuses=statuses(
            finished="ended, answered, finished, transfer, client, peer, endpoint",
            open="active, alerting, reopened",
            discarded="abandon, abandoned, no_answer, deleted",
        ),
        channels=_CHANNELS,
        outbound=frozenset({"outbound"}),
        bag="attributes",
        flatten=_of_conversation,
    ),
    *(
        Shape(
            marker=marker,
            fields={
                "external_id": "id",
                "told_at": "told",
                "started_at": "began",
                "ended_at": "end",
                "channel": "media",
                "direction": "direction",
                "wait_seconds": "wait",
                "talk_seconds": "talk",
                "agent_key": "agent",
                "email": "email",
                "customer_phone": "phone",
                "subject": "subject",
            },
            channels=_CHANNELS,
            outbound=frozenset({"outbound"}),
            attributes={"queue_id": "queue_id", "is_abandoned": "is_abandoned"},
            flatten=_of_event,
            combine=_add_facet,
            has_status=False,
        )
        for marker in ("detail.eventBody.conversationId", "eventBody.conversationId", "conversationId")
    ),
)


def is_about_a_contact(payload: dict) -> bool:
    """Of the raw events, those that end a leg; the others say nothing that is not said by then."""
    return "conversation" in payload or bool(_topic(payload))


def event_id(payload: dict, headers: Mapping[str, str]) -> str:
    """Of EventBridge's envelope its id, which a repeated delivery keeps."""
    return str(payload.get("id") or "") if "detail-type" in payload else ""
