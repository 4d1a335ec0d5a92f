"""Deep networks: residual connections, where the norm stands, and what a feed-forward network adds."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from explorer.claims.claim import Claim, Finding, Verdict, in_cases
from explorer.lectures import deep, q17_residual, q18_norm, q19_ffn, sublayers
from explorer.lectures.demo import Measure, Models
from explorer.reading import encode, read
from models import Model
from models.opening import sites
from models.seeded import seeded
from models.toy.config import ToyConfig
from models.toy.model import ToyModel

_DEEPEST, _WIDTH, _LAYER, _TOKENS, _ABOUT = 96, 768, 2, 8, 0.1
_SEED = 29


def _c18(models: Models) -> Finding:
    model = models("gpt2-mini")
    chain = q17_residual.through(q17_residual.BRANCHES["cancel"])
    gains = torch.linalg.svdvals(layer_jacobian(model, _LAYER))
    measures = (
        Measure("one", chain[1], 0.5, format=".1f"),
        Measure("hundred", chain[100], 0.5**100, tolerance=1e-9 * 0.5**100, format=".1e"),
        Measure("smallest", float(gains[-1]), 1, "below", format=".2f"),
        Measure("largest", float(gains[0]), 1, "above", format=".2f"),
        Measure("shrinking", float((gains < 1).double().mean()), 0, "above", format=".0%"),
    )
    holds = min(chain[1], chain[100], float(gains[-1])) >= 1
    return Finding(Verdict.by(holds), measures, {"model": model.name, "layer": str(_LAYER)})


def layer_jacobian(model: Model, layer: int) -> Tensor:
    """How the stream of a text's last token after a layer moves with that before it, (width, width), float64; norms after the last layer
    would be counted with it."""
    tokens = read(model, encode(model, q17_residual.TEXT, limit=_TOKENS))
    with model.lock, torch.enable_grad():
        given = sites.inputs_for(model.network, **tokens.inputs(model.device))
        embedded = model.network.get_input_embeddings()(given.pop("input_ids")).detach().requires_grad_()
        states = model.network.base_model(**given, inputs_embeds=embedded, output_hidden_states=True).hidden_states
        after = states[layer + 1][0, -1]
        each = torch.eye(len(after), device=after.device, dtype=after.dtype)
        (found,) = torch.autograd.grad(after, states[layer], each, is_grads_batched=True)
    return found[:, 0, -1].double().cpu()


def _c22(models: Models) -> Finding:
    model = models("all-MiniLM-L6-v2")
    place, _norm = sublayers.norms(model, read(model, encode(model, q17_residual.TEXT, limit=_TOKENS)))
    losses = {steps: q18_norm.losses(behind) for steps, behind in q18_norm.WARM_UPS.items()}
    least = {kind: min(float(found[i, -1].min()) for found in losses.values()) for i, kind in enumerate(q18_norm.KINDS)}
    shallow = deep.DEPTHS.index(4)
    learned = {steps: int((found[1, shallow] < q18_norm.LEARNED).sum()) for steps, found in losses.items()}
    measures = (
        Measure("pre", least["pre"], q18_norm.LEARNED, "below", format=".3f"),
        Measure("post", least["post"], q18_norm.LEARNED, "above", format=".2f"),
        Measure("without", learned[0], learned[deep.WARM_UP], "below", format="d"),
        Measure("with", learned[deep.WARM_UP], learned[0], "above", format="d"),
        Measure("real", len(model.sites) if place == "post" else 0, 6, format="d"),
    )
    trains = learned[deep.WARM_UP] > 0 or place == "post"
    said = {"depth": str(deep.DEPTHS[-1]), "steps": str(deep.STEPS), "rates": str(len(deep.RATES)), "model": model.name}
    if least["post"] < q18_norm.LEARNED:
        return Finding(Verdict.FAILS, measures, said)
    return Finding(Verdict.ONLY_IF if trains else Verdict.HOLDS, measures, said)


def _c23(models: Models) -> Finding:
    model = models("gpt2-mini")
    toys = q19_ffn.trained_toys()
    begun, after = (1 - float(np.mean(toys[name][1:])) for name in ("begun", "after"))
    fired = sublayers.units(model, read(model, encode(model, q17_residual.TEXT, limit=model.max_length)))
    real = 1 - float(np.mean([(units > 0).mean() for units in fired]))
    measures = (
        Measure("begun", begun, 0.5, tolerance=_ABOUT, format=".0%"),
        Measure("after", after, begun, "above", format=".0%"),
        Measure("wide", 1 - toys["after"][-1], after, "above", format=".0%"),
        Measure("real", real, 0.5 + _ABOUT, "above", format=".0%"),
    )
    return Finding(in_cases(abs(share - 0.5) < _ABOUT for share in (begun, real)), measures, {"model": model.name})


def _c29(_models: Models) -> Finding:
    added = begun_branch(_WIDTH)
    sizes = deep.begun("pre", _DEEPEST, width=q18_norm.WIDTH).sizes
    measures = (
        Measure("added", added, 12.7, tolerance=0.5, format=".1f"),
        Measure("first", sizes[1], 1, "above", format=".1f"),
        Measure("twelve", sizes[12], sizes[1], "above", format=".1f"),
        Measure("last", sizes[-1], sizes[12], "above", format=".1f"),
    )
    return Finding(Verdict.by(added < _ABOUT and sizes[-1] < (1 + _ABOUT) * sizes[1]), measures, {"layers": str(_DEEPEST), "d": str(_WIDTH)})


def begun_branch(d: int) -> float:
    """How long what a feed-forward network adds is against the stream that it adds it to, where all weights are N(0, 0.02): at the start."""
    with seeded(_SEED), torch.inference_mode():
        network = ToyModel(ToyConfig(d_model=d, heads=12, layers=1, vocab_size=1000, init_std=0.02)).eval()
        stream = network.transformer.embedding(torch.randint(1000, (1, 64)))
        layer = network.transformer.stack.layers[0]
        return float(layer.ffn(layer.ffn_norm(stream)).norm() / stream.norm())


def _c30(_models: Models) -> Finding:
    with seeded(_SEED), torch.inference_mode():
        layer = ToyModel(ToyConfig(d_model=16, heads=2, layers=1)).eval().transformer.stack.layers[0]
        x = torch.randn(1024, 16)
        bits = {name: _bits(y) for name, y in (("before", x), ("added", x + layer.ffn(layer.ffn_norm(x))), ("erased", x + -x))}
    halved = q17_residual.through(q17_residual.BRANCHES["cancel"])[100]
    measures = (
        Measure("before", bits["before"], 10, format=".0f"),
        Measure("added", bits["added"], bits["before"], "at most", format=".0f"),
        Measure("erased", bits["erased"], 0, format=".0f"),
        Measure("halved", halved, 0.5**100, tolerance=1e-9 * 0.5**100, format=".1e"),
    )
    return Finding(Verdict.by(min(bits.values()) >= bits["before"] and halved >= 1), measures, {"inputs": f"{len(x):,}"})


def _bits(rows: Tensor) -> float:
    """What one row, each as likely as any other, tells of which it was: the entropy of equal rows taken together."""
    counts = rows.unique(dim=0, return_counts=True)[1].double()
    return float(counts.sum().log2() - (counts * counts.log2()).sum() / counts.sum())


CLAIMS = (
    Claim("C18", _c18, "Q17"),
    Claim("C22", _c22, "Q18"),
    Claim("C23", _c23, "Q19"),
    Claim("C29", _c29, "Q18"),
    Claim("C30", _c30, "Q17"),
)
