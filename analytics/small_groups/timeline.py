"""Periods over the same days: weeks that straddle months, months in quarters and years."""

import datetime as dt
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate, takewhile

from ..scores import SHOWN_FROM
from .siblings import Shown, by_size

Span = tuple[dt.date, dt.date]
"""First and last day, as of a Period."""

Ends = dict[dt.date, dt.date]
"""What has been told: between ends of one group it is known how many answers there are."""


def protect_periods(days: Mapping[dt.date, int], spans: Iterable[Span], told: Ends | None = None) -> dict[Span, Shown]:
    """Weeks, months, quarters and years over the same days: how many answers count on each day → which may be shown.

    In the order in which they end, and the longer first; weeks come last, lest one of them cost its month: a month is
    what people report by. A period is hidden that would let a sum of 1 to 4 answers be computed: March, where the
    quarter less two months is it, or a week beside a few days of June. So a week that was shown while its month went on
    may be hidden once that is over.

    `told` is what spans that ended earlier told; what these tell is added to it.
    """
    found, told = {}, _Told(days, {} if told is None else told)
    for first, last in sorted(set(spans), key=lambda span: (_is_week(*span), span[1], span[0])):
        n = sum(_each(days, first, last))
        is_told = n >= SHOWN_FROM and told.tell(first, last + dt.timedelta(days=1))
        found[first, last] = by_size(n) if is_told else Shown.HIDDEN
    return found


def _is_week(first: dt.date, last: dt.date) -> bool:
    return (last - first).days == 6


def _each(days: Mapping[dt.date, int], first: dt.date, last: dt.date) -> list[int]:
    return [days.get(first + dt.timedelta(days=number), 0) for number in range((last - first).days + 1)]


class _Told:
    """What follows from the periods shown so far.

    A period tells by how much the running total grows between its ends. Ends between which this is known form a group.
    Steps forward in time, from an end of one group to an end of another, that lead back to the first group add up to a
    sum that can be computed: within one group a single step.
    """

    def __init__(self, days: Mapping[dt.date, int], group: Ends):
        self.days = sorted(days)
        self.totals = [0, *accumulate(days[day] for day in self.days)]
        self.group = group

    def tell(self, start: dt.date, end: dt.date) -> bool:
        """Take in a period from `start` until before `end`; False, and nothing is taken in, if it tells a small sum."""
        group = self.group.copy()
        joined = {group.setdefault(start, start), group.setdefault(end, end)}
        group = {day: min(joined) if name in joined else name for day, name in group.items()}
        if self._tells_a_small_sum(group):
            return False
        self.group.update(group)
        return True

    def _tells_a_small_sum(self, group: Mapping[dt.date, dt.date]) -> bool:
        ends = [(self.totals[bisect_left(self.days, day)], group[day]) for day in sorted(group)]
        steps = defaultdict(set)
        for place, (total, name) in enumerate(ends):
            for later, other in takewhile(lambda end, total=total: end[0] - total < SHOWN_FROM, ends[place + 1 :]):
                steps[name].add((other, later - total))
        return any(_leads_back(steps, name) for name in steps)


def _leads_back(steps: Mapping[dt.date, set[tuple[dt.date, int]]], start: dt.date) -> bool:
    """Do steps lead from a group back to it, with 1 to 4 answers in all?"""
    reached, open_ends = set(), [(start, 0)]
    while open_ends:
        name, total = open_ends.pop()
        for other, n in steps.get(name, ()):
            state = (other, total + n)
            if state[1] < SHOWN_FROM and state not in reached:
                reached.add(state)
                open_ends.append(state)
    return any((start, n) in reached for n in range(1, SHOWN_FROM))
