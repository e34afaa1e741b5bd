"""How fast the ledger is read: `python -m tests.benchmarks.ledger` with DATABASE_URL (PostgreSQL) prints JSON.

100,000 verdicts of one campaign in one month, with messages, delivery events and answers: its funnel, beside the bare
limit of one count by verdict over the same rows; and the same verdicts as a file in each format, with the memory that
this takes, beside the bare limit of COPY … TO. Best of three.

It works in a test database of its own, which it drops at the end.
"""

import datetime as dt
import json
import random
import time
import tracemalloc
from collections.abc import Callable

from tests.benchmarks import own_database

ROWS = 100_000
AT = dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC)
REASONS = ("not_sampled", "quarantine", "no_address", "goodwill", "suppressed", "spam")


def seed(client, campaign, rows: int, draw: random.Random) -> None:
    """Two in five asked; of those nine in ten accepted, some came back, a sixth answered."""
    from surveys.models import Contact, DeliveryEvent, Invitation, OutgoingMessage, Response

    version = campaign.survey.versions.get()
    moments = [AT - dt.timedelta(days=40) + dt.timedelta(seconds=number * 24) for number in range(rows)]
    times = [{"started_at": at, "ended_at": at, "received_at": at, "changed_at": at} for at in moments]
    contacts = Contact.objects.bulk_create(
        [
            Contact(
                client=client, source="phone", external_id=f"C-{number:06}", state="finished", content_hash="", **at
            )
            for number, at in enumerate(times)
        ],
        batch_size=5000,
    )
    verdicts = []
    for contact in contacts:
        is_asked, at = draw.random() < 0.4, contact.ended_at
        end = {"due_at": at, "expires_at": at + dt.timedelta(days=14)} if is_asked else {}
        opened_at = at + dt.timedelta(hours=5) if is_asked and draw.random() < 0.3 else None
        verdicts.append(
            Invitation(
                client=client,
                campaign=campaign,
                contact=contact,
                is_asked=is_asked,
                decided_at=at,
                about_at=at,
                reason="" if is_asked else draw.choice(REASONS),
                version=version,
                language="de",
                form_of_address="sie",
                opened_at=opened_at,
                email=f"c{contact.pk}@example.org",
                channel="phone",
                **end,
            )
        )
    asked = [each for each in Invitation.objects.bulk_create(verdicts, batch_size=5000) if each.is_asked]
    states = ["accepted"] * 45 + ["failed", "failed", "unknown", "deferred", "planned"]
    messages = OutgoingMessage.objects.bulk_create(
        [
            OutgoingMessage(
                client=client,
                key=f"invitation:{each.pk}",
                invitation=each,
                to=each.email,
                due_at=each.due_at,
                state=draw.choice(states),
                handed_over_at=each.due_at,
                attempts=1,
            )
            for each in asked
        ],
        batch_size=5000,
    )
    DeliveryEvent.objects.bulk_create(
        [
            DeliveryEvent(
                client=client,
                message=each,
                kind=draw.choice(["delivered"] * 18 + ["hard_bounce", "unsubscribed"]),
                source="provider",
                event_id=str(each.pk),
                happened_at=each.due_at,
            )
            for each in messages
            if each.state == "accepted"
        ],
        batch_size=5000,
    )
    Response.objects.bulk_create(
        [
            Response(
                client=client,
                invitation=each,
                customer_id=each.customer_id,
                kind="csat",
                score=4,
                group="promoter",
                language="de",
                submitted_at=AT,
            )
            for each in asked
            if each.opened_at and draw.random() < 0.55
        ],
        batch_size=5000,
    )


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def peak(work: Callable[[], object]) -> float:
    """The most memory that Python held during a run, in MB above what it held before."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return most


def measure() -> dict:
    from django.db import connection

    from surveys import ledger, tables
    from tests import factories

    client = factories.make_client("bench", "Bench")
    campaign = factories.make_campaign(client)
    seed(client, campaign, ROWS, random.Random(1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    days = ledger.Span(dt.date(2026, 9, 1), dt.date(2026, 12, 1), client.zone)

    def count() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT is_asked, reason, count(*) FROM surveys_invitation WHERE campaign_id = %s GROUP BY 1, 2",
                [campaign.pk],
            )
            cursor.fetchall()

    def copy() -> None:
        columns = "(id, campaign_id, medium, about_at, decided_at, is_asked, reason, due_at, opened_at)"
        with connection.cursor() as cursor, cursor.copy("COPY surveys_invitation " + columns + " TO STDOUT") as out:
            for _ in out:
                pass

    def export(form: str) -> None:
        found = ledger.about(ledger.of(campaign, AT), days)
        for _ in tables.FORMATS[form][1](ledger.COLUMNS, map(ledger.cells, ledger.read(found))):
            pass

    funnel_seconds, count_seconds = best(lambda: ledger.funnel(campaign, days, AT)), best(count)
    copy_seconds = best(copy)
    files = {
        form: {
            "rows_per_second": round(ROWS / (seconds := best(lambda form=form: export(form)))),
            "of_the_limit": round(copy_seconds / seconds, 3),
            "memory_mb": round(peak(lambda form=form: export(form)), 1),
        }
        for form in tables.FORMATS
    }
    return {
        "verdicts": ROWS,
        "funnel": {
            "milliseconds": round(1000 * funnel_seconds, 1),
            "limit_milliseconds": round(1000 * count_seconds, 1),
            "times_the_limit": round(funnel_seconds / count_seconds, 1),
        },
        "export": files,
        "limit_copy_rows_per_second": round(ROWS / copy_seconds),
    }


def main() -> None:
    with own_database():
        print(json.dumps(measure(), indent=2))


if __name__ == "__main__":
    main()
