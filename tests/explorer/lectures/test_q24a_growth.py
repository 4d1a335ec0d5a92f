"""Q24a: counts against loops over queries and keys, and a state that is really as large as is said."""

import pytest
import torch

from explorer.lectures import q24a_growth as q24a
from explorer.lectures.registry import demo
from explorer.lectures.words import read

DEMO = demo("Q24a")


def brute(way: str, n: int, w: int) -> int:
    """Pairs, one query after the other."""
    seen = 0
    for i in range(n):
        near = range(max(0, i - w // 2), min(n, i + w - w // 2))
        if way == "full":
            seen += n
        elif way == "window":
            seen += len(near)
        elif way == "strided":
            seen += len(set(near) | set(range(0, n, w)))
        elif way == "global":
            seen += n if i < q24a.GLOBAL else len(set(near) | set(range(min(n, q24a.GLOBAL))))
        else:
            chunk = i // w
            chunks = {j // w for j in range(n)}
            seen += sum(j // w == chunk for j in range(n)) + len(chunks - {chunk})
    return seen


@pytest.mark.parametrize("way", [way for way in q24a.WAYS if way != "linear"])
@pytest.mark.parametrize(("n", "w"), [(96, 8), (100, 10), (64, 32), (33, 64)])
def test_pairs_of_a_mask_are_those_of_a_loop_and_at_most_those_of_the_formula(way, n, w):
    counted = brute(way, n, w)
    assert q24a.mask(way, n, w).sum() == counted
    if w < n:
        assert counted <= q24a.pairs(way, n, w) <= 1.5 * counted


def test_a_window_as_wide_as_the_head_costs_what_linear_attention_costs(opener):
    found = DEMO.compute(opener)
    assert found["window"] == found["linear"] == 100_000 * 512 * 512 and found["full"] == 100_000**2 * 512
    assert found["times"] == pytest.approx(100_000 / 512)
    wide = DEMO.compute(opener, w=1024)
    assert wide["window"] == 2 * wide["linear"] and wide["asked"] == 0


@pytest.mark.parametrize("d", [3, 7])
def test_the_state_holds_all_that_the_next_token_needs(d):
    """By torch, token by token: the state and its normaliser give what all pairs of phi(q) and phi(k) give."""
    q, k, v = torch.rand(3, 20, d, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    state, total = torch.zeros(d, d, dtype=torch.float64), torch.zeros(d, dtype=torch.float64)
    for i in range(20):
        state, total = state + k[i, :, None] * v[i], total + k[i]
    weights = q[-1] @ k.T
    assert torch.allclose(q[-1] @ state / (q[-1] @ total), weights @ v / weights.sum())
    assert q24a.numbers_kept("linear", 20, d, 8) == state.numel() + total.numel()
    assert q24a.numbers_kept("full", 20, d, 8) == k.numel() + v.numel()


def test_layers_until_the_last_token_has_heard_of_all():
    """What a mask lets through in one layer, multiplied by itself."""
    n, w = 64, 8
    for way in ("full", "window", "strided", "global"):
        seen = torch.tensor(q24a.mask(way, n, w))
        reach, layers = seen.clone(), 1
        while not reach[-1].all():
            reach, layers = (reach.float() @ seen.float()) > 0, layers + 1
        assert layers == q24a.layers_to_see_all(way, n, w)


def test_bars_and_table_are_the_counts(opener):
    words = read("q24a_growth", "en")
    result = DEMO.compute(opener, n=4096, w=128, d=64)
    values = DEMO.pictures(result, words, False)[0].tables["bars"]["value"].tolist()
    assert values == pytest.approx([4096 * 4096 / q24a.pairs(way, 4096, 128) for way in q24a.WAYS[:-1]] + [4096 / 64])
    cells = DEMO.more(result, words, False)[0].tables["cells"]
    kept = cells[cells["c"] == 0]["value"].tolist()
    assert kept[0] == pytest.approx(2 * 4096 * 64 * 2 / 2**20) and kept[-1] == pytest.approx((64 * 64 + 64) * 2 / 2**20)
