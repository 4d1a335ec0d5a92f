"""Q22b: sparse patterns laid over a real head, and imposed on a whole model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from explorer.capture import capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, lines, maps
from explorer.i18n import N_
from explorer.lectures import shipped, sparse
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.sparse import EQUAL, PATTERNS
from explorer.lectures.words import Words
from explorer.lectures.work import counted_in
from models import Model, load
from models.attention.normalisers import sparsemax
from models.attention.records import Record

KEYS = (2, 4, 8, 16, 32, 64)
"""Keys that each query keeps."""
ASKED = 8
"""The number that the question is about."""
OPTIONS = {"A": "window", "B": "strided", "C": "random", "D": "sinks"}
MODEL = "gpt2-mini"
MEASURED = (MODEL, "bert-mini")
"""Models whose numbers are shipped."""
TOKENS = 48


def compute(models: Models, k: int = ASKED, pattern: str = "sinks", text: str = "", model: str = MODEL, layer: int = 2, head: int = 0) -> Result:
    """Lays patterns over a head, and reads what they cost a model that they were imposed on.

    Args:
        models: opens models.
        k: keys that each query keeps.
        pattern: that is drawn, one of `sparse.PATTERNS`.
        text: what is read, cut at 48 tokens.
        model: that reads it.
        layer, head: of its first part; the last one there is, where it has fewer.

    Raises:
        InputError: an empty text.
    """
    opened = models(model)
    captured = capture(opened, text, max_tokens=TOKENS)
    layer = min(layer, len(captured.sites()) - 1)
    head = min(head, captured.site(layer).heads - 1)
    record = captured.record(layer)
    weights, visible = captured.pattern(layer, head), captured.visible(layer)
    n, causal = len(weights), not visible[0, 1:].any()
    masks = {name: sparse.kept(name, n, k, causal) & visible for name in PATTERNS}
    masses = {name: sparse.mass(weights, mask) for name, mask in masks.items()}
    shares = {name: sparse.pairs(mask, visible) for name, mask in masks.items()}
    everywhere = np.concatenate([captured.patterns(site.layer) for site in captured.sites()])
    means = {name: float(np.mean([sparse.mass(one, mask) for one in everywhere])) for name, mask in masks.items()}
    on = imposed(opened, k)
    best = min(EQUAL, key=lambda name: on.loss(name, ASKED))
    least, (full_score, full) = on.loss(best, ASKED), on.full
    # Of a model of one's own nothing is claimed: a pattern may even help it.
    worst, most = (full, full_score) if on.reader == MODEL else (None, None)
    most_pairs = max(masks[name].sum() for name in EQUAL) - min(masks[name].sum() for name in EQUAL)
    measures = (
        Measure("equal", float(most_pairs), 0, format=".0f"),
        Measure("pairs", shares[pattern], 1, "at most", format=".1%"),
        Measure("mass", masses[pattern], 1, "at most", format=".1%"),
        *(Measure(f"mean_{name}", means[name], format=".1%") for name in EQUAL),
        Measure("rank", sparse.low_rank(weights, k), 1, "at most", format=".1%"),
        Measure("full", full, format=".3f"),
        *(Measure(f"loss_{name}", on.loss(name, ASKED), worst, "above", format=".3f") for name in EQUAL),
        Measure("best", least, format=".3f"),
        Measure("score", on.rows[best, ASKED][0], most, "at most", format=".1%"),
        Measure("score_full", full_score, format=".1%"),
        *_sparsemax(record, head),
    )
    data = {
        "weights": weights,
        "visible": visible,
        "masks": masks,
        "masses": masses,
        "shares": shares,
        "means": means,
        "losses": {at: loss for at, (_score, loss) in on.rows.items()},
        "full": full,
        "k": k,
        "pattern": pattern,
        "best": best,
        "ranks": [(rank, sparse.low_rank(weights, rank)) for rank in KEYS if rank <= n],
    }
    said = {
        "k": str(ASKED),
        "keys": str(k),
        "layer": str(layer),
        "head": str(head),
        "model": opened.name,
        "reader": on.reader,
        "least": f"{least:.2f}",
    }
    return Result(measures, data, said)


def _sparsemax(record: Record, head: int) -> tuple[Measure, ...]:
    """Products that all scores of the head take, counted: sparsemax needs them too, and what it leaves out it knows only then."""
    query, key, visible = record.query[0, head], record.key[0, head // record.group], record.visible()
    weights = sparsemax(record.scores(head).masked_fill(~visible, -torch.inf))
    return (
        Measure("scored", counted_in(lambda: query @ key.mT), len(query) * len(key) * query.shape[-1], format=",d"),
        Measure("zeros", float((weights[visible] == 0).double().mean()), 0, "at least", format=".1%"),
    )


def imposed(model: Model, k: int) -> sparse.Imposed:
    """Patterns imposed on a model: as shipped; measured here at `ASKED` and `k` keys where it is another one; and where that has no head for
    words, those of gpt2-mini."""
    kept = shipped.read("q22b_sparse").data
    if model.name not in kept:
        wanted = [*((name, ASKED) for name in EQUAL), *((name, k) for name in PATTERNS)]
        if (here := sparse.measured(model, wanted)) is not None:
            return here
    reader = model.name if model.name in kept else MODEL
    found = kept[reader]
    return sparse.Imposed(reader, tuple(found["full"]), {(name, keys): (score, loss) for name, keys, score, loss in found["imposed"]})


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Imposes every pattern on models at every number of keys, and takes their score and loss on held-out text."""
    runs = [(reader, name, k) for reader in MEASURED for k in KEYS for name in PATTERNS]
    tasks = {reader: sparse.task_of(load(reader, "cpu")) for reader in MEASURED}
    made = {reader: {"full": [round(value, 5) for value in sparse.imposed(task, "", 0)], "imposed": []} for reader, task in tasks.items()}
    for i, (reader, name, k) in enumerate(runs):
        score, loss = sparse.imposed(tasks[reader], name, k, lambda share, i=i: report((i + share) / len(runs)))
        made[reader]["imposed"].append([name, k, round(score, 5), round(loss, 5)])
    return made


def right(result: Result) -> str:
    """The pattern that raises the loss least, at the number of keys that the question is about."""
    return next(letter for letter, name in OPTIONS.items() if name == result.data["best"])


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, size = result.data, SIZES[2]
    k, pattern = data["k"], data["pattern"]
    order = [pattern, *(name for name in PATTERNS if name != pattern)]
    # A weight that is kept is drawn at least as bright as that it can be told from one that is left out.
    lit = [data["weights"], *(np.where(data["masks"][name], 0.25 + 0.75 * data["weights"], 0.0) for name in order)]
    names = [words.label("whole"), *(f"{words.label(f'map.{name}')} {data['masses'][name]:.0%}" for name in order)]
    return [
        maps(np.stack(lit), names, words.label("overlaid").format(k=k), visible=data["visible"], marked=[1], size=size, dark=dark),
        bars(
            [words.label(f"pattern.{name}") for name in PATTERNS],
            [data["losses"][name, k] - data["full"] for name in PATTERNS],
            words.label("imposed").format(k=k, reader=result.said["reader"]),
            words.label("rise"),
            marked=[PATTERNS.index(pattern)],
            format=".2f",
            across=True,
            size=size,
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, size = result.data, SIZES[3]
    drawn = [words.label(f"pattern.{name}") for name in EQUAL]
    losses = [(k, loss - data["full"], words.label(f"pattern.{name}")) for (name, k), loss in data["losses"].items() if name in EQUAL]
    both = [data["means"][name] for name in EQUAL]
    across = {"log_x": True, "base": 2, "ticks": KEYS, "rules": [data["k"]], "dark": dark}
    return [
        lines(
            pd.DataFrame(losses, columns=["x", "y", "series"]),
            words.label("over_k"),
            words.label("k"),
            words.label("rise"),
            series=drawn,
            legend_columns=2,
            size=(size[0], size[1] - 35),
            **across,
        ),
        bars(
            drawn,
            [100 * share for share in both],
            words.label("means"),
            words.label("percent"),
            format=".0f",
            across=True,
            size=(size[0] - 60, size[1]),
            dark=dark,
        ),
        lines(
            pd.DataFrame([(rank, 100 * share) for rank, share in data["ranks"]], columns=["x", "y"]),
            words.label("low_rank"),
            words.label("of_rank"),
            words.label("percent"),
            ends=(0, 102),
            format=".0f",
            size=size,
            **across,
        ),
    ]


DEMO = Demo(
    id="Q22b",
    module="q22b_sparse",
    chapter=5,
    compute=compute,
    pictures=pictures,
    more=more,
    right=right,
    first="A",
    door=Door("attention", {}, {"model": "model", "text": "text", "layer": "layer", "head": "head"}),
    controls=(
        Control("k", KEYS, ASKED, main=True),
        Control("pattern", PATTERNS, "sinks"),
        Control("text"),
        Control("model", (MODEL, "bert-mini", "all-MiniLM-L6-v2"), MODEL, model=True),
        Control("layer", (0, 1, 2, 3, 4, 5), 2),
        Control("head", tuple(range(12)), 0),
    ),
    make=make,
    source=N_("Child et al. 2019; Beltagy et al. 2020; Xiao et al. 2023 (first tokens); Wang et al. 2020 (low rank)"),
)
