"""Queries that are compiled once and run for every request: most of what an ORM read or write costs is making its SQL.

PostgreSQL keeps them prepared as well, for reading and planning a join of six tables takes longer than running it.
"""

import datetime as dt
import re
import sys
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq import Format as PqFormat
from psycopg.pq.abc import PGresult

# Fields whose values PostgreSQL's driver takes as a row has them: asking each field costs more than sending it.
AS_THEY_ARE = {
    models.BooleanField,
    models.CharField,
    models.DateTimeField,
    models.ForeignKey,
    models.OneToOneField,
    models.PositiveSmallIntegerField,
    models.SlugField,
    models.TextField,
    models.UUIDField,
}


class Prepared:
    """A queryset with open places: `make(*values)`, compiled once in each thread with `samples` for the values.

    Samples are of the values' types and stand for nothing else in the query. Only what is selected and joined may be
    in it: no prefetching, no annotations.
    """

    def __init__(self, make: Callable[..., models.QuerySet], *samples: object) -> None:
        self.make, self.samples, self.own = make, samples, threading.local()

    def first(self, *values: object) -> "Row | None":
        """The first row, with its related rows."""
        compiled = self._compiled()
        rows = compiled.fetch(values)
        return Row(compiled, rows[0]) if rows else None

    def first_beside(self, other: "Prepared", *values: object) -> "Row | None":
        """The first row, and beside it another query's first column for the same values.

        One statement on PostgreSQL; elsewhere the row alone.
        """
        compiled = self._compiled()
        if _connection().vendor != "postgresql":
            return self.first(*values)
        statement, given = other.filled(values)
        both = f"SELECT found.*, ARRAY({statement}) FROM ({compiled.statement}) found"  # noqa: S608 - both are compiled
        rows = _run(both, given + compiled.filled(values))
        return Row(compiled, rows[0][:-1], beside=rows[0][-1]) if rows else None

    def column(self, *values: object) -> list:
        """The first column of every row, as the database gives it: for numbers and texts."""
        return [row[0] for row in self._compiled().fetch(values)]

    def filled(self, values: Sequence[object]) -> tuple[str, list[object]]:
        """The statement and its parameters."""
        compiled = self._compiled()
        return compiled.statement, compiled.filled(values)

    def _compiled(self) -> "_Compiled":
        if not hasattr(self.own, "compiled"):
            connection = _connection()
            samples = [_as_parameter(sample, connection) for sample in self.samples]
            self.own.compiled = _compile(self.make(*self.samples), samples)
        return self.own.compiled


class Row:
    """A row as it was read. Its columns cost next to nothing, its models as much as reading it."""

    def __init__(self, compiled: "_Compiled", stored: tuple, beside: list | None = None) -> None:
        self._compiled, self._stored, self.beside = compiled, stored, beside

    def __getitem__(self, column: tuple[type[models.Model], str]) -> object:
        """A column of one of the models that were selected, such as `row[Client, "name"]`; None where none is there."""
        place = self._compiled.columns[column]
        value = self._stored[place]
        for convert in self._compiled.converters.get(place, ((), None))[0]:
            value = convert(value, self._compiled.compiler.select[place][0], _connection())
        return value

    def all_of(self, model: type[models.Model]) -> tuple:
        """Every column of one of the models, as the database stores it: to compare, not to read."""
        return self._stored[self._compiled.spans[model]]

    def model(self) -> models.Model:
        """The row as its model, with its related rows as theirs."""
        return self._compiled.model_of(self._stored, self._compiled.populators)

    def alone(self) -> models.Model:
        """The row as its model, with no related row: a fraction of the cost."""
        return self._compiled.model_of(self._stored, ())


@dataclass
class _Compiled:
    statement: str
    parameters: Sequence[object]
    places: list[tuple[int, int]]  # which parameter is which value
    compiler: SQLCompiler

    def __post_init__(self) -> None:
        info, select = self.compiler.klass_info, self.compiler.select
        self.converters = self.compiler.get_converters([column[0] for column in select])
        if info:
            self.model, self.alias, own = info["model"], self.compiler.using, info["select_fields"]
            self.start, self.end = own[0], own[-1] + 1
            self.names = [column[0].target.attname for column in select[self.start : self.end]]
            self.populators = get_related_populators(info, select, self.alias)
        targets = [column[0].target for column in select]
        self.columns = {(target.model, target.attname): place for place, target in enumerate(targets)}
        models_of = [target.model for target in targets]  # in one piece each
        self.spans = {
            model: slice(models_of.index(model), models_of.index(model) + models_of.count(model)) for model in models_of
        }

    def fetch(self, values: Sequence[object]) -> list[tuple]:
        return _run(self.statement, self.filled(values))

    def filled(self, values: Sequence[object]) -> list[object]:
        filled, connection = list(self.parameters), _connection()
        for parameter, value in self.places:
            filled[parameter] = _as_parameter(values[value], connection)
        return filled

    def model_of(self, row: tuple, populators: Sequence) -> models.Model:
        if self.converters:
            row = next(iter(self.compiler.apply_converters([row], self.converters)))
        instance = self.model.from_db(self.alias, self.names, row[self.start : self.end])
        for populator in populators:
            populator.populate(row, instance)
        return instance


def insert(rows: Sequence[models.Model], instead: str = "") -> None:
    """Store new rows of one model in one statement, and give them their keys; no signal is sent.

    `instead`: what to do with a row that is there already, as in SQL's ON CONFLICT; without it, IntegrityError.
    """
    connection = _connection()
    statement, fields = _insertion(type(rows[0]), len(rows), instead)
    values = [_stored(field, row, connection) for row in rows for field in fields]
    for row, (pk,) in zip(rows, _run(statement, values), strict=True):
        row.pk, row._state.adding, row._state.db = pk, False, connection.alias


@lru_cache(maxsize=200)
def _insertion(model: type[models.Model], number: int, instead: str) -> tuple[str, list[models.Field]]:
    """The statement for so many rows, and the fields whose values it takes for each."""
    fields = _fields(model)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * number)
    pk = _connection().ops.quote_name(model._meta.pk.column)
    return f"{_into(model, fields)} VALUES {places} {instead} RETURNING {pk}", fields


def update(row: models.Model, news: Mapping[str, object], empty: Sequence[str]) -> bool:
    """Write these fields of the stored row if those that shall be empty still are; whether they were."""
    connection, fields = _connection(), [row._meta.get_field(name) for name in news]
    values = [field.get_db_prep_save(value, connection) for field, value in zip(fields, news.values(), strict=True)]
    return bool(_run(_update(type(row), tuple(news), tuple(empty)), [*values, row.pk]))


@lru_cache(maxsize=200)
def _update(model: type[models.Model], names: tuple[str, ...], empty: tuple[str, ...]) -> str:
    meta, quoted = model._meta, _connection().ops.quote_name
    news = ", ".join(f"{quoted(meta.get_field(name).column)} = %s" for name in names)
    still = "".join(f" AND {quoted(meta.get_field(name).column)} IS NULL" for name in empty)
    pk = quoted(meta.pk.column)
    # Nothing but names of our own models goes into it.
    return f"UPDATE {quoted(meta.db_table)} SET {news} WHERE {pk} = %s{still} RETURNING {pk}"  # noqa: S608


def insert_with(
    row: models.Model, others: Sequence[models.Model], link: str, guard: Prepared | None, values: Sequence[object]
) -> bool:
    """Store a new row and others that refer to it by `link`: all or none, and only if `guard` finds what it locks.

    False where it finds nothing; IntegrityError where one is there already. On PostgreSQL it is one statement, which
    needs no transaction around it. Only `row` is given its key; no signal is sent.
    """
    connection = _connection()
    if connection.vendor == "postgresql":
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return _insert_at_once(row, others, link, guard, values)
    with transaction.atomic():
        if guard and not guard.column(*values):
            return False
        insert([row])
        for other in others:
            setattr(other, link, row)
        if others:
            insert(others)
    return True


def _insert_at_once(
    row: models.Model, others: Sequence[models.Model], link: str, guard: Prepared | None, values: Sequence[object]
) -> bool:
    connection = _connection()
    guarded, given = guard.filled(values) if guard else ("SELECT", [])
    other = type(others[0]) if others else None
    statement, own, further = _joint_insertion(type(row), other, len(others), link, guarded)
    given += [_stored(field, row, connection) for field in own]
    given += [_stored(field, each, connection) for each in others for field in further]
    if not (stored := _run(statement, given)):
        return False
    row.pk, row._state.adding, row._state.db = stored[0][0], False, connection.alias
    return True


@lru_cache(maxsize=200)
def _joint_insertion(
    model: type[models.Model], other: type[models.Model] | None, number: int, link: str, guard: str
) -> tuple[str, list[models.Field], list[models.Field]]:
    """The statement, and the fields whose values it takes: of the row, and of each of the others."""
    quoted, own = _connection().ops.quote_name, _fields(model)
    pk = quoted(model._meta.pk.column)
    # Nothing but names of our own models goes into it, and the guard's statement, which is compiled.
    parts = [
        f"held AS ({guard})",
        f"stored AS ({_into(model, own)} SELECT {_places(own)} FROM held RETURNING {pk})",  # noqa: S608
    ]
    further = [field for field in _fields(other) if field.name != link] if other else []
    if other:
        each = f"SELECT stored.{pk}, {_places(further)} FROM stored"  # noqa: S608
        columns = [other._meta.get_field(link), *further]
        parts.append(f"others AS ({_into(other, columns)} {' UNION ALL '.join([each] * number)})")
    return f"WITH {', '.join(parts)} SELECT {pk} FROM stored", own, further  # noqa: S608


def _fields(model: type[models.Model]) -> list[models.Field]:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def _into(model: type[models.Model], fields: Sequence[models.Field]) -> str:
    quoted = _connection().ops.quote_name
    return f"INSERT INTO {quoted(model._meta.db_table)} ({', '.join(quoted(field.column) for field in fields)})"


def _places(fields: Sequence[models.Field]) -> str:
    """Typed, but without lengths: a cast cuts what is too long, where storing it must fail."""
    connection = _connection()
    return ", ".join("%s::" + field.db_type(connection).partition("(")[0] for field in fields)


def _stored(field: models.Field, row: models.Model, connection: BaseDatabaseWrapper) -> object:
    if type(field) in AS_THEY_ARE and connection.vendor == "postgresql":
        return getattr(row, field.attname)
    return field.get_db_prep_save(field.pre_save(row, add=True), connection)


def _run(statement: str, values: list) -> list[tuple]:
    """Prepared on PostgreSQL, unless queries are counted, which only Django's own cursor does.

    A connection that died since the last request is made anew, once, where no transaction was lost with it.
    """
    connection = _connection()
    if connection.vendor != "postgresql" or connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
    with connection.wrap_database_errors:
        if connection.in_atomic_block:  # whose BEGIN is psycopg's to send
            connection.connection.prepare_threshold = sys.maxsize  # these by our word, everything else never
            with psycopg.Cursor(connection.connection) as cursor:
                return cursor.execute(statement, values, prepare=True).fetchall()
        try:
            return _run_at_once(connection, statement, values)
        except psycopg.OperationalError:
            if connection.is_usable():
                raise
            connection.close()
            return _run_at_once(connection, statement, values)


def _run_at_once(connection: BaseDatabaseWrapper, statement: str, values: list) -> list[tuple]:
    """By libpq itself: psycopg's cursor takes longer to think about a statement than PostgreSQL to run it."""
    connection.ensure_connection()
    psycopg_connection = connection.connection
    known = vars(psycopg_connection).setdefault("nachklang_prepared", {})
    if statement not in known:
        known[statement] = _Standing(psycopg_connection, statement, f"nachklang{len(known)}".encode())
    rows = known[statement].run(values)
    connection.health_check_done = True  # it lives: nothing else in this request has to ask
    return rows


class _Quick:
    """How psycopg itself reads moments: in C, and in the zone of the connection, which Django sets to UTC."""

    def __init__(self, psycopg_connection: psycopg.Connection) -> None:
        self.connection, self.adapters = psycopg_connection, AdaptersMap(psycopg_connection.adapters)
        moment = psycopg.adapters.types["timestamptz"].oid
        for form in (PqFormat.TEXT, PqFormat.BINARY):
            self.adapters.register_loader(moment, psycopg.adapters.get_loader(moment, form))


class _Standing:
    """A statement that one connection keeps prepared."""

    def __init__(self, psycopg_connection: psycopg.Connection, statement: str, name: bytes) -> None:
        self.server, self.name = psycopg_connection.pgconn, name
        self.adapter, self.is_known = Transformer(_Quick(psycopg_connection)), False
        numbers = count(1)
        numbered = re.sub("%s", lambda _: f"${next(numbers)}", statement).replace("%%", "%")
        self._checked(self.server.prepare(name, numbered.encode()))

    def run(self, values: list) -> list[tuple]:
        sent = self.adapter.dump_sequence(values, [PyFormat.TEXT] * len(values))
        result = self._checked(self.server.exec_prepared(self.name, sent))
        self.adapter.set_pgresult(result, set_loaders=not self.is_known)
        self.is_known = True
        return self.adapter.load_rows(0, result.ntuples, tuple)

    def _checked(self, result: PGresult) -> PGresult:
        if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            return result
        if self.server.status == ConnStatus.BAD:
            raise psycopg.OperationalError(self.server.error_message.decode(errors="replace"))
        raise psycopg.errors.error_from_result(result)


def _compile(queryset: models.QuerySet, samples: list[object]) -> _Compiled:
    compiler = queryset.query.get_compiler(using=queryset.db)
    # Django compiles no SELECT … FOR UPDATE outside of a transaction.
    with nullcontext() if _connection().in_atomic_block else transaction.atomic():
        statement, parameters = compiler.as_sql()
    places = [(place, samples.index(each)) for place, each in enumerate(parameters) if each in samples]
    return _Compiled(statement, parameters, places, compiler)


def _as_parameter(value: object, connection: BaseDatabaseWrapper) -> object:
    """As a driver takes it: text where the database has no type for it."""
    if isinstance(value, uuid.UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, dt.datetime) else value


def _connection() -> BaseDatabaseWrapper:
    """This thread's. `django.db.connection` looks it up anew for each of its attributes."""
    return connections[DEFAULT_DB_ALIAS]
