"""What attention costs: multiply-adds, bytes, and what a cache or a mask saves."""

from __future__ import annotations

import math

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from explorer.claims.claim import Claim, Finding, Verdict, in_cases
from explorer.lectures import linear, memory, q20_mask, q24a_growth, work
from explorer.lectures.demo import Measure, Models
from explorer.lectures.q04_cost import written
from models.seeded import seeded

_WIDE = work.Shape(d=4096, heads=32, layers=1, ffn=4 * 4096)
_N, _D = 100_000, 512
_GENERATED, _READ = 1000, 100
"""Tokens made with a cache, and tokens of a text that is trained on."""
_FP16 = 2


def _c5(_models: Models) -> Finding:
    n = 2048
    cost = work.counted(n, _WIDE)
    four, pairs = cost["projections"] + cost["output"], cost["scores"] + cost["weighted"]
    measures = (
        Measure("four", four, 4 * n * _WIDE.d**2, format=",d"),
        Measure("pairs", pairs, 2 * n * n * _WIDE.d, format=",d"),
        Measure("crossing", work.crossing(_WIDE), 2 * _WIDE.d, format=",d"),
    )
    return Finding(Verdict.by(pairs > four), measures, {"four_g": written(four), "pairs_g": written(pairs)})


def _c14(_models: Models) -> Finding:
    claimed = {"state": 26e6, "pairs": 5e9}
    # One of the two products, as the claim counts.
    cost = {order: linear.cost(order, _N, _D) / 2 for order in claimed}
    measures = (
        Measure("state", cost["state"], _N * _D**2, format=",.0f"),
        Measure("pairs", cost["pairs"], _N**2 * _D, format=",.0f"),
        Measure("ratio", cost["pairs"] / cost["state"], _N / _D, tolerance=1e-9, format=".1f"),
        Measure("off", cost["state"] / claimed["state"], 1000, tolerance=30, format=",.0f"),
    )
    holds = all(math.isclose(cost[order], claimed[order], rel_tol=0.1) for order in claimed)
    return Finding(Verdict.by(holds), measures, {f"{order}_g": written(value) for order, value in cost.items()})


def _c15(_models: Models) -> Finding:
    gpt3 = memory.published("gpt3")
    sizes = memory.sizes_of(gpt3, gpt3.config.n_head)
    found = sizes.bytes(2**14, 1, _FP16)
    one_head = sizes.shape.layers * found["head"]
    read, trained = (kept_maps(grad) for grad in (False, True))
    measures = (
        Measure("head", found["head"], 512 * 2**20, format=",d"),
        Measure("one_head", one_head, 48 * 2**30, format=",d"),
        Measure("layer", found["maps"], sizes.shape.heads * 512 * 2**20, format=",d"),
        Measure("all", found["all_maps"], sizes.shape.layers * sizes.shape.heads * 512 * 2**20, format=",d"),
        Measure("kept_reading", read, 0, format="d"),
        Measure("kept_training", trained, _LAYERS, format="d"),
    )
    # 512 MB a layer is right for a layer of one head, and all layers lie there at once only where maps are kept.
    said = {"heads": str(sizes.shape.heads), "layers": str(sizes.shape.layers), "kept_layers": str(_LAYERS)}
    said |= {
        name: f"{value / 2**30:,.4g} GiB" for name, value in (("one_head_g", one_head), ("layer_g", found["maps"]), ("all_g", found["all_maps"]))
    }
    if found["head"] != 512 * 2**20 or trained < _LAYERS:
        return Finding(Verdict.FAILS, measures, said)
    return Finding(Verdict.ONLY_IF if found["all_maps"] > one_head or read == 0 else Verdict.HOLDS, measures, said)


_LAYERS = 3


def kept_maps(grad: bool) -> int:
    """How many layers' maps a small GPT-2 still holds after a pass over a text: for the way back, or none."""
    n, kept = 11, set()
    config = GPT2Config(n_layer=_LAYERS, n_head=2, n_embd=8, vocab_size=16, n_positions=n, attn_implementation="eager", attn_pdrop=0)

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.shape == (1, 2, n, n) and tensor.is_floating_point() and bool((tensor.sum(-1) - 1).abs().max() < 1e-4):
            kept.add(tensor.untyped_storage().data_ptr())
        alive.append(tensor)
        return tensor

    # What is kept stays alive, so that no other tensor takes its address.
    alive: list[torch.Tensor] = []
    with seeded(0):
        network = GPT2LMHeadModel(config)
    with torch.set_grad_enabled(grad), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(torch.zeros(1, n, dtype=torch.long))
    return len(kept)


def _c32(_models: Models) -> Finding:
    n, of = _GENERATED, work.GPT2_SMALL
    saved = memory.saved(n, of)
    measures = (
        Measure("saved", saved, 517, tolerance=0.5, format=",.1f"),
        Measure("linear", memory.saved(n, of, memory.LINEAR), (n + 1) / 2, tolerance=1e-9, format=",.1f"),
        Measure("pairs", memory.saved(n, of, memory.PAIRS), (2 * n + 1) / 3, tolerance=1e-9, format=",.1f"),
    )
    return Finding(Verdict.by(saved >= 0.99 * n), measures, {"n": f"{n:,}"})


def _c33(_models: Models) -> Finding:
    n = _READ
    work_ = q20_mask.saved(n)
    measures = (
        Measure("passes", work_["passes"], n, format=",d"),
        Measure("linear", work_["linear"], (n + 1) / 2, tolerance=1e-9, format=".1f"),
        Measure("pairs", work_["pairs"], (n + 1) * (2 * n + 1) / (6 * n), tolerance=1e-9, format=".1f"),
    )
    return Finding(in_cases(value >= 0.99 * n for value in work_.values()), measures, {"n": str(n)})


def _c34(_models: Models) -> Finding:
    cost = work.counted(1024, work.GPT2_SMALL)
    pairs = cost["scores"] + cost["weighted"]
    attention = cost["projections"] + cost["output"] + pairs
    measures = (
        Measure("ffn", cost["ffn"], 4.83e9, tolerance=0.005e9, format=",d"),
        Measure("attention", attention, 4.03e9, tolerance=0.005e9, format=",d"),
        Measure("times", cost["ffn"] / attention, 1.2, tolerance=1e-9, format=".2f"),
        Measure("of_pairs", cost["ffn"] / pairs, 3, tolerance=1e-9, format=".1f"),
        Measure("of_scores", cost["ffn"] / cost["scores"], 6, tolerance=1e-9, format=".1f"),
    )
    said = {"ffn_g": written(cost["ffn"]), "attention_g": written(attention)}
    return Finding(Verdict.by(cost["ffn"] >= 5.5 * attention), measures, said)


def _c37(_models: Models) -> Finding:
    cost = {way: q24a_growth.multiply_adds(way, **q24a_growth.ASKED) for way in ("window", "linear")}
    share = cost["linear"] / cost["window"]
    measures = (
        Measure("window", cost["window"], _N * _D**2, format=",d"),
        Measure("linear", cost["linear"], _N * _D**2, format=",d"),
        Measure("share", share, 1, tolerance=1e-12, format=".2f"),
    )
    return Finding(Verdict.by(abs(share - 0.5) < 0.1), measures, {f"{way}_g": written(value) for way, value in cost.items()})


def _c46(_models: Models) -> Finding:
    lengths, of = [2**i for i in range(21)], work.GPT2_SMALL
    projections = [work.intensity_of_projections(n, of, _FP16) for n in lengths]
    scores = [work.intensity_of_scores(n, of, _FP16) for n in lengths]
    d_k = of.d // of.heads
    measures = (
        Measure("projection_one", projections[0], 1, tolerance=0.01, format=".2f"),
        Measure("projection_many", projections[-1], of.d / 2, tolerance=1, format=".0f"),
        Measure("scores_one", scores[0], 1, "below", format=".2f"),
        Measure("scores_many", scores[-1], d_k, "at most", format=".1f"),
    )
    # The claim needs a machine whose ridge lies below the short text's operations a byte and above the long one's; none can, if they rise.
    holds = any(values[0] > values[-1] for values in (projections, scores))
    return Finding(Verdict.by(holds), measures, {"longest": f"{lengths[-1]:,}", "d": str(of.d), "d_k": str(d_k)})


CLAIMS = (
    Claim("C5", _c5, "Q4"),
    Claim("C14", _c14, "Q22"),
    Claim("C15", _c15, "Q21"),
    Claim("C32", _c32, "Q21"),
    Claim("C33", _c33, "Q20"),
    Claim("C34", _c34, "Q19"),
    Claim("C37", _c37, "Q24a"),
    Claim("C46", _c46, "Q4"),
)
