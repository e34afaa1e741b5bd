"""Figures by API: scores and trends, breakdowns, themes and drivers, what was unnecessary, the funnel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from surveys.api_keys import HasClientKey

from .. import breakdowns, demand, disclosure, drivers, impact, queries, solved
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
from .asked import BY, ERRORS, FILTERS, KIND, NARROWING, PERIOD, Asked, read
from .series import Score, Trend, unit_of
from .shapes import shape, told

OF_CONTACTS = (By.TEAM, By.CHANNEL, By.REASON, By.LANGUAGE, By.SEGMENT, By.GOODWILL)


def narrowing(by: Sequence[str]) -> list[OpenApiParameter]:
    """The parameters of these filters."""
    return [parameter for parameter in NARROWING if parameter.name in by]


def described(
    operation: str,
    summary: Promise,
    about: Promise,
    figure: type,
    parameters: Sequence[OpenApiParameter] = (KIND, PERIOD, *NARROWING),
) -> Callable:
    """A figure in the schema."""
    return extend_schema(
        operation_id=f"figures_{operation}",
        tags=["figures"],
        summary=summary,
        description=about,
        parameters=list(parameters),
        responses={200: OpenApiResponse(shape(figure)), **ERRORS},
    )


class FigureView(APIView):
    """One figure of the key's client: `get` describes it, `figure` makes it."""

    permission_classes = [HasClientKey]
    has_kind: ClassVar[bool] = True
    filters: ClassVar[Sequence[str]] = FILTERS
    also: ClassVar[Sequence[str]] = ()

    def answer(self, request: Request) -> Response:
        asked = read(request.client, request.query_params, self.has_kind, self.filters, self.also)
        return Response(told(self.figure(asked), unit_of(asked.kind)))

    def figure(self, asked: Asked) -> object:
        """A frozen dataclass."""
        raise NotImplementedError


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


class ScoreView(FigureView):
    def figure(self, asked: Asked) -> ScoreAndMore:
        is_hidden = disclosure.shown(asked.client, asked.kind, asked.period) is Shown.HIDDEN
        kept = None if is_hidden else exclusions.with_and_without(asked.client, asked.kind, asked.period)
        return ScoreAndMore(series.score(asked), kept, queries.beside(asked.client, asked.period, asked.kind))

    @described(
        "score",
        gettext_lazy("A score with its interval, and its change"),
        gettext_lazy("Of one kind of survey in one period: the same figures as on the dashboard and in digests."),
        ScoreAndMore,
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class TrendView(FigureView):
    def figure(self, asked: Asked) -> Trend:
        return series.trend(asked)

    @described(
        "trend",
        gettext_lazy("A score over time"),
        gettext_lazy("The period and those before it: 13 weeks, 12 months, 8 quarters or 5 years, oldest first."),
        Trend,
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class BreakdownView(FigureView):
    also = ("by",)

    def figure(self, asked: Asked) -> Breakdown:
        before = asked.period.previous()
        return breakdowns.breakdown(asked.client, asked.kind, asked.period, asked.by, asked.where, before)

    @described(
        "breakdown",
        gettext_lazy("A score by team, channel, reason …"),
        gettext_lazy(
            "Each part with its interval and its change against the period before. Hidden parts have a name and "
            "nothing else; others are hidden with a small one, lest it be computed."
        ),
        Breakdown,
        (KIND, PERIOD, BY, *NARROWING),
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class ThemesView(FigureView):
    filters = tuple(by for by in FILTERS if by != By.THEME)

    def figure(self, asked: Asked) -> Impacts:
        return impact.impacts(asked.client, asked.kind, asked.period, asked.where)

    @described(
        "themes",
        gettext_lazy("What each theme brings to the score, or costs it"),
        gettext_lazy("The score of all answers less that of those which do not name the theme, with its interval."),
        Impacts,
        (KIND, PERIOD, *narrowing(tuple(by for by in FILTERS if by != By.THEME))),
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class DriversView(FigureView):
    def figure(self, asked: Asked) -> Drivers:
        return drivers.drivers(asked.client, asked.kind, asked.period, asked.where)

    @described(
        "drivers",
        gettext_lazy("What goes with a higher or a lower score"),
        gettext_lazy("Themes, waiting, transfers … each beside all others, by a regression that says how sure it is."),
        Drivers,
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class SolvedView(FigureView):
    def figure(self, asked: Asked) -> SolvedShare:
        (found,) = solved.solved(asked.client, asked.kind, [asked.period], asked.where)
        whole = disclosure.of(asked.client, asked.kind, [asked.period], where=asked.where)[0].whole
        if Shown.HIDDEN in (whole, may_show(found.n, [])):
            return SolvedShare()
        return SolvedShare(found.n, found.yes, found.partly, found.no, found.share)

    @described(
        "solved",
        gettext_lazy("How many matters were solved"),
        gettext_lazy("By the customers’ own word, of those who were asked so."),
        SolvedShare,
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class DemandView(FigureView):
    has_kind = False
    filters = OF_CONTACTS

    def figure(self, asked: Asked) -> Demand:
        return Demand(
            demand.failure_demand(asked.client, asked.period, asked.where),
            demand.repeats(asked.client, asked.period, where=asked.where),
        )

    @described(
        "demand",
        gettext_lazy("Contacts that need not have been"),
        gettext_lazy("Failure demand and its causes; repeated contacts, and how many matters the first one settled."),
        Demand,
        (PERIOD, *narrowing(OF_CONTACTS)),
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)


class FunnelView(FigureView):
    has_kind = False
    filters = ()

    def figure(self, asked: Asked) -> Funnels:
        outcomes = coverage.outcomes(asked.client, asked.period)
        return Funnels(
            tuple(
                KindFunnel(kind, funnel, found := outcomes.get(kind), found.rates if found else None)
                for kind, funnel in queries.funnels(asked.client, asked.period).items()
            )
        )

    @described(
        "funnel",
        gettext_lazy("Who was asked, and who answered"),
        gettext_lazy("Of each kind of survey: coverage, response rate and AAPOR’s rates, each loss with its reason."),
        Funnels,
        (PERIOD,),
    )
    def get(self, request: Request) -> Response:
        return self.answer(request)
