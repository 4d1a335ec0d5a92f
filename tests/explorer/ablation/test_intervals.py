"""Intervals where no draw differs from another."""

import numpy as np
import pytest
from scipy import stats

from explorer.ablation.intervals import interval


@pytest.mark.parametrize("n", [1, 2, 10, 284])
def test_all_right_is_no_proof(n):
    """Ten right answers of ten were shown as 100 % to 100 %."""
    exact = stats.binomtest(n, n).proportion_ci(0.95)
    assert interval(np.ones(n), shares=True) == pytest.approx((exact.low, exact.high))
    assert interval(np.zeros(n), shares=True) == pytest.approx((1 - exact.high, 1 - exact.low))
    assert interval(np.ones(n), level=0.9, shares=True)[0] == pytest.approx(stats.binomtest(n, n).proportion_ci(0.9).low)


def test_one_example_says_nothing_and_losses_are_no_shares():
    assert interval(np.array([0.4]), shares=True) == (0, 1)
    assert interval(np.ones(5)) == (1, 1) and interval(np.array([0.4, 0.4]), shares=True) == (0.4, 0.4)
    values = np.array([1.0, 0, 1, 1, 0, 1])
    assert interval(values, shares=True) == interval(values)
