"""Q24c: knowledge outside the weights: a store that is searched, a memory of what was read, and toys that learn apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, lines, texts
from explorer.lectures import apart, retrieval, shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from models import Model, load

VIEWS = ("store", "memory", "federated", "steps")
OTHER = "The Nobel Prize in Physics 2024 went to Ada Lovelace."
ENCODER, READER = "all-MiniLM-L6-v2", "gpt2-mini"
SIZES_KEPT = (0, 10, 20, 40, 60, 80, 100, 120, 140, 160)
"""Pairs of a state and the token that followed it, which the memory keeps."""
_SHOWN = 5
_LONGEST = 92
"""Letters of a sentence that a table has room for."""
_SECRET = 8


def compute(models: Models, fact: str = OTHER, question: str = retrieval.QUESTIONS[0], view: str = "store") -> Result:
    """Searches the store, as it was and with one fact changed.

    Args:
        models: opens the bundled sentence encoder, and the model that reads with a memory.
        fact: what stands in the store in the place of its first sentence.
        question: what is asked.
        view: what is drawn: the "store", the "memory" of a language model, "federated" averaging, or a few "steps" from a learned start.

    Raises:
        InputError: no fact, or no question.
    """
    encoder = models(ENCODER)
    before = [weight.detach().clone() for weight in encoder.network.parameters()]
    store = [fact, *retrieval.STORE[1:]]
    # The typed question, then those of the store; sentences as they were, and the fact that takes the place of the first.
    asked = retrieval.embedded(encoder, [question, *retrieval.QUESTIONS])
    kept_before, changed = np.split(retrieval.embedded(encoder, [*retrieval.STORE, fact]), [len(retrieval.STORE)])
    was, is_ = (asked @ sentences.T for sentences in (kept_before, np.concatenate([changed, kept_before[1:]])))
    likeness, best_before, best = is_[0], was.argmax(axis=1), is_.argmax(axis=1)
    hits = float((best_before[1:] == np.arange(len(retrieval.STORE))).mean())
    # Of the other answers; the first question of the store is about the fact itself.
    others = int((best_before[2:] != best[2:]).sum())
    moved = max(float((weight.detach() - old).abs().max()) for weight, old in zip(encoder.network.parameters(), before, strict=True))
    rank = int((likeness > likeness[0]).sum()) + 1
    recall, alone, tokens = _recall(models(READER))
    secret = torch.randn(_SECRET, dtype=torch.float64, generator=torch.Generator().manual_seed(_SECRET))
    leaked = apart.given_away(secret)
    kept = shipped.read("q24c_outside").data
    together, learned = kept["federated"], kept["steps"]
    at = apart.META_STEPS.index(apart.SHOTS)
    measures = (
        Measure("rank", rank, format="d"),
        Measure("moved", moved, 0, format=".1g"),
        # Whoever types a fact about Paris changes what is found for Paris.
        Measure("others", others, 0 if fact in (OTHER, retrieval.FACT) else None, format="d"),
        Measure("hits", hits, 0.8, "above", format=".0%"),
        Measure("alone", alone, format=".1%"),
        Measure("remembered", recall[-1], alone, "above", format=".1%"),
        Measure("attention", kept["attention"][-1], alone, "above", format=".1%"),
        Measure("averaged", together["averaged"][-1], together["alone"][-1], "above", format=".1%"),
        Measure("apart", together["alone"][-1], format=".1%"),
        Measure("leak", float((leaked - secret).abs().max()), 0, tolerance=1e-12, format=".1e"),
        Measure("few", learned["learned"][at], learned["usual"][at], "below", format=".2f"),
        Measure("few_usual", learned["usual"][at], format=".2f"),
    )
    data = {"view": view, "store": store, "likeness": likeness, "recall": recall, "alone": alone, "kept": kept}
    data |= {"secret": secret.numpy(), "leaked": leaked.numpy()}
    said = {
        "was": retrieval.STORE[best_before[0]],
        "is": store[best[0]],
        "tokens": str(tokens),
        "clients": str(apart.CLIENTS),
        "weights": f"{_count(encoder):,}",
    }
    return Result(measures, data, said)


_RECALLS: WeakKeyDictionary[Model, tuple[list[float], float, int]] = WeakKeyDictionary()
"""What does not depend on the store, read once."""


def _recall(reader: Model) -> tuple[list[float], float, int]:
    if reader not in _RECALLS:
        _RECALLS[reader] = retrieval.remembered(reader, SIZES_KEPT)
    return _RECALLS[reader]


def _count(encoder: Model) -> int:
    return sum(weight.numel() for weight in encoder.network.parameters())


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Averages toys that learn apart, learns a start from which a few steps are enough, and puts a memory into a layer's attention."""
    together = apart.federated(lambda share: report(0.45 * share))
    learned = apart.few_steps(lambda share: report(0.45 + 0.45 * share))
    inside = retrieval.in_attention(load(READER, "cpu"), SIZES_KEPT, report=lambda share: report(0.9 + 0.1 * share))
    return {"federated": together, "steps": learned, "attention": [round(share, 4) for share in inside]}


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return [{"store": _store, "memory": _memory, "federated": _federated, "steps": _steps}[result.data["view"]](result.data, words, dark)]


def _store(data: Mapping, words: Words, dark: bool) -> Picture:
    likeness, store = data["likeness"], data["store"]
    best = np.argsort(-likeness, kind="stable")[:_SHOWN]
    rows = [(f"{likeness[i]:.2f}", _short(store[i])) for i in best]
    changed = [words.label("edited" if i == 0 else "as_it_was") for i in best]
    return texts(
        rows,
        [words.label("likeness"), words.label("sentence")],
        words.label("found"),
        of=changed,
        series=[words.label("as_it_was"), words.label("edited")],
        widths=(0.12, 0.88),
        marked=[0],
        size=SIZES[1],
        dark=dark,
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _curves(
    rows: Sequence[tuple[float, float, str]], series: Sequence[str], words: Words, names: Sequence[str], dark: bool, **how: object
) -> Picture:
    title, x, y = (words.label(name) for name in names)
    return lines(pd.DataFrame(rows, columns=["x", "y", "series"]), title, x, y, series=series, size=SIZES[1], dark=dark, **how)


def _memory(data: Mapping, words: Words, dark: bool) -> Picture:
    series = [words.label("with_memory"), words.label("without"), words.label("in_attention")]
    rows = [(size, share, series[0]) for size, share in zip(SIZES_KEPT, data["recall"], strict=True)]
    rows += [(size, data["alone"], series[1]) for size in SIZES_KEPT]
    rows += [(size, share, series[2]) for size, share in zip(SIZES_KEPT, data["kept"]["attention"], strict=True)]
    return _curves(rows, series, words, ("memory", "pairs", "right"), dark, ends=(0, 1), format="%")


def _federated(data: Mapping, words: Words, dark: bool) -> Picture:
    series = {name: words.label(f"way.{name}") for name in ("averaged", "together", "alone")}
    rows = [(i, value, series[name]) for name in series for i, value in enumerate(data["kept"]["federated"][name])]
    return _curves(rows, [*series.values()], words, ("rounds_of", "rounds", "right"), dark, ends=(0, 1), format="%")


def _steps(data: Mapping, words: Words, dark: bool) -> Picture:
    series = {name: words.label(f"start.{name}") for name in ("learned", "usual")}
    rows = [(step, data["kept"]["steps"][name][i], series[name]) for name in series for i, step in enumerate(apart.META_STEPS)]
    return _curves(rows, [*series.values()], words, ("few_steps", "steps", "error"), dark, ticks=apart.META_STEPS)


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    """What a gradient gives away."""
    both = np.stack([result.data["secret"], result.data["leaked"]])
    return [
        grid(
            both,
            [words.label("input"), words.label("read_off")],
            [str(i + 1) for i in range(_SECRET)],
            words.label("leaked"),
            signed=True,
            written=True,
            size=(640, 110),
            dark=dark,
        )
    ]


DEMO = Demo(
    id="Q24c",
    module="q24c_outside",
    chapter=6,
    compute=compute,
    pictures=pictures,
    more=more,
    right="D",
    door=Door("compare", {"compare": "texts", "model": ENCODER}, {"question": "text", "fact": "other_text"}),
    controls=(
        Control("fact", (OTHER, retrieval.FACT), OTHER, main=True, free=True),
        Control("question", retrieval.QUESTIONS, retrieval.QUESTIONS[0], free=True),
        Control("view", VIEWS, "store"),
    ),
    make=make,
    source="Lewis et al. 2020; Khandelwal et al. 2020; Wu et al. 2022; McMahan et al. 2017; Zhu et al. 2019; Finn et al. 2017; Nichol 2018",
)
