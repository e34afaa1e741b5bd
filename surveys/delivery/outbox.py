"""What the house itself has to say: messages to staff and clients, put into the queue that all mail leaves from."""

import datetime as dt

from ..models import Client, OutgoingMessage


def queue(
    *,
    client: Client,
    key: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    due_at: dt.datetime,
    images: dict[str, str] | None = None,
) -> OutgoingMessage:
    """A message to staff or client, once per `key`. `images`: content id → PNG in base64."""
    content = {"to": to, "subject": subject, "text": text, "html": html, "images": images or {}, "due_at": due_at}
    return OutgoingMessage.objects.get_or_create(key=key, defaults={"client": client, **content})[0]
