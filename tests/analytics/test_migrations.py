"""What is tallied by the day stays so where tallies begin to reach up to the hour."""

import datetime as dt

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BY_DAY, BY_HOUR = [("analytics", "0004_tallies")], [("analytics", "0005_tallied_by_the_hour")]


def migrated(target):
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return executor.loader.project_state(target).apps.get_model


@pytest.fixture
def by_day(transactional_db):
    """The models as they were; afterwards the database is up to date again."""
    yield migrated(BY_DAY)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_days_that_were_tallied_are_tallied_until_the_clients_midnight(by_day):
    about = {"from_email": "a@example.org"}
    zones = {"berlin": "Europe/Berlin", "lisbon": "Europe/Lisbon", "unset": ""}
    for slug, zone in zones.items():
        client = by_day("surveys", "Client").objects.create(slug=slug, name=slug, from_name=slug, **about)
        by_day("analytics", "TalliedUntil").objects.create(client=client, until_on=dt.date(2026, 11, 10), zone=zone)

    by_hour = migrated(BY_HOUR)("analytics", "TalliedUntil")

    assert dict(by_hour.objects.values_list("client__slug", "until")) == {
        "berlin": dt.datetime(2026, 11, 9, 23, tzinfo=dt.UTC),
        "lisbon": dt.datetime(2026, 11, 10, tzinfo=dt.UTC),
        "unset": dt.datetime(2026, 11, 10, tzinfo=dt.UTC),
    }
    assert not migrated(BY_DAY)("analytics", "TalliedUntil").objects.exists()  # part of a day cannot be said
