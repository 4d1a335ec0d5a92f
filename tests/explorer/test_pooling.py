"""A layer made small: every pixel is the largest weight of those that it stands for, whatever is hidden and however it is computed."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer import pooling
from explorer.views import PAIRS, SPECIAL, crop
from models import attention
from tests import tiny as making

TEXT = "the cat sat on the mat because it was warm ."


def by_hand(maps: np.ndarray, size: int) -> np.ndarray:
    """(.., query, key) pixel by pixel."""
    n, m = maps.shape[-2:]
    r, c = min(n, size), min(m, size)
    pixels = [[maps[..., i * n // r : (i + 1) * n // r, j * m // c : (j + 1) * m // c].max((-1, -2)) for j in range(c)] for i in range(r)]
    return np.moveaxis(np.array(pixels), (0, 1), (-2, -1))


def compare(captured, part, size, cut=None):
    for site in captured.sites(part):
        found = pooling.of_layer(captured, site.layer, part, size, cut)
        shown = cut.of if cut else lambda maps: maps
        at = (slice(None), slice(None)) if cut is None else (cut.rows[:, None], cut.columns)
        np.testing.assert_allclose(found.heads, by_hand(shown(captured.patterns(site.layer, part)), size), rtol=0, atol=1e-5)
        np.testing.assert_allclose(found.mean, by_hand(shown(captured.mean(site.layer, part)), size), rtol=0, atol=1e-5)
        np.testing.assert_allclose(found.maximum, by_hand(shown(captured.maximum(site.layer, part)), size), rtol=0, atol=1e-5)
        np.testing.assert_array_equal(found.seen, by_hand(captured.visible(site.layer, part)[at], size))


@pytest.mark.parametrize("name", [*making.DISPATCHED, "falcon"])
@pytest.mark.parametrize("size", [1, 3, 40])
def test_every_architecture(tiny, name, size, monkeypatch):
    monkeypatch.setattr(pooling, "_BLOCK", (4, 3))
    monkeypatch.setattr(pooling, "_BLOCK_ROWS", 4)
    captured = explorer.capture(tiny(name), "the cat sat on" if name != "gpt2" else "the cat", target="a dog" if name in making.PAIRED else None)
    for part in captured.parts:
        compare(captured, part, size)


@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("size", [2, 5, 99])
def test_what_is_left_of_it_when_some_tokens_are_hidden(bert, special, pair, size, monkeypatch):
    monkeypatch.setattr(pooling, "_BLOCK", (7, 5))
    captured = explorer.capture(bert, "the cat sat on the mat", "it was warm")
    compare(captured, None, size, crop(captured.queries(), captured.keys(), special=special, pair=pair))


@given(st.integers(1, 40), st.integers(1, 17), st.integers(1, 300), st.integers(1, 300), st.booleans(), st.booleans())
def test_blocks_of_any_size_and_rows_of_any_number(tokens, size, rows, keys, causal, cut):
    torch.manual_seed(tokens)
    q, k = torch.randn(1, 4, tokens, 5) * 3, torch.randn(1, 2, tokens, 5)
    change = {0: attention.Change(allow=torch.rand(4, tokens, tokens) < 0.7)} if cut else {}
    module = torch.nn.Identity()
    with attention.attending({id(module): (0,)}, changes=change) as run:
        attention.attention_function(module, q, k, k, None, causal=causal)
    captured = explorer.Capture(
        "", (explorer.capture.__globals__["sites"].Site(0, "decoder", 0, 4, 2, 5),), {"decoder": range(tokens)}, run.records
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooling, "_BLOCK", (rows, keys))
        compare(captured, None, size)


def test_a_whole_map_is_never_made(tiny, monkeypatch):
    captured = explorer.capture(tiny("llama"), TEXT)
    monkeypatch.setattr(pooling, "_BLOCK", (4, 4))
    most = []
    matmul = torch.Tensor.__matmul__
    monkeypatch.setattr(torch.Tensor, "__matmul__", lambda a, b: most.append(a.shape[0] * b.shape[-1]) or matmul(a, b))
    monkeypatch.setattr(explorer.Capture, "patterns", lambda *_args: pytest.fail("all weights were computed"))
    pooling.of_layer(captured, 0, None, 6)
    n = len(captured.tokens)
    assert max(most) <= 16 and sum(most) <= 4 * (n * n / 2 + 4 * n)


def test_a_picture_of_no_pixels_is_refused(tiny):
    with pytest.raises(ValueError, match="0"):
        pooling.of_layer(explorer.capture(tiny("bert"), TEXT), 0, None, 0)
