"""The API of targets and initiatives: how what was promised stands, and what came of what was changed."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.shapes import shape, told
from analytics.counts import By
from analytics.honesty.breaks import Break
from analytics.periods import Period
from analytics.scores import Change, Estimate
from analytics.small_groups import Shown
from surveys.api_keys import HasClientKey

from . import initiatives, measures, targets
from .measures import Figure
from .models import Initiative, Target


@dataclass(frozen=True)
class Measure:
    """One period of what is measured; null where too few answers stand behind it. `shown` as in every figure."""

    period: Period
    shown: Shown
    n: int | None
    estimate: Estimate | None


@dataclass(frozen=True)
class PastPeriod:
    """A period that is over: “met”, “missed” or “too_few”. `is_sure`: the whole interval lies on that side."""

    measure: Measure
    verdict: str
    is_sure: bool


@dataclass(frozen=True)
class TargetState:
    """What was promised for each period, and how it stands in the one under way.

    Of a `theme` (its id): how many of 100 answers name it, not to be exceeded; `solved`: how many of 100 say that their
    matter is solved; else the score of this `kind`. `scope`: filters that hold for it. `expected` answers are still to
    come; `chance` of meeting it, 0 to 1, null while too few have come. Met is a target by the figure as it is printed,
    with one decimal. `past`: newest first.
    """

    id: int
    kind: str
    theme: int | None
    solved: bool
    scope: Mapping[str, str]
    each: str
    value: float
    verdict: str
    now: Measure | None
    expected: int
    chance: float | None
    past: tuple[PastPeriod, ...]


@dataclass(frozen=True)
class InitiativeEffect:
    """What was changed, where and from when, and what came of it in as many weeks after its run-in as before it.

    `change` is that of the place itself, `beyond_control` what is left of it beside the place it is compared with; null
    where nothing may be tested. `advice`: “scale”, “keep_watching”, “drop” or “none”, for this `reason`.
    """

    id: int
    name: str
    what: str
    by: str
    kind: str
    theme: int | None
    solved: bool
    scope: Mapping[str, str]
    control: Mapping[str, str]
    starts_on: dt.date
    run_in_days: int
    ends_on: dt.date | None
    before: Measure | None
    after: Measure | None
    change: Change | None
    beyond_control: Change | None
    breaks: tuple[Break, ...]
    advice: str
    reason: str


def _listed(name: str, summary: str, about: str, rows: QuerySet) -> Callable[[Callable], Callable]:
    """The view of a function that tells one row at a moment, as a frozen dataclass: for all of the key's client's."""

    def view(tell: Callable[[Any, dt.datetime], object]) -> Callable:
        @extend_schema(
            operation_id=f"figures_{name}",
            tags=["figures"],
            summary=summary,
            description=about,
            responses={
                200: shape(get_type_hints(tell)["return"])(many=True),
                403: OpenApiResponse(description="No valid key."),
            },
        )
        def get(self: APIView, request: Request) -> Response:
            now = timezone.now()
            own = rows.filter(client=request.client).select_related("client", "theme")
            return Response([told(tell(row, now), measures.unit(row)) for row in own])

        members = {"permission_classes": [HasClientKey], "get": get, "__doc__": tell.__doc__}
        return type(tell.__name__, (APIView,), members).as_view()

    return view


@_listed(
    "targets",
    "Your targets, and how they stand",
    "As of now, and the last six periods. Targets of single agents are not among them.",
    Target.objects.exclude(scope__has_key=By.AGENT.value).order_by("pk"),
)
def target(each: Target, at: dt.datetime) -> TargetState:
    state = targets.state(each, at)
    return TargetState(
        id=each.pk,
        kind=each.kind,
        theme=each.theme_id,
        solved=each.is_solved,
        scope=each.scope,
        each=each.period,
        value=float(each.value),
        verdict=state.verdict,
        now=_measure(state.figure),
        expected=state.expected,
        chance=state.chance,
        past=tuple(PastPeriod(_measure(past.figure), past.verdict, past.is_sure) for past in state.past),
    )


@_listed(
    "initiatives",
    "What was changed, and what came of it",
    "As of now, the newest first. Those about single agents are not among them.",
    Initiative.objects.exclude(scope__has_key=By.AGENT.value).exclude(control__has_key=By.AGENT.value),
)
def initiative(each: Initiative, at: dt.datetime) -> InitiativeEffect:
    effect = initiatives.effect(each, at)
    return InitiativeEffect(
        id=each.pk,
        name=each.name,
        what=each.what,
        by=each.by,
        kind=each.kind,
        theme=each.theme_id,
        solved=each.is_solved,
        scope=each.scope,
        control=each.control,
        starts_on=each.starts_on,
        run_in_days=each.run_in_days,
        ends_on=each.ends_on,
        before=_measure(effect.before),
        after=_measure(effect.after),
        change=effect.change,
        beyond_control=effect.did,
        breaks=effect.breaks,
        advice=effect.advice,
        reason=effect.reason,
    )


def _measure(figure: Figure | None) -> Measure | None:
    if figure is None:
        return None
    n = None if figure.shown is Shown.HIDDEN else figure.n
    return Measure(figure.period, figure.shown, n, figure.estimate)
