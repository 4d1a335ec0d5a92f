"""Q13: without positions attention only moves its outputs when its inputs are moved."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import torch
from torch import nn

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines
from explorer.i18n import N_
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Settings, Value, ordered
from explorer.lectures.languages import is_chinese
from explorer.lectures.words import Words
from explorer.positions import answers, order
from explorer.reading import Tokens, read
from models import Model
from models.opening import sites
from models.seeded import seeded
from models.toy.rnn import RnnConfig, ToyRnn

ORDERS = ("ends", "reverse", "shift", "shuffle")
VIEWS = ("vectors", "toy", "others")
TEXTS = ("我爱你", "狗咬人", "不好", "I love you", "dog bites man")
"""Offered to be read; each is one token a word to the model that reads it."""
SEEN = 1024
"""Positions that a stack of convolutions is to see."""
_CAUSAL_TEXT = "The old dog bites the young man again"
_SEED, _DIMENSIONS, _ROWS, _WIDTH = 13, 12, 12, 32


def compute(
    models: Models, positions: str = "off", text: str = "我爱你", swap: str = "ends", view: str = "vectors", model: str = "auto"
) -> Result:
    """Reads a text, and its tokens in another order.

    Args:
        models: opens models.
        positions: "off" or "on", what is drawn; measured are both.
        text: any.
        swap: the other order: first and last change places, all are turned round, all go one place on, or shuffled; or an order itself.
        view: "vectors" in both orders; "toy": what toys that were trained to tell who does it say of both; or "others": a causal model, and
            networks that are not attention.
        model: "auto" for a bundled one that reads the text; else the model that does, whose positions can be switched off.

    Raises:
        InputError: as `explorer.positions.order.permuted`.
    """
    opened = models(reader(text) if model == "auto" else model)
    tokens = read(opened, text)
    free = tokens.free
    new = reordered(len(free), swap)
    found = {on: order.permuted(opened, tokens, new, on == "on") for on in ("off", "on")}
    off, at = found["off"], list(free)
    causal = last_token(models("gpt2-mini"))
    told = positions == "on"
    sentence = answers.asked(text)
    toys = answers.given(sentence, reordered(len(sentence), swap))
    mean = float(np.abs(off.after[at].mean(axis=0) - off.before[at].mean(axis=0)).max())
    # The claim is about attention without a mask. A causal one sees the order in what it hides.
    claimed = {} if off.order_in_mask else {"expected": 0, "tolerance": 1e-5 * max(1.0, off.scale)}
    # The same tokens in the same places, as chips that are dragged back have them, differ in nothing.
    above = (0.01, "above") if [tokens.ids[at[i]] for i in new] != [tokens.ids[i] for i in at] else ()
    measures = (
        Measure("off", off.max, **claimed, format=".1e"),
        Measure("on", found["on"].max, *above, format=".2f"),
        Measure("stayed", float(np.abs(off.after - off.before).max()), *above, format=".2f"),
        Measure("mean", mean, **claimed, format=".1e"),
        Measure("toy_with", answers.trained("with"), 0.99, "at least", format=".1%"),
        Measure("toy_without", answers.trained("without"), answers.guessed(), "at most", format=".1%"),
        Measure("chance", answers.guessed(), format=".1%"),
        # Of words in an order that is no sentence, or is the same one, the toy with positions may say anything.
        Measure("answers_with", toys.changed("with"), *((0.5, "above") if toys.turned else ()), format=".2f"),
        Measure("answers_without", toys.changed("without"), 0, tolerance=1e-5, format=".1e"),
        Measure("causal_first", causal[1], 0, tolerance=1e-5, format=".1e"),
        Measure("causal_second", causal[2], 0.001, "above", format=".3f"),
    )
    shown = found[positions]
    names = [_joined([tokens.labels[i] for i in order_]) for order_ in (at, [at[i] for i in new])]
    parts = [values[:_ROWS, :_DIMENSIONS] for one in found.values() for values in (one.moved, one.after)]
    data = {
        "found": shown,
        "top": found["on"].scale,
        # Of the numbers that are drawn, with positions and without: a model may have its largest one elsewhere.
        "shade": max(float(np.abs(part).max()) for part in parts),
        "names": names,
        "causal": last_token(models("gpt2-mini"), True) if told else causal,
        "others": others(told),
        "layers": layers_needed(),
        "view": view,
        "positions": positions,
        "toys": toys,
        "own": sentence != text.strip(),
    }
    return Result(measures, data, {"before": names[0], "after": names[1], "model": opened.name})


def reader(text: str) -> str:
    """The bundled model that reads a text: Chinese or English."""
    return "zh-mini" if is_chinese(text) else "all-MiniLM-L6-v2"


def chips(models: Models, settings: Settings) -> tuple[list[str], list[int]]:
    """The tokens of the text, which can be dragged, and the order in which they are read."""
    text, model = str(settings["text"]), str(settings["model"])
    tokens = read(models(reader(text) if model == "auto" else model), text)
    labels = [tokens.labels[i] for i in tokens.free]
    return labels, reordered(len(labels), str(settings["swap"]))


def reordered(n: int, swap: str) -> list[int]:
    """Place i of the new order holds the token that stood at the i-th number; by name, at least one token moves, where there are two.

    An order of more or fewer tokens is one of another text, from before this one was typed: first and last change places then.
    """
    ahead = list(range(n))
    if (given := ordered(swap)) is not None and len(given) == n:
        return given
    if swap == "reverse":
        return ahead[::-1]
    if swap == "shift":
        return ahead[-1:] + ahead[:-1]
    if swap == "shuffle":
        made = random.Random(_SEED).sample(ahead, n)
        return made if made != ahead else ahead[::-1]
    return [ahead[-1], *ahead[1:-1], ahead[0]] if n > 1 else ahead


def last_token(model: Model, positions: bool = False) -> list[float]:
    """How far the state of the last token is from itself when those before it change places, in a causal model without positions or with its
    own, as a share of its length: after the embeddings, and after each layer."""
    tokens = read(model, _CAUSAL_TEXT)
    n = len(tokens)
    both: list[Tokens] = [tokens, tokens.take([*range(n - 1)[::-1], n - 1])]
    network = model.network if positions else order.without_positions(model)
    with model.lock, torch.inference_mode():
        passed = [
            network.base_model(**sites.inputs_for(network, **one.inputs(model.device)), output_hidden_states=True).hidden_states for one in both
        ]
    return [float((a[0, -1] - b[0, -1]).norm() / a[0, -1].norm()) for a, b in zip(*passed, strict=True)]


@cache
def others(positions: bool = False) -> dict[str, float]:
    """The same measure for untrained networks, three tokens and a new order, as a share of the largest output; attention has positions or has
    none, the others never have any."""
    ids, new = torch.tensor([[0, 1, 2]]), [2, 1, 0]
    with seeded(_SEED):
        embedding, kernel = nn.Embedding(3, _WIDTH), [nn.Conv1d(_WIDTH, _WIDTH, 3, padding=1) for _layer in range(2)]
        recurrent = ToyRnn(RnnConfig(vocab_size=3, d_model=_WIDTH, causal=True)).eval()
    learned = order.toy("learned")
    toy = (learned.network if positions else order.without_positions(learned)).base_model

    def convolved(given: torch.Tensor) -> torch.Tensor:
        x = embedding(given).transpose(1, 2)
        for layer in kernel:
            x = layer(x).relu()
        return x.transpose(1, 2)

    made = {}
    with torch.inference_mode():
        for name, network in (("attention", lambda given: toy(given)[0]), ("gru", lambda given: recurrent(given).last_hidden_state)):
            made[name] = _moved(network, ids, new)
        made["convolution"] = _moved(convolved, ids, new)
    return made


def _moved(network: Callable[[torch.Tensor], torch.Tensor], ids: torch.Tensor, new: list[int]) -> float:
    before, after = network(ids)[0], network(ids[:, new])[0]
    return float((after - before[new]).abs().max() / before.abs().max())


@cache
def layers_needed() -> dict[str, int]:
    """Layers after which the last of so many positions has heard of the first; convolutions are causal, of kernel 3."""
    return {
        "convolution": _layers(lambda heard, _layer: heard | _back(heard, 1) | _back(heard, 2)),
        "dilated": _layers(lambda heard, layer: heard | _back(heard, 2**layer) | _back(heard, 2 * 2**layer)),
        "attention": _layers(lambda heard, _layer: np.ones_like(heard)),
    }


def _layers(joined: Callable[[np.ndarray, int], np.ndarray]) -> int:
    heard, layer = np.arange(SEEN) == SEEN - 1, 0
    while not heard.all():
        heard, layer = joined(heard, layer), layer + 1
    return layer


def _back(heard: np.ndarray, by: int) -> np.ndarray:
    """The same so many positions earlier."""
    return np.concatenate([heard[by:], np.zeros(min(by, len(heard)), dtype=bool)])


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return {"vectors": _vectors, "toy": _toys, "others": _others}[result.data["view"]](result, words, dark)


def _vectors(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    found, top = result.data["found"], result.data["top"]
    rows = [f"{found.labels[i]}" for i in found.order][:_ROWS]
    columns = [""] * _DIMENSIONS
    how = {"signed": True, "top": 0.7 * result.data["shade"], "written": False, "size": SIZES[3], "dark": dark}
    before, after = result.data["names"]
    moved, read_ = (values[: len(rows), :_DIMENSIONS] for values in (found.moved, found.after))
    numbered = [f"{i + 1} {row}" for i, row in enumerate(rows)]
    return [
        grid(moved, rows, columns, words.label("moved").format(text=_short(before)), x=words.label("dimensions"), **how),
        grid(read_, rows, columns, words.label("read").format(text=_short(after)), x=words.label("dimensions"), **how),
        bars(
            numbered,
            found.deviation[: len(rows)],
            words.label("apart"),
            words.label("difference"),
            ends=(0, top),
            format=".2~g",
            across=True,
            size=SIZES[3],
            dark=dark,
        ),
    ]


def _toys(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    found: answers.Answers = result.data["toys"]
    rows = [f"{text} {words.label(f'asked.{which}')}" for text in found.texts for which in ("who", "whom")]
    marked = [(2 * t + q, at) for t, right in enumerate(found.right) for q, at in enumerate(right or ())]
    own = words.label("own").format(text=found.texts[0]) if result.data["own"] else ""
    return [
        grid(
            chances.reshape(len(rows), -1),
            rows,
            [*found.words, words.label("rest")],
            words.label(f"toy.{name}") + own,
            x=words.label("answer"),
            top=1,
            marked=marked,
            written=True,
            dimmed=(name == "with") != (result.data["positions"] == "on"),
            size=SIZES[2],
            dark=dark,
        )
        for name, chances in found.chances.items()
    ]


def _joined(labels: Sequence[str]) -> str:
    """A text of its tokens, with spaces between words."""
    return ("" if all(len(label) == 1 for label in labels) else " ").join(labels)


def _short(text: str) -> str:
    return text if len(text) <= 14 else f"{text[:13]}…"


def _others(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data: Mapping = result.data
    table = pd.DataFrame({"x": range(len(data["causal"])), "y": data["causal"]})
    others_, layers, at = data["others"], data["layers"], "_on" if data["positions"] == "on" else ""
    return [
        lines(
            table,
            words.label(f"twist{at}"),
            words.label("layer"),
            words.label("length"),
            size=SIZES[3],
            dark=dark,
        ),
        bars(
            [words.label(f"network.{name}") for name in others_],
            list(others_.values()),
            words.label(f"others{at}"),
            words.label("share"),
            format=".2f",
            across=True,
            size=(200, SIZES[3][1]),
            dark=dark,
        ),
        bars(
            [words.label(f"network.{name}") for name in layers],
            list(layers.values()),
            words.label("layers"),
            words.label("layers_axis"),
            format="d",
            across=True,
            size=(200, SIZES[3][1]),
            dark=dark,
        ),
    ]


def _door(chosen: Mapping[str, Value]) -> Mapping[str, str]:
    """The same model; and the same order, where it was made by hand. Of the others only the model knows how many tokens they have."""
    model, swap = str(chosen["model"]), str(chosen["swap"])
    to = {"model": reader(str(chosen["text"])) if model == "auto" else model, "order_positions": str(chosen["positions"] == "on").lower()}
    return to | ({"order": swap} if ordered(swap) is not None else {})


DEMO = Demo(
    id="Q13",
    module="q13_order",
    chapter=3,
    compute=compute,
    pictures=pictures,
    right="B",
    door=Door("positions", {"positions": "order"}, {"text": "text"}, _door),
    controls=(
        Control("positions", ("off", "on"), "off", main=True),
        Control("text", TEXTS, free=True),
        Control("swap", ORDERS, "ends", chips=chips),
        Control("view", VIEWS, "vectors"),
        Control("model", ("auto",), "auto", model=True),
    ),
    source=N_("Vaswani et al. 2017, section 3.5; Haviv et al. 2022"),
)
