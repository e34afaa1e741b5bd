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
def test_precision_and_recall_agree_and_are_silent_without_data(pair):
    wanted, found = (np.array(table) for table in pair)
    precision = metrics.precision_score(wanted, found, average="micro", zero_division=0)
    recall = metrics.recall_score(wanted, found, average="micro", zero_division=0)
    assert measures.precision(wanted, found) == (pytest.approx(precision) if found.any() else None)
    assert measures.recall(wanted, found) == (pytest.approx(recall) if wanted.any() else None)


def test_a_share_has_wilsons_interval_and_its_count():
    found = measures.share_of(6, 7)
    assert (found.value, found.n) == (pytest.approx(6 / 7), 7)
    assert (round(found.low, 4), round(found.high, 4)) == (0.4869, 0.9743)  # Wilson 1927 for 6 of 7
    assert measures.f1_interval(6, 8, 7).value == pytest.approx(12 / 15)


def test_a_theme_that_nobody_named_has_no_figures():
    assert (measures.share_of(0, 0), measures.f1_interval(0, 0, 0)) == (None, None)


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


def test_tables_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="different shape"):
        measures.micro_f1([[True]], [[True, False]])


def test_coverage_counts_the_texts_with_a_finding():
    assert measures.coverage([[True, False], [False, False], [True, True], [False, False]]) == 0.5
