"""Numbers read from tallies as far as they are right, and from the answers for the rest, in one statement.

Taken together: the tallies of days that are filled and untouched; the answers of all other days; and, taken away, what
was tallied as its customer's latest of a period and has been followed by an answer of a day that is not filled yet.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db.models import CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce

from surveys.models import Client

from . import answers, tallies
from .answers import SCORES
from .dimensions import By, Where, is_key
from .models import CellTally, DayTally, LatestIn, TalliedUntil, Touched
from .models.tallies import Tally
from .periods import Period, midnight
from .tallies import Standing

TRIES = 3  # of a read that the sweep, or a change of answers, comes between

Numbers = dict[tuple[int, int, str], tuple[int, ...]]  # by client, place and value

_IN_DAYS = {By.SURVEY: "version__survey", By.VERSION: "version"}  # what the tallies of days know
_NONE = (0,) * len(SCORES)


def read(clients: Sequence[Client], kind: str, run: Sequence[Period], by: str, where: Where) -> Numbers | None:
    """The numbers of clients whose tallies stand alike; None if they do not, or tallies cannot tell."""
    for _ in range(TRIES):
        state = tallies.together(clients)
        if state is None or not _serve(state, run, by, where):
            return None
        first, *others = _parts(clients, state, kind, run, by, where)
        found, token = defaultdict(lambda: _NONE), (0, 0)
        for client, place, value, *numbers in first.union(*others, _tokens(clients), all=True):
            if place == -1:
                token = (token[0] + numbers[0], token[1] + numbers[1])
            elif place is not None:  # tallies of what is not the latest in its period stand at none
                found[client, place, value] = tuple(map(sum, zip(found[client, place, value], numbers, strict=True)))
        if token == state.token:
            return {key: numbers for key, numbers in found.items() if any(numbers)}
        tallies.look_again(clients)
    return None


def _serve(state: Standing, run: Sequence[Period], by: str, where: Where) -> bool:
    """Whether tallies know it: no dimension or one, of days of these zones."""
    if any(period.zone != state.zone for period in run) or state.until_on <= run[0].first_on:
        return False
    dimensions = {by, *where} - {""}
    if dimensions <= _IN_DAYS.keys():
        return True
    return len(dimensions) == 1 and dimensions <= state.dimensions and not (by == By.THEME and where)


def _parts(
    clients: Sequence[Client], state: Standing, kind: str, run: Sequence[Period], by: str, where: Where
) -> list[QuerySet]:
    """What adds up to the numbers: client, place, value and a column for each score."""
    until = midnight(state.until_on, state.zone)
    touched = [day for day in state.touched if run[0].first_on <= day <= run[-1].last_on]
    clean = Q(day_on__gte=run[0].first_on, day_on__lte=run[-1].last_on, day_on__lt=state.until_on)
    tallied = _tallies(by, where).filter(clean, client__in=clients, kind=kind)
    parts = [_sums(_placed(tallied.exclude(day_on__in=touched) if touched else tallied, run))]

    on_touched = [
        Q(submitted_at__gte=midnight(first_on, state.zone), submitted_at__lt=midnight(next_on, state.zone))
        for first_on, next_on in tallies.stretches(sorted(touched))
    ]
    open_too = [Q(submitted_at__gte=until)] if run[-1].end > until else []
    if on_touched or open_too:
        rows = answers.latest(clients, kind, run, where).filter(reduce(or_, on_touched + open_too))
        parts += answers.numbers(rows, by)
    for place, period in enumerate(run):
        if period.start < until < period.end:
            last = answers.by_same_person(clients, kind).filter(submitted_at__gte=period.start, submitted_at__lt=until)
            fresh = answers.of(clients, kind).filter(submitted_at__gte=until, submitted_at__lt=period.end)
            followed = fresh.values(last=Subquery(last.order_by("-submitted_at", "-pk").values("pk")[:1]))
            rows = answers.of(clients, kind).filter(*answers.matching_all(where), pk__in=followed)
            if on_touched:
                rows = rows.exclude(reduce(or_, on_touched))
            parts += answers.numbers(rows.annotate(place=Value(place)), by, sign=-1)
    return parts


def _tallies(by: str, where: Where) -> QuerySet[Tally]:
    if {by, *where} - {""} <= _IN_DAYS.keys():
        found = DayTally.objects.order_by()
        for dimension, value in where.items():
            found = found.filter(**{_IN_DAYS[dimension]: int(value)}) if is_key(value) else found.none()
        return found.annotate(of=Cast(_IN_DAYS[by], CharField()) if by else Value("", CharField()))
    found = CellTally.objects.order_by().filter(dimension=by or next(iter(where)))
    if where:
        found = found.filter(value=next(iter(where.values())))
    return found.annotate(of=F("value") if by else Value("", CharField()))


def _placed(tallied: QuerySet[Tally], run: Sequence[Period]) -> QuerySet[Tally]:
    """What is the latest in a period, by the `place` of the period in which its day lies."""
    if answers.is_gapless(run) and len({period.kind for period in run}) == 1:
        tallied = tallied.filter(latest_in__in=_codes(run[0]))
        return tallied.annotate(place=answers.place_in(run, lambda period: Q(day_on__lte=period.last_on)))
    return tallied.annotate(place=answers.place_in(run, _holds))


def _holds(period: Period) -> Q:
    return Q(day_on__gte=period.first_on, day_on__lte=period.last_on, latest_in__in=_codes(period))


def _codes(period: Period) -> list[int]:
    """All values of `latest_in` that say: the latest in this period."""
    return [code for code in range(1, sum(LatestIn) + 1) if code & LatestIn[period.kind.upper()]]


def _sums(tallied: QuerySet[Tally]) -> QuerySet:
    each = {f"sum{score}": Sum(f"n{score}") for score in SCORES}
    return tallied.values_list("client_id", "place", "of").annotate(**each)


def _tokens(clients: Sequence[Client]) -> QuerySet[TalliedUntil]:
    """Client by client what its `Standing.token` says, at place -1."""
    notes = Touched.objects.filter(client=OuterRef("pk")).order_by().values("client").annotate(n=Count("pk"))
    noted = Coalesce(Subquery(notes.values("n")), Value(0))
    rest = (Value(0) for _ in SCORES[2:])
    found = TalliedUntil.objects.filter(pk__in=clients).order_by()
    return found.values_list("pk", Value(-1), Value("", CharField()), "turn", noted, *rest)
