"""Figures by API: scores and trends, breakdowns, themes and drivers, what was unnecessary, the funnel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import get_type_hints

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from surveys.api_keys import HasClientKey

from .. import breakdowns, demand, disclosure, drivers, impact, queries, solved, teams
from ..beside import Beside
from ..breakdowns import Breakdown
from ..demand import FailureDemand, Repeats
from ..dimensions import By
from ..drivers import Drivers
from ..honesty import coverage, exclusions
from ..honesty.coverage import Outcome
from ..honesty.exclusions import WithAndWithout
from ..impact import Impacts
from ..queries import Funnel
from ..scores import Estimate, ResponseRates
from ..small_groups import Shown, may_show
from . import series
from .asked import BY, ERRORS, FILTERS, KIND, PERIOD, Asked, narrowing, read
from .series import Score, Trend, unit_of
from .shapes import shape, told

OF_CONTACTS = (By.TEAM, By.CHANNEL, By.REASON, By.LANGUAGE, By.SEGMENT, By.GOODWILL)


def figure(
    name: str,
    summary: str,
    about: str,
    has_kind: bool = True,
    filters: Sequence[str] = FILTERS,
    also: Sequence[OpenApiParameter] = (),
) -> Callable[[Callable[[Asked], object]], Callable]:
    """The view of a function that makes one figure, a frozen dataclass, of what was asked of the key's client.

    The schema tells the dataclass that the function says it returns, and the parameters that the view knows.
    """

    def view(make: Callable[[Asked], object]) -> Callable:
        @extend_schema(
            operation_id=f"figures_{name}",
            tags=["figures"],
            summary=summary,
            description=about,
            parameters=[*([KIND] if has_kind else []), PERIOD, *also, *narrowing(filters)],
            responses={200: OpenApiResponse(shape(get_type_hints(make)["return"])), **ERRORS},
        )
        def get(self: APIView, request: Request) -> Response:
            asked = read(request.client, request.query_params, has_kind, filters, [one.name for one in also])
            return Response(told(make(asked), unit_of(asked.kind)))

        members = {"permission_classes": [HasClientKey], "get": get, "__doc__": make.__doc__}
        return type(make.__name__, (APIView,), members).as_view()

    return view


@dataclass(frozen=True)
class ScoreAndMore:
    """A score, and what stands beside it: `excluded` and `beside` are of the whole period, whatever the filters.

    `excluded` is null where the score of the whole period is hidden.
    """

    score: Score
    excluded: WithAndWithout | None
    beside: Beside


@dataclass(frozen=True)
class SolvedShare:
    """“Was your matter solved?”: yes, partly, no. `share` is that of yes, in percent; all null below five answers."""

    n: int | None = None
    yes: int | None = None
    partly: int | None = None
    no: int | None = None
    share: Estimate | None = None


@dataclass(frozen=True)
class Demand:
    """What need not have been, and contacts that came again."""

    failure_demand: FailureDemand
    repeats: Repeats


@dataclass(frozen=True)
class KindFunnel:
    """From those who could have been asked to those who answered; `rates` are AAPOR's, in percent."""

    kind: str
    funnel: Funnel
    outcome: Outcome | None
    rates: ResponseRates | None


@dataclass(frozen=True)
class Funnels:
    """One for each kind of survey."""

    kinds: tuple[KindFunnel, ...]


@figure(
    "score",
    "A score with its interval, and its change",
    "Of one kind of survey in one period: the same figures as on the dashboard and in digests.",
)
def score(asked: Asked) -> ScoreAndMore:
    is_hidden = disclosure.shown(asked.client, asked.kind, asked.period) is Shown.HIDDEN
    kept = None if is_hidden else exclusions.with_and_without(asked.client, asked.kind, asked.period)
    return ScoreAndMore(series.score(asked), kept, queries.beside(asked.client, asked.period, asked.kind))


@figure(
    "trend",
    "A score over time",
    "The period and those before it: 13 weeks, 12 months, 8 quarters or 5 years, oldest first.",
)
def trend(asked: Asked) -> Trend:
    return series.trend(asked)


@figure(
    "breakdown",
    "A score by team, channel, reason …",
    "Each part with its interval and its change against the period before. Hidden parts have a name and nothing else; "
    "others are hidden with a small one, lest it be computed. Teams so small that they name a person are left out.",
    also=[BY],
)
def breakdown(asked: Asked) -> Breakdown:
    before = asked.period.previous()
    found = breakdowns.breakdown(asked.client, asked.kind, asked.period, asked.by, asked.where, before)
    if asked.by != By.TEAM:
        return found
    named = teams.told_to_clients([asked.client.pk])
    return replace(found, rows=tuple(row for row in found.rows if not row.value or int(row.value) in named))


@figure(
    "themes",
    "What each theme brings to the score, or costs it",
    "The score of all answers less that of those which do not name the theme, with its interval.",
    filters=[by for by in FILTERS if by != By.THEME],
)
def themes(asked: Asked) -> Impacts:
    return impact.impacts(asked.client, asked.kind, asked.period, asked.where)


@figure(
    "drivers",
    "What goes with a higher or a lower score",
    "Themes, waiting, transfers … each beside all others, by a regression that says how sure it is.",
)
def driving(asked: Asked) -> Drivers:
    return drivers.drivers(asked.client, asked.kind, asked.period, asked.where)


@figure(
    "solved",
    "How many matters were solved",
    "By the customers’ own word, of those who were asked so.",
)
def solved_share(asked: Asked) -> SolvedShare:
    (found,) = solved.solved(asked.client, asked.kind, [asked.period], asked.where)
    whole = disclosure.of(asked.client, asked.kind, [asked.period], where=asked.where)[0].whole
    if Shown.HIDDEN in (whole, may_show(found.n, [])):
        return SolvedShare()
    return SolvedShare(found.n, found.yes, found.partly, found.no, found.share)


@figure(
    "demand",
    "Contacts that need not have been",
    "Failure demand and its causes; repeated contacts, and how many matters the first one settled.",
    has_kind=False,
    filters=OF_CONTACTS,
)
def unnecessary(asked: Asked) -> Demand:
    return Demand(
        demand.failure_demand(asked.client, asked.period, asked.where),
        demand.repeats(asked.client, asked.period, where=asked.where),
    )


@figure(
    "funnel",
    "Who was asked, and who answered",
    "Of each kind of survey: coverage, response rate and AAPOR’s rates, each loss with its reason.",
    has_kind=False,
    filters=(),
)
def funnels(asked: Asked) -> Funnels:
    outcomes = coverage.outcomes(asked.client, asked.period)
    return Funnels(
        tuple(
            KindFunnel(kind, funnel, found := outcomes.get(kind), found.rates if found else None)
            for kind, funnel in queries.funnels(asked.client, asked.period).items()
        )
    )
