"""The measures agree with scikit-learn's, and say nothing where there is nothing to say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from analytics.learning import measures

tables = st.integers(1, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=n, max_size=n)] * 2)
)

quickly = settings(max_examples=30, deadline=None)


@given(tables)
@quickly
def test_f1_jaccard_and_exact_match_agree_with_scikit_learn(pair):
    wanted, found = (np.array(table) for table in pair)
    assert measures.micro_f1(wanted, found) == pytest.approx(
        metrics.f1_score(wanted, found, average="micro", zero_division=1)
    )
    assert measures.macro_f1(wanted, found) == pytest.approx(
        metrics.f1_score(wanted, found, average="macro", zero_division=0)
    )
    assert measures.jaccard(wanted, found) == pytest.approx(
        metrics.jaccard_score(wanted, found, average="samples", zero_division=1)
    )
    assert measures.exact_match(wanted, found) == pytest.approx(metrics.accuracy_score(wanted, found))


@given(tables)
@quickly
@pytest.mark.filterwarnings("ignore")
def test_kappa_agrees_with_scikit_learn(pair):
    one, other = (np.array(table)[:, 0] for table in pair)
    expected = metrics.cohen_kappa_score(one, other, labels=[False, True])
    assert measures.kappa(one, other) == (None if np.isnan(expected) else pytest.approx(expected))


@given(tables)
@quickly
def test_precision_and_recall_agree_and_are_silent_without_data(pair):
    wanted, found = (np.array(table) for table in pair)
    precision = metrics.precision_score(wanted, found, average="micro", zero_division=0)
    recall = metrics.recall_score(wanted, found, average="micro", zero_division=0)
    assert measures.precision(wanted, found) == (pytest.approx(precision) if found.any() else None)
    assert measures.recall(wanted, found) == (pytest.approx(recall) if wanted.any() else None)


def test_a_theme_has_wilson_intervals_and_its_count():
    wanted = [[True]] * 8 + [[False]] * 2
    found = [[True]] * 6 + [[False]] * 2 + [[True], [False]]
    (row,) = measures.per_theme(wanted, found, ["price"])
    assert (row.theme, row.n, row.precision.n, row.recall.n) == ("price", 8, 7, 8)
    assert (round(row.precision.low, 4), round(row.precision.high, 4)) == (0.4869, 0.9743)  # Wilson 1927 for 6 of 7
    assert row.f1 == pytest.approx(12 / 15)


def test_a_theme_that_nobody_named_has_no_figures():
    (row,) = measures.per_theme([[False]], [[False]], ["price"])
    assert (row.n, row.precision, row.recall, row.f1) == (0, None, None, None)


def test_calibration_error_is_the_weighted_gap_between_said_and_came():
    truths = [True, True, False, False, True, False, False, False]
    probabilities = [0.95, 0.95, 0.95, 0.95, 0.15, 0.15, 0.15, 0.15]
    assert measures.calibration_error(truths, probabilities) == pytest.approx((0.45 + 0.10) / 2)
    assert measures.calibration_bins(truths, probabilities) == [
        (pytest.approx(0.15), 0.25, 4),
        (pytest.approx(0.95), 0.5, 4),
    ]


def test_a_threshold_keeps_its_promise_with_the_most_findings():
    truths = [True, True, True, False, True, False, False]
    probabilities = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]
    assert measures.threshold_for(truths, probabilities, 0.8) == 0.5
    assert measures.threshold_for(truths, probabilities, 0.9) == 0.7
    assert measures.threshold_for(truths, probabilities, 0.9, caution=1.0) > 1
    assert measures.threshold_for([False], [0.9], 0.9) > 1


def test_equal_probabilities_stand_or_fall_together():
    assert measures.threshold_for([True, True, False], [0.9, 0.5, 0.5], 0.9) == 0.9


def test_confusions_pair_what_was_missed_with_what_was_named_instead():
    wanted = [[True, False, False], [True, False, False], [False, True, False]]
    found = [[False, True, False], [False, True, False], [False, True, True]]
    assert measures.confusions(wanted, found, ["a", "b", "c"]) == [("a", "b", 2)]


def test_tables_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="different shape"):
        measures.micro_f1([[True]], [[True, False]])


def test_coverage_counts_the_texts_with_a_finding():
    assert measures.coverage([[True, False], [False, False], [True, True], [False, False]]) == 0.5
