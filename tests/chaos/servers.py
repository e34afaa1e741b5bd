"""Servers that lie or go away: 4xx for a while, a connection dropped after the final dot, a broker that is gone."""

import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

from django.utils import timezone

from surveys.delivery import survey_mail
from surveys.models import OutgoingMessage, Response
from tests import factories
from tests.chaos.sink import Sink
from tests.chaos.storm import State, due_invitations, is_unfinished, verdict
from tests.installation import Installation, wait_until
from tests.sink import free_port

MOST_SECONDS = 600  # until everything must be over, once the server behaves again


def refuse_for_a_while(folder: Path, count: int, seconds: float) -> dict:
    """Every recipient is answered 451 for `seconds`; then the mail server takes all."""
    sink = Sink(folder / "sink", reply="451 4.3.0 try again later")
    due_invitations(count)
    installation = Installation(folder, sink.port)
    try:
        installation.start_worker()
        installation.start_beat()
        wait_until(lambda: sink.lines("refused"), 60)
        time.sleep(seconds)
        tries = max(OutgoingMessage.objects.values_list("attempts", flat=True))
        sink.order()
        # The doubling waits are minutes long; here only their end is of interest.
        OutgoingMessage.objects.filter(state=State.DEFERRED).update(due_at=timezone.now())
        wait_until(lambda: not is_unfinished(), MOST_SECONDS)
    finally:
        installation.stop()
        sink.stop()
    return verdict(sink, count) | {"refused": len(sink.lines("refused")), "most_tries_while_refused": tries}


def hang_up_after_the_final_dot(folder: Path, count: int, every: int) -> dict:
    """Each n-th mail is taken and never confirmed: it has arrived, and nobody can know. It must not be sent again."""
    sink = Sink(folder / "sink", hangs_up_every=every)
    due_invitations(count)
    installation = Installation(folder, sink.port)
    try:
        installation.start_worker()
        installation.start_beat()
        wait_until(lambda: not is_unfinished(), MOST_SECONDS)
    finally:
        installation.stop()
        sink.stop()
    return verdict(sink, count) | {"hung_up": sum(line["hung_up"] for line in sink.lines())}


def without_a_broker(folder: Path, count: int, seconds: float) -> dict:
    """Redis is stopped for `seconds` while customers answer; mail goes on within a minute of its return."""
    port = free_port()
    sink = Sink(folder / "sink", seconds_per_mail=0.02)
    due_invitations(count)
    installation = Installation(folder, sink.port)
    installation.variables["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
    broker = start_redis(port, folder)
    try:
        web = installation.start_web()
        installation.start_worker()
        installation.start_beat()
        wait_until(lambda: len(sink.lines()) > count // 10, 60)
        broker.kill()
        broker.wait(10)
        times = answer_for(seconds, web)
        broker, back = start_redis(port, folder), time.time()
        wait_until(lambda: not is_unfinished(), MOST_SECONDS)
    finally:
        broker.kill()
        installation.stop()
        sink.stop()
    after = [line["at"] - back for line in sink.lines() if line["at"] > back]
    return verdict(sink, count) | {
        "answers": len(times),
        "answers_stored": Response.objects.count(),
        "answer_p95_seconds": round(sorted(times)[int(len(times) * 0.95)], 3),
        "resumed_after_seconds": round(min(after), 1) if after else None,
    }


def answer_for(seconds: float, web: str) -> list[float]:
    """Customers post their answers, one after the other; how long each had to wait."""
    times, end = [], time.monotonic() + seconds
    client = factories.make_client("globex", "Globex")
    while time.monotonic() < end:
        invitation = factories.make_invitation(client, about_at=timezone.now())
        path = urllib.parse.urlsplit(survey_mail.answer_link(invitation)).path
        sheet = urllib.parse.urlencode(factories.typed_by_a_person(score="4", comment="Alles gut.")).encode()
        began = time.monotonic()
        with urllib.request.urlopen(web + path, data=sheet, timeout=10) as reply:
            assert reply.status == 200
        times.append(time.monotonic() - began)
        time.sleep(0.2)
    return times


def start_redis(port: int, folder: Path) -> subprocess.Popen:
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    wait_until(lambda: answers_ping(port), 10)
    return process


def answers_ping(port: int) -> bool:
    import redis

    with redis.Redis(port=port, socket_connect_timeout=1) as client:
        try:
            return client.ping()
        except redis.ConnectionError:
            return False
