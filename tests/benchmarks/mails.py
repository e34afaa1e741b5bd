"""How fast survey mails leave: `python -m tests.benchmarks.mails [--mails 3000]` prints JSON. Needs DATABASE_URL.

One process renders, personalises and hands over mails of about 10 KB through `delivery.send_due`, to a mail server in a
process of its own. The bare limit, in the same run and against the same server: smtplib on one connection, which sends
mails of the same size that were ready beforehand. Both in turns, three times; the best of each counts.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import smtplib
import time

from aiosmtpd.smtp import SMTP

from tests.benchmarks import own_database
from tests.sink import free_port

ALWAYS = {"hour_from": 0, "hour_until": 24, "sending_days": [1, 2, 3, 4, 5, 6, 7], "quarantine_days": 0}
IMPRINT = "Stadtwerke Größenau GmbH, Hafenstraße 14, 00000 Nordheim, Amtsgericht Nordheim HRB 4711, Geschäftsführung"


class Sink:
    """Takes every mail and keeps none; several commands at once, as the mail servers of this world do (RFC 2920)."""

    async def handle_EHLO(self, server, session, envelope, hostname, responses) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, server, session, envelope) -> str:
        return "250 OK"


def serve(port: int) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(Sink(), hostname="sink", loop=loop), "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(run())


def start_sink() -> tuple[multiprocessing.Process, int]:
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    process.start()
    for _ in range(100):
        try:
            smtplib.SMTP("127.0.0.1", port, timeout=5).quit()
            return process, port
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the sink does not answer")


def plan(count: int, now, clients: int = 1) -> None:
    """`count` mails that are due, through the planner, for each of `clients`."""
    from django.db import connection

    from surveys import invitations
    from surveys.models import Contact, Customer
    from tests import factories

    for number in range(clients):
        slug = f"client{number}-{time.monotonic_ns()}"
        client = factories.make_client(slug, "Stadtwerke Größenau", imprint=IMPRINT)
        factories.make_campaign(client, "csat", **ALWAYS)
        customers = Customer.objects.bulk_create(
            Customer(
                client=client, key=f"k{n}", email=f"kunde{n}@example.org", name=f"Kim Brook {n}", first_seen_at=now
            )
            for n in range(count)
        )
        Contact.objects.bulk_create(
            Contact(
                client=client, customer=customer, source="test", external_id=customer.key, email=customer.email,
                channel="phone", reason="Rechnung", language="de", state="finished", started_at=now, ended_at=now,
                received_at=now, changed_at=now,
            )
            for customer in customers
        )  # fmt: skip
    planned = invitations.plan_contacts(now)
    assert planned == count * clients, planned
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as the database does by itself within minutes


def bare(port: int, mails: int, size: int) -> float:
    """smtplib over one connection, the mails ready beforehand."""
    body = b"\r\n".join([b"Subject: bare", b"From: a@example.org", b"To: b@example.org", b""])
    data = body + b"\r\n" + (b"x" * 74 + b"\r\n") * ((size - len(body)) // 76)
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for number in range(mails):
            smtp.sendmail("a@example.org", [f"kunde{number}@example.org"], data)
    return mails / (time.perf_counter() - began)


def ours(mails: int) -> float:
    from surveys import delivery
    from surveys.delivery import clock

    plan(mails, clock.now())
    at = clock.now()
    began = time.perf_counter()
    sent = delivery.send_due(at, seconds=600)
    took = time.perf_counter() - began
    assert sent == mails, sent
    return mails / took


def size_of_a_mail() -> int:
    from django.utils import timezone

    from surveys.delivery import letters
    from surveys.models import OutgoingMessage

    return len(letters.letter_of(OutgoingMessage.objects.last(), timezone.now()).as_bytes())


def database() -> str:
    from django.db import connection

    return connection.vendor


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.mails")
    parser.add_argument("--mails", type=int, default=3_000)
    mails = parser.parse_args().mails
    sink, port = start_sink()
    os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
    try:
        with own_database(only_postgresql=False):
            ours(200)  # compiles the wording, warms the connection up
            size, vendor = size_of_a_mail(), database()
            rounds = [(ours(mails), bare(port, mails, size)) for _ in range(3)]
    finally:
        sink.terminate()
    best, limit = (max(figures) for figures in zip(*rounds, strict=True))
    result = {
        "mails_per_second": round(best),
        "bare_smtplib_per_second": round(limit),
        "ratio": round(best / limit, 2),
        "ratio_by_round": [round(own / bare_, 2) for own, bare_ in rounds],
        "bytes_per_mail": size,
        "database": vendor,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
