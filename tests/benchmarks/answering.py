"""How fast customers are answered: `python -m tests.benchmarks.answering` prints JSON.

With DATABASE_URL (PostgreSQL) and REDIS_URL, for without a broker what follows from an answer runs in its request.

gunicorn with two workers, the load generator on the same cores. The page: GET over 16 connections, beside a bare
Django page of the same size with the same middleware. The whole flow: GET and POST stored, 8 clients, beside a bare GET
and an ORM INSERT of the same row; and at 100 flows a second, how long one takes. Product and limit take turns; medians
of twelve short rounds, for a machine's neighbours come and go. Customers answer a survey of two questions with a
comment, from addresses of their own, by the real page.

It works in a test database of its own, which it drops at the end.
"""

import json
import os
import secrets
import statistics
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.benchmarks import load, own_database

PAGES, FLOWS, ROUNDS, RATE, PACED = 1_500, 500, 12, 100, 500
COMMENT = "Ich habe zwanzig Minuten gewartet, dann war alles schnell geklärt. Danke an Frau Ritter."


def server(installation, application: str) -> tuple[str, int]:
    """Where gunicorn listens with two workers."""
    from tests.installation import ask, free_port, wait_until

    port = free_port()
    options = ("--workers", "2", "--worker-class", "gthread", "--threads", "4", "--no-control-socket")
    installation.start(
        "gunicorn", application, "--bind", f"127.0.0.1:{port}", *options, BEHIND_PROXY="1", LOG_LEVEL="ERROR"
    )
    wait_until(lambda: ask(f"http://127.0.0.1:{port}/healthz")[0] == 200, 30)
    return "127.0.0.1", port


def addresses() -> Iterator[str]:
    """A client's address that nobody had before, as the proxy in front of the product tells it."""
    for number in count(1):
        yield f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def hidden(body: bytes, name: str) -> str:
    """The value of a hidden field, as the page carries it."""
    return body.partition(b'name="' + name.encode() + b'" value="')[2].partition(b'"')[0].decode()


def answering(paths: Iterator[str], hosts: Iterator[str]) -> Callable[[], Iterator[bytes] | None]:
    """Scripts that read the page behind a link, give a score and a comment, and must be led to the thanks."""

    def flow(path: str, host: str) -> Iterator[bytes]:
        status, _, body = yield load.get(path, host)
        assert status == 200, (status, body[:200])
        fields = {
            "score": "4",
            "comment": COMMENT,
            "phone": "",
            "made": hidden(body, "made"),
            "script": "1",
            "touched": "1",
        }
        status, head, body = yield load.post(path, urlencode(fields).encode(), host)
        assert status == 302 and b"/thanks/" in head, (status, head, body[:500])

    return lambda: flow(path, next(hosts)) if (path := next(paths, None)) else None


def bare_flows(number: int, size: int, row: dict) -> Callable[[], Iterator[bytes] | None]:
    body = urlencode(row).encode()

    def flow() -> Iterator[bytes]:
        status, _, _ = yield load.get(f"/page/?size={size}")
        assert status == 200
        status, _, _ = yield load.post("/row/", body)
        assert status == 302

    left = iter(range(number))
    return lambda: flow() if next(left, None) is not None else None


def pages(number: int, path: Callable[[], str]) -> Callable[[], Iterator[bytes] | None]:
    def one(path: str) -> Iterator[bytes]:
        status, _, body = yield load.get(path)
        assert status == 200, (status, body[:500])

    left = iter(range(number))
    return lambda: one(path()) if next(left, None) is not None else None


def invitations(client, number: int) -> list[str]:
    """So many open links of one campaign, whose mails left an hour ago."""
    from django.utils import timezone

    from surveys.delivery import survey_mail
    from surveys.models import Contact, Invitation
    from tests import factories

    campaign = factories.make_campaign(client, "csat")
    now, version, customer = timezone.now(), campaign.survey.current, factories.make_customer(client)
    times = {
        name: now - factories.dt.timedelta(hours=2) for name in ("started_at", "ended_at", "received_at", "changed_at")
    }
    batch = secrets.token_hex(4)
    contacts = Contact.objects.bulk_create(
        [
            Contact(client=client, source=batch, external_id=str(n), state="finished", content_hash="", **times)
            for n in range(number)
        ],
        batch_size=5000,
    )
    asked = Invitation.objects.bulk_create(
        [
            Invitation(
                client=client, campaign=campaign, contact=contact, customer=customer, is_asked=True, version=version,
                decided_at=now, about_at=now, due_at=now, expires_at=now + factories.dt.timedelta(days=14),
                email=customer.email, language="de", form_of_address="sie", channel="phone",
            )
            for contact in contacts
        ],
        batch_size=5000,
    )  # fmt: skip
    return [urlsplit(survey_mail.answer_link(invitation)).path for invitation in asked]


def measure(folder: Path) -> dict:
    from surveys.models import OpenLink
    from tests import factories
    from tests.installation import Installation

    client = factories.make_client("acme", "Acme")
    for number in range(40):
        factories.make_agent(client, f"Agent{number} Muster{number}")
    links = iter(invitations(client, ROUNDS * (2 * FLOWS + PACED) + 1000))
    survey = client.surveys.get()
    counter = OpenLink.objects.create(client=client, survey=survey, name="limit")
    row = {"client": client.pk, "open_link": counter.pk, "version": survey.current.pk, "score": 4}
    installation = Installation(folder, 1)
    try:
        ours, bare = server(installation, "config.wsgi"), server(installation, "tests.benchmarks.bare:application")
        hosts = addresses()
        known = [next(links) for _ in range(500)]
        warm = load.run(ours, pages(500, iter(known).__next__), 16)
        assert warm.statuses == {200: 500}, warm.statuses
        size = page_size(ours, known[0])
        rounds = []
        for _ in range(ROUNDS):
            turn = iter(known * (PAGES // len(known) + 1))
            taken = iter([next(links) for _ in range(FLOWS)])
            rounds.append(
                {
                    "get": load.run(ours, pages(PAGES, turn.__next__), 16).per_second,
                    "get_limit": load.run(bare, pages(PAGES, lambda: f"/page/?size={size}"), 16).per_second,
                    "flow": (done := load.run(ours, answering(taken, hosts), 8)).per_second,
                    "flow_p95": done.percentile(0.95),
                    "flow_limit": load.run(bare, bare_flows(FLOWS, size, row), 8).per_second,
                    "paced_p95": paced(ours, iter([next(links) for _ in range(PACED)]), hosts),
                }
            )
    finally:
        installation.stop()
    return report(rounds, size)


def paced(ours: tuple[str, int], paths: Iterator[str], hosts: Iterator[str]) -> float:
    outcome = load.run(ours, answering(paths, hosts), 32, rate=RATE)
    assert outcome.statuses == {200: PACED, 302: PACED}, outcome.statuses
    return outcome.percentile(0.95)


def page_size(ours: tuple[str, int], path: str) -> int:
    """Bytes of the page that is measured."""
    sizes = []

    def one() -> Iterator[bytes]:
        _, _, body = yield load.get(path)
        sizes.append(len(body))

    left = iter([one()])
    load.run(ours, lambda: next(left, None), 1)
    return sizes[0]


def report(rounds: list[dict], size: int) -> dict:
    middle = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    ratios = {name: [round(each[name] / each[f"{name}_limit"], 2) for each in rounds] for name in ("get", "flow")}
    return {
        "page_bytes": size,
        "get": {
            "per_second": round(middle["get"]),
            "limit_per_second": round(middle["get_limit"]),
            "of_the_limit": statistics.median(ratios["get"]),
            "rounds": ratios["get"],
        },
        "flow": {
            "per_second": round(middle["flow"]),
            "limit_per_second": round(middle["flow_limit"]),
            "of_the_limit": statistics.median(ratios["flow"]),
            "rounds": ratios["flow"],
            "p95_milliseconds": round(middle["flow_p95"], 1),
            "errors": 0,
        },
        f"at_{RATE}_flows_a_second": {"p95_milliseconds": round(middle["paced_p95"], 1)},
    }


def main() -> None:
    if "REDIS_URL" not in os.environ:
        raise SystemExit("Set REDIS_URL: without a broker, what follows from an answer is measured along with it.")
    with own_database(), tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder)), indent=2))


if __name__ == "__main__":
    main()
