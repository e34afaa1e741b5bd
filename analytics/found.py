"""How often each theme was found lately and by whom, for those who keep the themes; reports count in `queries`."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from surveys.models import Client

from .models import Reading, ThemeAssignment

LED = Coalesce("theme__merged_into", "theme")  # of an assignment: the theme it counts under


@dataclass(frozen=True)
class Found:
    """In how many comments a theme was found, and in how many by whom; different texts of one by different readers."""

    comments: int = 0
    by_person: int = 0
    by_model: int = 0
    by_rules: int = 0


def found(clients: Iterable[Client], start: dt.datetime, end: dt.datetime) -> dict[int, Found]:
    """By a theme's pk, where it and what was merged into it was found in these clients' responses, of any door.

    For those who keep the themes: what counts in a report is `themes`. One query.
    """
    sheet = lambda **by: Count("answer__response", distinct=True, filter=Q(**by))  # noqa: E731
    sources = {f"by_{source}": sheet(source=source) for source in Reading.Source.values}
    of_them = ThemeAssignment.objects.filter(
        theme__client__in=clients, answer__response__submitted_at__gte=start, answer__response__submitted_at__lt=end
    )
    rows = of_them.order_by().values(led=LED).annotate(comments=sheet(), **sources)
    return {row.pop("led"): Found(**row) for row in rows}
