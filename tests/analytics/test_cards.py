"""What a model card says: figures worked out by hand, on readers that say what the test tells them to."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from analytics import cards
from analytics.learning import measures
from analytics.readers import Judgement, Reader
from analytics.rules import Finding

LED = {"price": "price", "waiting_time": "waiting_time", "old_price": "price"}


@dataclass(frozen=True)
class Label:
    answer: int
    text: str
    themes: dict = field(default_factory=dict)
    is_random: bool = False


def reader(said: dict[str, dict[str, int]], model=None) -> Reader:
    """One that says of each text what `said` holds."""

    def judge(texts):
        found = [tuple(Finding(key, feeling, 0.9, 0, 1) for key, feeling in said.get(t, {}).items()) for t in texts]
        return [Judgement("themes" if each else "unclassified", each) for each in found]

    return Reader("model", "fr-1", judge, model)


def test_counts_and_intervals_of_a_theme_are_those_of_the_table():
    labels = [Label(n, f"t{n}", {"price": -1} if n < 8 else {}) for n in range(20)]
    said = {f"t{n}": {"price": -1} for n in [*range(6), 10, 11]}  # 6 of 8 found, 2 wrongly
    figures = cards.measured(reader(said), labels, LED)["themes"]["price"]
    assert (figures["n"], figures["found"], figures["right"]) == (8, 8, 6)
    assert figures["precision"] == pytest.approx([0.75, 0.409, 0.929], abs=0.001)  # Wilson 1927, by hand
    assert figures["recall"] == figures["precision"]
    # F* = 6 / 10 with Wilson 0.313 to 0.832; F = 2F* / (1 + F*)
    assert figures["f1"] == pytest.approx([0.75, 0.477, 0.908], abs=0.001)


def test_what_was_never_named_has_no_precision_rather_than_zero():
    card = cards.measured(reader({}), [Label(1, "a", {"price": -1})], LED)
    figures = card["themes"]["price"]
    assert (figures["precision"], figures["recall"][0], figures["f1"][0]) == (None, 0.0, 0.0)
    assert (card["coverage"], card["sentiment"]) == (0.0, None)


def test_without_labels_there_is_no_figure_at_all():
    card = cards.measured(reader({}), [], LED)
    assert (card["n"], card["micro_f1"], card["macro_f1"], card["coverage"], card["themes"]) == (
        0,
        None,
        None,
        None,
        {},
    )


def test_a_merged_theme_counts_as_what_it_became_and_a_retired_one_not_at_all():
    labels = [Label(1, "a", {"price": -1}), Label(2, "b", {"price": -1})]
    card = cards.measured(reader({"a": {"old_price": -1}, "b": {"retired": 1, "price": -1}}), labels, LED)
    assert set(card["themes"]) == {"price"}
    assert (card["themes"]["price"]["right"], card["themes"]["price"]["found"]) == (2, 2)


def test_confused_pairs_lead_to_their_comments_most_frequent_first():
    labels = [Label(n, f"t{n}", {"price": -1}) for n in (1, 2, 3)] + [Label(9, "t9", {"waiting_time": -1})]
    said = {"t1": {"waiting_time": -1}, "t3": {"waiting_time": -1}, "t9": {"price": -1}}
    assert cards.measured(reader(said), labels, LED)["confusions"] == [
        {"wanted": "price", "said": "waiting_time", "n": 2, "answers": [1, 3]},
        {"wanted": "waiting_time", "said": "price", "n": 1, "answers": [9]},
    ]


def test_sentiment_is_judged_only_where_the_theme_was_right():
    labels = [Label(1, "a", {"price": -1}), Label(2, "b", {"price": 1}), Label(3, "c", {})]
    said = {"a": {"price": -1}, "b": {"price": -1}, "c": {"price": 1}}
    sentiment = cards.measured(reader(said), labels, LED)["sentiment"]
    assert (sentiment["right"], sentiment["n"], sentiment["share"][0]) == (1, 2, 0.5)


def test_the_comments_drawn_by_chance_are_measured_apart():
    labels = [Label(n, f"t{n}", {"price": -1}, is_random=n < 2) for n in range(6)]
    drawn = cards.measured(reader({"t0": {"price": -1}}), labels, LED)["random"]
    assert (drawn["n"], drawn["recall"][0], drawn["precision"][0], drawn["coverage"][0]) == (2, 0.5, 1.0, 0.5)


class Certain:
    """A model that gives the same probabilities to every text."""

    keys = ("old_price", "waiting_time", "retired")
    thresholds = np.array([0.8, 2.0, 0.5])

    def probabilities(self, texts):
        return np.tile([0.75, 0.05, 0.99], (len(texts), 1))


def test_calibration_sets_what_was_said_against_what_came_true():
    labels = [Label(n, f"t{n}", {"price": -1} if n < 3 else {}) for n in range(4)]
    card = cards.measured(reader({}, Certain()), labels, LED)
    assert card["calibration"] == [[pytest.approx(0.05), 0.0, 4], [pytest.approx(0.75), 0.75, 4]]
    assert card["calibration_error"] == pytest.approx(0.025)


def test_a_threshold_that_nothing_reaches_is_shown_as_none():
    labels = [Label(1, "a", {"waiting_time": -1})]
    figures = cards.measured(reader({}, Certain()), labels, LED)["themes"]["waiting_time"]
    assert (figures["threshold"], figures["is_learned"]) == (None, True)


@pytest.mark.parametrize("hits,carried,named", [(0, 0, 0), (0, 5, 0), (3, 3, 3), (6, 8, 8), (1, 100, 3)])
def test_the_interval_of_f1_holds_f1(hits, carried, named):
    found = measures.f1_interval(hits, carried, named)
    if not carried + named:
        assert found is None
    else:
        assert found.value == pytest.approx(2 * hits / (carried + named))
        assert 0 <= found.low <= found.value <= found.high <= 1
