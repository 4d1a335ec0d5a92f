"""Q15: positions are added to tokens, and a score falls into four terms."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import torch
from torch import nn

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, lines, sums
from explorer.i18n import N_
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.positions import order, terms
from models import Model, load
from models.toy import ToyConfig, ToyModel

TERMS = ("cc", "cp", "pc", "pp")
WAYS = ("added", "first", "qkv", "stream")
VIEWS = ("maps", "angles", "cost")
_TOKENS = 8
"""Tokens that are drawn, the first ones."""
_ANGLES: WeakKeyDictionary[Model, terms.PrincipalAngles] = WeakKeyDictionary()


def compute(models: Models, head: int = 0, text: str = "The cat sat on the mat", model: str = "bert-mini", view: str = "maps") -> Result:
    """Takes the scores of one head of the first layer apart.

    Args:
        models: opens models.
        head: counted from 0; the last one, where there are not so many.
        text: that is read.
        model: one that adds positions to its tokens.
        view: what is drawn: the maps, the angles of both subspaces, or what putting beside each other would cost.
    """
    opened = models(model)
    head = min(head, opened.sites[0].heads - 1)
    found = terms.four_terms(opened, text, 0, head)
    toy = terms.four_terms(_toy(), "我爱你主宾", 0, 0)
    angles = _angles(opened)
    width, layers = opened.network.config.hidden_size, len(opened.sites)
    added = concatenated(width, layers)
    measures = (
        Measure("terms", len(found.terms), 4, format="d"),
        Measure("deviation", found.deviation, 0, tolerance=1e-5, format=".1e"),
        Measure("toy", toy.deviation, 0, tolerance=1e-5, format=".1e"),
        Measure("smallest", float(angles.angles[0]), 0, "above", format=".1f"),
        Measure("random", float(angles.random[0]), format=".1f"),
        Measure("largest", float(angles.angles[-1]), 90, "at most", format=".1f"),
        Measure("added", added["added"], 0, format=",d"),
        Measure("first", added["first"], 2 * width**2, format=",d"),
        Measure("qkv", added["qkv"], 3 * layers * width**2, format=",d"),
        Measure("stream", added["stream"], 36 * layers * width**2, "at least", format=",d"),
    )
    shares = np.array(found.spreads) / sum(found.spreads)
    said = {"head": str(head), "model": opened.name, "width": str(width), "layers": str(layers)}
    said |= {f"share_{name}": f"{share:.0%}" for name, share in zip(TERMS, shares, strict=True)}
    return Result(measures, {"found": found, "angles": angles, "added": added, "shares": shares, "view": view}, said)


@cache
def _toy() -> Model:
    """The shipped toy that was trained with positions on who does it, and to whom."""
    return load(order.trained_toys()["order"], "cpu")


def _angles(model: Model) -> terms.PrincipalAngles:
    """Of the model alone, and so found once for all texts and heads."""
    if model not in _ANGLES:
        _ANGLES[model] = terms.principal_angles(model)
    return _ANGLES[model]


@cache
def concatenated(width: int, layers: int) -> dict[str, int]:
    """Parameters that positions of the tokens' width cost beyond what is there, counted from modules.

    Added to the tokens; put beside them before the first layer, where one matrix brings both back; put beside the input of each
    projection to queries, keys and values; or carried along, in a stream of twice the width.
    """
    with torch.device("meta"):
        toys = {
            name: ToyModel(ToyConfig(positions=kind, d_model=by * width, heads=4, layers=layers))
            for name, kind, by in (("none", "none", 1), ("added", "sinusoidal", 1), ("first", "sinusoidal-concat", 1), ("stream", "none", 2))
        }
        wide, usual = (nn.Linear(by * width, 3 * width, bias=False) for by in (2, 1))
    plain = toys["none"]
    made = {name: toys[name].num_parameters() - plain.num_parameters() for name in ("added", "first")}
    made["qkv"] = layers * (wide.weight.numel() - usual.weight.numel())
    made["stream"] = _parameters(toys["stream"].transformer.stack) - _parameters(plain.transformer.stack)
    return {name: made[name] for name in WAYS}


def _parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return [{"maps": _maps, "angles": _drawn_angles, "cost": _cost}[result.data["view"]](result, words, dark)]


def _maps(result: Result, words: Words, dark: bool) -> Picture:
    found = result.data["found"]
    n = min(_TOKENS, len(found.labels))
    maps = [part[:n, :n] for part in (*found.terms, found.scores)]
    titles = [f"{words.label(name)} {share:.0%}" for name, share in zip(TERMS, result.data["shares"], strict=True)]
    return sums(
        maps,
        ["+", "+", "+", "="],
        [*titles, words.label("score")],
        found.labels[:n],
        words.label("maps").format(head=result.said["head"], model=result.said["model"]),
        size=SIZES[1],
        dark=dark,
    )


def _drawn_angles(result: Result, words: Words, dark: bool) -> Picture:
    angles = result.data["angles"]
    at = np.arange(1, len(angles.angles) + 1)
    series = [words.label("measured"), words.label("drawn")]
    tables = [pd.DataFrame({"x": at, "y": v, "series": s}) for s, v in zip(series, (angles.angles, angles.random), strict=True)]
    axes = (words.label("angles"), words.label("number"), words.label("degrees"))
    return lines(pd.concat(tables), *axes, series=series, ends=(60, 90), ticks=list(at), size=SIZES[1], dark=dark)


def _cost(result: Result, words: Words, dark: bool) -> Picture:
    added = result.data["added"]
    return bars(
        [words.label(f"way.{way}") for way in WAYS],
        [added[way] / 1e6 for way in WAYS],
        words.label("ways"),
        words.label("millions"),
        format=".2~f",
        across=True,
        size=(SIZES[1][0] - 120, SIZES[1][1]),
        dark=dark,
    )


DEMO = Demo(
    id="Q15",
    module="q15_addition",
    chapter=3,
    compute=compute,
    pictures=pictures,
    right="D",
    door=Door("positions", {"positions": "terms"}, {"model": "model", "text": "text", "head": "head"}),
    controls=(
        Control("head", tuple(range(12)), 0, main=True),
        Control("text"),
        Control("model", ("bert-mini", "gpt2-mini", "zh-mini"), "bert-mini", model=True),
        Control("view", VIEWS, "maps"),
    ),
    source=N_("Vaswani et al. 2017, section 3.5; Ke et al. 2021"),
)
