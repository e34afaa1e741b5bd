"""The regression against statsmodels, on data that do not spread equally, and what it does with columns that repeat."""

import numpy as np
import pytest
import statsmodels.api as sm

from analytics.regression import fit, independent


def drawn(n=400, seed=7):
    """Scores of three steps that a wait lowers, ever more unequally; a yes or no; and noise."""
    rng = np.random.default_rng(seed)
    wait, solved, noise = rng.exponential(5, n), (rng.random(n) < 0.7).astype(float), rng.normal(size=n)
    leaning = 0.8 * solved - 0.08 * wait + rng.normal(size=n) * (0.3 + 0.1 * wait)
    return 100 * np.clip(np.round(leaning), -1, 1), np.column_stack([wait, solved, noise])


@pytest.mark.parametrize("seed", range(5))
def test_effects_errors_and_chances_are_those_of_statsmodels(seed):
    outcome, columns = drawn(seed=seed)

    found = fit(outcome, columns)

    oracle = sm.OLS(outcome, sm.add_constant(columns)).fit(cov_type="HC3")
    assert [effect.value for effect in found.effects] == pytest.approx(oracle.params[1:])
    bounds = [(effect.low, effect.high) for effect in found.effects]
    assert np.array(bounds) == pytest.approx(oracle.conf_int()[1:])
    assert [effect.p for effect in found.effects] == pytest.approx(oracle.pvalues[1:])
    assert found.explained == pytest.approx(100 * oracle.rsquared_adj)


def test_what_explains_nothing_explains_no_less_than_nothing():
    rng = np.random.default_rng(1)
    found = fit(rng.choice([-100.0, 0.0, 100.0], 60), rng.normal(size=(60, 12)))

    assert found.explained == 0


def test_a_column_that_those_before_it_already_tell_is_left_out():
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(2, 500))
    columns = np.column_stack([one, other, one + 0.1 * rng.normal(size=500), 2 * other - one, rng.normal(size=500)])

    assert independent(columns) == ([0, 1, 4], {2: 0, 3: 1})


def test_columns_that_share_less_stay():
    rng = np.random.default_rng(3)
    one = rng.normal(size=2_000)
    columns = np.column_stack([one, one + 0.5 * rng.normal(size=2_000)])  # shares 80 % of its variance

    assert independent(columns) == ([0, 1], {})


def test_a_fit_that_is_exact_leaves_no_doubt():
    column = np.arange(20.0)[:, None]
    found = fit(3 * column[:, 0], column).effects[0]

    assert (found.value, found.high - found.low) == pytest.approx((3, 0))
    assert found.p < 1e-9
