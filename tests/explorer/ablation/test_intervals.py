"""Intervals where no draw differs from another, and ranks where no head differs from another."""

import numpy as np
import pytest
from scipy import stats

from explorer.ablation import importance
from explorer.ablation.intervals import interval
from explorer.cli.main import main
from explorer.ui.importance import maps


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


@pytest.mark.filterwarnings("error")
def test_ranks_of_heads_that_are_all_alike_are_compared_with_nothing():
    """Where the classifier's weights are zero all gradients are; the page showed a correlation of +nan."""
    heads = [(0, 0), (0, 1), (1, 0)]
    alike, apart = dict.fromkeys(heads, 0.5), dict(zip(heads, (0.1, 0.3, 0.2), strict=True))
    for one, other in ((alike, apart), (apart, alike), (alike, alike)):
        assert np.isnan(importance.rank_correlation(one, other))
    assert importance.rank_correlation(apart, apart) == 1
    assert maps._compared("title", "about", float("nan")) == ("title", "about")
    assert "+0.25" in maps._compared("title", "about", 0.25)[0]


def test_the_shell_says_that_there_is_no_rank_correlation(tiny, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("explorer.cli.beyond.opened", lambda given: tiny("llama"))
    assert main(["trace", "--model", "x", "--text", "the cat", "--json", str(tmp_path / "t.json")]) == 0
    said = capsys.readouterr().out
    assert "nan" not in said and "none: too few tokens" in said
