"""Targets: what was promised, how it stands, how likely it is still met, and the watch that speaks before it is missed.

A target is met by the figure as it is printed, with one decimal: a contract looks at nothing else. Beside it stands
whether the interval agrees. What is still to come in a period is expected by the pace of the same days of the three
periods before; the chance of meeting the target is `scores.chance_of_meeting`.

The watch says once per target and period that it is about to be missed (chance below `DANGER_BELOW`, at least ten
answers), and once that the danger has passed (chance of `PASSED_FROM` or more). The truth is the gap: a danger without
its notice. Notice and mails are written in one transaction, so each is told, and told once; the mails leave by the
door of all mail to staff, at least once.
"""

import datetime as dt
import logging
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from django.db import IntegrityError, transaction

from analytics import periods, scores
from analytics.honesty.breaks import Break
from analytics.periods import Period
from analytics.scores import VALUE_FROM, round_half_away

from . import measures, notices
from .measures import Figure
from .models import Target, TargetNotice

log = logging.getLogger(__name__)

DANGER_BELOW = 0.2
PASSED_FROM = 0.5
ON_COURSE_FROM = 0.8
PAST = 6  # periods that are shown
PACE = 3  # former periods by which the rest of this one is expected
DIGITS = 1  # decimals of the printed figure, by which a target is met

Direction = TargetNotice.Direction


class Verdict(StrEnum):
    NOT_BEGUN = "not_begun"
    TOO_FEW = "too_few"
    ON_COURSE = "on_course"
    OPEN = "open"
    IN_DANGER = "in_danger"
    MET = "met"
    MISSED = "missed"
    OVER = "over"


@dataclass(frozen=True)
class Past:
    """A period that is over: met, missed or too few to say. `is_sure`: the whole interval lies on the same side."""

    figure: Figure
    verdict: Verdict
    is_sure: bool


@dataclass(frozen=True)
class State:
    """How a target stands in the period under way, and how it ended in those before.

    `expected` answers are still to come; `chance` (0 to 1) is None where too few have come. `figure` is None before
    the first period and after the last.
    """

    target: Target
    verdict: Verdict
    figure: Figure | None = None
    expected: int = 0
    chance: float | None = None
    breaks: tuple[Break, ...] = ()
    past: tuple[Past, ...] = ()


def state(target: Target, at: dt.datetime) -> State:
    """How it stands at this moment. The past are the last six periods that counted, newest first."""
    period = periods.containing(at, target.period, target.client.time_zone)
    run = [each for each in periods.run_back(period, PAST + 1) if _counts(target, each)]
    if not run:
        is_over = bool(target.ends_on) and period.last_on > target.ends_on
        return State(target, Verdict.OVER if is_over else Verdict.NOT_BEGUN)
    found = measures.figures(target, run)
    past = tuple(_past(target, figure) for figure in reversed(found) if figure.period != period)
    if run[-1] != period:
        return State(target, Verdict.OVER, past=past)
    expected = _expected(target, found[-1], at)
    chance = _chance(target, found[-1], expected)
    breaks = measures.breaks_within(target, [period])
    return State(target, _verdict(chance), found[-1], expected, chance, breaks, past)


def is_met(target: Target, value: float) -> bool:
    """By the printed figure."""
    printed, promised = round_half_away(value, DIGITS), float(target.value)
    return printed >= promised if target.is_more_better else printed <= promised


def look(target: Target, at: dt.datetime) -> State:
    """The state, kept for lists."""
    found = state(target, at)
    last = found.figure or (found.past[0].figure if found.past else None)
    seen = {
        "chance": found.chance,
        "n": last.n if last and last.estimate else None,
        "estimate": asdict(last.estimate) if last and last.estimate else None,
        "is_firm": bool(last and last.is_firm),
        "past": [past.verdict for past in found.past],
    }
    Target.objects.filter(pk=target.pk).update(state=found.verdict, seen=seen, looked_at=at)
    return found


def watch(at: dt.datetime) -> int:
    """Look at every target of every client, and tell of what is about to be missed, and of what no longer is.

    The number of notices. Run again, or by two at once, it tells nothing twice. One that fails holds up no other.
    """
    rows = Target.objects.filter(client__is_active=True).exclude(ends_on__lt=at.date() - dt.timedelta(days=7))
    said = 0
    for target in rows.select_related("client", "theme"):
        try:
            said += _tell(look(target, at), at)
        except Exception:
            log.exception("target %s could not be watched; the next watch tries again", target.pk)
    return said


def _tell(found: State, at: dt.datetime) -> bool:
    direction = _direction(found)
    if direction is None:
        return False
    try:
        with transaction.atomic():
            notice = TargetNotice.objects.create(
                target=found.target,
                first_on=found.figure.period.first_on,
                direction=direction,
                chance=found.chance,
                at=at,
            )
            notices.of_target(notice, found, at)
    except IntegrityError:  # told already, or another worker was faster
        return False
    return True


def _direction(found: State) -> Direction | None:
    """What there is to say, unless it has been said."""
    if found.chance is None or not found.figure.is_firm:
        return None
    said = set(
        TargetNotice.objects.filter(target=found.target, first_on=found.figure.period.first_on).values_list(
            "direction", flat=True
        )
    )
    if found.chance < DANGER_BELOW:
        return None if said else Direction.DANGER
    return Direction.PASSED if found.chance >= PASSED_FROM and said == {Direction.DANGER} else None


def _counts(target: Target, period: Period) -> bool:
    return period.first_on >= target.starts_on and (target.ends_on is None or period.last_on <= target.ends_on)


def _past(target: Target, figure: Figure) -> Past:
    if not figure.is_firm:
        return Past(figure, Verdict.TOO_FEW, is_sure=False)
    held = is_met(target, figure.estimate.value)
    bounds = {is_met(target, bound) for bound in (figure.estimate.low, figure.estimate.high)}
    return Past(figure, Verdict.MET if held else Verdict.MISSED, is_sure=bounds == {held})


def _verdict(chance: float | None) -> Verdict:
    if chance is None:
        return Verdict.TOO_FEW
    if chance < DANGER_BELOW:
        return Verdict.IN_DANGER
    return Verdict.ON_COURSE if chance >= ON_COURSE_FROM else Verdict.OPEN


def _chance(target: Target, figure: Figure, expected: int) -> float | None:
    """That the printed figure will keep the target: up to half of its last digit it is rounded towards it."""
    if not figure.is_firm:
        return None
    promised, half = float(target.value), 0.5 * 10**-DIGITS
    if target.is_more_better:
        return scores.chance_of_meeting(figure.groups, promised - half, expected, measures.worth(target))
    others = figure.groups[::-1]  # few mentions: those who do not name it have to reach what is left of 100
    return scores.chance_of_meeting(others, 100 - promised - half + 1e-6, expected, measures.worth(target))


def _expected(target: Target, figure: Figure, at: dt.datetime) -> int:
    """Answers still to come, by what came on the same days of the periods before.

    In proportion to what has come so far, where they had ten answers by then; else as many as came then on average.
    Without any before: by the pace of this one.
    """
    period = figure.period
    gone = (at.astimezone(target.client.zone).date() - period.first_on).days + 1
    left = (period.last_on - period.first_on).days + 1 - gone
    former = [part for each in periods.run_back(period, PACE + 1)[:-1] for part in _parted(each, gone)]
    numbers = [found.n for found in measures.figures(target, former)]
    so_far, rest = numbers[::2], numbers[1::2]
    if sum(so_far) >= VALUE_FROM:
        return round(figure.n * sum(rest) / sum(so_far))
    known = [later for before, later in zip(so_far, rest, strict=True) if before or later]
    return round(sum(known) / len(known)) if known else round(figure.n * left / gone)


def _parted(period: Period, gone: int) -> list[Period]:
    """Its first days and the rest; a shorter period leaves one day of rest at least."""
    last_on = min(period.first_on + dt.timedelta(days=gone - 1), period.last_on - dt.timedelta(days=1))
    return [replace(period, last_on=last_on), replace(period, first_on=last_on + dt.timedelta(days=1))]
