"""Were those who answered like those who could have been asked? The balance table, and early against late answers."""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields import BooleanField

from surveys.models import Client, Exclusion, Invitation, Response
from surveys.models.cuts import Cut, cut

from .. import scores
from ..periods import Period
from ..scores import MARKED_FROM, Change, Estimate, Groups
from .figure import change, estimate, groups_of

CUTS = (Cut.REASON, Cut.CHANNEL, Cut.TEAM, Cut.SOLVED, Cut.WAIT, Cut.LANGUAGE, Cut.SEGMENT)
MOST = 12  # values of an attribute that stand alone; the rest is one
REST = "…"
EARLY = dt.timedelta(hours=24)  # after the message was due


@dataclass(frozen=True)
class Row:
    """One value: its share among all eligible and among those who answered, in percent; standardised difference."""

    value: str
    eligible: int
    answered: int
    share_eligible: float
    share_answered: float
    difference: float

    @property
    def is_marked(self) -> bool:
        return abs(self.difference) > MARKED_FROM


@dataclass(frozen=True)
class Attribute:
    by: str
    rows: tuple[Row, ...]

    @property
    def marked(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.is_marked)


@dataclass(frozen=True)
class Table:
    """Of one kind of survey: `attributes` are empty where nobody answered."""

    eligible: int
    answered: int
    attributes: tuple[Attribute, ...]

    @property
    def marked(self) -> int:
        return sum(len(attribute.marked) for attribute in self.attributes)


@dataclass(frozen=True)
class EarlyAndLate:
    """Who answers late is the nearest to who does not answer. `change`: late against early; None where too thin."""

    early: Groups
    late: Groups
    early_score: Estimate | None
    late_score: Estimate | None
    change: Change | None


def eligible(client: Client, kind: str, period: Period) -> QuerySet[Invitation]:
    """Of contacts and waves; with `has_answered`: an answer came that counts."""
    about = Invitation.objects.filter(
        client=client, version__survey__kind=kind, about_at__gte=period.start, about_at__lt=period.end
    )
    excluded = Exists(Exclusion.objects.standing().filter(response=OuterRef("response")))
    counts = Q(response__isnull=False) & ~Q(excluded)
    has_answered = Case(When(counts, then=Value(True)), default=Value(False), output_field=BooleanField())
    return about.exclude(reason__in=Invitation.INELIGIBLE).annotate(has_answered=has_answered).order_by()


def table(client: Client, kind: str, period: Period) -> Table:
    """One query, over all attributes at once. Attributes with one value only are left out."""
    columns = {f"by_{by}": cut(by, client.zone) for by in CUTS}
    cells = eligible(client, kind, period).annotate(**columns).values_list("has_answered", *columns)
    numbers: dict[str, dict[str, Counter]] = {by: defaultdict(Counter) for by in CUTS}
    whole = Counter()
    for has_answered, *values, number in cells.annotate(Count("pk")):
        whole[has_answered] += number
        for by, value in zip(CUTS, values, strict=True):
            numbers[by][value or ""][has_answered] += number
    if not whole[True]:
        return Table(whole.total(), 0, ())
    found = (Attribute(by, _rows(numbers[by], whole)) for by in CUTS)
    return Table(whole.total(), whole[True], tuple(each for each in found if len(each.rows) > 1))


def early_and_late(client: Client, kind: str, period: Period) -> EarlyAndLate:
    """Answers to invitations of the period, by whether they came within a day of the message. One query."""
    is_early = Case(
        When(submitted_at__lt=F("invitation__due_at") + EARLY, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    answers = Response.objects.counting().filter(
        client=client,
        kind=kind,
        invitation__about_at__gte=period.start,
        invitation__about_at__lt=period.end,
        invitation__due_at__isnull=False,
    )
    sides: dict[bool, dict] = defaultdict(dict)
    for early, group, number in answers.order_by().annotate(e=is_early).values_list("e", "group").annotate(Count("pk")):
        sides[early][group] = number
    early, late = groups_of(sides[True]), groups_of(sides[False])
    return EarlyAndLate(early, late, estimate(kind, early), estimate(kind, late), change(kind, early, late))


def _rows(numbers: dict[str, Counter], whole: Counter) -> tuple[Row, ...]:
    """From value → has answered → number. Largest first; the smallest as one."""
    ranked = sorted(numbers.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    rest = sum((count for _value, count in ranked[MOST:]), Counter())
    shown = [*ranked[:MOST], *([(REST, rest)] if rest else [])]
    return tuple(_row(value, count, whole.total(), whole[True]) for value, count in shown)


def _row(value: str, count: Counter, everybody: int, answered: int) -> Row:
    pairs = (count[True], answered), (count.total(), everybody)
    difference = scores.standardised_difference(*pairs) or 0.0
    return Row(
        value, count.total(), count[True], 100 * count.total() / everybody, 100 * count[True] / answered, difference
    )
