"""What a channel is, and what every channel says of one hand-over, in the same words.

The sender asks a channel for these things, in this order, for each message that it has claimed:

    channel = sms.Channel()                     # one class `Channel` in each channel's module; no arguments
    letter = channel.compose(message, now)      # processor only: no network, no database, no clock but `now`
    channel.open()                              # nothing happens if it is open already
    channel.announce(letter)                    # … and the message is marked as handed over, and that is committed
    outcome = channel.hand_over(letter, meanwhile)
    channel.close()                             # at the end of the run
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from ..models import OutgoingMessage

State = OutgoingMessage.State


class Outcome(NamedTuple):
    """What became of one message: accepted, deferred (try later), failed (for good) or unknown (nobody said)."""

    state: State
    detail: str = ""  # the other side's own words, such as “550 5.1.1 no such user”
    provider_id: str = ""
    price: Decimal | None = None  # euros
    is_bad_address: bool = False  # failed because the recipient's address does not exist: it is suppressed


class Unreachable(Exception):
    """Nothing has been said to anybody yet: the claim is given back, and no try counts."""


class PutOff(Exception):
    """Not now: from `compose`. The claim is given back, the message stays planned until `until`, and no try counts."""

    def __init__(self, until: datetime, detail: str) -> None:
        super().__init__(detail)
        self.until = until


class Channel(Protocol):
    """One way out of the house. What `compose` returns is the channel's own business."""

    def compose(self, message: OutgoingMessage, now: datetime) -> Any:
        """What will be handed over. Related rows are loaded (client, invitation with campaign, contact, customer,
        version with questions). ValueError, or any other error: the message fails with that as its detail.
        PutOff: it waits.

        SMS alone also reads and writes here: its price is set aside from the client's daily budget, under a lock.
        """

    def open(self) -> None:
        """Connect, if there is anything to connect to. Unreachable: the batch ends, what was claimed is given back."""

    def announce(self, letter: Any) -> None:
        """May say who writes to whom, so that the other side thinks while we commit; nothing of the letter itself.

        Never raises: `hand_over` finds out.
        """

    def take_back(self) -> None:
        """What was announced must not come: the message could not be marked."""

    def hand_over(self, letter: Any, meanwhile: Callable[[], None]) -> Outcome:
        """Hand one letter over and wait for the answer, each wait at most EMAIL_TIMEOUT (30 s).

        Called after the message was marked handed over and that was committed, never inside a transaction. May call
        `meanwhile` once while it waits for the answer (the next letter is composed then); it never raises.
        Raises Unreachable only where the other side cannot have accepted anything; where it may have: unknown.
        """

    def close(self) -> None:
        """Say goodbye; never raises."""
