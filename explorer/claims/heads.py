"""Heads: how many, how wide, what they share, what they find."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from explorer.claims.claim import Claim, Finding, Verdict
from explorer.lectures import q07_diversity, q08_parameters, q09_specialise, q11_width, shipped
from explorer.lectures.demo import Measure, Models
from explorer.lectures.work import Shape, counted
from explorer.syntax import published

HEADS = 8
CLAIMED_HEAD, CLAIMED_RELATION = (5, 6), "dobj"
"""Of C25."""
BLEU = {1: 24.9, 4: 25.5, 8: 25.8, 16: 25.8, 32: 25.4}
"""Of a translator of d_model 512 by its number of heads, as published (Vaswani et al. 2017, table 3, rows A and base)."""
_SMALL = 32
_LENGTH = 100


@dataclass(frozen=True)
class Coupled:
    """Largest absolute gradients of the output of one head with respect to rows of the projection matrix.

    Attributes:
        own: rows of its own.
        others: rows of all other heads.
    """

    own: float
    others: float


def _c6(_models: Models) -> Finding:
    one, many, biased = (q08_parameters.module_parameters(heads, bias=bias) for heads, bias in ((1, False), (HEADS, False), (HEADS, True)))
    width = q08_parameters.D_MODEL
    return Finding(
        Verdict.by(many == HEADS * one),
        (
            Measure("one", one, 4 * width**2, format=",d"),
            Measure("many", many, 4 * width**2, format=",d"),
            Measure("ratio", many / one, 1, format=".0f"),
            Measure("biased", biased, 4 * width**2 + 4 * width, format=",d"),
        ),
    )


def _c7(models: Models) -> Finding:
    found = q07_diversity.compute(models, heads=HEADS, n=_LENGTH)
    one, many = (found.data["costs"][heads] for heads in (1, HEADS))
    work = [cost["scores"] + cost["weighted"] for cost in (one, many)]
    return Finding(
        Verdict.by(work[1] < work[0]),
        (
            Measure("one", work[0], 2 * _LENGTH**2 * q07_diversity.D_MODEL, format=",d"),
            Measure("many", work[1], work[0], format=",d"),
            Measure("patterns", found["patterns"], HEADS, format="d"),
        ),
    )


def _c25(_models: Models) -> Finding:
    found = next(one for one in published.HEADS if one.relation == CLAIMED_RELATION)
    # What the paper does find at the head of the claim.
    there = next((one for one in published.HEADS if (one.layer, one.head) == CLAIMED_HEAD), None)
    return Finding(
        Verdict.by((found.layer, found.head) == CLAIMED_HEAD),
        (Measure("layer", found.layer, 7, format="d"), Measure("head", found.head, 9, format="d")),
        {
            "accuracy": f"{found.accuracy}%",
            "baseline": f"{found.baseline}%",
            "printed": f"{found.layer + 1}-{found.head + 1}",
            "relation": "-" if there is None else there.relation,
        },
    )


def _c26(_models: Models) -> Finding:
    wide = HEADS * q11_width.switches("double", HEADS, q11_width.WIDE)["d_k"]
    output = q11_width.output_width("double", HEADS)
    cost, parameters = (of("double", HEADS) / of("split", HEADS) for of in (q11_width.multiply_adds, q11_width.parameters))
    return Finding(
        # It must, if a layer of another width could not be added to its input.
        Verdict.by(output != q11_width.WIDE),
        (
            Measure("wide", wide, 2 * q11_width.WIDE, format=",d"),
            Measure("output", output, q11_width.WIDE, format="d"),
            Measure("cost", cost, 1, "above", format=".2f"),
            Measure("parameters", parameters, 2, format=".2f"),
        ),
    )


def gradient_by_block(heads: int = HEADS) -> Coupled:
    """Of the first head's output, before any output projection: with respect to its own block of the projections, and to those of the others."""
    layer = q07_diversity.layer_of(heads)
    qkv = layer.qkv.weight.requires_grad_(True)
    with torch.enable_grad():
        query, key, value = layer._projected(q07_diversity.drawn(_LENGTH), None)
        z = torch.nn.functional.scaled_dot_product_attention(query, key, value, scale=layer.scaling)
        (gradient,) = torch.autograd.grad(z[:, 0].square().sum(), qkv)
    blocks = gradient.unflatten(0, (3, heads, -1)).abs()
    return Coupled(float(blocks[:, 0].max()), float(blocks[:, 1:].max()))


def _c41(_models: Models) -> Finding:
    found = gradient_by_block()
    return Finding(
        Verdict.by(found.others > 0),
        (Measure("own", found.own, 0, "above", format=".3g"), Measure("others", found.others, 0, format=".0f")),
        {"heads": str(HEADS)},
    )


def _c44(_models: Models) -> Finding:
    moved = q09_specialise.coupling()
    return Finding(Verdict.by(moved == 0), (Measure("moved", moved, 0, "above", format=".0%"),))


def _c45(_models: Models) -> Finding:
    width = q08_parameters.D_MODEL
    many, base = width // _SMALL, HEADS
    parameters = q08_parameters.module_parameters(many) / q08_parameters.module_parameters(base)
    costs = [counted(_LENGTH, Shape(width, heads, 1, 4 * width)) for heads in (many, base)]
    terms = ("projections", "scores", "weighted", "output")
    cost = sum(costs[0][term] for term in terms) / sum(costs[1][term] for term in terms)
    # Our own toys, whose heads are narrower still: the share of right answers by width of a head.
    kept = shipped.read("q11_width").data["split"]
    toys = {q11_width.D_MODEL // int(heads): sum(run["accuracy"] for run in runs) / len(runs) for heads, runs in kept.items()}
    return Finding(
        Verdict.by(BLEU[many] < max(BLEU.values())),
        (
            Measure("heads", many, 16, format="d"),
            Measure("parameters", parameters, 1, format=".2f"),
            Measure("cost", cost, 1, format=".2f"),
            Measure("toy_2", toys[2], 0.99, "above", format=".1%"),
            Measure("toy_1", toys[1], toys[2], "below", format=".1%"),
        ),
        {"bleu": f"{BLEU[many]}", "best": f"{max(BLEU.values())}", "narrower": f"{BLEU[32]}", "base": str(width // base)},
    )


CLAIMS = (
    Claim("C6", _c6, "Q8"),
    Claim("C7", _c7, "Q7"),
    Claim("C25", _c25, "Q9b"),
    Claim("C26", _c26, "Q11"),
    Claim("C41", _c41, "Q8"),
    Claim("C44", _c44, "Q9"),
    Claim("C45", _c45, "Q11"),
)
