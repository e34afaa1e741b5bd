"""Queries that are compiled once and run for every request: most of what an ORM read or write costs is making its SQL.

PostgreSQL keeps them prepared as well, for reading and planning a join of six tables takes longer than running it.
"""

import datetime as dt
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import psycopg
from django.db import OperationalError, connection, models
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler


class Prepared:
    """A queryset with open places: `make(*values)`, compiled once in each thread with `samples` for the values.

    Samples are of the values' types and stand for nothing else in the query. Only what is selected and joined may be
    in it: no prefetching, no annotations.
    """

    def __init__(self, make: Callable[..., models.QuerySet], *samples: object) -> None:
        self.make, self.samples, self.own = make, samples, threading.local()

    def first(self, *values: object) -> models.Model | None:
        """The first row, with its related rows, as their models."""
        compiled = self._compiled()
        rows = compiled.fetch(values)
        return compiled.model_of(rows[0]) if rows else None

    def column(self, *values: object) -> list:
        """The first column of every row, as the database gives it: for numbers and texts."""
        return [row[0] for row in self._compiled().fetch(values)]

    def _compiled(self) -> "_Compiled":
        if not hasattr(self.own, "compiled"):
            self.own.compiled = _compile(self.make(*self.samples), [_as_parameter(sample) for sample in self.samples])
        return self.own.compiled


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

    def fetch(self, values: Sequence[object]) -> list[tuple]:
        filled = list(self.parameters)
        for parameter, value in self.places:
            filled[parameter] = _as_parameter(values[value])
        return _run(self.statement, filled)

    def model_of(self, row: tuple) -> models.Model:
        if self.converters:
            row = next(iter(self.compiler.apply_converters([row], self.converters)))
        instance = self.model.from_db(self.alias, self.names, row[self.start : self.end])
        for populator in self.populators:
            populator.populate(row, instance)
        return instance


def insert(rows: Sequence[models.Model], instead: str = "") -> None:
    """Store new rows of one model in one statement, and give them their keys; no signal is sent.

    `instead`: what to do with a row that is there already, as in SQL's ON CONFLICT; without it, IntegrityError.
    """
    statement, fields = _insertion(type(rows[0]), len(rows), instead)
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows for field in fields]
    for row, (pk,) in zip(rows, _run(statement, values), strict=True):
        row.pk, row._state.adding, row._state.db = pk, False, connection.alias


@lru_cache(maxsize=200)
def _insertion(model: type[models.Model], number: int, instead: str) -> tuple[str, list[models.Field]]:
    """The statement for so many rows, and the fields whose values it takes for each."""
    meta, quoted = model._meta, connection.ops.quote_name
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    columns = ", ".join(quoted(field.column) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * number)
    # Nothing but names of our own models goes into it.
    statement = f"INSERT INTO {quoted(meta.db_table)} ({columns}) VALUES {places}"  # noqa: S608
    return f"{statement} {instead} RETURNING {quoted(meta.pk.column)}", fields


def _run(statement: str, values: list) -> list[tuple]:
    """Prepared on PostgreSQL, unless queries are counted, which only Django's own cursor does.

    A connection that died since the last request is made anew, once, where no transaction was lost with it.
    """
    if connection.vendor != "postgresql" or connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
    try:
        return _run_prepared(statement, values)
    except OperationalError:
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return _run_prepared(statement, values)


def _run_prepared(statement: str, values: list) -> list[tuple]:
    connection.ensure_connection()
    connection.connection.prepare_threshold = sys.maxsize  # these by our word, everything else never
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, values, prepare=True).fetchall()


def _compile(queryset: models.QuerySet, samples: list[object]) -> _Compiled:
    compiler = queryset.query.get_compiler(using=queryset.db)
    statement, parameters = compiler.as_sql()
    places = [(place, samples.index(each)) for place, each in enumerate(parameters) if each in samples]
    return _Compiled(statement, parameters, places, compiler)


def _as_parameter(value: object) -> object:
    """As a driver takes it: text where the database has no type for it."""
    if isinstance(value, uuid.UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, dt.datetime) else value
