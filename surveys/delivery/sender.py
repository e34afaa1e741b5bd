"""One run of sending: rounds over the clients that have something due, a slice for each, staff before everybody.

The run's clock starts at the moment it is given and counts on (`clock`). Each medium has one channel, opened when it is
first needed and kept over slices and clients. A channel that cannot be reached is left alone for a growing while.
"""

import datetime as dt
import logging
import random
from collections import Counter, deque
from typing import Any

from django.utils.module_loading import import_string

from .. import suppressions
from ..models import Client, Medium, OutgoingMessage, Suppression, SurveyVersion
from . import claims
from .claims import LEASE, LONGEST_SLICE, State
from .clock import running_from
from .outcomes import Channel, Outcome, PutOff, Unreachable
from .pauses import Watch

log = logging.getLogger(__name__)

CHANNELS = {Medium.MAIL: "surveys.delivery.mailing.Channel", Medium.SMS: "surveys.delivery.sms.Channel"}
STAFF_EVERY = dt.timedelta(seconds=2)  # a case alert waits for no round of many clients
FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(seconds=10), dt.timedelta(seconds=60)


class Patience:
    """How long a medium that could not be reached is left alone: 10 s, doubled up to a minute, until it answers.

    Known to this process only: others find out by themselves, and none of it outlives a restart.
    """

    def __init__(self) -> None:
        self._until: dict[str, dt.datetime] = {}
        self._pause: dict[str, dt.timedelta] = {}

    def lost(self, medium: str, now: dt.datetime) -> None:
        self._pause[medium] = min(self._pause.get(medium, FIRST_PAUSE / 2) * 2, LONGEST_PAUSE)
        self._until[medium] = now + self._pause[medium] * random.uniform(0.8, 1)

    def answered(self, medium: str) -> None:
        self._until.pop(medium, None)
        self._pause.pop(medium, None)

    def left_alone(self, now: dt.datetime) -> set[str]:
        """Whatever the clock of this call says: never for longer than the longest pause."""
        return {medium for medium, until in self._until.items() if now < until <= now + LONGEST_PAUSE}

    def forget(self) -> None:
        self.__init__()


patience = Patience()
Letters = dict[int, Any]  # by message: what its channel composed, or the error that this ended in


class Run:
    """Sends what is due; every message goes through `_turn`."""

    def __init__(self, at: dt.datetime, seconds: float) -> None:
        self.now = running_from(at)
        self.ends_at = at + dt.timedelta(seconds=seconds)
        self.away = patience.left_alone(at)
        self.staff_at = at  # when to look at staff, and at who has something due, again
        self.slices: Counter[int] = Counter()  # how many each client had
        self.finished: set[int] = set()  # clients with nothing more that can leave now
        self.versions: dict[int, SurveyVersion] = {}
        self.channels: dict[str, Channel] = {}
        self.watch = Watch(at)
        self.handed_over = 0
        self._accepted: tuple[OutgoingMessage, Outcome] | None = None  # not recorded yet: goes with the next hand-over

    def send(self) -> int:
        try:
            while self._is_on and (clients := self._clients()):
                while clients and self.now() < self.staff_at:
                    clients = [client for client in clients if self._has_more(client)]
            return self.handed_over
        finally:
            self._record_accepted()
            for channel in self.channels.values():
                channel.close()

    @property
    def _is_on(self) -> bool:
        return self.now() < self.ends_at

    def _clients(self) -> list[Client]:
        """Whose turn it is, after what was due to staff."""
        is_last = False
        while self._is_on and not is_last:
            claim = claims.take_for_staff(self.now(), self.away)
            self._work(claim)
            is_last = claim.is_last
        self.staff_at = self.now() + STAFF_EVERY
        clients = [client for client in claims.clients_with_due(self.now()) if client.pk not in self.finished]
        random.shuffle(clients)  # so that no client is the last one in every run
        return sorted(clients, key=lambda client: self.slices[client.pk])

    def _has_more(self, client: Client) -> bool:
        """Its slice, if the run is still on; whether another one may follow in the next round."""
        if not self._is_on:
            return False
        if self.now() >= self.staff_at:
            return True
        self.slices[client.pk] += 1
        claim = claims.take(client, self.now(), self.away, self.versions)
        self._work(claim)
        if claim.is_last:
            self.finished.add(client.pk)
        return not claim.is_last

    def _work(self, claim: claims.Claim) -> None:
        """Send a claimed slice in its order; what does not get its turn is given back."""
        waiting, unsent = deque(claim.messages), []
        letters: Letters = {}
        while waiting:
            message, now = waiting[0], self.now()
            if now > message.lease_until - LEASE / 2:
                claims.renew(list(waiting), now)
            waiting.popleft()
            is_its_turn = message.medium not in self.away and now <= claim.claimed_at + LONGEST_SLICE
            if not (is_its_turn and self._turn(message, waiting[0] if waiting else None, letters)):
                unsent.append(message)
        self._record_accepted()
        if unsent:
            claims.give_back(unsent, claim.claimed_at)
        self.watch.pause_where_needed(self.now())

    def _turn(self, message: OutgoingMessage, following: OutgoingMessage | None, letters: Letters) -> bool:
        """One message: composed (if the one before it left no time for that), marked, handed over, recorded.

        False if nobody could be reached who would take it.
        """
        self._compose(message, letters)
        letter = letters.pop(message.pk)
        if isinstance(letter, Exception):
            self._not_composed(message, letter)
            return True
        channel = self._channel(message.medium)
        try:
            channel.open()
            channel.announce(letter)
            if not self._mark(message):
                channel.take_back()
                return True
            outcome = channel.hand_over(letter, lambda: self._compose(following, letters))
        except Unreachable as error:
            log.warning("nothing can be sent by %s: %s", message.medium, error)
            self.away.add(message.medium)
            patience.lost(message.medium, self.now())
            return False
        patience.answered(message.medium)
        self.handed_over += 1
        self._record(message, outcome)
        return True

    def _mark(self, message: OutgoingMessage) -> bool:
        """Handed over from here on, and that is committed before the first byte leaves. False if it must not leave."""
        is_marked = claims.hand_over(message, self._accepted, self.now())
        self._accepted = None
        if not is_marked:
            claims.judge_again(message, self.now())
        return is_marked

    def _record(self, message: OutgoingMessage, outcome: Outcome) -> None:
        """Plain acceptance waits for the next hand-over, whose commit it shares; everything else is written at once."""
        if outcome.state == State.ACCEPTED and outcome.price is None:
            self._accepted = message, outcome
        else:
            claims.settle(message, outcome, self.now())
        if outcome.is_bad_address and message.is_to_customer:
            reason = Suppression.Reason.HARD_BOUNCE
            suppressions.suppress(message.client, [message.to], reason, self.now(), detail=outcome.detail)
        self.watch.note(message, outcome)

    def _record_accepted(self) -> None:
        if self._accepted:
            message, outcome = self._accepted
            self._accepted = None
            claims.settle(message, outcome, self.now())

    def _compose(self, message: OutgoingMessage | None, letters: Letters) -> None:
        """The letter, or the error that it ended in: one that cannot be composed must not stop those behind it."""
        if message is None or message.pk in letters:
            return
        try:
            letters[message.pk] = self._channel(message.medium).compose(message, self.now())
        except Exception as error:
            letters[message.pk] = error

    def _not_composed(self, message: OutgoingMessage, error: Exception) -> None:
        if isinstance(error, PutOff):
            claims.put_off(message, error.until, str(error))
            return
        log.error("message %s cannot be composed", message.key, exc_info=error)
        outcome = Outcome(State.FAILED, str(error) or type(error).__name__)
        claims.settle(message, outcome, self.now(), before=State.CLAIMED)
        self.watch.note(message, outcome)

    def _channel(self, medium: str) -> Channel:
        if medium not in self.channels:
            self.channels[medium] = import_string(CHANNELS[Medium(medium)])()
        return self.channels[medium]
