"""What things cost, against sums by hand: token by token, pass by pass, matrix by matrix."""

import pytest
import torch
from torch import nn

from explorer.claims import Verdict, claim, cost
from explorer.lectures import linear, memory, q20_mask, q24a_growth, work


def found(id_):
    return claim(id_).compute(None)


def product(rows, inner, columns):
    """Multiply-adds of a matrix product, as every school has them."""
    return rows * inner * columns


def test_c5_the_projections_cost_more_until_n_is_2d(monkeypatch):
    n, d, heads = 2048, 4096, 32
    result = found("C5")
    assert result["four"] == 4 * product(n, d, d)
    assert result["pairs"] == heads * (product(n, d // heads, n) + product(n, n, d // heads))
    crossing = int(result["crossing"])
    assert [2 * m * m * d >= 4 * m * d * d for m in (crossing - 1, crossing)] == [False, True]
    assert result.verdict is Verdict.FAILS
    monkeypatch.setattr(cost, "_WIDE", work.Shape(d=512, heads=8, layers=1, ffn=2048))
    assert found("C5").verdict is Verdict.HOLDS


def test_c14_both_counts_are_off_and_their_ratio_is_not(monkeypatch):
    result = found("C14")
    assert (result["state"], result["pairs"]) == (product(512, 100_000, 512), product(100_000, 512, 100_000))
    assert result["ratio"] == pytest.approx(100_000 / 512)
    assert result.verdict is Verdict.FAILS
    monkeypatch.setattr(linear, "cost", lambda order, n, d: {"pairs": 1e10, "state": 5.2e7}[order])
    assert found("C14").verdict is Verdict.HOLDS


def test_c15_counts_every_head_and_layer(monkeypatch):
    result = found("C15")
    one = torch.empty(16_384, 16_384, dtype=torch.float16, device="meta")
    assert result["head"] == one.numel() * one.element_size() == 2**29
    assert (result["one_head"], result["layer"], result["all"]) == (96 * 2**29, 96 * 2**29, 96 * 96 * 2**29)
    assert result.verdict is Verdict.ONLY_IF
    monkeypatch.setattr(cost, "kept_maps", lambda grad: 0)
    assert found("C15").verdict is Verdict.FAILS


def test_c15_training_keeps_the_map_of_each_layer_and_reading_none(monkeypatch):
    assert (cost.kept_maps(False), cost.kept_maps(True)) == (0, 3)
    monkeypatch.setattr(cost, "_LAYERS", 5)
    assert cost.kept_maps(True) == 5


def test_c32_the_cache_saves_half_of_n_times():
    n, d, ffn = 1000, 768, 3072
    a_token = product(1, d, 4 * d) + 2 * product(1, d, ffn)
    anew = sum(i * a_token + 2 * product(i, d, i) for i in range(1, n + 1))
    kept = sum(a_token + 2 * product(1, d, i) for i in range(1, n + 1))
    result = found("C32")
    assert result["saved"] == pytest.approx(anew / kept)
    assert result["linear"] == pytest.approx(sum(range(1, n + 1)) / n)
    assert result["pairs"] == pytest.approx(sum(i * i for i in range(n + 1)) / sum(range(n + 1)))
    assert result.verdict is Verdict.FAILS


def test_c32_would_hold_if_each_pass_cost_as_much_as_the_last(monkeypatch):
    monkeypatch.setattr(memory, "saved", lambda n, of, terms=(): float(n))
    assert found("C32").verdict is Verdict.HOLDS


def test_c33_a_pass_for_each_token_is_less_than_n_times_the_work(monkeypatch):
    n = 100
    result = found("C33")
    assert result["passes"] == n
    assert result["linear"] == pytest.approx(sum(i / n for i in range(1, n + 1)))
    assert result["pairs"] == pytest.approx(sum(i * i / n**2 for i in range(1, n + 1)))
    assert result.verdict is Verdict.ONLY_IF
    monkeypatch.setattr(q20_mask, "saved", lambda n: {"passes": n, "linear": n, "pairs": n})
    assert found("C33").verdict is Verdict.HOLDS


def test_c34_by_the_matrices_of_the_librarys_own_layer():
    """Each weight of a matrix is one multiply-add a token; the rest are both products of all pairs."""
    block = memory.published("gpt2-small").transformer.h[0]
    weights = {name: sum(w.numel() for w in part.parameters() if w.dim() == 2) for name, part in (("attn", block.attn), ("mlp", block.mlp))}
    n, d = 1024, 768
    result = found("C34")
    assert result["ffn"] == n * weights["mlp"]
    assert result["attention"] == n * weights["attn"] + 2 * n * n * d
    assert result["of_scores"] == pytest.approx(n * weights["mlp"] / (n * n * d))
    assert result.verdict is Verdict.FAILS


def test_c34_would_hold_without_projections(monkeypatch):
    counted = work.counted(1024, work.GPT2_SMALL)
    monkeypatch.setattr(work, "counted", lambda n, of: counted | {"projections": 0, "output": 0, "weighted": 0})
    assert found("C34").verdict is Verdict.HOLDS


def test_c37_a_window_as_wide_as_the_head_costs_as_much(monkeypatch):
    n, d, w = 100_000, 512, 512
    result = found("C37")
    assert result["window"] == sum(w * d for _query in range(n))
    assert result["linear"] == product(d, n, d)
    assert result.verdict is Verdict.FAILS
    monkeypatch.setattr(q24a_growth, "ASKED", {"n": n, "d": d, "w": 1024})
    assert found("C37").verdict is Verdict.HOLDS


@pytest.mark.parametrize(("name", "n"), [("projection_one", 1), ("projection_many", 2**20)])
def test_c46_operations_a_byte_by_the_tensors_of_a_linear_layer(name, n):
    with torch.device("meta"):
        x, layer = torch.empty(n, 768, dtype=torch.float16), nn.Linear(768, 768, bias=False, dtype=torch.float16)
        moved = x.nbytes + layer.weight.nbytes + layer(x).nbytes
    assert found("C46")[name] == pytest.approx(2 * n * 768 * 768 / moved)


def test_c46_scores_by_their_tensors_and_no_machine_makes_it_hold():
    q = torch.empty(2**20, 64, dtype=torch.float16, device="meta")
    scores = torch.empty(2**20, 2**20, dtype=torch.float16, device="meta")
    result = found("C46")
    assert result["scores_many"] == pytest.approx(2 * 2**40 * 64 / (2 * q.nbytes + scores.nbytes))
    for ridge in (0.1, 0.7, 2, 50, 200, 1000):  # operations that a machine does while it moves a byte
        assert not any(result[f"{part}_one"] > ridge > result[f"{part}_many"] for part in ("projection", "scores"))
    assert result.verdict is Verdict.FAILS


def test_c46_would_hold_if_a_byte_had_less_to_do_in_a_long_text(monkeypatch):
    monkeypatch.setattr(work, "intensity_of_scores", lambda n, of, size: 1 / n)
    assert found("C46").verdict is Verdict.HOLDS
