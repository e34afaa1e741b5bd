"""The API of targets and initiatives: how what was promised stands, and what came of what was changed."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy
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

_NO_KEY = {403: OpenApiResponse(description=gettext_lazy("No valid key."))}


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

    Of a `theme` (its id): how many of 100 answers name it, not to be exceeded; else the score of this `kind`. `scope`:
    filters that hold for it. `expected` answers are still to come; `chance` of meeting it, 0 to 1, null while too few
    have come. Met is a target by the figure as it is printed, with one decimal. `past`: newest first.
    """

    id: int
    kind: str
    theme: int | None
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


class TargetsView(APIView):
    permission_classes = [HasClientKey]

    @extend_schema(
        operation_id="figures_targets",
        tags=["figures"],
        summary=gettext_lazy("Your targets, and how they stand"),
        description=gettext_lazy("As of now, and the last six periods. Targets of single agents are not among them."),
        responses={200: shape(TargetState)(many=True), **_NO_KEY},
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        rows = Target.objects.filter(client=request.client).select_related("client", "theme").order_by("pk")
        return Response([_target(target, now) for target in rows if By.AGENT not in target.scope])


class InitiativesView(APIView):
    permission_classes = [HasClientKey]

    @extend_schema(
        operation_id="figures_initiatives",
        tags=["figures"],
        summary=gettext_lazy("What was changed, and what came of it"),
        description=gettext_lazy("As of now, the newest first. Those about single agents are not among them."),
        responses={200: shape(InitiativeEffect)(many=True), **_NO_KEY},
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        rows = Initiative.objects.filter(client=request.client).select_related("client", "theme")
        return Response([_initiative(each, now) for each in rows if By.AGENT not in {**each.scope, **each.control}])


def _target(target: Target, at: dt.datetime) -> dict:
    state = targets.state(target, at)
    found = TargetState(
        id=target.pk,
        kind=target.kind,
        theme=target.theme_id,
        scope=target.scope,
        each=target.period,
        value=float(target.value),
        verdict=state.verdict,
        now=_measure(state.figure),
        expected=state.expected,
        chance=state.chance,
        past=tuple(PastPeriod(_measure(past.figure), past.verdict, past.is_sure) for past in state.past),
    )
    return told(found, measures.unit(target))


def _initiative(each: Initiative, at: dt.datetime) -> dict:
    effect = initiatives.effect(each, at)
    found = InitiativeEffect(
        id=each.pk,
        name=each.name,
        what=each.what,
        by=each.by,
        kind=each.kind,
        theme=each.theme_id,
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
    return told(found, measures.unit(each))


def _measure(figure: Figure | None) -> Measure | None:
    if figure is None:
        return None
    n = None if figure.shown is Shown.HIDDEN else figure.n
    return Measure(figure.period, figure.shown, n, figure.estimate)
