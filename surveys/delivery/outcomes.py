"""What every channel says of one hand-over, in the same words."""

from decimal import Decimal
from typing import NamedTuple

from ..models import OutgoingMessage

State = OutgoingMessage.State


class Outcome(NamedTuple):
    """What became of one message: accepted, deferred (try later), failed (for good) or unknown (nobody said)."""

    state: State
    detail: str = ""
    provider_id: str = ""
    price: Decimal | None = None  # euros


class Unreachable(Exception):
    """Nothing has been said to anybody yet: the claim is given back, and no try counts."""
