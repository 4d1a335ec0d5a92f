"""Q20: how the future is hidden: three masks, one pass against step by step, and what BERT hides instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from scipy.special import rel_entr, softmax

from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines, strips, texts
from explorer.i18n import N_
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.memory import LINEAR, PAIRS
from explorer.lectures.words import Words
from explorer.lectures.work import GPT2_SMALL, multiply_adds
from explorer.reading import read
from explorer.tokens import labels, readable
from models import InputError, Model
from models.opening import sites
from models.surgery.private import private
from models.toy.model import ToyModel
from models.words import told

TEXT = "The cat sat on"
MASKS = ("inf", "before", "after")
"""Minus infinity before the softmax, 0 before it, 0 after it."""
VIEWS = ("masks", "sight", "steps")
TOKENS, COUNTED = 8, 100
"""Tokens of a text that are read; tokens of the text whose cost is counted."""
BERT, HIDDEN, KINDS = "bert-mini", 0.15, (0.8, 0.1, 0.1)
"""Share of the tokens that BERT is asked for, and of these the shares that it reads as [MASK], as any other token, and as they are."""
_DRAWS, _SENTENCES, _SEED, _MOST = 5, 200, 20, 5


def compute(
    models: Models, mask: str = "inf", view: str = "masks", text: str = TEXT, model: str = "gpt2-mini", layer: int = 2, head: int = 1
) -> Result:
    """Three masks on the scores of one head, the model with and without its mask, and in one pass and step by step.

    Args:
        models: opens models.
        mask: which is drawn, one of `MASKS`.
        view: "masks"; "sight": what may be seen, and what BERT hides; or "steps": one pass and step by step.
        text: cut at 8 tokens.
        model: a causal one.
        layer, head: from 0; the last one there is, where it has fewer.

    Raises:
        InputError: an empty text, a model that is not causal, or one whose weights are no softmax of its scores.
    """
    opened = models(model)
    if opened.kind != "decoder":
        raise InputError(told("{model} has no causal mask.", model=opened.name), told("Choose a decoder, such as gpt2-mini."))
    captured = capture(opened, text, max_tokens=TOKENS)
    layer = min(layer, len(captured.sites()) - 1)
    head = min(head, captured.site(layer).heads - 1)
    scores, seen = unmasked_scores(captured, layer, head), captured.visible(layer)
    weights = {how: masked(scores, seen, how) for how in MASKS}
    own = float(np.abs(weights["inf"] - captured.pattern(layer, head)).max())
    if own > 1e-2:
        raise InputError(told("The weights of {model} are not the softmax of its scores.", model=opened.name), told("Choose another model."))
    n = len(seen)
    leak = {how: float(np.where(seen, 0, found).sum(axis=1).mean()) for how, found in weights.items()}
    sums = {how: found.sum(axis=1) for how, found in weights.items()}
    five = {how: masked(np.zeros((5, 5)), np.tri(5, dtype=bool), how) for how in MASKS}
    nowhere = masked(np.zeros((1, n)), np.zeros((1, n), dtype=bool), "inf")
    once, steps = logits(opened, captured), step_by_step(opened, captured)
    scale = max(1.0, float(once.abs().max()))
    apart = (once - steps).abs().amax(dim=-1).numpy()
    free = logits(opened, captured, masked=False)
    chances = [torch.softmax(found[-1].double(), -1).numpy() for found in (once, free)]
    work = saved(COUNTED)
    hidden = drawn(100, _SENTENCES, _SEED)
    # Of one token there is nothing to come.
    future = (0, "above") if n > 1 else ()
    measures = (
        Measure("own", own, 0, tolerance=1e-5, format=".1e"),
        Measure("leak_inf", leak["inf"], 0, format=".0%"),
        Measure("leak_before", leak["before"], *future, format=".0%"),
        Measure("sum_before", float(sums["before"].min()), 1, tolerance=1e-6, format=".3f"),
        Measure("sum_after", float(sums["after"].min()), *((1, "below") if n > 1 else ()), format=".2f"),
        Measure("leak_five", float(np.triu(five["before"], 1).sum(axis=1).mean()), 0.4, tolerance=1e-12, format=".2f"),
        Measure("sum_five", float(np.abs(five["after"].sum(axis=1) - np.arange(1, 6) / 5).max()), 0, tolerance=1e-12, format=".0e"),
        Measure("nowhere", float(np.isnan(nowhere).mean()), 1, format=".0%"),
        Measure("steps", float(apart.max()), 0, tolerance=1e-5 * scale, format=".1e"),
        Measure("unmasked", float(rel_entr(*chances).sum()), *future, format=".2f"),
        Measure("passes", work["passes"], COUNTED, format=",d"),
        Measure("linear", work["linear"], (COUNTED + 1) / 2, tolerance=1e-9, format=".1f"),
        Measure("pairs", work["pairs"], (COUNTED + 1) * (2 * COUNTED + 1) / (6 * COUNTED), tolerance=1e-9, format=".1f"),
        Measure("asked", float((hidden > 0).mean()), HIDDEN, tolerance=1e-9, format=".0%"),
        Measure("bert_mask", float((hidden == 1).sum() / (hidden > 0).sum()), KINDS[0], tolerance=0.03, format=".0%"),
    )
    tops = [_words(opened, [int(found.argmax())])[0] for found in chances]
    data = {
        "scores": scores,
        "seen": seen,
        "weights": weights,
        "mask": mask,
        "view": view,
        "tokens": captured.queries().labels,
        "apart": apart,
        "next": [_words(opened, found.argmax(-1).tolist()) for found in (once, steps)],
        "chances": _likeliest(opened, chances),
        "work": work,
        "bert": bert_reads(models(BERT), text) if view == "sight" else [],
    }
    said = {"model": opened.name, "layer": str(layer), "head": str(head), "counted": str(COUNTED), "with": tops[0], "without": tops[1]}
    return Result(measures, data, said)


def unmasked_scores(captured: Capture, layer: int, head: int) -> np.ndarray:
    """Scores of a head before its mask, (query, key)."""
    return replace(captured.record(layer), mask=None, causal=False).scores(head).double().numpy()


def masked(scores: np.ndarray, seen: np.ndarray, how: str) -> np.ndarray:
    """Weights under one of the three masks, (query, key)."""
    if how == "after":
        return np.where(seen, softmax(scores, axis=-1), 0)
    with np.errstate(invalid="ignore"):
        return softmax(np.where(seen, scores, -np.inf if how == "inf" else 0.0), axis=-1)


def logits(model: Model, captured: Capture, masked: bool = True) -> torch.Tensor:
    """What the model gives at each position in one pass, (n, vocabulary); not masked, each position sees all of the text."""
    tokens = captured.queries()
    given, network = tokens.inputs(model.device), model.network
    if not masked:
        network = private(network)
        if isinstance(network, ToyModel):
            network.transformer.stack.causal = False
        else:
            # A mask of four dimensions is taken as it is.
            given["attention_mask"] = torch.ones(1, 1, len(tokens), len(tokens), dtype=torch.bool, device=model.device)
    with model.lock, torch.inference_mode():
        made = network(**sites.inputs_for(network, **given))
    return getattr(made, "logits", made[0])[0].float().cpu()


def step_by_step(model: Model, captured: Capture) -> torch.Tensor:
    """The last position of a pass over each beginning of the text, as generation computes it, (n, vocabulary)."""
    tokens = captured.queries()
    found = []
    for n in range(1, len(tokens) + 1):
        with model.lock, torch.inference_mode():
            made = model.network(**sites.inputs_for(model.network, **tokens.take(range(n)).inputs(model.device)))
        found.append(getattr(made, "logits", made[0])[0, -1].float().cpu())
    return torch.stack(found)


def saved(n: int) -> dict[str, float]:
    """How many times as much it takes to read a text token by token, each time from its beginning, than to read it once."""
    each, once = [multiply_adds(i, GPT2_SMALL) for i in range(1, n + 1)], multiply_adds(n, GPT2_SMALL)
    parts = {"linear": LINEAR, "pairs": PAIRS}
    work = {name: sum(cost[term] for cost in each for term in terms) / sum(once[term] for term in terms) for name, terms in parts.items()}
    return {"passes": len(each), **work}


def drawn(n: int, sentences: int, seed: int) -> np.ndarray:
    """What BERT's training hides of sentences of n tokens, (sentences, n): 0 nothing, 1 as [MASK], 2 as another token, 3 as it is."""
    random = np.random.default_rng(seed)
    made = np.zeros((sentences, n), dtype=int)
    for row in made:
        at = random.permutation(n)[: max(1, round(HIDDEN * n))]
        row[at] = random.choice([1, 2, 3], size=len(at), p=KINDS)
    return made


def bert_reads(model: Model, text: str) -> list[tuple[list[str], np.ndarray]]:
    """What BERT reads in some draws: tokens, and what was done to each."""
    tokens = read(model, text)
    free = list(tokens.free)[:TOKENS]
    words = [tokens.labels[i] for i in free]
    found = []
    for row in drawn(len(words), 60, _SEED):
        given = list(words)
        for at in np.flatnonzero(row):
            other = 1000 + 37 * len(found) + 11 * int(at)
            given[at] = {1: "[MASK]", 2: _words(model, [other % len(model.tokenizer)])[0], 3: words[at]}[int(row[at])]
        found.append((given, row))
    # Some draws of each kind, so that all three are seen.
    kinds = {kind: [draw for draw in found if kind in draw[1]] for kind in (1, 2, 3)}
    return [*kinds[1][:3], *kinds[2][:1], *kinds[3][:1]][:_DRAWS]


def _words(model: Model, ids: Sequence[int]) -> list[str]:
    return labels(readable(model.tokenizer, ids))


def _likeliest(model: Model, chances: Sequence[np.ndarray]) -> tuple[list[str], np.ndarray]:
    """The likeliest next tokens, with and without the mask, and their probabilities, (2, tokens)."""
    order = dict.fromkeys(int(i) for found in chances for i in np.argsort(-found)[: _MOST - 2])
    ids = list(order)[:_MOST]
    return _words(model, ids), np.stack([found[ids] for found in chances])


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return {"masks": _masks, "sight": _sight, "steps": _steps}[result.data["view"]](result, words, dark)


def _masks(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, how = result.data, result.data["mask"]
    tokens, seen = data["tokens"], data["seen"]
    weights, shown = data["weights"][how], np.where(seen | (how == "after"), data["scores"], 0)
    small = {"written": len(tokens) <= 6, "size": SIZES[3], "dark": dark}
    parts = [np.where(seen, weights, 0).sum(axis=1), np.where(seen, 0, weights).sum(axis=1)]
    series = [words.label("past"), words.label("future")]
    return [
        grid(
            shown,
            tokens,
            tokens,
            words.label(f"scores.{how}"),
            visible=seen if how == "inf" else None,
            signed=True,
            top=float(np.abs(data["scores"]).max()),
            format=".1f",
            **small,
        ),
        grid(
            weights,
            tokens,
            tokens,
            words.label(f"weights.{how}"),
            visible=seen if how != "before" else None,
            marked=[] if how != "before" else [(int(r), int(c)) for r, c in np.argwhere(~seen)],
            top=1,
            **small,
        ),
        bars(
            [f"{i + 1} {token}" for i, token in enumerate(tokens)] * 2,
            np.concatenate(parts),
            words.label(f"sums.{how}"),
            words.label("mass"),
            of=[name for name in series for _token in tokens],
            series=series,
            stacked=True,
            ends=(0, 1.0),
            format=".1f",
            across=True,
            size=SIZES[3],
            dark=dark,
        ),
    ]


def _sight(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    tokens, seen, draws = result.data["tokens"], result.data["seen"], result.data["bert"]
    n = len(tokens)
    return [
        strips(
            [f"{i + 1}" for i in range(n)],
            [tokens] * n,
            [np.full(n, 0.35)] * n,
            words.label("sees"),
            visible=list(seen),
            marked=list(range(n)),
            size=SIZES[2],
            dark=dark,
        ),
        strips(
            [f"{i + 1}" for i in range(len(draws))],
            [given for given, _row in draws],
            [np.where(row > 0, 0.75, 0.2) for _given, row in draws],
            words.label("bert"),
            visible=[np.ones(len(row), bool) for _given, row in draws],
            marked=[int(np.flatnonzero(row)[0]) for _given, row in draws],
            size=SIZES[2],
            dark=dark,
        ),
    ]


def _steps(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    rows = [(token, once, step, f"{apart:.0e}") for token, once, step, apart in zip(data["tokens"], *data["next"], data["apart"], strict=True)]
    work = data["work"]
    each = [saved(i) for i in range(10, COUNTED + 1, 10)]
    names = {name: words.label(f"saved.{name}") for name in work}
    table = pd.DataFrame(
        [(10 * (i + 1), found[name], names[name]) for name in names for i, found in enumerate(each)], columns=["x", "y", "series"]
    )
    return [
        texts(
            rows,
            [words.label(f"column.{name}") for name in ("token", "once", "step", "apart")],
            words.label("same"),
            widths=(0.25, 0.27, 0.27, 0.21),
            size=SIZES[2],
            dark=dark,
        ),
        lines(
            table,
            words.label("saved"),
            words.label("n"),
            words.label("times"),
            series=list(names.values()),
            ends=(0, COUNTED),
            format="d",
            size=SIZES[2],
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    names, chances = result.data["chances"]
    series = [words.label("masked"), words.label("free")]
    return [
        bars(
            names * 2,
            100 * chances.ravel(),
            words.label("next").format(text=" ".join(result.data["tokens"])),
            words.label("chance"),
            of=[name for name in series for _word in names],
            series=series,
            format=".0f",
            size=SIZES[1],
            dark=dark,
        )
    ]


DEMO = Demo(
    id="Q20",
    module="q20_mask",
    chapter=4,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("attention", carried={"model": "model", "text": "text", "layer": "layer", "head": "head"}),
    controls=(
        Control("mask", MASKS, "inf", main=True),
        Control("view", VIEWS, "masks"),
        Control("text"),
        Control("model", ("gpt2-mini",), "gpt2-mini", model=True),
        Control("layer", (0, 1, 2, 3, 4, 5), 2),
        Control("head", tuple(range(8)), 1),
    ),
    first="AB",
    more=more,
    source=N_("Vaswani et al. 2017, section 3.2.3; Devlin et al. 2019, section 3.1"),
)
