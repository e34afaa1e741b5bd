"""What an initiative or a target is measured by: one figure per period, with its evidence; small groups are protected.

A figure is the score of a kind of survey (NPS in points; CSAT and CES as the share of the upper group, in percent), the
share of its answers that name a theme, or the share of matters solved. All of them stand on `analytics.counts`.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from analytics import counts, disclosure, scores, solved
from analytics.counts import Where
from analytics.figures import Unit
from analytics.honesty import breaks
from analytics.honesty.breaks import Break
from analytics.periods import Period
from analytics.scores import NPS_WORTH, SHARE_WORTH, VALUE_FROM, Change, Estimate, Groups, Verdict, Worth
from analytics.small_groups import Shown, may_show

from .models import Measured

SPAN = "days"  # instead of a period of the calendar


@dataclass(frozen=True)
class Figure:
    """`groups` are promoters, passives and detractors; of a share those in it, nobody, and the others.

    `estimate` is None where so few stand behind it that nothing is said.
    """

    period: Period
    groups: Groups
    shown: Shown
    estimate: Estimate | None

    @property
    def n(self) -> int:
        return sum(self.groups)

    @property
    def is_firm(self) -> bool:
        """Enough for a claim."""
        return self.shown is Shown.FULL and self.n >= VALUE_FROM


def unit(of: Measured) -> Unit:
    return "percent" if of.is_share else "points"


def worth(of: Measured) -> Worth:
    return SHARE_WORTH if of.is_share else NPS_WORTH


def figures(of: Measured, run: Sequence[Period], where: Where | None = None) -> list[Figure]:
    """One for each period, in its scope or in another part of the client's answers (`where`)."""
    where = of.scope if where is None else where
    if of.is_solved:
        return _solved(of, run, where)
    naming = {**where, counts.By.THEME: str(_theme(of))} if of.theme_id else where
    answers = _per_period(of, run, where)
    named = _per_period(of, run, naming) if of.theme_id else answers
    found = []
    for place, shown in enumerate(_shown(of, run, where, naming, named)):
        groups = _groups(of, answers[place], named[place])
        found.append(Figure(run[place], groups, shown, None if shown is Shown.HIDDEN else _estimate(of, groups)))
    return found


def change(of: Measured, before: Figure, after: Figure) -> Change | None:
    """None where a side is too thin for a claim."""
    if not (before.is_firm and after.is_firm):
        return None
    if of.is_share:
        return scores.share_change((before.groups[0], before.n), (after.groups[0], after.n))
    return scores.nps_change(before.groups, after.groups)


def all_firm(*found: Figure | None) -> bool:
    return all(each and each.is_firm for each in found)


def is_better(of: Measured, moved: Change) -> bool:
    """By which way it moved; whether that is clear, the test says."""
    return (moved.z > 0) == of.is_more_better


def is_clearly_worse(of: Measured, moved: Change | None) -> bool:
    return moved is not None and moved.verdict != Verdict.NO_CLEAR_CHANGE and not is_better(of, moved)


def breaks_within(of: Measured, run: Sequence[Period]) -> tuple[Break, ...]:
    """Where what was asked, or whom, changed: nothing is compared across it."""
    return tuple(breaks.of(of.client, of.kind, run))


def span(of: Measured, first_on: dt.date, days: int) -> Period:
    """So many days from this one on, in the client's calendar."""
    return Period(SPAN, first_on, first_on + dt.timedelta(days=days - 1), of.client.time_zone)


def _theme(of: Measured) -> int:
    """A merged theme counts under what it became."""
    return of.theme.merged_into_id or of.theme_id


def _per_period(of: Measured, run: Sequence[Period], where: Where) -> list[counts.Counts]:
    """Tallies know who answered last in a calendar's periods; of any other span only the answers tell."""
    read = counts.from_rows if _has_spans(run) else counts.counts
    found = read(of.client, of.kind, run, where=where)
    return [found.get((place, ""), (0,) * 11) for place in range(len(run))]


def _solved(of: Measured, run: Sequence[Period], where: Where) -> list[Figure]:
    """Of those who were asked; hidden with their period, and where so few told."""
    views = disclosure.of(of.client, of.kind, run, where=where)
    found = []
    for period, view, told in zip(run, views, solved.solved(of.client, of.kind, run, where), strict=True):
        shown = Shown.HIDDEN if view.whole is Shown.HIDDEN else may_show(told.n, [])
        groups = (told.yes, 0, told.partly + told.no)
        found.append(Figure(period, groups, shown, None if shown is Shown.HIDDEN else told.share))
    return found


def _shown(
    of: Measured, run: Sequence[Period], where: Where, naming: Where, named: Sequence[counts.Counts]
) -> list[Shown]:
    """As `disclosure` decides; a share as its answers, and hidden where so few name the theme that it would tell them.

    That nobody names it is no secret.
    """
    found = [view.whole for view in disclosure.of(of.client, of.kind, run, where=where)]
    if not of.theme_id:
        return found
    views = disclosure.of(of.client, of.kind, run, where=naming)
    return [
        Shown.HIDDEN if any(each) and view.whole is Shown.HIDDEN else whole
        for whole, view, each in zip(found, views, named, strict=True)
    ]


def _has_spans(run: Sequence[Period]) -> bool:
    return any(period.kind == SPAN for period in run)


def _groups(of: Measured, answers: counts.Counts, named: counts.Counts) -> Groups:
    if of.theme_id:
        return (sum(named), 0, sum(answers) - sum(named))
    upper, middle, lower = counts.groups(of.kind, answers)
    return (upper, 0, middle + lower) if of.is_share else (upper, middle, lower)


def _estimate(of: Measured, groups: Groups) -> Estimate | None:
    return scores.share(groups[0], sum(groups)) if of.is_share else scores.nps(*groups)
