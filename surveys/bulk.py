"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite.

For rows by the thousand, where model objects would cost more than the database does. No signals, no defaults, no
validation: the caller names every column that must not be NULL. Constraints hold as ever.
"""

# ruff: noqa: S608  only names of tables and columns, quoted, are written into the statements

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial

from django.db import connection, models
from django.db.models.constants import OnConflict
from django.db.transaction import TransactionManagementError

_YES = models.BooleanField()


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Insert `rows` within the current transaction, streaming: memory does not grow with their number.

    `columns`: names as on the model, foreign keys with their `_id` (“client_id”); each row has its values in that
    order, as Python values (aware datetimes, UUIDs, plain lists and dicts for JSON). With the primary key among the
    columns, take its values from `reserve`. Raises IntegrityError; PostgreSQL checks foreign keys at the commit.
    """
    fields = [model._meta.get_field(name) for name in columns]
    if connection.vendor == "postgresql":
        _copy(model, fields, rows)
    else:
        _insert(model, fields, rows)


def among(column: str, values: Iterable[str] | Iterable[int]) -> models.Func:
    """A condition for `filter`: the column is one of `values`, however many.

    They travel as one parameter. As a thousand of them, they would cost more to write and to read than to look up.
    """
    if connection.vendor == "postgresql":
        # A bare literal takes the type of the column. Of another (psycopg sends small numbers as smallint[]), nothing
        # is hashed: PostgreSQL goes through all of them for each row.
        joiner, closing, many = " = ANY(", ")", f"{{{','.join(map(_element, values))}}}"
    else:
        joiner, closing, many = " IN (SELECT value FROM json_each(", "))", json.dumps(list(values))
    found = (models.F(column), models.Value(many))
    return models.Func(*found, template=f"%(expressions)s{closing}", arg_joiner=joiner, output_field=_YES)


def _element(value: str | int) -> str:
    """As an array literal has it."""
    if isinstance(value, int):
        return str(value)
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def insert_selected(model: type[models.Model], columns: Sequence[str], selected: models.QuerySet) -> None:
    """Insert what a query selects, in the order of `columns`; rows that are there already stay as they are."""
    table, names = _statement(model, [model._meta.get_field(name) for name in columns])
    select, values = selected.query.sql_with_params()
    insert = connection.ops.insert_statement(on_conflict=OnConflict.IGNORE)
    unless_there = connection.ops.on_conflict_suffix_sql([], OnConflict.IGNORE, [], [])
    with connection.cursor() as cursor:
        cursor.execute(f"{insert} {table} ({names}) {select} {unless_there}", values)


def look_again(model: type[models.Model], columns: Sequence[str]) -> None:
    """Have PostgreSQL count what is in `columns`, after a table has grown a lot: it would do so within some minutes.

    Until then it takes the new rows for few, and reads all of them where the unique index would find one.
    """
    if connection.vendor == "postgresql":
        table, names = _statement(model, [model._meta.get_field(name) for name in columns])
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {table} ({names})")


def reserve(model: type[models.Model], count: int) -> list[int]:
    """`count` primary keys, ascending, that nobody else will be given. Only within a transaction.

    PostgreSQL draws them from the sequence; unused ones are lost, as with a rollback of any insert. SQLite moves its
    own counter on, which is safe because a transaction there begins with the write lock (BEGIN IMMEDIATE).
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("primary keys are reserved within a transaction")
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # OFFSET 0 has the name looked up once instead of for each number.
            named = "(SELECT pg_get_serial_sequence(%s, %s)::regclass AS name OFFSET 0) AS sequence"
            numbers = f"SELECT nextval(name) FROM {named}, generate_series(1, %s)"
            cursor.execute(numbers, [f'"{table}"', model._meta.pk.column, count])
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [count, table])
        if not cursor.rowcount:  # nothing was ever inserted
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        (last,) = cursor.fetchone()
    return list(range(last - count + 1, last + 1))


def update(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Overwrite `columns` of known rows in one statement; the first of them is the primary key. Rows as for `insert`.

    PostgreSQL joins them as arrays: one UPDATE, where bulk_update would make a CASE of every row and field.
    """
    key, *fields = [model._meta.get_field(name) for name in columns]
    quote = connection.ops.quote_name
    table, own = quote(model._meta.db_table), quote(key.column)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            changes = ", ".join(f"{quote(field.column)} = new.{quote(field.column)}" for field in fields)
            arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in (key, *fields))
            names = ", ".join(quote(field.column) for field in (key, *fields))
            source = f"unnest({arrays}) AS new({names})"
            values = list(map(_array, (key, *fields), zip(*rows, strict=True)))
            cursor.execute(f"UPDATE {table} SET {changes} FROM {source} WHERE {table}.{own} = new.{own}", values)
        else:
            changes = ", ".join(f"{quote(field.column)} = %s" for field in fields)
            prepared = _prepared((*fields, key), ((*values, pk) for pk, *values in rows))
            cursor.executemany(f"UPDATE {table} SET {changes} WHERE {own} = %s", prepared)


def _array(field: models.Field, column: Sequence) -> list:
    return [field.get_db_prep_save(value, connection) for value in column] if _is_json(field) else list(column)


def _is_json(field: models.Field) -> bool:
    return isinstance(field, models.JSONField)


def _prepared(fields: Sequence[models.Field], rows: Iterable[Sequence]) -> Iterable[list]:
    prepare = [partial(field.get_db_prep_save, connection=connection) for field in fields]
    return ([to_db(value) for to_db, value in zip(prepare, row, strict=True)] for row in rows)


def _statement(model: type[models.Model], fields: list[models.Field]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)


def _copy(model: type[models.Model], fields: list[models.Field], rows: Iterable[Sequence]) -> None:
    """Each value as psycopg writes it fastest: it knows no dict, takes a list for an array, and is slow with times."""
    table, columns = _statement(model, fields)
    written = [(index, write) for index, field in enumerate(fields) if (write := _writer(field))]
    statement = f"COPY {table} ({columns}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            values = list(row)
            for index, write in written:
                if values[index] is not None:
                    values[index] = write(values[index])
            copy.write_row(values)


def _writer(field: models.Field) -> Callable[[object], str] | None:
    if isinstance(field, models.DateTimeField):
        return _written_time
    if not _is_json(field):
        return None
    dumps = partial(json.dumps, cls=field.encoder)
    return lambda value: dumps(value) if value or not isinstance(value, dict) else "{}"  # which most of them are


_written_time = lru_cache(10_000)(dt.datetime.isoformat)  # one moment is often that of many rows


def _insert(model: type[models.Model], fields: list[models.Field], rows: Iterable[Sequence]) -> None:
    table, columns = _statement(model, fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", _prepared(fields, rows))
