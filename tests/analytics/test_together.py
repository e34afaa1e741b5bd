"""What PostgreSQL is told for one large figure holds for that alone."""

import pytest
from django.db import connection

from analytics.together import read_together
from tests.conftest import needs


@pytest.mark.django_db
def test_what_is_read_after_a_large_figure_is_read_as_before():
    needs("it is about PostgreSQL: DATABASE_URL", connection.vendor == "postgresql")

    def told() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name || ' ' || setting FROM pg_settings WHERE source <> 'default' ORDER BY name")
            return [row for (row,) in cursor.fetchall()]

    before = told()
    with read_together(never_one_by_one=True):
        assert "enable_nestloop off" in told()
    assert told() == before
