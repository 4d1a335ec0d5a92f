"""What comes out of attention: uniform weights, the output projection, keys and values that are one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from explorer.capture import Capture, capture
from explorer.claims.claim import Claim, Finding, Verdict
from explorer.lectures import q02_projections, q05b_uniform, q12_output, shipped
from explorer.lectures.demo import Measure, Models
from explorer.softmax import heads
from models import Model, attention
from models.opening import sites
from models.seeded import seeded
from models.surgery.cutting import head_projections
from models.toy.config import ToyConfig
from models.toy.layers import ToyAttention, ToyCrossAttention

ENCODER, DECODER = "bert-mini", "gpt2-mini"
TEXT = q05b_uniform.TEXT
_SAME = 1e-5
"""Of the length of the vectors: what is closer is equal, but for rounding."""
_BOTH = ("with", "without")
_SEED = 16


def nearest_value(captured: Capture) -> float:
    """Smallest distance of any head's uniform output from any one value that it may see, as a share of the mean length of its values."""
    found = []
    for site in captured.sites():
        record = captured.record(site.layer)
        for head in range(site.heads):
            value, out = record.value[0, head // record.group].double(), record.uniform()[head].double()
            found.append(float((torch.cdist(out, value) / value.norm(dim=-1).mean()).min()))
    return min(found)


def _c8(models: Models) -> Finding:
    captured = capture(models(ENCODER), TEXT)
    mean, nearest = heads.deviation_from_mean(captured), nearest_value(captured)
    return Finding(
        Verdict.by(nearest < _SAME),
        (Measure("mean", mean, 0, tolerance=1e-5, format=".1e"), Measure("nearest", nearest, 0.1, "above", format=".2f")),
        {"model": ENCODER, "n": str(len(captured.source))},
    )


def bend(module: torch.nn.Module, one: Tensor, other: Tensor) -> float:
    """How far a module is from f(a + b) = f(a) + f(b) - f(0), as a share of f(a + b): 0 where it is linear, up to a bias."""
    with torch.inference_mode():
        both, nothing = module(one + other), module(torch.zeros_like(one))
        return float((both - (module(one) + module(other) - nothing)).norm() / both.norm())


def _c16(models: Models) -> Finding:
    opened = models(DECODER)
    captured = capture(opened, TEXT)
    z = torch.from_numpy(np.concatenate([captured.outputs(0, head) for head in range(captured.site(0).heads)], axis=1))
    one, other = z[: len(z) // 2], z[len(z) // 2 : len(z) // 2 * 2]
    projection, ffn = head_projections(opened.network)[0].output, opened.network.transformer.h[0].mlp
    # The feed-forward network reads the stream; any input shows whether it bends.
    linear, bent = bend(projection, one, other), bend(ffn, one, other)
    return Finding(
        Verdict.by(linear > 1e-4),
        (
            Measure("linear", linear, 0, tolerance=1e-5, format=".1e"),
            Measure("ffn", bent, 0.01, "above", format=".2f"),
            Measure("folded", q12_output.toy_deviation(), 0, tolerance=1e-5, format=".1e"),
        ),
        {"model": DECODER},
    )


def _c17(_models: Models) -> Finding:
    config = ToyConfig(d_model=q12_output.D_MODEL, heads=8, output_projection=False, attn_implementation=attention.NAME)
    with seeded(_SEED), torch.inference_mode():
        stream = torch.randn(1, 4, config.d_model)
        out = ToyAttention(config)(stream)[0]
    # One that cannot be added to its input has another width.
    width, kept = out.shape[-1], shipped.read("q12_output").data
    return Finding(
        Verdict.by(width != config.d_model),
        (
            Measure("width", width, config.d_model, format="d"),
            *(Measure(which, min(kept[str(h)][which]["accuracy"] for h in q12_output.HEADS), 0.9, "above", format=".1%") for which in _BOTH),
            Measure("saved", 1 - q12_output.bare_parameters() / q12_output.parameters(1)["trained"], 0.25, format=".0%"),
        ),
    )


def _c40(_models: Models) -> Finding:
    n, m = 5, 7
    with seeded(_SEED), torch.inference_mode():
        module = ToyCrossAttention(ToyConfig(heads=2, tie_kv=True, attn_implementation=attention.NAME))
        target, source, another = torch.randn(1, n, 64), torch.randn(1, m, 64), torch.randn(1, m, 64)
        with attention.attending() as run:
            outs = [module(target, None, given)[0] for given in (source, another)]
    rows, columns = run.records[0].patterns().shape[1:]
    trained = shipped.read("q02_projections").data["rows"]

    def accuracy(d_k: int, tied: int) -> float:
        return float(np.mean([right for width, is_tied, _seed, right in trained if (width, is_tied) == (d_k, tied)]))

    wide = max(q02_projections.WIDTHS)
    return Finding(
        Verdict.by(accuracy(wide, 1) < 0.9),
        (
            Measure("rows", rows, n, format="d"),
            Measure("columns", columns, m, format="d"),
            Measure("moved", float((outs[0] - outs[1]).norm() / outs[0].norm()), 0, "above", format=".0%"),
            Measure("tied", accuracy(wide, 1), 0.95, "above", format=".1%"),
            Measure("untied", accuracy(wide, 0), 0.95, "above", format=".1%"),
            Measure("narrow", accuracy(4, 1), accuracy(4, 0), "below", format=".1%"),
        ),
        {"wide": str(wide)},
    )


def spread(captured: Capture) -> float:
    """Largest distance of two positions' outputs where all weights are equal, as a share of their length; over all heads of the first layer."""
    out = captured.record(0).uniform().double()  # (heads, query, d)
    return float((torch.cdist(out, out).flatten(1).amax(1) / out.norm(dim=-1).mean(1)).max())


def apart_after_layer(model: Model, captured: Capture) -> float:
    """Smallest distance of two positions in the stream after the first layer, whose weights are all equal, as a share of their length."""
    site = captured.site(0)
    change = attention.Change(gate=torch.zeros(site.heads), replacement="uniform")
    given = sites.inputs_for(model.network, **captured.source.inputs(model.device))
    with model.lock, torch.inference_mode(), attention.attending(model.sites_of, changes={site.index: change}, record=False):
        state = model.network.base_model(**given, output_hidden_states=True).hidden_states[1][0].double()
    return float(torch.nn.functional.pdist(state).min() / state.norm(dim=-1).mean())


def _c42(models: Models) -> Finding:
    encoder, decoder = models(ENCODER), models(DECODER)
    read = {model.name: capture(model, TEXT) for model in (encoder, decoder)}
    all_see, causal = spread(read[ENCODER]), spread(read[DECODER])
    with_residual = apart_after_layer(encoder, read[ENCODER])
    equal, else_ = all_see < _SAME, max(causal, with_residual) > _SAME
    return Finding(
        Verdict.ONLY_IF if equal and else_ else Verdict.by(equal),
        (
            Measure("all", all_see, 0, tolerance=_SAME, format=".2g"),
            Measure("causal", causal, 0.1, "above", format=".2f"),
            Measure("residual", with_residual, 0.1, "above", format=".2f"),
        ),
        {"encoder": ENCODER, "decoder": DECODER},
    )


CLAIMS = (
    Claim("C8", _c8, "Q5b"),
    Claim("C16", _c16, "Q12"),
    Claim("C17", _c17, "Q12"),
    Claim("C40", _c40, "Q2"),
    Claim("C42", _c42, "Q5b"),
)
