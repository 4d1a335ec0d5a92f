"""Q5: the weights are not the output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch.nn.functional import cosine_similarity

from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, lines
from explorer.flow.blankout import filler
from explorer.i18n import N_
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.fused import fused
from explorer.lectures.words import Words
from explorer.reading import Tokens
from models import InputError, Model
from models.opening import sites
from models.words import told

WORD = "bank"
PAIRS = {
    "after": ("The bank of the river was steep and green.", "The bank lent her money for a new house."),
    "before": ("She walked down to the river and sat by the bank.", "She needed to get some money and went to the bank."),
}
"""Two sentences with the word at the same place; what tells its meaning comes after it or before."""
MODELS = ("all-MiniLM-L6-v2", "bert-mini", "gpt2-mini")


def compute(models: Models, layer: int = 2, head: int = 0, model: str = MODELS[0], pair: str = "after") -> Result:
    """Runs two sentences that share a word through one model.

    Args:
        models: opens models.
        layer: whose weights and outputs are shown; the last one of a model with fewer.
        head: likewise.
        model: an encoder or a decoder.
        pair: one of `PAIRS`.

    Raises:
        InputError: a model with two stacks, one that is view-only, or one that has no token for the word.
    """
    opened = models(model)
    if opened.kind == "encoder-decoder":
        raise InputError(
            told("{name} has two stacks, and no single one to look at layer by layer.", name=opened.name), told("Choose another model.")
        )
    one, other = (capture(opened, text) for text in PAIRS[pair])
    part = one.parts[0]
    layer = min(layer, len(one.sites()) - 1)
    head = min(head, one.site(layer).heads - 1)
    at, beside = place(one.source), place(other.source)
    weights, output = one.pattern(layer, head), one.outputs(layer, head)
    similar = similarities(opened, one.source, other.source, at, beside)
    changed = [query_change(one, other, at, beside, i) for i in range(len(one.sites()))]
    agreeing = [agreement(opened, one, at, i) for i in range(len(one.sites()))]
    same_place = at == beside
    # A decoder does not see what comes after the word: there both sentences are one and the same to it.
    told_apart = part == "encoder" or pair == "before"
    measures = [
        Measure("rows", output.shape[0], len(one.source), format="d"),
        Measure("width", output.shape[1], one.site(layer).head_dim, format="d"),
        Measure("deviation", fused_deviation(one, layer, head, weights), 0, tolerance=1e-5, format=".1e"),
        Measure("first", similar[0], 1 if same_place else None, tolerance=1e-5, format=".3f"),
        Measure("last", similar[-1], similar[0], "below", format=".3f")
        if told_apart
        else Measure("last", similar[-1], similar[0], tolerance=1e-5, format=".3f"),
        Measure("query_first", changed[0], 0 if same_place else None, tolerance=1e-6, format=".2g"),
        Measure("query_last", changed[-1], 0, "above", format=".2g")
        if told_apart
        else Measure("query_last", changed[-1], 0, tolerance=1e-4, format=".2g"),
    ]
    if np.isfinite(agreeing[layer]):
        measures.append(Measure("agreement", agreeing[layer], format=".2f"))
    said = {"one": PAIRS[pair][0], "other": PAIRS[pair][1], "layer": str(layer), "n": str(len(one.source))}
    data = {"weights": weights, "visible": one.visible(layer), "output": output, "labels": one.source.labels, "at": at, "layer": layer}
    return Result(tuple(measures), data | {"similar": similar, "changed": changed, "agreeing": agreeing, "head": head}, said)


def place(tokens: Tokens) -> int:
    """Where the word stands. Raises InputError where it is no token."""
    at = next((i for i, text in enumerate(tokens.text) if text.strip().lower() == WORD), None)
    if at is None:
        raise InputError(told("This model has no token for the word {word}.", word=WORD), told("Choose another model."))
    return at


def states(model: Model, tokens: Tokens, ids: torch.Tensor | None = None) -> torch.Tensor:
    """The residual stream before the first layer and after each, (layers + 1, batch, n, width)."""
    given = sites.inputs_for(model.network, **tokens.inputs(model.device, ids))
    with model.lock, torch.inference_mode():
        return torch.stack(model.network.base_model(**given, output_hidden_states=True).hidden_states).float().cpu()


def similarities(model: Model, one: Tokens, other: Tokens, at: int, beside: int) -> list[float]:
    """Cosine of the word's vectors in two sentences, before the first layer and after each."""
    found = (states(model, tokens)[:, 0, place_].double() for tokens, place_ in ((one, at), (other, beside)))
    return cosine_similarity(*found, dim=-1).tolist()


def query_change(one: Capture, other: Capture, at: int, beside: int, layer: int) -> float:
    """How far the word's queries in two sentences are apart, all heads, as a share of their length."""
    a, b = (captured.record(layer).query[0, :, i].double() for captured, i in ((one, at), (other, beside)))
    return float((a - b).norm() / a.norm())


def fused_deviation(captured: Capture, layer: int, head: int, weights: np.ndarray) -> float:
    """Largest difference between weights x values and what torch's fused attention gives."""
    record = captured.record(layer)
    value = record.value[0, head // record.group].float().numpy()
    return float(np.abs(weights @ value - fused(captured, layer, head, record.visible(head))).max())


def agreement(model: Model, captured: Capture, at: int, layer: int) -> float:
    """Spearman's rank correlation over the other tokens: the word's attention to each, and how far its last vector moves when that is blanked.

    nan where nothing moves (Jain & Wallace 2019 ask this of classifiers).
    """
    tokens = captured.source
    others = [i for i in tokens.free if i != at]
    ids = torch.tensor([tokens.ids]).repeat(len(others), 1)
    ids[range(len(others)), others] = filler(model)[0]
    last = states(model, tokens, torch.cat([torch.tensor([tokens.ids]), ids]))[-1, :, at].double()
    moved = 1 - cosine_similarity(last[1:], last[:1], dim=-1).numpy()
    attended = captured.mean(layer)[at, others]
    if np.ptp(moved) == 0 or np.ptp(attended) == 0:
        return float("nan")
    return float(spearmanr(attended, moved).statistic)


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    labels, output, n = data["labels"], data["output"], len(data["labels"])
    similar = pd.DataFrame({"x": range(len(data["similar"])), "y": data["similar"]})
    size = SIZES[3]
    return [
        grid(
            data["weights"],
            labels,
            labels,
            words.label("weights").format(n=n, layer=data["layer"], head=data["head"]),
            visible=data["visible"],
            written=False,
            size=size,
            dark=dark,
        ),
        grid(
            output,
            labels,
            [""] * output.shape[1],
            words.label("output").format(n=n, width=output.shape[1]),
            signed=True,
            written=False,
            size=size,
            dark=dark,
        ),
        lines(
            similar,
            words.label("similar"),
            words.label("after"),
            words.label("cosine"),
            ticks=list(similar["x"]),
            rules=[data["layer"] + 1],
            ends=(min(0.0, *similar["y"]), 1.02),
            size=size,
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    drawn = []
    for name in ("changed", "agreeing"):
        table = pd.DataFrame({"x": range(len(result.data[name])), "y": result.data[name]}).dropna()
        if len(table):
            ticks = list(table["x"])
            drawn.append(lines(table, words.label(name), words.label("layer"), words.label(f"{name}.y"), ticks=ticks, size=SIZES[2], dark=dark))
    return drawn


DEMO = Demo(
    id="Q5",
    module="q05_outputs",
    chapter=1,
    compute=compute,
    pictures=pictures,
    right="D",
    door=Door(
        "compare",
        {"model": MODELS[0], "compare": "texts", "text": PAIRS["after"][0], "other_text": PAIRS["after"][1]},
        {"model": "model", "layer": "layer", "head": "head"},
    ),
    controls=(
        Control("layer", (0, 1, 2, 3, 4, 5), 2, main=True),
        Control("head", tuple(range(12)), 0),
        Control("model", MODELS, MODELS[0], model=True),
        Control("pair", tuple(PAIRS), "after"),
    ),
    more=more,
    source=N_("Vaswani et al. 2017, equation 1; Jain & Wallace 2019"),
)
