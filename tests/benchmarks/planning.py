"""How fast contacts get their verdicts: `python -m tests.benchmarks.planning` prints JSON. PostgreSQL only.

100,000 contacts of 70,000 customers at one client: some without an address, some spam, one channel outside the
audience, every customer in quarantine after their first contact. The bare limit is one INSERT … SELECT pass that writes
the very same rows into the same tables; best of three each. Memory is the growth of the process from 20,000 verdicts to
100,000. Then two planners at once, as two workers would be, over 20 clients with 5,000 of such contacts each; the
same by one planner beside it. At last the idle minute: 500 clients with a campaign each, and nothing to do.

Works in a test database of its own, which it makes and removes.
"""

import datetime as dt
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from subprocess import PIPE, Popen
from urllib.parse import urlsplit

import django

from tests.benchmarks import own_database

CONTACTS, FEW, CUSTOMERS, CLIENTS, SHARING = 100_000, 20_000, 70_000, 500, 20
NOW = dt.datetime(2026, 11, 10, 9, 0, tzinfo=dt.UTC)


def make_contacts(client_id: int, count: int) -> None:
    """Written by the database itself: a load of realistic rows in seconds; 70 customers to 100 contacts."""
    values = {"client": client_id, "customers": count * CUSTOMERS // CONTACTS, "count": count, "now": NOW}
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO surveys_customer (client_id, key, number, name, email, phone, language, segment, time_zone,
                                          first_seen_at)
            SELECT %(client)s, 'no:' || n, n::text, 'Kim Brook', 'customer' || n || '@example.org', '', 'de', 'private',
                   CASE WHEN n %% 50 = 0 THEN 'Europe/Lisbon' ELSE '' END, %(now)s
            FROM generate_series(1, %(customers)s) n ON CONFLICT DO NOTHING
            """,
            values,
        )
        cursor.execute(
            """
            INSERT INTO surveys_contact (client_id, source, external_id, customer_id, email, agent_id, team_id, channel,
                reason, subject, language, state, started_at, ended_at, reopened_count, is_transferred, is_goodwill,
                is_agent_initiated, is_spam, is_test, tags, attributes, content_hash, received_at,
                changed_at)
            SELECT %(client)s, 'helpdesk', 'T-' || n, c.id, CASE WHEN n %% 20 = 0 THEN '' ELSE c.email END, a.id,
                a.team_id, CASE WHEN n %% 10 = 0 THEN 'web' ELSE 'phone' END, 'Rechnung', '', 'de', 'finished',
                %(now)s - make_interval(mins => n %% 5000 + 10), %(now)s - make_interval(mins => n %% 5000), 0, false,
                n %% 40 = 0, n %% 30 = 0, n %% 100 = 0, false, '["invoice", "phone"]', '{}', md5(n::text),
                %(now)s, %(now)s
            FROM generate_series(1, %(count)s) n
            JOIN surveys_customer c ON c.client_id = %(client)s AND c.number = (1 + n %% %(customers)s)::text
            JOIN surveys_agent a ON a.client_id = %(client)s AND a.key = (n %% 200)::text
            ORDER BY n
            """,
            values,
        )
        cursor.execute("ANALYZE")


def make_client(slug: str = "acme"):
    from surveys.models import Agent, AudienceCondition, Campaign
    from tests import factories

    client = factories.make_client(slug, slug.title(), holiday_region="DE-NI")
    teams = [factories.make_team(client, f"Team {number}") for number in range(10)]
    Agent.objects.bulk_create(
        Agent(client=client, key=str(number), name=f"Agent {number}", team=teams[number % 10]) for number in range(200)
    )
    campaign = factories.make_campaign(client, share_percent=90)
    Campaign.objects.filter(pk=campaign.pk).update(judged_from_on=campaign.starts_on)  # what waits is what we mark
    AudienceCondition.objects.create(campaign=campaign, attribute="channel", is_excluded=True, values=["web"])
    return client


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_verdicts(marked: int = CONTACTS) -> None:
    """As if nothing had been judged, and the first `marked` contacts were new."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE surveys_invitation, surveys_outgoingmessage RESTART IDENTITY CASCADE")
        cursor.execute("TRUNCATE surveys_mark")
        cursor.execute(
            """
            INSERT INTO surveys_mark (contact_id, client_id)
            SELECT id, client_id FROM surveys_contact WHERE substr(external_id, 3)::int <= %s
            """,
            [marked],
        )
        cursor.execute("VACUUM ANALYZE surveys_contact")


def memory_growth() -> dict[str, float]:
    """The peak after 20,000 verdicts and after 100,000, in megabytes."""
    from surveys import invitations
    from surveys.models import Contact

    forget_verdicts(marked=FEW)
    peaks = []
    for waiting in (FEW, CONTACTS - FEW):
        if invitations.plan_contacts(NOW) != waiting:
            raise SystemExit(f"{waiting} contacts should have got a verdict")
        peaks.append(peak_megabytes())
        judged = Contact.objects.filter(invitations__isnull=False)
        Contact.objects.exclude(pk__in=judged).mark()
    return {"peak_mb_at_20_000": round(peaks[0], 1), "peak_mb_at_100_000": round(peaks[1], 1)}


def bare_insert() -> float:
    """One pass of INSERT … SELECT that writes the rows that are there once more, foreign keys and indexes and all."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        for table in ("invitation", "outgoingmessage"):
            cursor.execute(f"CREATE TEMPORARY TABLE bare_{table} AS SELECT * FROM surveys_{table}")  # noqa: S608
        forget_verdicts()

        def insert() -> None:
            with transaction.atomic():
                for table in ("invitation", "outgoingmessage"):
                    cursor.execute(f"INSERT INTO surveys_{table} SELECT * FROM bare_{table}")  # noqa: S608

        seconds = timed(insert)
        cursor.execute("DROP TABLE bare_invitation, bare_outgoingmessage")
    return seconds


def planner() -> None:
    """A planner in a process of its own: begins at a line on its input, says how many it judged."""
    from django.db import connection

    from surveys import invitations

    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    print(invitations.plan_contacts(NOW), flush=True)


def together(planners: int) -> float:
    """Seconds that so many planners at once take for all that is marked."""
    from django.db import connection

    forget_verdicts()
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + connection.settings_dict["NAME"]).geturl()
    command = [sys.executable, "-m", "tests.benchmarks.planning", "planner"]
    at_work = [
        Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=os.environ | {"DATABASE_URL": address})
        for _ in range(planners)
    ]
    for each in at_work:
        each.stdout.readline()
    judged = []

    def plan() -> None:
        for each in at_work:
            each.stdin.write("go\n")
            each.stdin.flush()
        judged.extend(int(each.stdout.readline()) for each in at_work)

    seconds = timed(plan)
    for each in at_work:
        each.communicate()
    if sum(judged) != CONTACTS:
        raise SystemExit(f"{judged} were judged, not {CONTACTS}")
    return seconds


def shared() -> dict[str, object]:
    """Two planners at once, and one, over the same clients."""
    from django.db import connection

    from surveys.models import Client

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE surveys_client, surveys_contact, surveys_customer CASCADE")
    if Client.objects.exists():
        raise SystemExit("the clients of the first part should be gone")
    for number in range(SHARING):
        make_contacts(make_client(f"sharing-{number}").pk, CONTACTS // SHARING)
    runs = {planners: [together(planners) for _ in range(3)] for planners in (1, 2)}
    return {
        "clients_shared": SHARING,
        "verdicts_per_second_by_one_planner": round(CONTACTS / min(runs[1])),
        "verdicts_per_second_by_two_planners": round(CONTACTS / min(runs[2])),
        "shared_runs_seconds": {planners: [round(s, 2) for s in seconds] for planners, seconds in runs.items()},
    }


def idle_minute() -> dict[str, float]:
    """Milliseconds for planning where nothing waits, over clients that all have a campaign at work."""
    from django.db import connection

    from surveys import invitations
    from tests import factories

    for number in range(CLIENTS - SHARING):
        factories.make_campaign(factories.make_client(f"client-{number}", f"Client {number}"))
    invitations.plan_contacts(NOW)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as autovacuum does soon after
    ping = min(timed(lambda: connection.cursor().execute("SELECT 1")) for _ in range(20))
    idle = min(timed(lambda: invitations.plan_contacts(NOW)) for _ in range(20))
    return {"clients": CLIENTS, "idle_minute_ms": round(idle * 1000, 2), "bare_query_ms": round(ping * 1000, 2)}


def previewed() -> dict[str, object]:
    """A preview of everything that the client has, by the campaign that has judged it."""
    from surveys import invitations
    from surveys.models import Campaign

    campaign, found = Campaign.objects.get(), []
    before = peak_megabytes()
    seconds = timed(lambda: found.append(invitations.preview(campaign, NOW - dt.timedelta(days=30), NOW, NOW)))
    speed = round(found[0].judged / seconds)
    return {"preview_contacts_per_second": speed, "preview_peak_growth_mb": round(peak_megabytes() - before, 1)}


def measure() -> dict[str, object]:
    from surveys import invitations
    from surveys.models import Invitation

    client = make_client()
    make_contacts(client.pk, CONTACTS)
    growth = memory_growth()
    forget_verdicts()
    planned, bare = [], []
    for _ in range(3):
        planned.append(timed(lambda: invitations.plan_contacts(NOW)))
        judged, asked = Invitation.objects.count(), Invitation.objects.filter(is_asked=True).count()
        bare.append(bare_insert())
        forget_verdicts()
    speed, limit = CONTACTS / min(planned), CONTACTS / min(bare)
    return {
        "verdicts": judged,
        "asked": asked,
        "verdicts_per_second": round(speed),
        "bare_insert_select_per_second": round(limit),
        "ratio": round(speed / limit, 2),
        "runs_seconds": [round(s, 2) for s in planned],
        "bare_seconds": [round(s, 2) for s in bare],
        **growth,
        **previewed(),
        **shared(),
        **idle_minute(),
    }


def main() -> None:
    if sys.argv[1:] == ["planner"]:  # a second process, over the first one's database
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        django.setup()
        planner()
        return
    with own_database():
        print(json.dumps(measure(), indent=2))


if __name__ == "__main__":
    main()
