"""One kind of survey over consecutive periods: score, interval, change against another period, series breaks.

Small groups are protected per period: under five answers nothing, and nothing that would give away so few of the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from surveys.models import Client, Survey
from surveys.models.answering import scale_of

from . import counts, disclosure, scores, small_groups
from .counts import EVERYWHERE, Counts, Where
from .honesty import breaks, figure
from .honesty.breaks import Break
from .periods import Period
from .scores import VALUE_FROM, Change, Estimate, Groups
from .small_groups import Shown

LENGTHS = {"week": 13, "month": 12, "quarter": 8, "year": 5}  # periods of a trend
NOTHING: Counts = (0,) * 11


@dataclass(frozen=True)
class Part:
    """The answers of one period. `estimate` is None where so few stand behind it that nothing is said."""

    kind: str
    period: Period
    counts: Counts
    shown: Shown

    @cached_property
    def groups(self) -> Groups:
        return counts.groups(self.kind, self.counts)

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def estimate(self) -> Estimate | None:
        """NPS in points; CSAT and CES as the share of the upper group in percent."""
        return None if self.shown is Shown.HIDDEN else figure.estimate(self.kind, self.groups)

    @property
    def mean(self) -> Estimate | None:
        """Of CSAT and CES, on the scale itself."""
        scale = scale_of(self.kind)
        return scores.mean(self.counts, scale[0], scale[-1]) if self.is_firm and self.kind != Survey.Kind.NPS else None

    @property
    def is_firm(self) -> bool:
        """Enough for a claim."""
        return self.shown is Shown.FULL and self.n >= VALUE_FROM


@dataclass(frozen=True)
class Series:
    """`run` oldest first, the last one is shown; `before` is what it is compared with. `breaks`: all within both."""

    kind: str
    run: tuple[Part, ...]
    before: Part
    breaks: tuple[Break, ...]

    @property
    def now(self) -> Part:
        return self.run[-1]

    @property
    def is_new_series(self) -> bool:
        """What was asked, or whom, changed since the period that it would be compared with began."""
        return any(self.before.period.first_on < each.on <= self.now.period.last_on for each in self.breaks)

    @cached_property
    def change(self) -> Change | None:
        """None where a side is too thin for a claim, and across a series break."""
        if self.is_new_series or not (self.before.is_firm and self.now.is_firm):
            return None
        return figure.change(self.kind, self.before.groups, self.now.groups)


def series(
    client: Client,
    kind: str,
    run: Sequence[Period],
    before: Period,
    where: Where,
    pinned: Where = EVERYWHERE,
    broken: Sequence[Break] | None = None,
) -> Series:
    """`where` are the filters, `pinned` those that a narrow reach cannot take off: they hold for all that is shown.

    `broken`: the kind's series breaks at least within these periods, where they have been read already.
    """
    periods = [*run] if before in run else [before, *run]
    parts = [
        Part(kind, period, numbers, shown)
        for period, (numbers, shown) in zip(periods, _found(client, kind, periods, where, pinned), strict=True)
    ]
    return Series(
        kind,
        run=tuple(parts[-len(run) :]),
        before=parts[periods.index(before)],
        breaks=tuple(breaks.of(client, kind, periods) if broken is None else broken),
    )


def _found(
    client: Client, kind: str, periods: Sequence[Period], where: Where, pinned: Where
) -> list[tuple[Counts, Shown]]:
    """Per period the counts, and how much of them may be shown beside what other filters, or other periods, show."""
    everywhere = {**where, **pinned}
    found = counts.counts(client, kind, periods, where=everywhere)
    numbers = [found.get((place, ""), NOTHING) for place in range(len(periods))]
    if pinned and not set(where) - set(pinned):
        return [(each, small_groups.may_show(sum(each), [])) for each in numbers]
    views = disclosure.of(client, kind, periods, where=everywhere)
    return [(each, view.whole) for each, view in zip(numbers, views, strict=True)]
