"""The running top of a product, against the whole product."""

import numpy as np
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
