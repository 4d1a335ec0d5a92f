"""What attention knows of the order of its tokens, and codes that tell it."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from transformers import GPTJConfig, GPTJForCausalLM, GPTNeoConfig, GPTNeoForCausalLM, GPTNeoXConfig, GPTNeoXForCausalLM

from explorer.claims.claim import Claim, Finding, Verdict, in_cases
from explorer.lectures import q13_order, q14_sinusoids, q16_rotary, q16b_longer
from explorer.lectures.demo import Measure, Models
from explorer.positions import extrapolation, order, terms
from models.seeded import seeded
from models.toy.positions import sinusoids

_TEXT = "我爱你"
_EQUAL = 1e-5
"""Numbers that differ by less are the same but for rounding."""


def _c9(models: Models) -> Finding:
    model = models(q13_order.reader(_TEXT))
    found = order.permuted(model, _TEXT, q13_order.reordered(len(_TEXT), "ends"), positions=False)
    stayed = float(np.abs(found.after - found.before).max())
    causal = q13_order.last_token(models("gpt2-mini"))[2]
    measures = (
        Measure("moved", found.max, 0, tolerance=_EQUAL * max(1.0, found.scale), format=".1e"),
        Measure("stayed", stayed, 0.01, "above", format=".2f"),
        Measure("causal", causal, 0.001, "above", format=".3f"),
    )
    return Finding(Verdict.by(stayed <= _EQUAL * max(1.0, found.scale)), measures, {"model": model.name, "text": _TEXT})


def _c19(models: Models) -> Finding:
    model = models("translate-mini")
    angles = terms.principal_angles(model)
    measures = (
        Measure("smallest", float(angles.angles[0]), 89, "below", format=".1f"),
        Measure("mean", float(angles.angles.mean()), float(angles.random.mean()), tolerance=5, format=".1f"),
        Measure("random", float(angles.random.mean()), format=".1f"),
        Measure("random_smallest", float(angles.random[0]), format=".1f"),
    )
    strictly = angles.angles[0] >= 89
    roughly = abs(angles.angles.mean() - angles.random.mean()) < 5
    verdict = Verdict.by(strictly) if strictly or not roughly else Verdict.ONLY_IF
    return Finding(verdict, measures, {"model": model.name, "width": str(angles.width), "k": str(len(angles.angles))})


def _c20(_models: Models) -> Finding:
    changed = dict(zip(q16_rotary.SCHEMES, q16_rotary.where() > _EQUAL, strict=True))
    rope, alibi = changed["rope"], changed["alibi"]
    both = int((rope & alibi).sum())
    loses = {scheme: _grown(scheme, 4) for scheme in ("rope", "alibi")}
    measures = (
        Measure("rope", int(rope.sum()), 2, format="d"),
        Measure("alibi", int(alibi.sum()), 1, format="d"),
        Measure("both", both, 0, format="d"),
        Measure("rope_loses", loses["rope"], loses["alibi"], "above", format=".0%"),
        Measure("alibi_loses", loses["alibi"], 0, tolerance=0.03, format="z.0%"),
    )
    # A repair of RoPE would work on what RoPE does: queries and keys.
    return Finding(Verdict.by(both > 0), measures)


def _grown(scheme: str, times: int) -> float:
    """By which share a toy's perplexity is larger at so many times the trained length (`q16b_longer`, the measured run)."""
    curves = extrapolation.shipped()
    loss = q16b_longer.by_scheme(curves, "loss")
    return math.expm1(loss[scheme, times * curves.trained] - loss[scheme, curves.trained])


_PLACES = {"usual": (0, 1, 2, 3), "later": (7, 8, 9, 10), "wider": (0, 3, 6, 9)}


def _c21(_models: Models) -> Finding:
    sizes = {"vocab_size": 32, "bos_token_id": 2, "eos_token_id": 3}
    layers = {"num_layers": 2, "num_heads": 4, "attention_types": [[["global"], 2]]}
    made = {
        "neo": lambda: GPTNeoForCausalLM(GPTNeoConfig(**sizes, **layers, hidden_size=32, max_position_embeddings=40)),
        "j": lambda: GPTJForCausalLM(GPTJConfig(**sizes, n_embd=32, n_layer=2, n_head=4, n_positions=40, rotary_dim=4)),
        "neox": lambda: GPTNeoXForCausalLM(
            GPTNeoXConfig(**sizes, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, max_position_embeddings=40)
        ),
    }
    networks = {name: _spread(make) for name, make in made.items()}
    tables = {name: sum(w.numel() for w in network.parameters() if len(w) == 40) for name, network in networks.items()}
    shifted = {name: _placed(network, "later") for name, network in networks.items()}
    wider = {name: _placed(network, "wider") for name, network in networks.items()}
    measures = (
        Measure("neo_table", tables["neo"], 40 * 32, format=",d"),
        Measure("neo_shifted", shifted["neo"], 0.01, "above", format=".2f"),
        *(Measure(f"{name}_table", tables[name], 0, format=",d") for name in ("j", "neox")),
        *(Measure(f"{name}_shifted", shifted[name], 0, tolerance=_EQUAL, format=".1e") for name in ("j", "neox")),
        *(Measure(f"{name}_wider", wider[name], 0.01, "above", format=".2f") for name in ("j", "neox")),
    )
    # Who turns queries and keys has no table, and sees distances alone.
    return Finding(Verdict.by(tables["neo"] == 0 and shifted["neo"] <= _EQUAL < wider["neo"]), measures)


def _spread(make: type[nn.Module]) -> nn.Module:
    """A small network of the library's own class, whose weights are large enough to make a difference."""
    with seeded(21), torch.no_grad():
        network = make().eval()
        for weight in network.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return network


def _placed(network: nn.Module, where: str) -> float:
    """How far its scores of the next token are from the usual ones where four tokens stand at other positions."""
    with torch.inference_mode():
        usual, other = (
            network(input_ids=torch.tensor([[5, 6, 7, 8]]), position_ids=torch.tensor([_PLACES[name]])).logits for name in ("usual", where)
        )
    return float((usual - other).abs().max())


def _c31(_models: Models) -> Finding:
    query, key = q16_rotary.drawn()
    right, written = (q16_rotary.score_map(query, key, conjugate) for conjugate in (True, False))
    found = {"right": q16_rotary.spread(right, 1), "written": q16_rotary.spread(written, 1), "sum": q16_rotary.spread(written, -1)}
    measures = (
        Measure("right", found["right"], 0, tolerance=_EQUAL, format=".1e"),
        Measure("written", found["written"], 0.1, "above", format=".2f"),
        Measure("sum", found["sum"], 0, tolerance=_EQUAL, format=".1e"),
    )
    return Finding(in_cases(found[name] <= _EQUAL for name in ("right", "written")), measures)


CLAIMED = {"sinusoidal": 0.20, "rope": 0.05, "alibi": 0.03}
"""By how much they are said to get worse."""


def _c35(_models: Models) -> Finding:
    times = 8
    grown = {scheme: _grown(scheme, times) for scheme in CLAIMED}
    measures = (
        Measure("sinusoidal", grown["sinusoidal"], CLAIMED["sinusoidal"], "above", format=".0%"),
        Measure("rope", grown["rope"], CLAIMED["rope"], "above", format=",.0%"),
        Measure("alibi", grown["alibi"], CLAIMED["alibi"], "at most", format="z.2%"),
    )
    curves = extrapolation.shipped()
    return Finding(
        in_cases(grown[scheme] <= claimed for scheme, claimed in CLAIMED.items()), measures, {"n": str(curves.trained), "times": str(times)}
    )


def _c39(_models: Models) -> Finding:
    code = sinusoids(q14_sinusoids.POSITIONS, q14_sinusoids.D_MODEL, dtype=torch.float64).numpy()
    similarity = q14_sinusoids.likeness(code)
    rise = q14_sinusoids.first_rise(similarity)
    # Of any two positions, how much more alike the farther one is.
    most = float((similarity - np.minimum.accumulate(similarity)).max())
    measures = (
        Measure("rise", rise, 43, format="d"),
        Measure("here", float(similarity[rise]), format=".5f"),
        Measure("next", float(similarity[rise + 1]), float(similarity[rise]), "above", format=".5f"),
        Measure("most", most, 0, "above", format=".3f"),
    )
    return Finding(Verdict.by(most == 0), measures, {"d": str(q14_sinusoids.D_MODEL)})


def _c48(models: Models) -> Finding:
    model = models("gpt2-mini")
    _embedded, first, second, *_rest, last = q13_order.last_token(model)
    measures = (
        Measure("first", first, 0, tolerance=_EQUAL, format=".1e"),
        Measure("second", second, 0.001, "above", format=".3f"),
        Measure("last", last, 0.001, "above", format=".3f"),
    )
    return Finding(in_cases([first <= _EQUAL, second <= _EQUAL]), measures, {"model": model.name, "layers": str(len(model.sites))})


CLAIMS = (
    Claim("C9", _c9, "Q13"),
    Claim("C19", _c19, "Q15"),
    Claim("C20", _c20, "Q16"),
    Claim("C21", _c21, "Q16"),
    Claim("C31", _c31, "Q16"),
    Claim("C35", _c35, "Q16b"),
    Claim("C39", _c39, "Q14"),
    Claim("C48", _c48, "Q13"),
)
