"""Answers that count, as the database finds and groups them; what is made of them stands in `counts`."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    Expression,
    Field,
    OuterRef,
    Q,
    QuerySet,
    SmallIntegerField,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast

from surveys.models import Client, Response

from .dimensions import ASSIGNED, By, Where, matching, value_of
from .periods import Period

SCORES = range(11)


def of(clients: Sequence[Client], kind: str) -> QuerySet[Response]:
    return Response.objects.counting().filter(client__in=clients, kind=kind).order_by()


def latest(clients: Sequence[Client], kind: str, run: Sequence[Period], where: Where) -> QuerySet[Response]:
    """Of each customer the latest in a period, each with the `place` of its period in `run`."""
    later = _by_same_person(clients, kind).filter(
        _within_all(run), _after(OuterRef("submitted_at"), OuterRef("pk")), submitted_at__lt=OuterRef("place_ends_at")
    )
    return placed(clients, kind, run).filter(~Exists(later), *matching_all(where))


def placed(clients: Sequence[Client], kind: str, run: Sequence[Period]) -> QuerySet[Response]:
    """All answers within a period, each with the `place` of its period in `run` and when that begins and ends."""
    check(run)
    within = _before_end if is_gapless(run) else _within

    def of_period(values: Iterable, field: Field) -> Case:
        cases = (When(within(period), then=Value(value)) for period, value in zip(run, values, strict=True))
        return Case(*cases, output_field=field)

    return (
        of(clients, kind)
        .filter(_within_all(run))
        .annotate(
            place=of_period(range(len(run)), SmallIntegerField()),
            place_starts_at=of_period([period.start for period in run], DateTimeField()),
            place_ends_at=of_period([period.end for period in run], DateTimeField()),
        )
        .filter(place__isnull=False)
    )


def followed(clients: Sequence[Client], kind: str) -> Subquery:
    """Of an answer with a place: the one before it in its period by the same person; None of the first."""
    earlier = _by_same_person(clients, kind).filter(
        _before(OuterRef("submitted_at"), OuterRef("pk")), submitted_at__gte=OuterRef("place_starts_at")
    )
    return Subquery(earlier.order_by("-submitted_at", "-pk").values("pk")[:1])


def _by_same_person(clients: Sequence[Client], kind: str) -> QuerySet[Response]:
    """For a subquery: all of the customer's answers of the kind."""
    return of(clients, kind).filter(customer=OuterRef("customer"))


def _after(at: OuterRef, pk: OuterRef) -> Q:
    return Q(submitted_at__gt=at) | Q(submitted_at=at, pk__gt=pk)


def _before(at: OuterRef, pk: OuterRef) -> Q:
    return Q(submitted_at__lt=at) | Q(submitted_at=at, pk__lt=pk)


def matching_all(where: Where) -> list[Q | Expression]:
    return [matching(by, value) for by, value in where.items()]


def check(run: Sequence[Period]) -> None:
    """ValueError if periods overlap."""
    if any(period.first_on <= before.last_on for before, period in pairwise(run)):
        raise ValueError("periods of a run follow one another")


def numbers(rows: QuerySet[Response], by: str, sign: int = 1) -> list[QuerySet]:
    """Of rows with a `place`: client, place, value and how many gave which score, one column each."""
    if by == By.THEME:
        named = rows.filter(**{f"{ASSIGNED}__isnull": False})
        return [_grouped(named, value_of(by), sign, True), _grouped(rows.filter(matching(by, "")), Value(""), sign)]
    return [_grouped(rows, value_of(by), sign)]


def _grouped(rows: QuerySet[Response], value: Expression, sign: int, is_joined: bool = False) -> QuerySet:
    """`is_joined`: with what an answer may have several of."""
    each = {f"n{score}": Count("pk", filter=Q(score=score), distinct=is_joined) * sign for score in SCORES}
    return rows.annotate(value=Cast(value, CharField())).values_list("client_id", "place", "value").annotate(**each)


def crossed(rows: QuerySet[Response], length: int, attributes: Sequence[str]) -> list[dict[tuple, tuple[int, ...]]]:
    """Of rows with one of so many places, for each place: their values of these attributes → how many gave which score.

    One query.
    """
    found: list[dict[tuple, tuple[int, ...]]] = [{} for _ in range(length)]
    values = {f"value{place}": value_of(name) for place, name in enumerate(attributes)}
    each = {f"n{score}": Count("pk", filter=Q(score=score)) for score in SCORES}
    for place, *row in rows.annotate(**values).values_list("place", *values).annotate(**each):
        found[place][tuple(row[: len(values)])] = tuple(row[len(values) :])
    return found


def is_gapless(run: Sequence[Period]) -> bool:
    """Whether each period begins where the one before it ends: then the first one that ends later is the right one."""
    return all(period.first_on == before.last_on + timedelta(1) for before, period in pairwise(run))


def _within_all(run: Sequence[Period]) -> Q:
    """Of both sides of a comparison, lest all be searched."""
    return Q(submitted_at__gte=run[0].start, submitted_at__lt=run[-1].end)


def _before_end(period: Period) -> Q:
    return Q(submitted_at__lt=period.end)


def _within(period: Period) -> Q:
    return Q(submitted_at__gte=period.start, submitted_at__lt=period.end)
