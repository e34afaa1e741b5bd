"""A storm: invitations are due while pool children, workers and beats are killed at random and the broker forgets."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import redis
from django.conf import settings
from django.utils import timezone

from surveys import delivery, invitations
from surveys.models import OutgoingMessage
from tests import factories
from tests.chaos.sink import Sink
from tests.installation import Installation, wait_until

State = OutgoingMessage.State
ENDED = (State.ACCEPTED, State.FAILED, State.UNKNOWN, State.CANCELLED)
ALL_DAYS = [1, 2, 3, 4, 5, 6, 7]


def due_invitations(count: int, slug: str = "acme") -> None:
    """Mails of a new client that are due now, at any hour, through the planner."""
    client = factories.make_client(slug, slug.title())
    factories.make_campaign(client, quarantine_days=0, hour_from=0, hour_until=24, sending_days=ALL_DAYS)
    for _ in range(count):
        factories.make_contact(client, ended_at=timezone.now())
    planned = invitations.plan_contacts(timezone.now())
    assert planned == count, f"{planned} of {count} planned"


class Storm:
    """Two workers of two children each and two beats; each victim is replaced at once."""

    def __init__(self, installation: Installation, seed: int) -> None:
        self.installation, self.rng = installation, random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.workers = [installation.start_worker(concurrency=2) for _ in range(2)]
        self.beats = [installation.start_beat() for _ in range(2)]

    def strike(self) -> None:
        """kill -9: a pool child (its worker lives on), a whole worker, or a beat."""
        victim = self.rng.choice(["child", "child", "worker", "beat"])
        self.kills[victim] += 1
        if victim == "child":
            children = [pid for worker in self.workers for pid in children_of(worker)]
            if children:
                os.kill(self.rng.choice(children), signal.SIGKILL)
            return
        group, start = (
            (self.workers, lambda: self.installation.start_worker(concurrency=2))
            if victim == "worker"
            else (self.beats, self.installation.start_beat)
        )
        place = self.rng.randrange(2)
        self.installation.kill(group[place])
        group[place] = start()


def children_of(process: subprocess.Popen) -> list[int]:
    try:
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except OSError:  # just replaced
        return []
    return [int(pid) for pid in listed]


def run(folder: Path, seed: int, count: int, seconds: float) -> dict:
    """One storm of `seconds`, then calm until all is sent; what became of every invitation."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    sink = Sink(folder / "sink", seconds_per_mail=0.03)
    due_invitations(count)
    installation = Installation(folder, sink.port)
    began = time.time()
    try:
        storm = Storm(installation, seed)
        flush_at = began + seconds / 2
        while (now := time.time()) < began + seconds and waiting():
            time.sleep(storm.rng.uniform(0.5, 3))
            storm.strike()
            if flush_at and now > flush_at:
                broker.flushdb()
                flush_at = None
        wait_until(lambda: not waiting(), 300)
        time.sleep(3)  # what is in a living sender's hands now is recorded within that
    finally:
        installation.stop()
        sink.stop()
        broker.close()
    # What the dead held in their hands becomes unknown when their leases end; nobody needs to wait for that.
    delivery.sweep(timezone.now() + delivery.HAND_OVER_LEASE)
    return verdict(sink, count) | {
        "seed": seed,
        "kills": dict(storm.kills),
        "longest_silence_seconds": round(sink.longest_silence(began), 1),
        "seconds": round(time.time() - began),
    }


def waiting() -> bool:
    return OutgoingMessage.objects.filter(state__in=[State.PLANNED, State.CLAIMED, State.DEFERRED]).exists()


def is_unfinished() -> bool:
    return OutgoingMessage.objects.exclude(state__in=ENDED).exists()


def verdict(sink: Sink, count: int) -> dict:
    """Counts by state; lost: in no final state, or said accepted without the mail server having it."""
    states = Counter(OutgoingMessage.objects.values_list("state", flat=True))
    arrived = {line["to"] for line in sink.lines()}
    accepted = set(OutgoingMessage.objects.filter(state=State.ACCEPTED).values_list("to", flat=True))
    unknown = OutgoingMessage.objects.filter(state=State.UNKNOWN).values_list("key", "to")
    return {
        "planned": count,
        "states": dict(states),
        "lost": count - sum(states[state] for state in ENDED) + len(accepted - arrived),
        "duplicates": sink.doubles(),
        "unknown": {key: "arrived" if to in arrived else "did not arrive" for key, to in unknown},
    }
