"""The running top of a product, against the whole product."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.weights.pairs import largest


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 17), st.integers(1, 17), st.integers(0, 10**6))
def test_the_size_of_a_block_does_not_matter(n, m, k, rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    # Whole numbers: their products are exact, and often equal.
    left, right = (torch.randint(-4, 5, (size, 3), generator=generator).float() for size in (n, m))
    whole = (left @ right.T).numpy()
    found = largest(left, right, k, rows=rows, columns=columns)
    np.testing.assert_array_equal(found.values, np.sort(whole.ravel())[::-1][:k])
    np.testing.assert_array_equal(found.values, whole[found.rows, found.columns])
    assert len(set(zip(found.rows.tolist(), found.columns.tolist(), strict=True))) == len(found.values) == min(k, n * m)


def test_never_more_than_a_block_is_there_at_once(monkeypatch):
    seen = []
    own = torch.Tensor.topk

    def topk(self, *given, **how):
        seen.append(self.numel())
        return own(self, *given, **how)

    monkeypatch.setattr(torch.Tensor, "topk", topk)
    shares = []
    largest(torch.randn(300, 4), torch.randn(500, 4), 5, shares.append, rows=50, columns=100)
    assert max(seen) <= 50 * 100
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) == 7


@given(st.integers(0, 10**6))
def test_blocks_that_cannot_reach_the_largest_products_are_left_out(seed):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.logspace(0, -2, 200)[torch.randperm(200, generator=generator), None]
    left, right = (torch.nn.functional.normalize(torch.randn(200, 6, generator=generator)) * lengths for _side in range(2))
    made, own = [], torch.Tensor.__matmul__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "__matmul__", lambda one, other: made.append(one.shape[0] * other.shape[1]) or own(one, other))
        found = largest(left, right, 5, rows=20, columns=20)
    np.testing.assert_allclose(found.values, np.sort((left @ right.T).numpy().ravel())[::-1][:5], rtol=1e-5)
    assert sum(made) < 200 * 200 / 2
