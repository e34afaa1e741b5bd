"""Benchmarks: each measures the product and, in the same run, the bare limit. They print JSON; no test takes times."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django


@contextmanager
def own_database(only_postgresql: bool = True) -> Iterator[None]:
    """Django over a test database of its own, beside the one of DATABASE_URL, dropped at the end."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import connection

    if only_postgresql and connection.vendor != "postgresql":
        raise SystemExit("Set DATABASE_URL to a PostgreSQL database: that is what is measured.")
    original = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.close()
        connection.creation.destroy_test_db(original, verbosity=0)
