"""Many answers for benchmarks: `python -m tests.benchmarks.generate 10_000_000 200` fills the database of DATABASE_URL.

It must be empty; it is migrated first. Prints JSON.

Answers spread evenly over the 13 months that end now. The largest client has 11 times the answers of the median one.
Three kinds of survey: CSAT (six of ten), NPS in quarterly waves (three) and CES. Each customer answers 3.3 times in the
time, every fourth answer has a comment, three quarters of those name one theme or two. One invitation in eleven was not
answered or not sent. The same rows on every run, but for public ids.

The rows are made in the database, from their numbers alone. On PostgreSQL constraints and indexes are taken off before
and made anew after; triggers are off meanwhile.
"""

# ruff: noqa: S608  numbers and the names of our own tables are written into the statements

import argparse
import datetime as dt
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import django

DAYS = 395
EACH = 100  # answers of one slot: a client has as many slots as its share of the answers asks for
CUSTOMERS = 30  # of one slot
WAVES = 5
REASONS = ("Rechnung", "Vertrag", "Lieferung", "Störung", "Umzug", "Kündigung", "Passwort", "Tarif", "Zähler", "Termin")
HEAVY = ("surveys_customer", "surveys_contact", "surveys_invitation", "surveys_response", "surveys_answer",
         "analytics_reading", "analytics_themeassignment")  # fmt: skip

_POSTGRESQL = {
    "numbers": "generate_series({first}::bigint, {last}) AS numbers(n)",
    "moment": "to_timestamp({0})",
    "uuid": "gen_random_uuid()",
    "tariff": "jsonb_build_object('tariff', {0})",
    "list": "'[]'::jsonb",
    "table": "UNLOGGED TABLE",
}
_SQLITE = {
    "numbers": "(WITH RECURSIVE counted(n) AS (VALUES({first}) UNION ALL SELECT n + 1 FROM counted WHERE n < {last}) "
    "SELECT n FROM counted) AS numbers",
    "moment": "datetime({0}, 'unixepoch')",
    "uuid": "lower(hex(randomblob(16)))",
    "tariff": "json_object('tariff', {0})",
    "list": "'[]'",
    "table": "TABLE",
}


def _one_of(words: tuple[str, ...], number: str) -> str:
    cases = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(words))
    return f"CASE ({number}) % {len(words)} {cases} END"


# Which numbers repeat no pattern: a product of two remainders.
_LUCK = "(n * 48271 % 2147483647) * (n * 40503 % 65521) % 2147483629"
_ATTRIBUTES = _one_of(("basic", "flex", "gold", "business"), "luck / 11")
_SEGMENT = _one_of(("private", "private", "business", ""), "customer_id")
_SPOKEN = _one_of(("de", "de", "de", "de", "en", "tr"), "customer_id")
_CHANNEL = _one_of(("phone", "phone", "phone", "email", "email", "chat"), "luck / 3")
_LOST = _one_of(("", "not_sampled", "", "quarantine"), "n")
_NPS = _one_of(("10", "9", "8", "10", "7", "0", "9", "6", "8", "10", "3", "9", "10", "5", "8", "7"), "luck / 7")
_CSAT = _one_of(("5", "4", "5", "3", "5", "4", "2", "5", "1", "4"), "luck / 7")
_CES = _one_of(("7", "6", "7", "5", "4", "6", "2", "7", "1", "3"), "luck / 7")
_TEXTS = ("Alles gut, danke.", "Zu lange gewartet, niemand rief zurück.", "Freundlich und schnell.", "Rechnung falsch.")

# Each draw: whose, when, about what. The number of a response is that of its invitation and of its contact.
_STATEMENTS = (
    """CREATE {table} bench_draw AS
    SELECT n, client_id, {begin} + (CASE WHEN n <= {rows} THEN n ELSE (n - {rows}) * 10 END) * {seconds} / {rows} AS at,
        kind, first_customer + CASE kind WHEN 'nps' THEN m * 7 % {customers} ELSE luck % {customers} END AS customer_id,
        CASE kind WHEN 'nps' THEN NULL ELSE first_agent + luck / 5 % agents END AS agent_id,
        CASE kind WHEN 'nps' THEN NULL ELSE first_team + (luck / 5 % agents) % teams END AS team_id,
        CASE kind WHEN 'nps' THEN nps_campaign WHEN 'ces' THEN ces_campaign ELSE csat_campaign END AS campaign_id,
        CASE kind WHEN 'nps' THEN nps_version WHEN 'ces' THEN ces_version ELSE csat_version END AS version_id,
        CASE kind WHEN 'nps' THEN nps_comment WHEN 'ces' THEN ces_comment ELSE csat_comment END AS question_id,
        CASE kind WHEN 'nps' THEN first_wave + m * {waves} / {each} END AS wave_id,
        first_theme, luck, n * 16807 % 2147483647 AS fate
    FROM (SELECT n, (n - 1) / {slots} AS m, {luck} AS luck, n * 7919 % {slots} AS slot,
            CASE WHEN n > {rows} THEN 'csat' WHEN ((n - 1) / {slots} + n * 7919 % {slots}) % 10 < 6 THEN 'csat'
                WHEN ((n - 1) / {slots} + n * 7919 % {slots}) % 10 < 9 THEN 'nps' ELSE 'ces' END AS kind
        FROM {all_numbers}) AS drawn
    JOIN bench_slot ON bench_slot.slot = drawn.slot""",
    """INSERT INTO surveys_customer (id, client_id, key, number, name, email, phone, language, segment, time_zone,
        first_seen_at)
    SELECT customer_id, client_id, 'K-' || customer_id, 'K-' || customer_id, 'Kim Brook',
        'k' || customer_id || '@example.org', '', 'de', {segment}, '', {begin_at}
    FROM (SELECT slot * {customers} + n AS customer_id, client_id FROM bench_slot, {few_numbers}) AS drawn""",
    """INSERT INTO surveys_contact (id, client_id, source, external_id, customer_id, email, agent_id, team_id, channel,
        reason, subject, language, state, started_at, ended_at, is_solved, wait_seconds, talk_seconds, reopened_count,
        is_transferred, is_goodwill, is_agent_initiated, is_spam, is_test, tags, attributes, content_hash, received_at,
        changed_at)
    SELECT n, client_id, 'telephone', 'C-' || n, customer_id, 'k' || customer_id || '@example.org', agent_id, team_id,
        {channel}, {reason}, '', {spoken}, 'finished', {asked_at}, {asked_at}, fate % 5 > 0, fate / 3 % 600,
        fate / 7 % 900, 0, fate % 9 = 0, fate % 33 = 0, false, false, false, {list}, {attributes}, '', {asked_at},
        {asked_at}
    FROM bench_draw WHERE wave_id IS NULL""",
    """INSERT INTO surveys_invitation (id, public_id, client_id, campaign_id, contact_id, wave_id, customer_id,
        is_asked, reason, decided_at, about_at, due_at, expires_at, medium, version_id, email, phone, segment, language,
        form_of_address, agent_id, team_id, channel, contact_reason, is_goodwill)
    SELECT n, {uuid}, client_id, campaign_id, CASE WHEN wave_id IS NULL THEN n END, wave_id, customer_id, lost = '',
        lost, {asked_at}, {asked_at}, CASE lost WHEN '' THEN {asked_at} END, CASE lost WHEN '' THEN {expires_at} END,
        'mail', version_id, 'k' || customer_id || '@example.org', '', {segment}, {spoken}, 'sie', agent_id, team_id,
        CASE WHEN wave_id IS NULL THEN {channel} ELSE '' END, CASE WHEN wave_id IS NULL THEN {reason} ELSE '' END,
        wave_id IS NULL AND fate % 33 = 0
    FROM (SELECT *, CASE WHEN n <= {rows} THEN '' ELSE {lost} END AS lost FROM bench_draw) AS drawn""",
    """INSERT INTO surveys_response (id, public_id, client_id, invitation_id, customer_id, door, version_id, kind,
        score, "group", language, wants_call, phone, is_preselected, submitted_at, completed_at)
    SELECT n, {uuid}, client_id, n, customer_id, 'personal', version_id, kind, score, CASE
            WHEN score < CASE kind WHEN 'nps' THEN 7 WHEN 'csat' THEN 3 ELSE 4 END THEN 'detractor'
            WHEN score < CASE kind WHEN 'nps' THEN 9 WHEN 'csat' THEN 4 ELSE 5 END THEN 'passive' ELSE 'promoter' END,
        {spoken}, false, '', fate % 3 = 0, {answered_at}, {answered_at}
    FROM (SELECT *, CAST(CASE kind WHEN 'nps' THEN {nps} WHEN 'csat' THEN {csat} ELSE {ces} END AS integer) AS score
        FROM bench_draw WHERE n <= {rows}) AS drawn""",
    """INSERT INTO surveys_answer (id, response_id, question_id, text, choice)
    SELECT n, n, question_id, {text}, '' FROM bench_draw WHERE n <= {rows} AND fate % 4 = 0""",
    """INSERT INTO analytics_reading (id, answer_id, outcome, language, signals, source, version, text_hash, read_at)
    SELECT n, n, CASE WHEN fate / 4 % 4 = 0 THEN 'unclassified' ELSE 'themes' END, 'de', {list}, 'rules', '1', '',
        {answered_at}
    FROM bench_draw WHERE n <= {rows} AND fate % 4 = 0""",
    """INSERT INTO analytics_themeassignment (id, answer_id, theme_id, sentiment, source, version)
    SELECT n * 2 + which, n, first_theme + (luck / 13 + which * 5) % 20, CAST(luck / 17 % 3 AS integer) - 1, 'rules',
        '1'
    FROM bench_draw, (SELECT 0 AS which UNION ALL SELECT 1) AS places
    WHERE n <= {rows} AND fate % 4 = 0 AND fate / 4 % 4 > 0 AND (which = 0 OR fate / 16 % 3 = 0)""",
    "DROP TABLE bench_draw",
    "DROP TABLE bench_slot",
)


def generate(responses: int, clients: int, ends_at: dt.datetime) -> list[int]:
    """Fill the database; how many answers each client has, the largest first."""
    from django.db import connection

    words = _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE
    slots = responses // EACH
    shares = _shares(slots, clients)
    _make_slots(shares, words)
    began = int(ends_at.timestamp()) - DAYS * 86_400
    texts = {name.strip("_").lower(): globals()[name] for name in ("_SEGMENT", "_SPOKEN", "_CHANNEL", "_LOST", "_LUCK")}
    scores = {"nps": _NPS, "csat": _CSAT, "ces": _CES}
    moment = words["moment"].format
    numbers = words["numbers"].format
    filled = texts | scores | {
        "table": words["table"], "uuid": words["uuid"], "list": words["list"],
        "rows": responses, "slots": slots, "each": EACH, "waves": WAVES, "customers": CUSTOMERS,
        "begin": began, "seconds": DAYS * 86_400, "begin_at": moment(began),
        "asked_at": moment("at - 7200"), "expires_at": moment("at + 1209600"), "answered_at": moment("at"),
        "all_numbers": numbers(first=1, last=responses * 11 // 10), "few_numbers": numbers(first=1, last=CUSTOMERS),
        "reason": _one_of(REASONS, "luck / 19"), "attributes": words["tariff"].format(_ATTRIBUTES),
        "text": _one_of(_TEXTS, "luck / 23"),
    }  # fmt: skip
    with _bare(HEAVY), connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement.format(**filled))
    return [share * EACH for share in shares]


def _shares(slots: int, clients: int) -> list[int]:
    """How many slots each client has: by its rank plus nine, the largest first."""
    weights = [1 / (rank + 9) for rank in range(1, clients + 1)]
    shares = [max(int(slots * weight / sum(weights)), 1) for weight in weights]
    shares[0] += slots - sum(shares)
    return shares


def _make_slots(shares: list[int], words: dict) -> None:
    """Clients with all that is not made by the million, and what the draws must know of them, slot by slot."""
    from django.db import connection

    columns = ("slot", "client_id", "first_customer", "first_agent", "agents", "first_team", "teams", "first_theme",
               "first_wave", *(f"{kind}_{what}" for kind in ("csat", "nps", "ces") for what in
               ("campaign", "version", "comment")))  # fmt: skip
    rows, slot = [], 0
    for number, share in enumerate(shares, start=1):
        made = _client(number, share)
        for _ in range(share):
            rows.append((slot, made[0], slot * CUSTOMERS + 1, *made[1:]))
            slot += 1
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE {words['table']} bench_slot ({', '.join(f'{name} bigint' for name in columns)})")
        for start in range(0, len(rows), 1000):
            some = rows[start : start + 1000]
            cursor.execute(f"INSERT INTO bench_slot VALUES {', '.join(map(str, some))}")


def _client(number: int, share: int) -> tuple[int, ...]:
    """One client with its surveys, campaigns, teams and agents; one agent for 1,500 answers, twelve in a team."""
    from analytics import themes
    from surveys.models import Agent, Wave
    from tests import factories

    client = factories.make_client(f"client-{number}", f"Client {number}", time_zone="Europe/Berlin")
    campaigns = [factories.make_campaign(client, kind) for kind in ("csat", "nps", "ces")]
    waves = [
        Wave.objects.create(campaign=campaigns[1], number=place, starts_on=dt.date(2025, 1, 1) + dt.timedelta(place))
        for place in range(1, WAVES + 1)
    ]
    teams = [factories.make_team(client, f"Team {place}") for place in range(1, max(2, share * EACH // 18_000) + 1)]
    listed = range(max(5, share * EACH // 1_500))
    agents = Agent.objects.bulk_create(
        Agent(client=client, key=f"A-{place}", name=f"Agent {place}", team=teams[place % len(teams)])
        for place in listed
    )
    first_theme = min(theme.pk for theme in themes.adopt_starter_taxonomy(client).values())
    versions = [campaign.survey.current for campaign in campaigns]
    asked = [
        key
        for campaign, version in zip(campaigns, versions, strict=True)
        for key in (campaign.pk, version.pk, version.questions.get(key="comment").pk)
    ]
    return client.pk, agents[0].pk, len(agents), teams[0].pk, len(teams), first_theme, waves[0].pk, *asked


@contextmanager
def _bare(tables: tuple[str, ...]) -> Iterator[None]:
    """Without constraints, indexes and triggers meanwhile; statistics and the numbering of rows are right afterwards.

    SQLite keeps all of them but the triggers, which the next `migrate` makes anew.
    """
    from django.core.management.color import no_style
    from django.db import connection

    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        yield
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute("SET max_parallel_maintenance_workers = 2")
        made = _off(cursor, tables)
    yield
    from django.apps import apps

    models = [model for model in apps.get_models() if model._meta.db_table in tables]
    with connection.cursor() as cursor:
        for statement in [*made, *connection.ops.sequence_reset_sql(no_style(), models)]:
            cursor.execute(statement)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(f"VACUUM ANALYZE {table}")


def _off(cursor, tables: tuple[str, ...]) -> list[str]:
    """Take everything off the tables; the statements that make it anew."""
    names = SimpleNamespace(tables=", ".join(f"'{table}'::regclass" for table in tables))
    cursor.execute(
        f"SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype = 'f' FROM pg_constraint "
        f"WHERE (contype IN ('p', 'u') AND conrelid IN ({names.tables})) "
        f"OR (contype = 'f' AND (conrelid IN ({names.tables}) OR confrelid IN ({names.tables}))) "
        f"ORDER BY contype = 'f' DESC"
    )
    constraints = cursor.fetchall()
    for table, name, _definition, _is_foreign in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(f"SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
                   f"WHERE indrelid IN ({names.tables})")  # fmt: skip
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    made = [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}' for table, name, definition, _ in constraints]
    foreign = sum(is_foreign for *_rest, is_foreign in constraints)
    return [*made[foreign:], *(definition for _name, definition in indexes), *made[:foreign]]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("responses", type=int)
    arguments.add_argument("clients", type=int)
    wanted = arguments.parse_args()
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    sizes = generate(wanted.responses, wanted.clients, timezone.now() - dt.timedelta(hours=1))
    print(
        json.dumps(
            {
                "responses": sum(sizes),
                "clients": len(sizes),
                "largest": sizes[0],
                "median": sizes[len(sizes) // 2],
                "seconds": round(time.perf_counter() - began, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
