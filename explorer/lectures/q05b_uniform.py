"""Q5b: a head whose weights are all equal gives the mean of the values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from explorer.ablation.sweep import sweep
from explorer.bounded import BoundedCache, memory_of
from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid
from explorer.i18n import N_
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.scores import null
from explorer.softmax import heads
from explorer.tasks import choose
from models import Model, attention, load

TEXT, WORD = "The cat sat on the mat", "cat"
TASKS = {"bert-mini": "masked", "gpt2-mini": "next"}
"""Models whose cost is shipped, and what it is measured on."""
SHARPNESS = (0, 0.25, 0.5, 1, 2, 4, 16, 256)
ONE_HOT = 65536.0
"""A factor on the scores at which nothing but the best key is left."""
_RANDOM: BoundedCache[float | None] = BoundedCache(2**20, memory_of)
"""Entropies with random weights, by the model's number, layer and head: they are not drawn again at each step of the slider."""
_SHOWN = 5
"""Numbers of a value that are shown: those that differ most from token to token."""


def compute(models: Models, sharpness: float = 1, model: str = "bert-mini", layer: int = 2, head: int = 0) -> Result:
    """One head of a real model, whose scores are multiplied by a factor before the softmax: 0 makes all weights equal.

    Args:
        models: opens models.
        sharpness: factor on the scores.
        model: the model.
        layer, head: of the first part of the model; the last one there is, where it has fewer.
    """
    opened = models(model)
    learned = capture(opened, TEXT)
    layer = min(layer, len(learned.sites()) - 1)
    head = min(head, learned.site(layer).heads - 1)
    seen = learned.visible(layer).sum(axis=1)
    at = {factor: sharpened(opened, layer, head, factor) for factor in (0.0, float(sharpness), ONE_HOT)}
    of_head, tokens = heads.uniform(learned, layer, head), learned.queries().labels
    weights = {factor: found.pattern(layer, head) for factor, found in at.items()}
    mean = torch.nn.functional.adaptive_avg_pool1d(torch.from_numpy(of_head.values.T)[None], 1)[0, :, 0].numpy()
    out = at[0.0].outputs(layer, head)
    own = learned.pattern(layer, head)
    normed = own * np.linalg.norm(of_head.values, axis=1)
    # A row of a causal head that sees itself alone has no choice.
    several = seen > 1
    over = [(heads.entropies(learned.patterns(site.layer)) - np.log(learned.visible(site.layer).sum(axis=1))).max() for site in learned.sites()]
    random = _RANDOM.get_or_compute((opened.number, layer, head), lambda: _untrained(opened, layer, head, several))
    measures = [
        Measure("deviation", heads.deviation_from_mean(learned), 0.0, tolerance=1e-5, format=".1e"),
        Measure("switched", float(np.abs(out - of_head.uniform).max()), 0.0, tolerance=1e-5, format=".1e"),
        Measure("pooling", float(np.abs(out[-1] - mean).max()), 0.0, tolerance=1e-5, format=".1e"),
        Measure("uniform_entropy", float(np.abs(heads.entropies(weights[0.0]) - np.log(seen)).max()), 0.0, tolerance=1e-5, format=".1e"),
        Measure("one_hot", abs(float(heads.entropies(weights[ONE_HOT]).max())), 0.0, tolerance=1e-3, format=".1e"),
        Measure("over", float(max(over)), 1e-5, "at most", format=".3g"),
        Measure("most", float(np.log(seen)[several].mean())),
        Measure("learned", float(heads.entropies(own)[several].mean())),
        *([] if random is None else [Measure("random", random)]),
        Measure("entropy", float(heads.entropies(weights[float(sharpness)])[several].mean())),
        Measure("normed", float(heads.entropies(normed / normed.sum(axis=1, keepdims=True))[several].mean())),
    ]
    costs = shipped.read("q05b_uniform").data.get(opened.name)
    if costs is not None:
        measures.append(Measure("cost", costs["rise"][layer][head]))
    order = np.sort(np.argsort(-of_head.values.std(axis=0), kind="stable")[:_SHOWN])
    row = next((i for i, token in enumerate(learned.tokens) if token.strip().lower() == WORD), len(tokens) - 1)
    data = {
        "tokens": tokens,
        "dims": order,
        "values": of_head.values[:, order],
        "equal": out[:, order],
        "now": at[float(sharpness)].outputs(layer, head)[:, order],
        "row": row,
        "weights": own[row],
        "flat": weights[0.0][row],
        "relative": heads.softmax(learned).relative,
        "rise": None if costs is None else np.array(costs["rise"]),
        "at": (layer, head),
        "sharpness": sharpness,
    }
    causal = opened.kind == "decoder"
    return Result(tuple(measures), data | {"causal": causal}, {"model": opened.name, "layer": str(layer), "head": str(head)})


def _untrained(model: Model, layer: int, head: int, rows: np.ndarray) -> float | None:
    """Mean entropy of a head with random weights over the rows of the text that count, in nats; None where none can be drawn."""
    random = null.drawn(model)
    return None if random is None else float(heads.entropies(capture(random, TEXT).pattern(layer, head))[rows].mean())


def sharpened(opened: Model, layer: int, head: int, factor: float) -> Capture:
    """The text with the scores of one head multiplied by a factor."""
    site = next(found for found in opened.sites_in(opened.parts[0]) if found.layer == layer)
    factors = torch.ones(site.heads)
    factors[head] = factor
    return capture(opened, TEXT, changes={site.index: attention.Change(scale=factors)})


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Makes every head's weights equal, one after the other, and takes the rise of the loss on a task, in nats."""
    found = {}
    for i, (name, kind) in enumerate(TASKS.items()):
        model = load(name, "cpu")
        task = choose.make(kind, model, choose.built_in(kind))
        swept = sweep(task, method="uniform", progress=lambda share, at=i: report((at + share) / len(TASKS)))
        rise = swept.table(model.sites, "loss") - swept.baseline.mean_loss
        found[name] = {"loss": round(swept.baseline.mean_loss, 5), "rise": np.round(rise, 5).tolist(), "task": kind}
    return found


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    top = float(np.abs(data["values"]).max())
    shown = (
        (data["values"], words.label("values")),
        (data["equal"], words.label("prefix" if data["causal"] else "equal")),
        (data["now"], words.label("now").format(factor=f"{data['sharpness']:g}")),
    )
    how = {"signed": True, "top": top, "format": ".1f", "written": True, "size": SIZES[3], "dark": dark}
    names = [str(i) for i in data["dims"]]
    return [grid(values, data["tokens"], names, title, x=words.label("dims"), **how) for values, title in shown]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    tokens, kinds = data["tokens"], [words.label("row.learned"), words.label("row.equal")]
    # A token may come twice; its bars are those of its place.
    places = [f"{token}{' ' * i}" for i, token in enumerate(tokens)]
    size = SIZES[2 if data["rise"] is None else 3]
    made = [
        bars(
            [*places, *places],
            [*data["weights"], *data["flat"]],
            words.label("row").format(token=tokens[data["row"]]),
            words.label("weight"),
            of=[kind for kind in kinds for _token in tokens],
            series=kinds,
            format=".2f",
            across=True,
            size=size,
            dark=dark,
        )
    ]
    for name, values in (("relative", data["relative"]), ("rise", data["rise"])):
        if values is not None:
            layers, columns = ([str(i) for i in range(n)] for n in values.shape)
            axes = {"x": words.label("head"), "y": words.label("layer"), "marked": [data["at"]], "signed": name == "rise"}
            made.append(grid(values, layers, columns, words.label(name), **axes, written=False, size=size, dark=dark))
    return made


DEMO = Demo(
    id="Q5b",
    module="q05b_uniform",
    chapter=1,
    compute=compute,
    pictures=pictures,
    more=more,
    right="C",
    door=Door("softmax", {"softmax": "model", "look": "uniform", "text": TEXT}, {"model": "model", "layer": "layer", "head": "head"}),
    controls=(
        Control("sharpness", SHARPNESS, 1, main=True),
        Control("model", tuple(TASKS), "bert-mini", model=True),
        Control("layer", tuple(range(12)), 2),
        Control("head", tuple(range(12)), 0),
    ),
    make=make,
    source=N_("Clark et al. 2019, section 3.3; Kobayashi et al. 2020"),
)
