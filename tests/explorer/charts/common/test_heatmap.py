"""The rectangles of a map: all cells, each once, with the right weight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.charts.common import heatmap


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.booleans(), st.booleans())
def test_every_visible_cell_is_drawn_once(seed, n_rows, n_columns, many, causal):
    draw = np.random.default_rng(seed)
    weights = draw.choice([0.0, 0.0005, 0.001, 0.3, 0.9], (n_rows, n_columns)).astype(np.float32)
    visible = np.tri(n_rows, n_columns, dtype=bool) if causal else draw.random((n_rows, n_columns)) < 0.8
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heatmap, "_MANY", 0 if many else 10_000)
        cells = heatmap.rectangles(weights, visible, list(range(n_rows)))
    covered = np.zeros_like(visible, dtype=int)
    for cell in cells.itertuples():
        covered[cell.r, cell.c : cell.end] += 1
        part = weights[cell.r, cell.c : cell.end]
        assert cell.w == part.max() and cell.q == cell.r
        assert len(part) == 1 or part.max() < 1 / 255
    np.testing.assert_array_equal(covered, visible.astype(int))
    if not many:
        assert len(cells) == visible.sum()
