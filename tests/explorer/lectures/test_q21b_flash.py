"""Q21b: every tile against an ordinary softmax, the traffic against a memory that counts, the peaks against the sizes of tensors."""

import math

import numpy as np
import pytest
import torch

from explorer.capture import capture
from explorer.lectures import q21b_flash, shipped, tiles
from explorer.lectures.demo import Measure, Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models import InputError

DEMO = demo("Q21b")
WORDS = read("q21b_flash", "en")
TEXT = WORDS.label("text.default")


class Slow:
    """An array in slow memory, which counts what is read from it and written to it."""

    def __init__(self, array, counter):
        self.array, self.counter = array, counter

    def read(self, at=slice(None)):
        self.counter[0] += self.array[at].nbytes
        return self.array[at].copy()

    def write(self, at, values):
        self.counter[0] += values.nbytes
        self.array[at] = values


def counted(n, d, tile):
    """Bytes that standard and tiled attention move, by doing both on memory that counts; and their outputs."""
    random = np.random.default_rng(0)
    q, k, v = random.standard_normal((3, n, d)).astype(np.float16)
    found = []
    counter = [0]
    everything = slice(None)
    S, P, O = (Slow(np.zeros(shape, np.float16), counter) for shape in ((n, n), (n, n), (n, d)))  # noqa: E741
    Q, K, V = (Slow(part, counter) for part in (q, k, v))
    S.write(everything, (Q.read() @ K.read().T / math.sqrt(d)).astype(np.float16))
    scores = S.read().astype(float)
    weights = np.exp(scores - scores.max(1, keepdims=True))
    P.write(everything, (weights / weights.sum(1, keepdims=True)).astype(np.float16))
    O.write(everything, P.read() @ V.read())
    found.append((counter[0], O.array))
    counter = [0]
    Q, K, V, O = (Slow(part, counter) for part in (q, k, v, np.zeros((n, d), np.float16)))  # noqa: E741
    for top in range(0, n, tile):
        rows = slice(top, top + tile)
        block, m, s, o = Q.read(rows), -np.inf, 0.0, 0.0
        for left in range(0, n, tile):
            columns = slice(left, left + tile)
            part = (block.astype(float) @ K.read(columns).astype(float).T) / math.sqrt(d)
            larger = np.maximum(m, part.max(1, keepdims=True))
            e = np.exp(part - larger)
            o, s, m = np.exp(m - larger) * o + e @ V.read(columns).astype(float), np.exp(m - larger) * s + e.sum(1, keepdims=True), larger
        O.write(rows, (o / s).astype(np.float16))
    found.append((counter[0], O.array))
    return found


@pytest.mark.parametrize(("n", "d", "tile"), [(32, 8, 8), (40, 16, 8), (64, 4, 16)])
def test_bytes_are_those_of_a_memory_that_counts(n, d, tile):
    (standard, one), (tiled, other) = counted(n, d, tile)
    assert tiles.standard_bytes(n, d, 2) == standard and tiles.tiled_bytes(n, d, 2, tile) == tiled
    assert one.astype(float) == pytest.approx(other.astype(float), abs=1e-2)


def test_a_tile_fits_and_the_next_larger_one_does_not(opener):
    side = DEMO.compute(opener, text=TEXT)["tile_side"]

    def bytes_of(tile):
        blocks = [np.zeros((tile, 64), np.float16) for _ in range(4)]
        return sum(block.nbytes for block in blocks) + np.zeros((tile, tile), np.float32).nbytes

    assert bytes_of(int(side)) <= 192 * 1024 < bytes_of(int(2 * side))


@pytest.mark.parametrize("model", ["bert-mini", "gpt2-mini"])
@pytest.mark.parametrize("tile", q21b_flash.TILES)
def test_after_each_tile_stands_the_softmax_of_what_was_seen(opener, model, tile):
    captured = capture(opener(model), TEXT, max_tokens=12)
    record = captured.record(2)
    q, k, v = (t[0, 0].double().numpy() for t in (record.query, record.key, record.value))
    scale, n = float(record.scale.flatten()[0]), len(q)
    steps = DEMO.compute(opener, tile=tile, model=model, text=TEXT).data["steps"]
    causal = model == "gpt2-mini"
    blocks = [(r, c) for r in range(0, n, tile) for c in range(0, n, tile) if not (causal and c > min(r + tile, n) - 1)]
    assert steps == len(blocks)
    seen = set()
    for step, (top, left) in enumerate(blocks, 1):
        result = DEMO.compute(opener, step=step, tile=tile, model=model, text=TEXT) if step in (1, 2, steps) else None
        seen |= {(r, c) for r in range(top, min(top + tile, n)) for c in range(left, min(left + tile, n)) if not (causal and c > r)}
        if result is None:
            continue
        at = result.data["at"]
        for row in range(n):
            scores = [scale * float(q[row] @ k[c]) for c in range(n) if (row, c) in seen]
            if not scores:
                assert at.maximum[row] == -np.inf
                continue
            exps = [math.exp(s) for s in scores]
            assert at.maximum[row] == pytest.approx(max(scores), abs=1e-4)
            assert at.total[row] == pytest.approx(sum(exps) / math.exp(max(scores)), rel=1e-4)
            expected = sum(e * v[c] for e, c in zip(exps, [c for c in range(n) if (row, c) in seen], strict=True)) / sum(exps)
            assert at.outputs[row] == pytest.approx(expected, abs=1e-4)
        assert result["each"] < 1e-9 and result["final"] < 1e-4


def test_a_sum_that_is_not_rescaled_would_be_seen(opener, monkeypatch):
    honest = tiles.tiled

    def wrong(scores, values, size):
        made = honest(scores, values, size)
        made[3].outputs[0] *= 1.01
        return made

    monkeypatch.setattr(tiles, "tiled", wrong)
    result = DEMO.compute(opener, text=TEXT)
    assert result["each"] > 1e-4 and DEMO.right_option(result) == "B"


def test_tiles_in_torch_are_torchs_own_attention_and_cost_the_same_products(opener):
    q, k, v = torch.randn(3, 200, 32, generator=torch.Generator().manual_seed(1)).unbind()
    own = torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]
    assert tiles.by_tiles(q, k, v, 64).numpy() == pytest.approx(own.numpy(), abs=1e-5)
    result = DEMO.compute(opener, text=TEXT)
    assert result["products"] == 2 * 300 * 300 * 64 and DEMO.right_option(result) == "D"
    dearer = Result((Measure("each", 0), Measure("large", 0), Measure("products", 2.0, 1.0)))
    assert DEMO.right_option(dearer) == "C"


def test_a_row_by_hand():
    (first, second) = tiles.running([1, 3, 2, 5], 2)
    assert first == (3, pytest.approx(math.exp(-2) + 1)) and second == (5, pytest.approx(sum(math.exp(s - 5) for s in (1, 3, 2, 5))))
    assert [round(total, 4) for _maximum, total in (first, second)] == [1.1353, 1.2034]


def test_peaks_are_those_of_the_tables_that_are_held(opener):
    rows = shipped.read("q21b_flash").data["peaks"]
    for n, standard, tiled, fused in rows:
        # Scores before and after they are scaled, or scores and weights: two tables of float32 at one time.
        assert standard == pytest.approx(2 * n * n * 4, rel=0.01)
        assert tiled < 4 * (2 * n * 64 + 8 * 128 * 128) and fused < standard / (1 if n < 1024 else 5)
    again = q21b_flash.peak(lambda: tiles.standard(*torch.randn(3, 512, 64).unbind()))
    assert again - 3 * 512 * 64 * 4 == pytest.approx(rows[1][1], rel=0.05)
    result = DEMO.compute(opener, text=TEXT)
    x, y = (np.log([row[i] for row in rows if row[0] >= 512]) for i in (0, 1))
    assert result["peak_standard"] == pytest.approx(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())


def test_bandwidths_are_typed_and_drawn(opener):
    bars = DEMO.more(DEMO.compute(opener, text=TEXT, slow="2", fast="10", n=1024), WORDS, False)[1].tables["bars"]["value"]
    standard, tiled = tiles.standard_bytes(1024, 64, 2), tiles.tiled_bytes(1024, 64, 2, 128)
    assert bars.tolist() == pytest.approx([standard / 2e6, 0, tiled / 2e6, (standard - tiled) / 10e6])
    with pytest.raises(InputError, match="terabytes"):
        DEMO.compute(opener, text=TEXT, slow="quick")


def test_the_frame_is_the_tile_at_work(opener):
    result = DEMO.compute(opener, step=5, tile=4, text=TEXT)
    table, running, moved = DEMO.pictures(result, WORDS, False)
    assert set(map(tuple, table.tables["marked"].to_numpy())) == {(r, c) for r in range(4, 8) for c in range(4, 8)}
    cells = table.tables["cells"]
    assert cells["value"].notna().sum() == 5 * 16
    assert running.tables["cells"].query("c == 0")["value"].notna().sum() == 8
    assert moved.tables["rules"]["x"].tolist() == [4096]
    last = DEMO.compute(opener, step=16, tile=4, text=TEXT)
    assert last.data["so_far"] == pytest.approx(capture(opener("bert-mini"), TEXT, max_tokens=12).pattern(2, 0), abs=1e-5)


def test_a_text_is_needed(opener):
    with pytest.raises(InputError):
        DEMO.compute(opener, text="")
