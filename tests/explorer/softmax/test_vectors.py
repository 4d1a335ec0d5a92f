"""The laws of scores of random vectors (Vaswani et al. 2017, section 3.2.1), and the figures that the course quotes."""

import numpy as np
import pytest
import torch

from explorer.softmax.vectors import WIDTHS, draw, gumbel

LAWS = {"none": lambda d: 1.0, "root": np.sqrt, "d_k": lambda d: d}


@pytest.fixture(scope="module")
def many():
    return draw(0, widths=(1, 4, 16, 64, 256), pairs=20_000, keys=10)


@pytest.mark.parametrize("divisor", LAWS)
def test_variance(many, divisor: str) -> None:
    d = np.array(many.widths, float)
    variance = (many.pairs / LAWS[divisor](d)).var(axis=0)
    expected = {"none": d, "root": np.ones_like(d), "d_k": 1 / d}[divisor]
    # Standard error of a variance of n numbers with kurtosis 3 + 6 / d.
    error = np.sqrt((2 + 6 / d) / len(many.pairs))
    assert (np.abs(variance / expected - 1) < 4 * error).all()


def test_means_are_nothing_and_pairs_do_not_depend(many) -> None:
    unit = many.pairs / np.sqrt(many.widths)
    assert np.abs(unit.mean(axis=0)).max() < 4 / np.sqrt(len(unit))
    assert abs(np.corrcoef(unit[:-1, -1], unit[1:, -1])[0, 1]) < 4 / np.sqrt(len(unit))


def test_one_query_shares_its_length() -> None:
    """Scores of one query have the variance of its squared length: with d_k = 1 that is seldom 1."""
    variances = [draw(seed, widths=(1,), pairs=1, keys=2000).row.var() for seed in range(8)]
    queries = [np.random.default_rng(seed) for seed in range(8)]
    for random, variance in zip(queries, variances, strict=True):
        random.standard_normal((1, 1)), random.standard_normal((1, 1))  # the pair comes first
        assert variance == pytest.approx(float(random.standard_normal((1, 1))[0, 0] ** 2), rel=0.15)


def test_a_wider_vector_continues_a_narrower_one() -> None:
    narrow, wide = draw(5, widths=(2, 8), pairs=4, keys=3), draw(5, widths=(2, 8, 32), pairs=4, keys=3)
    assert (narrow.pairs == wide.pairs[:, :2]).all()
    # The later dimensions are independent of the first: their variance is the difference.
    many = draw(1, widths=(64, 128), pairs=5000, keys=1).pairs
    assert (many[:, 1] - many[:, 0]).var() == pytest.approx(64, rel=0.1)


def test_the_same_number_draws_the_same() -> None:
    first, again, other = draw(7), draw(7), draw(8)
    assert (first.row == again.row).all() and (first.pairs != other.pairs).any()
    assert WIDTHS[0] == 1 and WIDTHS[-1] == 4096 and {16, 64, 256} <= set(WIDTHS)


@pytest.mark.parametrize("widths", [(), (0, 2), (4, 4), (8, 2)])
def test_widths_rise(widths: tuple) -> None:
    with pytest.raises(ValueError, match="rise"):
        draw(0, widths=widths)


# Largest weight, entropy in nats and trace of the Jacobian, 64 keys, mean over draws: the course's own table.
QUOTED = {(16, False): (0.56, 1.45, 0.58), (64, False): (0.79, 0.60, 0.30), (256, False): (0.91, 0.23, 0.13), (64, True): (0.11, 3.68, 0.96)}


@pytest.mark.parametrize("case", QUOTED, ids=str)
def test_the_figures_of_the_course(case: tuple) -> None:
    d_k, scaled = case
    rows = np.stack([draw(seed, widths=(d_k,), pairs=1, keys=64).row[:, 0] for seed in range(600)])
    p = torch.tensor(rows / (np.sqrt(d_k) if scaled else 1)).softmax(-1)
    found = [p.amax(-1).mean(), torch.special.entr(p).sum(-1).mean(), 1 - (p**2).sum(-1).mean()]
    assert [float(value) for value in found] == pytest.approx(QUOTED[case], abs=0.04)


def test_gumbel_noise_draws_from_the_softmax() -> None:
    scores = np.array([2.0, 1.0, 0.0, -1.0])
    winners = (scores + gumbel(0, 20_000, 4)).argmax(axis=1)
    shares = np.bincount(winners, minlength=4) / 20_000
    assert np.allclose(shares, torch.tensor(scores).softmax(0), atol=0.012)
