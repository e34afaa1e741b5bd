"""Initiatives: what came of a change, and what to do about it. Scale, keep watching, or drop.

As many whole weeks are judged after the run-in as before the day it began, so that each weekday weighs alike; at most
until its last day, or for twelve weeks. With a control group the change counts beyond what the others did meanwhile.

The rule of the advice, in this order:

    nothing yet     the first week after the run-in is not over: keep watching
    series break    what was asked changed in between: no test, no advice
    too few         fewer than ten answers on a side: keep watching, with how many more are needed and about when
    not alone       another initiative began meanwhile and may be at work here: no advice, for nobody knows whose change
                    it is (unless it is at work in all of the control group as well, and so is subtracted)
    clear           the test says better: scale; worse: drop
    excluded        all its weeks are over, and the interval ends below the change hoped for: drop
    otherwise       keep watching

Whoever looks every day would soon see something by chance. Before all its weeks are over, “clear” therefore needs
p < 0.001 (Haybittle 1971, Peto 1976); at the end it is judged once, at the usual 0.05.
"""

import datetime as dt
import logging
import math
from dataclasses import dataclass
from enum import StrEnum

from analytics import periods, scores
from analytics.counts import By
from analytics.honesty.breaks import Break
from analytics.periods import Period
from analytics.scores import SIGNIFICANCE, VALUE_FROM, Change

from . import measures
from .measures import Figure, Where
from .models import Initiative

log = logging.getLogger(__name__)

WEEKS = 12  # that are judged where no last day is given
EARLY = 0.001  # significance before all weeks are over
FORESEEN_DAYS = 730  # no date is told that lies further away
SETTLES = dt.timedelta(days=7)  # late answers and exclusions; after that a judged initiative is looked at no more


class Advice(StrEnum):
    SCALE = "scale"
    KEEP_WATCHING = "keep_watching"
    DROP = "drop"
    NONE = "none"


class Reason(StrEnum):
    NOTHING_YET = "nothing_yet"
    BREAK = "break"
    TOO_FEW = "too_few"
    NOT_ALONE = "not_alone"
    BETTER = "better"
    WORSE = "worse"
    EXCLUDED = "excluded"
    EARLY = "early"
    OPEN = "open"
    UNDECIDED = "undecided"


ADVICE = {
    Reason.NOTHING_YET: Advice.KEEP_WATCHING,
    Reason.BREAK: Advice.NONE,
    Reason.TOO_FEW: Advice.KEEP_WATCHING,
    Reason.NOT_ALONE: Advice.NONE,
    Reason.BETTER: Advice.SCALE,
    Reason.WORSE: Advice.DROP,
    Reason.EXCLUDED: Advice.DROP,
    Reason.EARLY: Advice.KEEP_WATCHING,
    Reason.OPEN: Advice.KEEP_WATCHING,
    Reason.UNDECIDED: Advice.KEEP_WATCHING,
}


@dataclass(frozen=True)
class Weeks:
    """What is compared: `before` and `after` are equally long, None until one week can be judged."""

    begin_on: dt.date
    last_on: dt.date
    before: Period | None = None
    after: Period | None = None
    is_over: bool = False

    @property
    def first_week_until(self) -> dt.date:
        return self.begin_on + dt.timedelta(days=6)

    @property
    def count(self) -> int:
        return ((self.after.last_on - self.after.first_on).days + 1) // 7 if self.after else 0


@dataclass(frozen=True)
class Missing:
    """So many more answers, and when at this pace they will be there; None if that is years away."""

    answers: int
    on: dt.date | None


@dataclass(frozen=True)
class Effect:
    """What came of an initiative so far. `did` is the change beyond the control group's (difference in differences).

    A change is None where it may not be tested. `beside` began meanwhile in a place that may be the same;
    `after_bad_times`: the weeks before were clearly worse than usual, and some of that mends itself.
    """

    initiative: Initiative
    weeks: Weeks
    reason: Reason
    before: Figure | None = None
    after: Figure | None = None
    change: Change | None = None
    control_before: Figure | None = None
    control_after: Figure | None = None
    control_change: Change | None = None
    did: Change | None = None
    breaks: tuple[Break, ...] = ()
    beside: tuple[Initiative, ...] = ()
    after_bad_times: bool = False
    missing: Missing | None = None

    @property
    def advice(self) -> Advice:
        return ADVICE[self.reason]

    @property
    def result(self) -> Change | None:
        """What the advice stands on."""
        return self.did if self.initiative.control else self.change


def effect(initiative: Initiative, at: dt.datetime) -> Effect:
    """What came of it up to the day before `at`, and what to do about it."""
    weeks = weeks_of(initiative, at)
    if not weeks.after:
        return Effect(initiative, weeks, Reason.NOTHING_YET, beside=_beside(initiative, weeks))
    before, after = measures.figures(initiative, [weeks.before, weeks.after])
    breaks = measures.breaks_within(initiative, [weeks.before, weeks.after])
    told = {
        "before": before,
        "after": after,
        "breaks": tuple(each for each in breaks if each.on > weeks.before.first_on),
        "beside": _beside(initiative, weeks),
        "after_bad_times": _is_after_bad_times(initiative, before),
        **_control(initiative, weeks),
    }
    return _judged(initiative, weeks, told)


def weeks_of(initiative: Initiative, at: dt.datetime) -> Weeks:
    """Whole weeks from the end of the run-in to yesterday, and as many up to the day before it began."""
    begin_on = initiative.starts_on + dt.timedelta(days=initiative.run_in_days)
    last_on = initiative.ends_on or begin_on + dt.timedelta(weeks=WEEKS, days=-1)
    today = at.astimezone(initiative.client.zone).date()
    days = ((min(today, last_on + dt.timedelta(days=1)) - begin_on).days // 7) * 7
    if days <= 0:
        return Weeks(begin_on, last_on, is_over=today > last_on)
    return Weeks(
        begin_on,
        last_on,
        before=measures.span(initiative, initiative.starts_on - dt.timedelta(days=days), days),
        after=measures.span(initiative, begin_on, days),
        is_over=today > last_on,
    )


def may_overlap(one: Where, other: Where) -> bool:
    """Whether an answer could lie in both: not where a dimension has another value here and there.

    One answer may name two themes, so these keep nothing apart.
    """
    return not any(key != By.THEME and other.get(key, value) != value for key, value in one.items())


def look(initiative: Initiative, at: dt.datetime) -> Effect:
    """The effect, kept for lists."""
    found = effect(initiative, at)
    result = found.result
    change = {"difference": result.difference, "low": result.low, "high": result.high} if result else None
    seen = {"reason": found.reason, "change": change}
    Initiative.objects.filter(pk=initiative.pk).update(state=found.advice, seen=seen, looked_at=at)
    return found


def look_at_all(at: dt.datetime) -> int:
    """The sweep: look at every initiative that has begun and is not long over; the number looked at.

    One that fails holds up no other.
    """
    begun = Initiative.objects.filter(client__is_active=True, starts_on__lte=at.date() + dt.timedelta(days=1))
    looked = 0
    for each in begun.select_related("client", "theme"):
        if _is_settled(each, at):
            continue
        try:
            look(each, at)
            looked += 1
        except Exception:
            log.exception("initiative %s could not be looked at; the next sweep tries again", each.pk)
    return looked


def _is_settled(initiative: Initiative, at: dt.datetime) -> bool:
    last_on = weeks_of(initiative, at).last_on
    return bool(initiative.looked_at) and initiative.looked_at.date() > last_on + SETTLES


def _is_after_bad_times(initiative: Initiative, before: Figure) -> bool:
    """Whether those weeks were clearly worse than the last whole quarter before them; not across a series break."""
    first_day = before.period.start
    usual = periods.last_complete(first_day, "quarter", initiative.client.time_zone)
    if measures.breaks_within(initiative, [usual, before.period]):
        return False
    [earlier] = measures.figures(initiative, [usual])
    return measures.is_clearly_worse(initiative, measures.change(initiative, earlier, before))


def _control(initiative: Initiative, weeks: Weeks) -> dict:
    if not initiative.control:
        return {}
    before, after = measures.figures(initiative, [weeks.before, weeks.after], initiative.control)
    return {"control_before": before, "control_after": after}


def _judged(initiative: Initiative, weeks: Weeks, told: dict) -> Effect:
    """Test where it is allowed, and choose the reason by the rule that stands above."""
    if told["breaks"]:
        return Effect(initiative, weeks, Reason.BREAK, **told)
    change = measures.change(initiative, told["before"], told["after"])
    told["change"] = result = change
    if initiative.control:
        control = measures.change(initiative, told["control_before"], told["control_after"])
        result = scores.difference_in_differences(change, control) if change and control else None
        told |= {"control_change": control, "did": result}
    if result is None:
        return Effect(initiative, weeks, Reason.TOO_FEW, **told, missing=_thin(weeks, told))
    reason = Reason.NOT_ALONE if told["beside"] else _reason(initiative, weeks, result)
    missing = _missing(initiative, weeks, told["after"], result) if reason in WAITING else None
    return Effect(initiative, weeks, reason, **told, missing=missing)


WAITING = {Reason.OPEN, Reason.UNDECIDED}


def _reason(initiative: Initiative, weeks: Weeks, result: Change) -> Reason:
    is_better = measures.is_better(initiative, result)
    if result.p < (SIGNIFICANCE if weeks.is_over else EARLY):
        return Reason.BETTER if is_better else Reason.WORSE
    if not weeks.is_over:
        return Reason.EARLY if result.p < SIGNIFICANCE else Reason.OPEN
    at_best = result.high if initiative.is_more_better else -result.low
    return Reason.EXCLUDED if at_best < initiative.hoped_change else Reason.UNDECIDED


def _thin(weeks: Weeks, told: dict) -> Missing | None:
    """Until the thinnest side after the run-in has enough for any claim; None where waiting does not help."""
    after = [side for side in (told["after"], told.get("control_after")) if side]
    before = [side for side in (told["before"], told.get("control_before")) if side]
    thinnest = min(after, key=lambda side: side.n)
    if thinnest.n >= VALUE_FROM or not all(side.n for side in before):
        return None
    return _awaited(VALUE_FROM, thinnest.n, weeks)


def _missing(initiative: Initiative, weeks: Weeks, after: Figure, result: Change) -> Missing | None:
    """Until a change as large as the one hoped for would be seen with 80 % power, if all sides grow alike.

    The variance that the test itself found, spread over two equal groups of the size of `after`: n/2 · SE².
    """
    variance = after.n / 2 * (result.standard_error / 100) ** 2
    return _awaited(scores.answers_needed(initiative.hoped_change, variance), after.n, weeks)


def _awaited(needed: int, n: int, weeks: Weeks) -> Missing | None:
    if needed <= n:
        return None
    days = math.ceil((needed - n) * 7 * weeks.count / n) if n else FORESEEN_DAYS
    on = weeks.after.last_on + dt.timedelta(days=days) if days < FORESEEN_DAYS else None
    return Missing(needed - n, on)


def _beside(initiative: Initiative, weeks: Weeks) -> tuple[Initiative, ...]:
    """Others whose beginning or run-in lies in the days compared, where this one or its control group is measured."""
    first_on = weeks.before.first_on if weeks.before else initiative.starts_on
    last_on = weeks.after.last_on if weeks.after else weeks.last_on
    places = [initiative.scope, *([initiative.control] if initiative.control else [])]
    others = Initiative.objects.filter(client=initiative.client_id, starts_on__lte=last_on).exclude(pk=initiative.pk)
    return tuple(
        other
        for other in others.order_by("starts_on", "pk")
        if other.starts_on + dt.timedelta(days=other.run_in_days) > first_on
        and any(may_overlap(place, other.scope) for place in places)
        and not (initiative.control and all(_covers(other.scope, place) for place in places))
    )


def _covers(one: Where, other: Where) -> bool:
    """Whether all answers of the other lie in this one."""
    return all(other.get(key) == value for key, value in one.items())
