"""Q1: self-attention is a mechanism; what is predicted is the head's business."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, strips
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.lens.layers import text_of
from explorer.reading import Tokens
from explorer.tokens import readable
from models import Model
from models.opening import sites

STACKS = (
    ("bert-mini", "encoder"),
    ("gpt2-mini", "decoder"),
    ("translate-mini", "encoder"),
    ("translate-mini", "decoder"),
    ("translate-mini", "cross"),
)
"""Models, and the part of each that is shown."""
_MOST = 12
"""Tokens of a text; more would be too small to read."""


def compute(models: Models, query: int = 2, text: str = "I love you very much.", layer: int = 1) -> Result:
    """Runs one sentence through three models.

    Args:
        models: opens models.
        query: which token looks, counted from 1; the last one where a text is shorter.
        text: an English sentence, cut at 12 tokens.
        layer: whose attention is shown, the mean over its heads.

    Raises:
        InputError: an empty text.
    """
    found = {name: capture(models(name), text, max_tokens=_MOST) for name in dict.fromkeys(name for name, _part in STACKS)}
    rows = [_row(found[name], part, layer, query) for name, part in STACKS]
    above = {(name, part): share_above(found[name], part) for name, part in STACKS if part != "cross"}
    cross = found["translate-mini"].pattern(layer, 0, "cross")
    translated = found["translate-mini"]
    measures = (
        Measure("above_bert", above["bert-mini", "encoder"], 0, "above", format=".1%"),
        Measure("above_gpt", above["gpt2-mini", "decoder"], 0, format=".1%"),
        Measure("above_source", above["translate-mini", "encoder"], 0, "above", format=".1%"),
        Measure("above_target", above["translate-mini", "decoder"], 0, format=".1%"),
        Measure("cross_rows", cross.shape[0], len(translated.sides["decoder"]), format="d"),
        Measure("cross_columns", cross.shape[1], len(translated.sides["encoder"]), format="d"),
    )
    predictions = [
        _masked(models("bert-mini"), found["bert-mini"], rows[0]["query"]),
        _next(models("gpt2-mini"), found["gpt2-mini"].sides["decoder"], rows[1]["query"]),
        None,
        None,
        _target(models("translate-mini"), translated, rows[4]["query"]),
    ]
    said = {"bert": predictions[0][0], "gpt": predictions[1][0], "translated": predictions[4][0], "text": text}
    maps = [(name, part, *_map(found[name], part, layer)) for name, part in (STACKS[0], STACKS[1], STACKS[4])]
    return Result(measures, {"rows": rows, "predictions": predictions, "maps": maps}, said)


def share_above(captured: Capture, part: str) -> float:
    """Share of all attention that goes to later tokens, over all layers, heads and queries of a part."""
    each = [
        np.triu(head, 1).sum() / head.sum() for site in captured.sites(part) for head in captured.patterns(site.layer, part).astype(np.float64)
    ]
    return float(np.mean(each))


def _row(captured: Capture, part: str, layer: int, query: int) -> dict[str, object]:
    queries, keys = captured.queries(part), captured.keys(part)
    at = _place(queries, part, query)
    inside = part != "cross"
    return {
        "tokens": keys.labels,
        "weights": captured.mean(layer, part)[at],
        "visible": captured.visible(layer, part)[at],
        "query": at,
        "token": queries.labels[at],
        "marked": at if inside else None,
    }


def _place(tokens: Tokens, part: str, query: int) -> int:
    """The token of that number among those that were written; of a target among all, since its start token predicts, too."""
    written = tokens.free if part == "encoder" else range(len(tokens))
    return list(written)[min(query, len(written)) - 1]


def _map(captured: Capture, part: str, layer: int) -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    return captured.mean(layer, part), captured.visible(layer, part), captured.queries(part).labels, captured.keys(part).labels


def _masked(model: Model, captured: Capture, at: int) -> tuple[str, float]:
    """The likeliest word in the place of a token that is masked, and its probability."""
    return _likeliest(model, text_of(model, captured, at).inputs(), at)


def _next(model: Model, tokens: Tokens, at: int) -> tuple[str, float]:
    return _likeliest(model, tokens.inputs(), at)


def _target(model: Model, captured: Capture, at: int) -> tuple[str, float]:
    given = captured.sides["encoder"].inputs() | {"decoder_input_ids": torch.tensor([captured.sides["decoder"].ids])}
    return _likeliest(model, given, at)


def _likeliest(model: Model, given: dict[str, torch.Tensor], at: int) -> tuple[str, float]:
    given = {name: tensor.to(model.device) for name, tensor in given.items()}
    with model.lock, torch.inference_mode():
        logits = model.network(**sites.inputs_for(model.network, **given)).logits[0, at].float()
    chance, number = logits.softmax(-1).max(-1)
    return readable(model.tokenizer, [int(number)])[0].strip(), float(chance)


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    rows = result.data["rows"]
    notes = []
    for i, (row, found) in enumerate(zip(rows, result.data["predictions"], strict=True)):
        note = "" if found is None else words.label(f"predicts.{i}").format(token=row["token"], word=found[0], chance=f"{found[1]:.0%}")
        notes.append(note)
    return [
        strips(
            [words.label(f"stack.{i}") for i in range(len(rows))],
            [row["tokens"] for row in rows],
            [row["weights"] for row in rows],
            words.label("seen"),
            visible=[row["visible"] for row in rows],
            marked=[row["marked"] for row in rows],
            notes=notes,
            size=(620, SIZES[1][1]),
            dark=dark,
        )
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    drawn = []
    for i, (_name, _part, weights, visible, rows, columns) in zip((0, 1, 4), result.data["maps"], strict=True):
        title = f"{words.label(f'stack.{i}')} · {len(rows)} × {len(columns)}"
        drawn.append(grid(weights, rows, columns, title, visible=visible, written=False, size=SIZES[3], dark=dark))
    return drawn


DEMO = Demo(
    id="Q1",
    module="q01_mechanism",
    chapter=1,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("attention", {"model": "translate-mini", "text": "I love you."}),
    controls=(
        Control("query", tuple(range(1, 9)), 2, main=True),
        Control("text"),
        Control("layer", (0, 1, 2, 3), 1),
    ),
    more=more,
    source="Vaswani et al. 2017, section 3.2.3; Devlin et al. 2019; Radford et al. 2019",
)
