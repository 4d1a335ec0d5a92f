"""Q1: self-attention is a mechanism; what is predicted is the head's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from transformers import AutoModel

from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, strips
from explorer.i18n import N_
from explorer.lectures import next_sentence
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.languages import is_chinese
from explorer.lectures.words import Words
from explorer.lens.layers import text_of
from explorer.reading import Tokens
from explorer.tokens import labels, readable
from models import Model
from models.opening import sites
from models.seeded import seeded
from models.toy import ToyConfig

STAND = {"encoder": "bert-mini", "decoder": "gpt2-mini", "encoder-decoder": "translate-mini"}
"""A model of each kind; one that the viewer chooses takes the place of the one of its kind."""
STACKS = (
    ("encoder", "encoder"),
    ("decoder", "decoder"),
    ("encoder-decoder", "encoder"),
    ("encoder-decoder", "decoder"),
    ("encoder-decoder", "cross"),
)
"""Kinds, and the part of each that is shown."""
_CALLED = {"bert-mini": "BERT", "gpt2-mini": "GPT-2"}
CHINESE, TOYS = "zh-mini", "toys"
"""A model that reads the sentence in Chinese, as the translator wrote it; and three untrained toys in the place of all three."""
_MOST = 12
"""Tokens of a text; more would be too small to read."""
_SEED, _TOY_LAYERS = 1, 4


def compute(models: Models, query: int = 2, text: str = "I love you very much.", layer: int = 1, model: str = "bert-mini") -> Result:
    """Runs one sentence through three models.

    Args:
        models: opens models.
        query: which token looks, counted from 1; the last one where a text is shorter.
        text: an English sentence, cut at 12 tokens.
        layer: whose attention is shown, the mean over its heads; the last one of a model that has fewer.
        model: any; it stands in the place of the one of its kind. "zh-mini" reads what the translator wrote, where the text is not Chinese.
            "toys" are three toys with random weights, which read the same tokens as the models whose places they take.

    Raises:
        InputError: an empty text.
    """
    of = {kind: models(name) for kind, name in (STAND if model == TOYS else STAND | {models(model).kind: model}).items()}
    found = {"encoder-decoder": capture(of["encoder-decoder"], text, max_tokens=_MOST)}
    texts = {kind: text for kind in of} | ({"encoder": _chinese(of, found["encoder-decoder"], text)} if model == CHINESE else {})
    found |= {kind: capture(one, texts[kind], max_tokens=_MOST) for kind, one in of.items() if kind not in found}
    if model == TOYS:
        of = {kind: untrained(one) for kind, one in of.items()}
        found = {kind: capture(one, found[kind]) for kind, one in of.items()}
    rows = [_row(found[kind], part, layer, query) for kind, part in STACKS]
    above = [share_above(found[kind], part) for kind, part in STACKS if part != "cross"]
    translated = found["encoder-decoder"]
    cross = translated.mean(_layer(translated, "cross", layer), "cross")
    measures = (
        Measure("above_bert", above[0], 0, "above", format=".1%"),
        Measure("above_gpt", above[1], 0, format=".1%"),
        Measure("above_source", above[2], 0, "above", format=".1%"),
        Measure("above_target", above[3], 0, format=".1%"),
        Measure("cross_rows", cross.shape[0], len(translated.sides["decoder"]), format="d"),
        Measure("cross_columns", cross.shape[1], len(translated.sides["encoder"]), format="d"),
    )
    if (follows := next_sentence.chances(of["encoder"])) is not None:
        measures += tuple(Measure(name, chance, format=".1%") for name, chance in zip(("follows", "elsewhere"), follows, strict=True))
    predictions = [
        _masked(of["encoder"], found["encoder"], rows[0]["query"]),
        _next(of["decoder"], found["decoder"].sides["decoder"], rows[1]["query"]),
        None,
        None,
        _target(of["encoder-decoder"], translated, rows[4]["query"]),
    ]
    words = {name: "–" if predictions[i] is None else predictions[i][0] for i, name in ((0, "bert"), (1, "gpt"), (4, "translated"))}
    names = {kind: _CALLED.get(one.name, one.short_name) for kind, one in of.items()}
    maps = [_map(found[kind], part, layer) for kind, part in (STACKS[0], STACKS[1], STACKS[4])]
    titles = [names[kind] if STAND[kind] != of[kind].name else "" for kind, _part in STACKS]
    data = {"rows": rows, "predictions": predictions, "maps": maps, "titles": titles, "toys": model == TOYS}
    return Result(
        measures, data, words | {"text": text, "encoder": names["encoder"], "decoder": names["decoder"], "translator": names["encoder-decoder"]}
    )


def untrained(model: Model) -> Model:
    """A toy of the same kind with random weights, which reads what the model reads."""
    given, kind = model.network.config, model.kind
    special = {name: getattr(given, name, None) for name in ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id")}
    switches = {"causal": kind != "encoder", "encoder_decoder": kind == "encoder-decoder"}
    with seeded(_SEED):
        network = AutoModel.from_config(ToyConfig(vocab_size=given.vocab_size, layers=_TOY_LAYERS, **switches, **special))
    network = network.eval().requires_grad_(False)
    layout = sites.find_sites(network)
    how = {"sites": layout.sites, "sites_of": layout.sites_of, "parameters": network.num_parameters(), "view_only": ""}
    return replace(model, name=f"random-toy-{kind}", network=network, max_length=network.config.max_length, trained=False, origin="", **how)


def _chinese(of: Mapping[str, Model], translated: Capture, text: str) -> str:
    """The text where it is Chinese, else as the translator wrote it."""
    if is_chinese(text):
        return text
    written = of["encoder-decoder"].tokenizer.decode(translated.sides["decoder"].ids, skip_special_tokens=True).strip()
    return written or text


def _layer(captured: Capture, part: str, layer: int) -> int:
    """The layer of this number, or the last one."""
    sites = captured.sites(part)
    return sites[min(layer, len(sites) - 1)].layer


def share_above(captured: Capture, part: str) -> float:
    """Share of all attention that goes to later tokens, over all layers, heads and queries of a part."""
    each = [
        np.triu(head, 1).sum() / head.sum() for site in captured.sites(part) for head in captured.patterns(site.layer, part).astype(np.float64)
    ]
    return float(np.mean(each))


def _row(captured: Capture, part: str, layer: int, query: int) -> dict[str, object]:
    queries, keys, layer = captured.queries(part), captured.keys(part), _layer(captured, part, layer)
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
    layer = _layer(captured, part, layer)
    return captured.mean(layer, part), captured.visible(layer, part), captured.queries(part).labels, captured.keys(part).labels


def _masked(model: Model, captured: Capture, at: int) -> tuple[str, float] | None:
    """The likeliest word in the place of a token that is masked, and its probability; None as `_likeliest`, or without a mask token."""
    if model.tokenizer.mask_token_id is None:
        return None
    return _likeliest(model, text_of(model, captured, at).inputs(), at)


def _next(model: Model, tokens: Tokens, at: int) -> tuple[str, float] | None:
    return _likeliest(model, tokens.inputs(), at)


def _target(model: Model, captured: Capture, at: int) -> tuple[str, float] | None:
    given = captured.sides["encoder"].inputs() | {"decoder_input_ids": torch.tensor([captured.sides["decoder"].ids])}
    return _likeliest(model, given, at)


def _likeliest(model: Model, given: dict[str, torch.Tensor], at: int) -> tuple[str, float] | None:
    """The likeliest word at a place, and its probability; None for a model that predicts no words."""
    if model.network.get_output_embeddings() is None:
        return None
    given = {name: tensor.to(model.device) for name, tensor in given.items()}
    with model.lock, torch.inference_mode():
        out = model.network(**sites.inputs_for(model.network, **given))
    # A BERT that was saved with both of its objectives has logits of two kinds.
    logits = out.prediction_logits if "prediction_logits" in out else out.logits
    chance, number = logits[0, at].float().softmax(-1).max(-1)
    return labels(readable(model.tokenizer, [int(number)]))[0], float(chance)


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    rows = result.data["rows"]
    notes = []
    for i, (row, found) in enumerate(zip(rows, result.data["predictions"], strict=True)):
        note = "" if found is None else words.label(f"predicts.{i}").format(token=row["token"], word=found[0], chance=f"{found[1]:.0%}")
        notes.append(note)
    return [
        strips(
            [_title(result, words, i) for i in range(len(rows))],
            [row["tokens"] for row in rows],
            [row["weights"] for row in rows],
            words.label("seen_toys" if result.data["toys"] else "seen"),
            visible=[row["visible"] for row in rows],
            marked=[row["marked"] for row in rows],
            notes=notes,
            size=(620, SIZES[1][1]),
            dark=dark,
        )
    ]


def _title(result: Result, words: Words, i: int) -> str:
    """What a row is called: by the name of its model, where the viewer chose it."""
    name = result.data["titles"][i]
    if result.data["toys"]:
        return words.label(f"toy.{i}")
    return words.label(f"stack.{i}") if not name else name if i < 2 else f"{name}: {words.label(f'part.{i}')}"


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    drawn = []
    for i, (weights, visible, rows, columns) in zip((0, 1, 4), result.data["maps"], strict=True):
        title = f"{_title(result, words, i)} · {len(rows)} × {len(columns)}"
        drawn.append(grid(weights, rows, columns, title, visible=visible, written=False, size=SIZES[3], dark=dark))
    return drawn


DEMO = Demo(
    id="Q1",
    module="q01_mechanism",
    chapter=1,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("attention", {"model": "translate-mini", "text": "I love you."}, {"text": "text", "layer": "layer"}),
    controls=(
        Control("query", tuple(range(1, _MOST + 1)), 2, main=True),
        Control("text"),
        Control("layer", (0, 1, 2, 3), 1),
        Control("model", (*STAND.values(), CHINESE, TOYS), "bert-mini", model=True),
    ),
    more=more,
    source=N_("Vaswani et al. 2017, section 3.2.3; Devlin et al. 2019; Radford et al. 2019"),
)
