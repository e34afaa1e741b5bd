"""Recorded deliveries of each helpdesk, with fictional people, and how each helpdesk proves that it sent one."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import uuid
from pathlib import Path

from surveys.models import Inlet

NOW = dt.datetime(2026, 11, 10, 9, 0, tzinfo=dt.UTC)
SECRET = "k0ffer-Wolke-17-Laterne"


def sample(name: str) -> dict:
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))


def make_inlet(client, kind: str, **fields) -> Inlet:
    return Inlet.objects.create(client=client, kind=kind, **{"name": kind, "secret": SECRET, **fields})


def proof(kind: str, body: bytes, secret: str = SECRET, at: dt.datetime = NOW) -> dict[str, str]:
    """The headers that the helpdesk itself would send with the body."""
    key = secret.encode()
    if kind == "zendesk":
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = base64.b64encode(hmac.digest(key, stamp.encode() + body, hashlib.sha256)).decode()
        return {"X-Zendesk-Webhook-Signature": signature, "X-Zendesk-Webhook-Signature-Timestamp": stamp}
    if kind == "zammad":
        signature = hmac.digest(key, body, hashlib.sha1).hex()
        return {"X-Hub-Signature": f"sha1={signature}", "X-Zammad-Delivery": str(uuid.uuid4())}
    return {"X-Inlet-Token": secret}


def deliver(client, inlet: Inlet, payload: object, **headers: str):
    """Post a payload (or raw bytes) as the inlet's helpdesk would."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return client.post(
        f"/in/{inlet.public_id}/", body, "application/json", headers={**proof(inlet.kind, body), **headers}
    )
