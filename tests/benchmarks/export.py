"""How fast answers leave as a file: `python -m tests.benchmarks.export` with DATABASE_URL (PostgreSQL) prints JSON.

A client's year of 50,000, 200,000 and 1,000,000 answers that count, as CSV by API key from gunicorn, and how much
memory its worker then holds; beside the bare limit, COPY … TO of the same columns of the same answers, taken just
before. Best of three. `linear`: the time per row for the most of them over that for the fewest. JSON and XLSX once.

It works in a test database of its own, which it drops at the end.
"""

import datetime as dt
import json
import os
import socket
import tempfile
import time
from pathlib import Path

from tests.benchmarks import own_database

SIZES = (50_000, 200_000, 1_000_000)
YEAR = 2026
COMMENTS = (
    "Ich habe zwanzig Minuten gewartet, dann war alles schnell geklärt. Danke an Frau ⟦name⟧.",
    "Die Rechnung stimmte nicht; nach drei Anrufen = endlich jemand, der sich auskennt.",
    "Freundlich und kompetent, gerne wieder!",
    "- niemand ruft zurück, obwohl es versprochen war. Sehr enttäuschend, ich werde wohl wechseln müssen.",
    "Quick and friendly, but I had to repeat everything I had already written in my email, twice.",
)

# Three answers in five come with a comment, and each of these names one or two themes.
_SEED = (
    """
    INSERT INTO surveys_customer (client_id, key, number, name, email, phone, language, segment, time_zone,
                                  first_seen_at)
    SELECT %(client)s, 'K' || n, 'K' || n, 'Kim Brook', 'k' || n || '@example.org', '', 'de',
           (ARRAY['', 'business', 'private'])[1 + n %% 3], '', %(start)s
    FROM generate_series(1, %(rows)s) n
    """,
    """
    INSERT INTO surveys_contact (client_id, source, external_id, customer_id, email, agent_id, team_id, channel, reason,
        subject, language, state, started_at, ended_at, reopened_count, is_transferred, is_goodwill, is_agent_initiated,
        is_spam, is_test, tags, attributes, content_hash, received_at, changed_at)
    SELECT %(client)s, 'telephone', 'C-' || n, customer.id, customer.email, (%(agents)s::bigint[])[1 + n %% 200],
        (%(teams)s::bigint[])[1 + n %% 20], (ARRAY['phone', 'phone', 'email', 'chat'])[1 + n %% 4],
        (ARRAY['Rechnung', 'Umzug', 'Störung', 'Vertrag', ''])[1 + n %% 5], '', 'de', 'finished', at, at, 0, false,
        n %% 50 = 0, false, false, false, '[]', '{}', '', at, at
    FROM (SELECT n, %(start)s + n * (interval '360 days' / %(answers)s) AS at
          FROM generate_series(1, %(answers)s) n) each
    JOIN surveys_customer customer ON customer.client_id = %(client)s
        AND customer.key = 'K' || 1 + n::bigint * 7919 %% %(rows)s
    """,
    """
    INSERT INTO surveys_invitation (public_id, client_id, campaign_id, contact_id, customer_id, is_asked, reason,
        decided_at, about_at, due_at, expires_at, medium, version_id, email, phone, segment, language, form_of_address,
        agent_id, team_id, channel, contact_reason, is_goodwill)
    SELECT gen_random_uuid(), contact.client_id, %(campaign)s, contact.id, customer_id, true, '', ended_at, ended_at,
        ended_at, ended_at + interval '14 days', 'mail', %(version)s, contact.email, '', segment, 'de', 'sie', agent_id,
        team_id, channel, reason, is_goodwill
    FROM surveys_contact contact JOIN surveys_customer customer ON customer.id = customer_id
    WHERE contact.client_id = %(client)s ORDER BY contact.id
    """,
    """
    INSERT INTO surveys_response (public_id, client_id, invitation_id, customer_id, door, version_id, kind, score,
        "group", language, wants_call, phone, is_preselected, submitted_at, completed_at)
    SELECT gen_random_uuid(), client_id, id, customer_id, 'personal', version_id, 'csat', score,
        CASE WHEN score < 3 THEN 'detractor' WHEN score = 3 THEN 'passive' ELSE 'promoter' END, 'de', false, '',
        id %% 3 = 0, about_at + interval '5 hours', about_at + interval '5 hours 1 minute'
    FROM (SELECT *, 1 + (hashint8(id) & 65535) %% 5 AS score FROM surveys_invitation WHERE client_id = %(client)s
          ORDER BY id) each
    """,
    """
    INSERT INTO surveys_answer (response_id, question_id, text, choice)
    SELECT id, %(question)s, (%(comments)s::text[])[1 + id::int %% 5], '' FROM surveys_response
    WHERE client_id = %(client)s AND hashint8(id) & 1023 < 614 ORDER BY id
    """,
    """
    INSERT INTO analytics_themeassignment (answer_id, theme_id, sentiment, source, version)
    SELECT answer.id, theme, 1 - which %% 3, 'rules', '1'
    FROM surveys_answer answer JOIN surveys_response response ON response.id = response_id
    CROSS JOIN LATERAL (SELECT which, (%(themes)s::bigint[])[1 + (answer.id::int + which * 7) %% 20] AS theme
                        FROM generate_series(1, 1 + (answer.id & 1)::int) which) named
    WHERE client_id = %(client)s ORDER BY answer.id
    """,
)


def seed(client, rows: int) -> None:
    """A year of the client's with so many customers; one in four answered twice, and the later answer counts."""
    from django.db import connection

    from analytics import themes
    from tests import factories

    campaign = factories.make_campaign(client)
    version = campaign.survey.current
    teams = [factories.make_team(client, f"Team {number}") for number in range(20)]
    agents = [factories.make_agent(client, f"Agent {number}", team=teams[number % 20]) for number in range(200)]
    names = {
        "client": client.pk,
        "campaign": campaign.pk,
        "version": version.pk,
        "question": version.questions.get(key="comment").pk,
        "rows": rows,
        "answers": rows * 5 // 4,
        "start": dt.datetime(YEAR, 1, 2, tzinfo=dt.UTC),
        "teams": [team.pk for team in teams],
        "agents": [agent.pk for agent in agents],
        "themes": [theme.pk for theme in list(themes.adopt_starter_taxonomy(client).values())[:20]],
        "comments": list(COMMENTS),
    }
    with connection.cursor() as cursor:
        for statement in _SEED:
            cursor.execute(statement, names)


class Server:
    """gunicorn with one worker, as the product is served."""

    def __init__(self, installation) -> None:
        from tests.installation import ask, free_port, wait_until

        self.port = free_port()
        options = ("--workers", "1", "--worker-class", "gthread", "--threads", "4", "--no-control-socket")
        bind = f"127.0.0.1:{self.port}"
        self.master = installation.start(
            "gunicorn", "config.wsgi:application", "--bind", bind, *options, LOG_LEVEL="ERROR"
        )
        wait_until(lambda: ask(f"http://{bind}/healthz")[0] == 200, 30)

    @property
    def memory(self) -> float:
        """What the worker holds, in MB."""
        worker = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text().split()[0]
        pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)

    def download(self, key: str, form: str = "csv") -> tuple[float, float, int]:
        """Seconds to the last byte and to the first one, and how many bytes."""
        address = f"/api/v1/figures/rows/?kind=csat&period={YEAR}&format={form}"
        head = f"Host: localhost\r\nAuthorization: Api-Key {key}\r\nConnection: close\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            began = time.perf_counter()
            line.sendall(f"GET {address} HTTP/1.1\r\n{head}".encode())
            start = line.recv(1 << 20)
            assert start.startswith(b"HTTP/1.1 200"), start[:300]
            first, size, tail = time.perf_counter() - began, len(start), start
            while block := line.recv(1 << 20):
                size, tail = size + len(block), (tail + block)[-5:]
            assert tail.endswith(b"0\r\n\r\n"), "the file was cut off"
        return time.perf_counter() - began, first, size


_LIMIT = """
    SELECT to_char(submitted_at, 'YYYY-MM'), survey.name, version.number, channel, team.name, invitation.language,
        contact_reason, segment, score, "group", said.text, '', named.themes
    FROM surveys_response response
    JOIN surveys_invitation invitation ON invitation.id = invitation_id
    JOIN surveys_surveyversion version ON version.id = response.version_id
    JOIN surveys_survey survey ON survey.id = survey_id
    LEFT JOIN surveys_team team ON team.id = team_id
    LEFT JOIN LATERAL (
        SELECT string_agg(text, ' ') AS text FROM surveys_answer WHERE response_id = response.id
    ) said ON true
    LEFT JOIN LATERAL (
        SELECT string_agg(key || ':' || sentiment, '; ') AS themes
        FROM surveys_answer answer
        JOIN analytics_themeassignment ON answer_id = answer.id
        JOIN analytics_theme theme ON theme.id = theme_id
        WHERE response_id = response.id
    ) named ON true
    WHERE response.id IN (SELECT max(response.id) FROM surveys_response response
        JOIN surveys_invitation invitation ON invitation.id = invitation_id
        WHERE response.client_id = %(client)s AND kind = 'csat' GROUP BY customer_id)
"""


def copied(client) -> tuple[float, int]:
    """Seconds of COPY … TO of the same columns, as the database alone writes them, and the number of rows."""
    from django.db import connection

    began = time.perf_counter()
    statement = "COPY (" + _LIMIT + ") TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
    with connection.cursor() as cursor:
        with cursor.copy(statement, {"client": client.pk}) as out:
            for _block in out:
                pass
        return time.perf_counter() - began, cursor.rowcount


def measured(server: Server, client, key: str) -> dict:
    limit, n = min(copied(client) for _ in range(3))
    before = server.memory
    seconds, first, size = min(server.download(key) for _ in range(3))
    return {
        "rows": n,
        "megabytes": round(size / 1e6),
        "seconds": round(seconds, 2),
        "seconds_to_first_byte": round(first, 2),
        "rows_per_second": round(n / seconds),
        "limit_rows_per_second": round(n / limit),
        "times_the_limit": round(seconds / limit, 2),
        "worker_mb_before": before,
        "worker_mb_after": server.memory,
    }


def measure(folder: Path) -> dict:
    from django.db import connection

    from analytics import tallies
    from surveys.models import ApiKey
    from tests import factories
    from tests.installation import Installation

    keys = {}
    for rows in SIZES:
        client = factories.make_client(f"bench{rows}", f"Bench {rows}")
        seed(client, rows)
        keys[client] = ApiKey.objects.create_key(client=client, name="bench")[1]
    while tallies.sweep(dt.datetime(YEAR + 1, 2, 1, tzinfo=dt.UTC)):  # as the schedule does every minute
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    installation = Installation(folder, smtp_port=9)  # no mail leaves here
    try:
        server = Server(installation)
        smallest, middle, _largest = keys.values()
        server.download(smallest)  # the first one loads what all use
        found = [measured(server, client, key) for client, key in keys.items()]
        others = {form: round(SIZES[1] / server.download(middle, form)[0]) for form in ("json", "xlsx")}
    finally:
        installation.stop()
    least, most = (one["seconds"] / one["rows"] for one in (found[0], found[-1]))
    return {"csv": found, "linear": round(most / least, 2), "rows_per_second": others}


def main() -> None:
    with own_database(), tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder)), indent=2))


if __name__ == "__main__":
    main()
