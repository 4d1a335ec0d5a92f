"""A window onto a map: exact where there is a pixel a token, the largest of its tokens elsewhere, and never more than what is seen."""

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

import explorer
import models
from explorer.tiles import LEAST, Tile, Window, rows_of, strongest_in, tile
from tests import tiny as making

WORDS = 700


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    folder = making.save_long(tmp_path_factory.mktemp("long"))
    model = models.load(folder, device="cpu")
    text = making.long_text(WORDS)
    eager = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        outputs = eager(**model.tokenizer(text, return_tensors="pt"), output_attentions=True)
    return explorer.capture(model, text), [one[0].numpy() for one in outputs.attentions]


def by_hand(weights: np.ndarray, window: Window, size: int) -> np.ndarray:
    part = weights[slice(*window.rows), slice(*window.columns)]
    n, m = part.shape
    r, c = min(n, size), min(m, size)
    if (r, c) == (n, m):
        return part
    return np.array([[part[i * n // r : (i + 1) * n // r, j * m // c : (j + 1) * m // c].max() for j in range(c)] for i in range(r)])


@pytest.mark.parametrize(
    ("name", "size"),
    [("0-700_0-700", 24), ("0-700_0-700", 700), ("0-300_0-300", 70), ("600-700_0-40", 400), ("350-358_300-700", 24), ("123-456_12-99", 60)],
)
def test_any_tile_of_any_head_is_that_of_eager(long, name, size):
    captured, eager = long
    window = Window.named(name, WORDS, WORDS)
    for layer in range(2):
        maps = {str(head): eager[layer][head] for head in range(4)} | {"mean": eager[layer].mean(0), "max": eager[layer].max(0)}
        for head, weights in maps.items():
            found = tile(captured, layer, head, None, window, size)
            np.testing.assert_allclose(found.weights, by_hand(weights, window, size), rtol=0, atol=1e-5)
            seen = by_hand(np.tril(np.ones((WORDS, WORDS))), window, size) > 0
            np.testing.assert_array_equal(found.seen, seen)
            assert found.exact == (max(window.sizes) <= size)


@pytest.mark.parametrize("name", making.DISPATCHED)
@pytest.mark.parametrize("special", ["raw", "hidden", "renormalised"])
def test_every_architecture_and_what_is_left_when_tokens_are_hidden(tiny, name, special):
    captured = explorer.capture(tiny(name), "the cat sat on the mat because it was warm .", target="a dog" if name in making.PAIRED else None)
    for part in captured.parts:
        queries, keys = captured.queries(part), captured.keys(part)
        window = Window.named("1-11_2-12", len(queries), len(keys))
        for head in ("2", "mean", "max"):
            found = tile(captured, 1, head, part, window, 64, special=special)
            weights = rows_of(captured, 1, head, part, slice(None))
            if special == "renormalised":
                rest = weights[:, ~np.array(keys.special)].sum(-1, keepdims=True)
                weights = np.divide(weights, rest, out=np.zeros_like(weights), where=rest > 0)
            expected = np.where(captured.visible(1, part), weights, 0)[np.ix_(found.rows, found.columns)]
            np.testing.assert_allclose(found.weights, expected, rtol=0, atol=2e-5)


def test_only_what_is_seen_is_computed(long, monkeypatch):
    captured, _ = long
    sizes = []
    matmul = torch.Tensor.__matmul__
    monkeypatch.setattr(torch.Tensor, "__matmul__", lambda a, b: sizes.append(a.shape[-2] * b.shape[-1]) or matmul(a, b))
    monkeypatch.setattr(explorer.Capture, "patterns", lambda *_args, **_how: pytest.fail("all heads were computed"))
    tile(captured, 1, "2", None, Window.named("600-664_100-164", WORDS, WORDS), 352)
    assert sum(sizes) == 64 * 64


def test_the_strongest_of_a_pixel_is_found_and_its_tokens_are_told(long):
    captured, eager = long
    found = tile(captured, 1, "3", None, Window.whole(WORDS, WORDS), 20)
    queries, keys = found.tokens(12, 3)
    assert (queries[0], queries[-1], keys[0], keys[-1]) == (12 * 35, 13 * 35 - 1, 3 * 35, 4 * 35 - 1)
    query, key = strongest_in(captured, 1, "3", None, queries, keys)
    assert eager[1][3][query, key] == pytest.approx(found.weights[12, 3], abs=1e-5)


def test_a_head_that_there_is_not(long):
    with pytest.raises(IndexError, match="head 4: layer 0 has 4 heads"):
        tile(long[0], 0, "4", None, Window.whole(WORDS, WORDS), 8)


SIDES = st.tuples(st.integers(0, 3000), st.integers(0, 3000))


@given(SIDES, SIDES, st.integers(1, 2000), st.integers(1, 2000), st.floats(0.01, 30), st.integers(-3, 3), st.integers(-3, 3))
def test_a_window_never_leaves_the_text_and_its_name_is_read_again(rows, columns, n_rows, n_columns, factor, down, right):
    first = Window.named(f"{rows[0]}-{rows[1]}_{columns[0]}-{columns[1]}", n_rows, n_columns)
    if rows[1] <= rows[0] or columns[1] <= columns[0]:
        assert first is None
        return
    edge = first.around(min(rows[0], n_rows - 1), min(columns[0], n_columns - 1), 48)
    assert edge.rows[0] <= min(rows[0], n_rows - 1) < edge.rows[1] and edge.columns[0] <= min(columns[0], n_columns - 1) < edge.columns[1]
    for window in (first, first.zoomed(factor), first.moved(down, right), edge):
        for (start, stop), n in ((window.rows, n_rows), (window.columns, n_columns)):
            assert 0 <= start < stop <= n and stop - start >= min(n, LEAST)
        assert Window.named(window.name, n_rows, n_columns) == window
    assert first.zoomed(10**6).is_whole and first.moved(down, right).sizes == first.sizes


@pytest.mark.parametrize("word", ["", "1-2", "1-2_3", "a-b_c-d", "5-5_0-9", "9-5_0-9", "-1-5_0-9", "0-99999999999_0-9", "٣-9_0-9", "1-2_3-4_5-6"])
def test_what_is_no_window_is_none(word):
    assert Window.named(word, 100, 100) is None


def test_nothing_is_left_where_all_is_special(bert):
    captured = explorer.capture(bert, "a")
    window = Window.named("0-1_0-1", 3, 3)
    found = tile(captured, 0, "0", None, window, 10, pair="B→B")
    assert isinstance(found, Tile) and found.weights.size == 0
