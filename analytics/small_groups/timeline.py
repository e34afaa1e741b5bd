"""Periods over the same days: weeks that straddle months, months in quarters and years."""

import datetime as dt
from bisect import bisect_left
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate, takewhile

from ..scores import SHOWN_FROM, VALUE_FROM
from .siblings import Shown, by_size

Span = tuple[dt.date, dt.date]
"""First and last day, as of a Period."""


def protect_periods(days: Mapping[dt.date, int], spans: Iterable[Span]) -> dict[Span, Shown]:
    """Weeks, months, quarters and years over the same days: how many answers count on each day → which may be shown.

    In the order in which they end, and the longer first: what has once been shown is not hidden later, as long as all
    periods of the client's history are given each time. A period is hidden that would let a sum of 1 to 4 answers be
    computed: March, where the quarter less two months is it, or the days of June around its weeks. Lest a week cost a
    month, `_strains_a_month` hides the week first.
    """
    found, told = {}, _Told(days)
    for first, last in sorted(set(spans), key=lambda span: (span[1], span[0])):
        n = sum(_each(days, first, last))
        may = n >= SHOWN_FROM and not ((last - first).days == 6 and _strains_a_month(days, first, last))
        is_told = may and told.tell(first, last + dt.timedelta(days=1))
        found[first, last] = by_size(n) if is_told else Shown.HIDDEN
    return found


def _strains_a_month(days: Mapping[dt.date, int], first: dt.date, last: dt.date) -> bool:
    """Is this a week after which its month might have to be hidden? Decided at its end, when the month still goes on.

    After the last whole week, the month less its weeks leaves the days before and after them: the days before, and as
    many days of this week as will be left after it, need `VALUE_FROM` answers.
    """
    left = monthrange(last.year, last.month)[1] - last.day
    if not 0 < left < 7 or first.month != last.month:
        return False
    before = _each(days, first.replace(day=1), first.replace(day=1) + dt.timedelta(days=(first.day - 1) % 7 - 1))
    return sum(before) + sum(_each(days, first, first + dt.timedelta(days=left - 1))) < VALUE_FROM


def _each(days: Mapping[dt.date, int], first: dt.date, last: dt.date) -> list[int]:
    return [days.get(first + dt.timedelta(days=number), 0) for number in range((last - first).days + 1)]


class _Told:
    """What follows from the periods shown so far.

    A period tells by how much the running total grows between its ends. Ends between which this is known form a group.
    Steps forward in time, from an end of one group to an end of another, that lead back to the first group add up to a
    sum that can be computed: within one group a single step.
    """

    def __init__(self, days: Mapping[dt.date, int]):
        self.days = sorted(days)
        self.totals = [0, *accumulate(days[day] for day in self.days)]
        self.group: dict[dt.date, dt.date] = {}

    def tell(self, start: dt.date, end: dt.date) -> bool:
        """Take in a period from `start` until before `end`; False, and nothing is taken in, if it tells a small sum."""
        group = dict(self.group)
        joined = {group.setdefault(start, start), group.setdefault(end, end)}
        group = {day: min(joined) if name in joined else name for day, name in group.items()}
        if self._tells_a_small_sum(group):
            return False
        self.group = group
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
