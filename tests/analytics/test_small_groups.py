"""What is hidden stays hidden, whatever an attacker adds and subtracts of what is shown.

The attacker of these tests sees every shown n and solves the linear system: a set of cells can be computed exactly if
its indicator lies in the row space of those shown. Group counts (promoters, passives, detractors) add nothing to it:
they are sums over the same sets.
"""

import datetime as dt
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics.periods import containing
from analytics.scores import SHOWN_FROM, VALUE_FROM
from analytics.small_groups import (
    Shown,
    may_show,
    protect,
    protect_nested,
    protect_periods,
    protect_table,
)

unhurried = settings(deadline=None, max_examples=150)  # a busy machine is no finding
sizes = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 9, 12, 30])
SMALL = range(1, SHOWN_FROM)


def small_sums(atoms: list[int], shown: list[list[bool]], sets: np.ndarray) -> list[list[bool]]:
    """Those of the sets that hold 1 to 4 answers and can be computed from the shown ones."""
    totals = sets @ np.array(atoms)
    sets = sets[(totals > 0) & (totals < SHOWN_FROM)]
    if not shown or not len(sets):
        return []
    _left, strengths, rows = np.linalg.svd(np.array(shown, dtype=float), full_matrices=False)
    rows = rows[strengths > 1e-9]
    missing = sets - sets @ rows.T @ rows
    return sets[np.abs(missing).max(axis=1) < 1e-7].astype(bool).tolist()


def every_set(number: int) -> np.ndarray:
    return np.array(list(product([0.0, 1.0], repeat=number)))


def table(*values: int):
    """Joint counts of attributes with so many values: every cell is there, also an empty one."""
    cells = list(product(*([f"{place}{value}" for value in range(number)] for place, number in enumerate(values))))
    return st.lists(sizes, min_size=len(cells), max_size=len(cells)).map(lambda ns: dict(zip(cells, ns, strict=True)))


def cells_of(view, cells) -> list[bool]:
    return [all(wanted in (None, value) for wanted, value in zip(view, cell, strict=True)) for cell in cells]


def shown_views(cells) -> list[list[bool]]:
    return [cells_of(view, cells) for view, shown in protect_table(cells).items() if shown is not Shown.HIDDEN]


def test_the_attacker_finds_three_answers_by_two_subtractions():
    everything = [[True, True, True], [True, False, False], [False, True, False]]
    assert small_sums([12, 10, 3], everything, every_set(3)) == [[False, False, True]]


@pytest.mark.parametrize(
    ("n", "shown"),
    [(0, Shown.HIDDEN), (4, Shown.HIDDEN), (5, Shown.INTERVAL_ONLY), (9, Shown.INTERVAL_ONLY), (10, Shown.FULL)],
)
def test_few_answers_are_hidden_and_some_show_their_interval_only(n, shown):
    assert may_show(n, []) is shown


def test_a_view_is_hidden_whose_remainder_in_a_whole_is_small():
    assert [may_show(21, [25]), may_show(20, [25]), may_show(25, [25]), may_show(20, [40, 23])] == [
        Shown.HIDDEN, Shown.FULL, Shown.FULL, Shown.HIDDEN,
    ]  # fmt: skip


def test_the_smallest_other_part_is_hidden_with_a_small_one():
    assert protect({"a": 12, "b": 10, "c": 3}, 25) == {"a": Shown.FULL, "b": Shown.HIDDEN, "c": Shown.HIDDEN}


def test_two_small_parts_hide_each_other_if_there_are_five_in_all():
    assert protect({"a": 12, "b": 3, "c": 2}, 17) == {"a": Shown.FULL, "b": Shown.HIDDEN, "c": Shown.HIDDEN}
    assert protect({"a": 12, "b": 3, "c": 1}, 16) == dict.fromkeys("abc", Shown.HIDDEN)


def test_answers_without_a_value_count_as_a_hidden_part():
    assert protect({"a": 12, "b": 10}, 25) == {"a": Shown.FULL, "b": Shown.HIDDEN}
    assert protect({"a": 12, "b": 3}, 25) == {"a": Shown.FULL, "b": Shown.HIDDEN}


def test_nothing_is_hidden_without_need():
    assert protect({"a": 12, "b": 5, "c": 0}, 17) == {"a": Shown.FULL, "b": Shown.INTERVAL_ONLY, "c": Shown.HIDDEN}
    full = dict.fromkeys(product("ab", "xy", "12"), VALUE_FROM)
    assert set(protect_table(full).values()) == {Shown.FULL}


def test_parts_that_are_more_than_the_whole_are_refused():
    with pytest.raises(ValueError, match="parts of 12 in a whole of 11"):
        protect({"a": 12}, 11)


def test_a_part_that_may_overlap_others_stands_against_the_whole_without_it():
    themes = {"price": 22, "tone": 18, "wait": 4, "all": 25}
    assert protect(themes, 25, overlapping=True) == {
        "price": Shown.HIDDEN, "tone": Shown.FULL, "wait": Shown.HIDDEN, "all": Shown.FULL,
    }  # fmt: skip
    assert protect({"price": 4}, 4, overlapping=True) == {"price": Shown.HIDDEN}


@unhurried
@given(st.lists(sizes, max_size=7), st.integers(0, 7))
def test_no_set_of_siblings_is_computed(parts, rest):
    """Even by whoever knows which parts are empty."""
    whole = sum(parts) + rest
    shown = protect({str(place): n for place, n in enumerate(parts)}, whole)
    told = [place for place in range(len(parts)) if shown[str(place)] is not Shown.HIDDEN]
    atoms = [n for n in (*parts, rest) if n]
    places = [place for place, n in enumerate((*parts, rest)) if n]
    rows = [[place == one for place in places] for one in told] + [[True] * len(atoms)] * (whole >= SHOWN_FROM)
    assert small_sums(atoms, rows, every_set(len(atoms))) == []


@unhurried
@given(st.lists(st.lists(sizes, max_size=4), min_size=1, max_size=3))
def test_no_set_of_agents_is_computed_from_agents_and_teams(teams):
    cells = {(f"t{team}", f"a{agent}"): n for team, agents in enumerate(teams) for agent, n in enumerate(agents) if n}
    views = [path for path, shown in protect_nested(cells).items() if shown is not Shown.HIDDEN]
    rows = [[cell[: len(path)] == path for cell in cells] for path in views]
    assert small_sums(list(cells.values()), rows, every_set(len(cells))) == []


def test_agents_of_a_hidden_team_are_hidden():
    shown = protect_nested({("t1", "a"): 30, ("t2", "b"): 6, ("t2", "c"): 7, ("t3", "d"): 3})
    assert [path for path, one in shown.items() if one is not Shown.HIDDEN] == [(), ("t1",), ("t1", "a")]


@unhurried
@given(table(3, 4))
def test_no_set_of_cells_is_computed_from_a_table_of_two_attributes(cells):
    assert small_sums(list(cells.values()), shown_views(cells), every_set(12)) == []


THREE = list(product(("00", "01"), ("10", "11", "12"), ("20", "21", "22")))
ONE_STANDS_APART = dict(zip(THREE, [0, 0, 5, 0, 0, 0, 0, 5, 1, 0, 0, 5, 0, 0, 5, 0, 0, 0], strict=True))


@unhurried
@example(ONE_STANDS_APART)
@given(table(2, 3, 3))
def test_no_view_nor_union_of_siblings_is_computed_from_a_table_of_three_attributes(cells):
    values = [sorted({cell[place] for cell in cells}) for place in range(3)]
    sets = [
        np.sum([cells_of((*view[:place], value, *view[place + 1 :]), cells) for value in siblings], axis=0)
        for view in product(*([None, *own] for own in values))
        for place in range(3)
        for number in range(1, len(values[place]) + 1)
        for siblings in combinations(values[place], number)
    ]
    assert small_sums(list(cells.values()), shown_views(cells), np.array(sets)) == []


def test_a_chat_team_and_a_channel_do_not_tell_who_else_chats():
    """23 by chat less 20 of team A by chat would be the 3 of team B."""
    shown = protect_table({("A", "chat"): 20, ("B", "chat"): 3, ("B", "mail"): 30})
    assert {view for view, one in shown.items() if one is Shown.HIDDEN} == {
        ("A", "chat"), ("B", "chat"), ("B", "mail"),
    }  # fmt: skip


@unhurried
@given(table(3, 3), table(3, 3))
def test_a_view_is_decided_alike_whatever_else_is_asked_for(cells, other):
    """A third attribute changes nothing for the views of the first two."""
    deeper = {(*cell, "x"): n for cell, n in cells.items()}
    both = protect_table({**deeper, **{(*cell, "y"): 0 for cell in other}})
    assert {view[:2]: shown for view, shown in both.items() if view[2] is None} == protect_table(cells)


@unhurried
@given(table(3, 3), st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(cells, chance):
    turned = list(cells.items())
    chance.shuffle(turned)
    assert protect_table(dict(turned)) == protect_table(cells)


def test_no_answers_are_a_table_of_nothing():
    assert protect_table({}) == {(): Shown.HIDDEN}
    assert protect_nested({}) == {(): Shown.HIDDEN}
    assert protect({}, 0) == {}
    assert protect_periods({}, []) == {}


FIRST = dt.date(2026, 1, 1)
history = st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5, 8, 20]), min_size=120, max_size=200)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def daily(numbers: list[int]) -> dict[dt.date, int]:
    return {day(place): n for place, n in enumerate(numbers)}


def calendar(days) -> list[tuple[dt.date, dt.date]]:
    """All weeks, months, quarters and years that touch these days."""
    spans = set()
    for one in days:
        at = dt.datetime(one.year, one.month, one.day, 12, tzinfo=dt.UTC)
        for kind in ("week", "month", "quarter", "year"):
            period = containing(at, kind, "UTC")
            spans.add((period.first_on, period.last_on))
    return sorted(spans)


def stretches(spans, days) -> tuple[list[tuple[dt.date, dt.date]], list[int]]:
    """The days between neighbouring ends of periods, and how many answers they hold."""
    ends = sorted({first for first, _last in spans} | {last + dt.timedelta(days=1) for _first, last in spans})
    found = list(pairwise(ends))
    return found, [sum(n for one, n in days.items() if start <= one < end) for start, end in found]


def shown_spans(protected, parts) -> list[list[bool]]:
    told = [span for span, shown in protected.items() if shown is not Shown.HIDDEN]
    return [[first <= start <= last for start, _end in parts] for first, last in told]


@unhurried
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(1, 5)), max_size=9),
    st.lists(sizes, min_size=20, max_size=20),
)
def test_no_set_of_days_is_computed_from_any_periods(pairs, numbers):
    spans = [(day(start), day(start + length - 1)) for start, length in pairs]
    days = daily(numbers)
    parts, atoms = stretches(spans, days)
    assert small_sums(atoms, shown_spans(protect_periods(days, spans), parts), every_set(len(parts))) == []


@settings(deadline=None, max_examples=40)
@given(history)
def test_no_stretch_of_days_nor_two_is_computed_from_weeks_and_months(numbers):
    days = daily(numbers)
    spans = calendar(days)
    parts, atoms = stretches(spans, days)
    single = [
        [float(start <= place <= end) for place in range(len(parts))]
        for start, end in combinations(range(len(parts)), 2)
        if sum(atoms[start : end + 1]) < SHOWN_FROM
    ] + np.eye(len(parts)).tolist()
    pairs = [np.array(one) + other for one, other in combinations(np.array(single), 2)]
    sets = np.array([*single, *(pair for pair in pairs if pair.max() < 2)])
    assert small_sums(atoms, shown_spans(protect_periods(days, spans), parts), sets) == []


@unhurried
@given(history, st.integers(1, 110))
def test_a_month_quarter_or_year_that_was_shown_is_not_hidden_when_time_goes_on(numbers, until):
    days = daily(numbers)
    early = {one: n for one, n in days.items() if one <= day(until)}
    ended = [span for span in calendar(days) if span[1] <= day(until)]
    then, later = protect_periods(early, ended), protect_periods(days, calendar(days))
    longer = [(first, last) for first, last in ended if (last - first).days > 6]
    assert [then[span] for span in longer] == [later[span] for span in longer]


def test_a_quarter_does_not_tell_its_small_month():
    days = {dt.date(2026, 4, 1): 20, dt.date(2026, 5, 1): 20, dt.date(2026, 6, 1): 3}
    months = [(dt.date(2026, 4, 1), dt.date(2026, 4, 30)), (dt.date(2026, 5, 1), dt.date(2026, 5, 31))]
    june, quarter = (dt.date(2026, 6, 1), dt.date(2026, 6, 30)), (dt.date(2026, 4, 1), dt.date(2026, 6, 30))
    assert protect_periods(days, [*months, june, quarter]) == {
        months[0]: Shown.FULL, months[1]: Shown.FULL, quarter: Shown.HIDDEN, june: Shown.HIDDEN,
    }  # fmt: skip


def test_a_busy_client_sees_every_period_and_a_quiet_one_its_months():
    """Weeks yield to months: with two answers a day, the months, quarters and the year stay."""
    for each, least in ((SHOWN_FROM, 0), (2, 1)):
        days = daily([each] * 365)
        shown = protect_periods(days, [span for span in calendar(days) if span[1] <= day(364) and span[0] >= FIRST])
        hidden = [span for span, one in shown.items() if one is Shown.HIDDEN]
        assert {(last - first).days for first, last in hidden} == ({6} if least else set())
