"""How long a small client waits in a backlog: `python -m tests.benchmarks.backlog` prints JSON. Needs DATABASE_URL.

After an outage 50,000 mails are due for 50 clients; one of them has 40,000, and they have waited longest. The house
sends 12,000 a minute (MAILS_PER_MINUTE), 200 a second, to a mail server in a process of its own. Measured: the delay of
each client's mails from the first run on, the growth of the sending process, what was drained. For comparison, the
delay that oldest-first order would give the same clients at the same rate, worked out from the rows and the rate alone.
"""

import json
import os
import time
from collections import defaultdict
from pathlib import Path

from tests.benchmarks import own_database
from tests.benchmarks.mails import plan, start_sink

RATE = 12_000  # mails a minute
BIG, SMALL_CLIENTS, SMALL = 40_000, 49, 204  # and four mails more for one of them
RHYTHM = 15  # seconds between two runs, as in the schedule


def resident_mb() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def drain() -> tuple[float, list[float]]:
    """Run after run in the rhythm of the schedule, until nothing is due; seconds, and megabytes after each run."""
    from surveys import delivery
    from surveys.delivery import clock
    from surveys.models import OutgoingMessage

    began, megabytes, run = time.monotonic(), [], 0
    while OutgoingMessage.objects.filter(state__in=["planned", "deferred"]).exists():
        time.sleep(max(0.0, began + run * RHYTHM - time.monotonic()))
        delivery.send_due(clock.now())
        megabytes.append(resident_mb())
        run = max(run + 1, int((time.monotonic() - began) // RHYTHM))
    return time.monotonic() - began, megabytes


def measure() -> tuple[dict, dict, int, float, list[float]]:
    """Delays of each client's mails, those of a queue that took the oldest first, how many left, in which time."""
    from surveys.delivery import clock
    from surveys.models import OutgoingMessage

    plan(BIG, clock.now())
    plan(SMALL, clock.now(), clients=SMALL_CLIENTS - 1)
    plan(SMALL + 4, clock.now())
    began = clock.now()
    seconds, megabytes = drain()
    rows = OutgoingMessage.objects.order_by("due_at", "pk").values_list("client", "handed_over_at", "state")
    delays, oldest_first, drained = defaultdict(list), defaultdict(list), 0
    for place, (client, at, state) in enumerate(rows):
        delays[client].append((at - began).total_seconds())
        oldest_first[client].append(place * 60 / RATE)
        drained += state == "accepted"
    return delays, oldest_first, drained, seconds, megabytes


def main() -> None:
    sink, port = start_sink()
    os.environ |= {"EMAIL_URL": f"smtp://127.0.0.1:{port}", "MAILS_PER_MINUTE": str(RATE)}
    try:
        with own_database(only_postgresql=False):
            delays, oldest_first, drained, seconds, megabytes = measure()
    finally:
        sink.terminate()
    big = max(delays, key=lambda client: len(delays[client]))
    small = [client for client in delays if client != big]
    first, last = megabytes[0], megabytes[-1]
    result = {
        "rate_per_minute": RATE,
        "drained": drained,
        "drained_per_minute": round(drained / seconds * 60),
        "smallest_client_p95_seconds": round(p95(delays[min(delays, key=lambda client: len(delays[client]))]), 1),
        "slowest_small_client_p95_seconds": round(max(p95(delays[client]) for client in small), 1),
        "oldest_first_would_be_seconds": round(max(p95(oldest_first[client]) for client in small), 1),
        "memory_mb": [round(first), round(last)],
        "memory_growth_percent": round((last / first - 1) * 100, 1),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
