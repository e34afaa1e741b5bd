"""What the database itself notes when an answer changes after its day may have been tallied, by whatever hand.

A fresh answer pays one comparison: its hour is tallied an hour after it ended at the earliest, so what changes within
half an hour of being submitted needs no note (a transaction that is open for half an hour would break this). Noted are
the hour of the answer and that of the one that follows it, whose day takes it away (see `tallying.add`).

Besides, an answer's customer is changed with its invitation's.

Installed after each `migrate`, since remaking a table on SQLite drops its triggers. There they must be away while
tables are remade; what changed meanwhile nobody noted, so that everything is tallied anew.
"""

# ruff: noqa: S608  only names of tables and columns are written into the statements

from collections.abc import Iterator
from functools import partial

from django.db import connections

# In each vendor's words: is it older than half an hour; its hour.
_OLD = {
    "postgresql": "{} < now() - interval '30 minutes'",
    "sqlite": "{} < strftime('%Y-%m-%d %H:%M:%f', 'now', '-30 minutes')",
}
_HOUR = {"postgresql": "date_trunc('hour', {})", "sqlite": "substr({}, 1, 13) || ':00:00'"}

_COUNTS = "NOT EXISTS (SELECT 1 FROM surveys_exclusion x WHERE x.response_id = n.id AND x.state = 'confirmed')"


def _note(vendor: str, source: str) -> str:
    """Note the answers `r` of FROM and WHERE, and those of the customer that follow them: the next of the kind that
    counts."""
    old, hour = _OLD[vendor].format, _HOUR[vendor].format
    source = f"FROM {source} AND r.invitation_id IS NOT NULL AND {old('r.submitted_at')}"
    following = (
        f"(SELECT n.submitted_at FROM surveys_response n WHERE n.customer_id = r.customer_id AND n.kind = r.kind "
        f"AND (n.submitted_at, n.id) > (r.submitted_at, r.id) AND {_COUNTS} ORDER BY n.submitted_at, n.id LIMIT 1)"
    )
    found = f"SELECT r.client_id, r.submitted_at AS at {source} UNION ALL SELECT r.client_id, {following} {source}"
    return (
        f"INSERT INTO analytics_touched (client_id, at) SELECT DISTINCT client_id, {hour('at')} "
        f"FROM ({found}) AS found WHERE {old('at')};"
    )


def _differ(*columns: str) -> str:
    """Whether any of these columns changed; they must not be NULL."""
    return "(" + " OR ".join(f"OLD.{column} <> NEW.{column}" for column in columns) + ")"


def _moved(*columns: str) -> str:
    """As `_differ`, of references that may be NULL."""
    return "(" + " OR ".join(f"COALESCE(OLD.{name}, 0) <> COALESCE(NEW.{name}, 0)" for name in columns) + ")"


def _triggers(vendor: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, table, event, condition and statements of each."""
    old, answers = _OLD[vendor].format, partial(_note, vendor)
    response, invitation, assignment = "surveys_response", "surveys_invitation", "analytics_themeassignment"
    exclusion = "surveys_exclusion"
    own = "surveys_response r WHERE r.{} = {}.{}".format
    columns = ", ".join(
        f"OLD.{name} AS {name}" for name in ("id", "client_id", "invitation_id", "customer_id", "kind", "submitted_at")
    )
    was = answers(f"(SELECT {columns}) AS r WHERE 1 = 1")

    noted = answers(own("id", "NEW", "id"))
    yield "comes", response, "INSERT", old("NEW.submitted_at"), noted
    yield "goes", response, "DELETE", old("OLD.submitted_at"), was
    rescored = _differ("score", "version_id")
    yield "says", response, "UPDATE OF score, version_id", f"{old('NEW.submitted_at')} AND {rescored}", noted
    moved = f"({_differ('kind', 'submitted_at', 'client_id')} OR {_moved('invitation_id', 'customer_id')})"
    was_or_is_old = f"({old('OLD.submitted_at')} OR {old('NEW.submitted_at')})"
    columns = "UPDATE OF kind, submitted_at, client_id, invitation_id, customer_id"
    yield "moves", response, columns, f"{was_or_is_old} AND {moved}", was + noted

    whose = "UPDATE surveys_response SET customer_id = NEW.customer_id WHERE invitation_id = NEW.id;"
    yield "person", invitation, "UPDATE OF customer_id", _moved("customer_id"), whose
    noted = answers(own("invitation_id", "NEW", "id"))
    texts = ("channel", "contact_reason", "segment", "language", "is_goodwill")
    rows = ("agent_id", "team_id", "contact_id")
    columns = "UPDATE OF " + ", ".join(texts + rows)
    yield "context", invitation, columns, f"({_differ(*texts)} OR {_moved(*rows)})", noted

    asked = "surveys_invitation i JOIN surveys_response r ON r.invitation_id = i.id WHERE i.contact_id = NEW.id"
    yield "told", "surveys_contact", "UPDATE OF attributes", _differ("attributes"), answers(asked)

    said = "surveys_answer a JOIN surveys_response r ON r.id = a.response_id WHERE a.id = {}.answer_id".format
    yield "named", assignment, "INSERT", "", answers(said("NEW"))
    yield "unnamed", assignment, "DELETE", "", answers(said("OLD"))
    changed = _differ("answer_id", "theme_id")
    yield "renamed", assignment, "UPDATE OF answer_id, theme_id", changed, answers(said("OLD")) + answers(said("NEW"))
    merged = (
        "analytics_themeassignment t JOIN surveys_answer a ON a.id = t.answer_id "
        "JOIN surveys_response r ON r.id = a.response_id WHERE t.theme_id = NEW.id"
    )
    yield "merged", "analytics_theme", "UPDATE OF merged_into_id", _moved("merged_into_id"), answers(merged)

    noted = answers(own("id", "NEW", "response_id"))
    yield "excluded", exclusion, "INSERT", "NEW.state = 'confirmed'", noted
    decided = "(OLD.state = 'confirmed') <> (NEW.state = 'confirmed')"
    yield "decided", exclusion, "UPDATE OF state", decided, noted
    yield "forgotten", exclusion, "DELETE", "OLD.state = 'confirmed'", answers(own("id", "OLD", "response_id"))


def install(using: str = "default") -> None:
    """Make every trigger anew. Does nothing while a table is missing, in the middle of a history of migrations.

    Where one was missing, changes went unnoted: everything is tallied anew.
    """
    connection = connections[using]
    made = list(_triggers(connection.vendor))
    with connection.cursor() as cursor:
        needed = {table for _, table, *_ in made} | {"analytics_touched", "analytics_tallieduntil", "surveys_answer"}
        if not needed <= set(connection.introspection.table_names(cursor)):
            return
        cursor.execute(_STANDING[connection.vendor])
        standing = {name for (name,) in cursor.fetchall()}
        for name, *what in made:
            for statement in _MAKE[connection.vendor](f"tally_{name}", *what):
                cursor.execute(statement)
        if not {f"tally_{name}" for name, *_ in made} <= standing:
            cursor.execute("DELETE FROM analytics_tallieduntil")


def remove(using: str = "default") -> None:
    """On SQLite, take the triggers out of the way of remaking tables; PostgreSQL can alter tables that have some."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for name, *_ in _triggers(connection.vendor):
                cursor.execute(f"DROP TRIGGER IF EXISTS tally_{name}")


def _for_postgresql(name: str, table: str, event: str, condition: str, statements: str) -> list[str]:
    when = f"WHEN ({condition}) " if condition else ""
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$body$ BEGIN {statements} RETURN NULL; END $body$",
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {name}()",
    ]


def _for_sqlite(name: str, table: str, event: str, condition: str, statements: str) -> list[str]:
    when = f"WHEN {condition} " if condition else ""
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when}BEGIN {statements} END",
    ]


_MAKE = {"postgresql": _for_postgresql, "sqlite": _for_sqlite}
_STANDING = {
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
}
