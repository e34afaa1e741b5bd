"""The ledger of a period as the honesty figures count it: each verdict with its own contact and its own answer.

A year of a large client are some hundred thousand rows in three tables. Each is joined by the client, too, though the
keys would do: then a database reads this client's rows of a table together instead of one by one. What is counted by
several figures is counted in one statement, and in one look once.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Case, Count, F, FilteredRelation, Q, QuerySet, Value, When
from django.db.models.fields import BooleanField, CharField

from surveys.models import Client, Exclusion, Invitation, SurveyVersion
from surveys.models.cuts import Cut, cut

from .. import look
from ..periods import Period
from ..together import read_together

CONTACT, ANSWER = "own_contact", "own_answer"  # the names under which they are joined
EARLY = dt.timedelta(hours=24)  # after the message was due
FROZEN = (Cut.REASON, Cut.CHANNEL, Cut.LANGUAGE, Cut.SEGMENT)  # what each verdict bears itself
COURSE = (Cut.TEAM, Cut.SOLVED, Cut.WAIT)  # who served, and how it went


class Cell(NamedTuple):
    """A number of verdicts that are alike; `values` as of the cuts that were asked for.

    `group`: of the answer that counts, “” where there is none. `is_early`: it came within a day of its message; None
    where none was due.
    """

    values: tuple[str, ...]
    has_contact: bool
    group: str
    is_early: bool | None
    number: int


def verdicts(client: Client, period: Period) -> QuerySet[Invitation]:
    """On all who could have been asked, in contacts and waves; with `CONTACT` and `ANSWER` of each."""
    about = Invitation.objects.filter(client=client, about_at__gte=period.start, about_at__lt=period.end)
    joined = {
        CONTACT: FilteredRelation("contact", condition=Q(contact__client=F("client"))),
        ANSWER: FilteredRelation("response", condition=Q(response__client=F("client"))),
    }
    return about.exclude(reason__in=Invitation.INELIGIBLE).order_by().annotate(**joined)


def answered(client: Client, period: Period, cuts: Sequence[str]) -> Mapping[str, Sequence[Cell]]:
    """By kind of survey who answered and who did not, by these cuts. Two queries, in one look once."""
    return look.once(("answered", client.pk, period, tuple(cuts)), lambda: _answered(client, period, cuts))


def _answered(client: Client, period: Period, cuts: Sequence[str]) -> Mapping[str, Sequence[Cell]]:
    excluded = Exclusion.objects.standing().filter(response__client=client).values_list("response", flat=True)
    counts = Q(**{f"{ANSWER}__isnull": False}) & ~Q(**{f"{ANSWER}__in": list(excluded)})
    came_early = Q(**{f"{ANSWER}__submitted_at__lt": F("due_at") + EARLY})
    rows = verdicts(client, period).annotate(
        has_contact=_first((Q(contact=None), False), default=True),
        said=Case(When(counts, then=F(f"{ANSWER}__group")), default=Value(""), output_field=CharField()),
        is_early=_first((Q(due_at=None), None), (came_early, True), default=False),
    )
    kinds = dict(SurveyVersion.objects.filter(survey__client=client).values_list("pk", "survey__kind"))
    found: dict[str, list[Cell]] = defaultdict(list)
    for version, *known, values, number in counted(rows, client, cuts, "version", "has_contact", "said", "is_early"):
        found[kinds[version]].append(Cell(values, *known, number))
    return found


def _first(*cases: tuple[Q, bool | None], default: bool) -> Case:
    whens = (When(condition, then=Value(value)) for condition, value in cases)
    return Case(*whens, default=Value(default), output_field=BooleanField())


def counted(rows: QuerySet[Invitation], client: Client, cuts: Sequence[str], *columns: str) -> Iterator[tuple]:
    """Of verdicts their values of these columns, those of the cuts, and how many have them. One query."""
    by = {f"by_{one}": cut(one, client.zone, CONTACT) for one in cuts}
    with read_together():
        found = list(rows.annotate(**by).values_list(*columns, *by).annotate(Count("pk")))
    end = len(columns)
    return ((*row[:end], tuple(value or "" for value in row[end:-1]), row[-1]) for row in found)
