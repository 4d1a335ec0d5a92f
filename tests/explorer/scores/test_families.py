"""Families of heads: distances against SciPy's, row by row, and a layout that keeps what can be kept in a plane."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon, pdist, squareform

import explorer
import models
from explorer.compare import divergence
from explorer.scores import families
from tests import tiny as making

TEXTS = ["the cat sat on the mat .", "where did they play ?"]


@pytest.mark.parametrize("name", ["bert", "llama", "toy_sparsemax", "falcon", "t5"])
def test_distances_are_those_of_a_loop(tiny, name):
    found = families.of_texts(tiny(name), TEXTS)
    captures = [explorer.capture(tiny(name), text) for text in TEXTS]
    assert found.heads == tuple((layer, head) for layer in range(2) for head in range(4))
    for i, one in enumerate(found.heads):
        for j, other in enumerate(found.heads):
            rows = []
            for captured in captures:
                seen = captured.visible(0)
                pairs = zip(captured.pattern(*one), captured.pattern(*other), seen, strict=True)
                rows += [jensenshannon(p, q) ** 2 for p, q, see in pairs if see.sum() > 1]
            assert found.divergence[i, j] == pytest.approx(np.nanmean(rows), abs=1e-6)
    assert found.rows == len(rows)


def test_rows_that_share_nothing_are_as_far_as_can_be():
    assert divergence.rows(np.array([1.0, 0, 0]), np.array([0, 0.5, 0.5])) == pytest.approx(divergence.MOST)
    assert divergence.rows(np.array([0.2, 0.8]), np.array([0.2, 0.8])) == 0


def test_the_layout_keeps_distances_of_a_plane():
    places = np.random.default_rng(0).normal(size=(9, 2))
    made = families.Families(tuple((0, i) for i in range(9)), squareform(pdist(places)) ** 2, 1)
    laid, stress = made.layout()
    assert stress < 1e-3
    np.testing.assert_allclose(pdist(laid), pdist(places), atol=1e-2)


def test_the_nearest_heads(bert):
    found = families.of_capture(explorer.capture(bert, TEXTS[0]))
    nearest = found.nearest((0, 2), 3)
    row = found.distance[2]
    assert len(nearest) == 3 and (0, 2) not in dict(nearest)
    assert [d for _head, d in nearest] == sorted(np.delete(row, 2))[:3]
    assert found.layout()[0].shape == (72, 2)


def test_errors(tiny):
    with pytest.raises(models.InputError, match="no texts"):
        families.of_texts(tiny("bert"), [])
    with pytest.raises(models.InputError, match="more than one other"):
        families.of_texts(tiny("llama"), ["the"])


def test_every_architecture(tiny):
    for name in [*making.ENCODERS, *making.DECODERS]:
        found = families.of_texts(tiny(name), ["the cat"])
        assert (found.divergence <= divergence.MOST + 1e-9).all() and (np.diag(found.divergence) == 0).all()
