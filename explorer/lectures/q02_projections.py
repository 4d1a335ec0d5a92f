"""Q2: query, key and value; and what happens where keys and values are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn

from explorer.capture import capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid
from explorer.i18n import N_
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.fused import fused
from explorer.lectures.words import Words
from models import InputError
from models.seeded import seeded
from models.toy.config import ToyConfig
from models.toy.layers import ToyCrossAttention
from models.words import told

MODEL = "all-MiniLM-L6-v2"
TEXT = "The bank lent her money for a new house."
TOKENS = 12
"""Tokens of a text that are read: more could not be told apart from the last row."""
WIDTHS, TRAINED = (4, 6, 8, 16), (500, 2000)
"""Of the head; and steps after which the trainings of the page are looked at."""
SEEDS = (0, 1)
KEYS, VALUES, PAIRS = 32, 32, 8
"""Cards to draw from, books, and pairs that stand in the dictionary at one time."""
_APART = 1e-2
"""Weights that differ by more are not those of a softmax; half precision makes less."""
_STEPS, _BATCH, _RATE, _TRIED = 400, 128, 1e-2, 2000
"""Of a training that goes as far as it can."""
_SLOW, _SMALL = 1e-3, 64
"""Rate and batch of the trainings of the page, which are seen on their way."""


class Dictionary(nn.Module):
    """Pairs of a key and a value, and keys that are asked for: one head looks them up.

    A pair is the sum of two embeddings, so that what is matched and what is handed over lie in one vector: only projections can part them.
    The head is a softmax, or any other `attention` of the toys.
    """

    def __init__(self, d_k: int, tied: bool, width: int = 64, attention: str = "softmax") -> None:
        super().__init__()
        self.keys, self.asked, self.values = nn.Embedding(KEYS, width), nn.Embedding(KEYS, width), nn.Embedding(VALUES, width)
        config = ToyConfig(d_model=width, heads=1, d_k=d_k, tie_kv=tied, attention=attention, attn_implementation="sdpa")
        self.attention = ToyCrossAttention(config)
        self.read = nn.Linear(width, VALUES)

    def forward(self, keys: Tensor, values: Tensor, asked: Tensor) -> Tensor:
        """Logits of the value of each key that is asked for, (batch, asked, VALUES); all are (batch, pairs)."""
        return self.read(self.attention(self.asked(asked), None, self.keys(keys) + self.values(values))[0])


def draw(n: int, generator: torch.Generator, pairs: int = PAIRS) -> tuple[Tensor, Tensor]:
    """n dictionaries of different keys, (n, pairs) each: keys and values."""
    keys = torch.rand(n, KEYS, generator=generator).argsort(dim=1)[:, :pairs]
    return keys, torch.randint(VALUES, keys.shape, generator=generator)


def train(
    d_k: int,
    tied: bool,
    seed: int,
    report: Callable[[float], None] = lambda _share: None,
    steps: int = _STEPS,
    *,
    pairs: int = PAIRS,
    attention: str = "softmax",
) -> Dictionary:
    """A network that has learned to look up, or has not."""
    with seeded(seed):
        network = Dictionary(d_k, tied, attention=attention)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.0)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / 50) * (1 - step / steps)
        keys, values = draw(_BATCH, generator, pairs)
        loss = nn.functional.cross_entropy(network(keys, values, keys).flatten(0, 1), values.flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if step % 10 == 9:
            report((step + 1) / steps)
    return network


@torch.inference_mode()
def accuracy(network: Dictionary, seed: int = 99, pairs: int = PAIRS) -> float:
    """Share of right values, on dictionaries that no training drew."""
    keys, values = draw(_TRIED, torch.Generator().manual_seed(seed), pairs)
    return float((network(keys, values, keys).argmax(-1) == values).float().mean())


def on_the_way(d_k: int, tied: bool, seed: int, report: Callable[[float], None] = lambda _share: None) -> list[float]:
    """Share of right values after each number of steps of `TRAINED`."""
    with seeded(seed):
        network = Dictionary(d_k, tied)
    generator, found = torch.Generator().manual_seed(seed), []
    optimizer = torch.optim.Adam(network.parameters(), _SLOW)
    for step in range(1, TRAINED[-1] + 1):
        keys, values = draw(_SMALL, generator)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(keys, values, keys).flatten(0, 1), values.flatten()).backward()
        optimizer.step()
        if step in TRAINED:
            found.append(accuracy(network))
        if step % 20 == 0:
            report(step / TRAINED[-1])
    return found


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains with keys and values apart and tied, by width of the head; accuracies by seed after the first number of steps (`rows`) and after
    the last (`longer`)."""
    runs = [(d_k, tied, seed) for d_k in WIDTHS for tied in (False, True) for seed in SEEDS]
    made: dict[str, list] = {"rows": [], "longer": []}
    for i, (d_k, tied, seed) in enumerate(runs):
        shares = on_the_way(d_k, tied, seed, lambda share, i=i: report((i + share) / len(runs)))
        for name, share in zip(made, shares, strict=True):
            made[name].append([d_k, int(tied), seed, round(share, 4)])
    return made


def compute(
    models: Models,
    query: int = 5,
    head: int = 1,
    layer: int = 0,
    width: int = 4,
    steps: int = 500,
    text: str = TEXT,
    model: str = "all-MiniLM-L6-v2",
) -> Result:
    """Follows one query token of one head, from its query to its output.

    Args:
        models: opens models.
        query: token that looks, its number in the text; the last one where a text is shorter.
        head: of the layer, and
        layer: from 0, of the first part of the model; the last one there is, where it has fewer.
        width: of the head in the trainings.
        steps: of the trainings, one of `TRAINED`.
        text: what is read, cut at 12 tokens.
        model: that reads it.

    Raises:
        InputError: an empty text, a model that gives weights alone, or one whose weights are no softmax (sparsemax, linear attention).
    """
    opened = models(model)
    captured = capture(opened, text, max_tokens=TOKENS)
    labels = captured.queries().labels
    query, layer = min(query, len(labels) - 1), min(layer, len(captured.sites()) - 1)
    head = min(head, captured.site(layer).heads - 1)
    each = [captured.neurons(layer, head, query, key) for key in range(len(labels))]
    seen, v = captured.visible(layer)[query], captured.record(layer).value[0, head // captured.record(layer).group].double().numpy()
    # What a model adds for the distance of two tokens, and its mask, come on top of the product.
    products = [one.scale * sum(float(a) * float(b) for a, b in zip(one.query, one.key, strict=True)) for one in each]
    added = np.array([one.added if ok else -np.inf for one, ok in zip(each, seen, strict=True)])
    scores = np.where(seen, np.array(products) + np.where(seen, added, 0), np.nan)
    weights = softmax(np.where(seen, scores, -np.inf))
    if np.abs(weights - captured.pattern(layer, head)[query]).max() > _APART:
        raise InputError(told("The weights of {model} are not the softmax of its scores.", model=opened.name), told("Choose another model."))
    parts = weights[:, None] * v
    output = parts.sum(axis=0)
    mask = torch.tensor(added, dtype=torch.float32)[None]
    own = fused(captured, layer, head, mask, slice(query, query + 1))[0]
    best = int(weights.argmax())
    trained = {(d_k, bool(tied)): [] for d_k in WIDTHS for tied in (0, 1)}
    for d_k, tied, _seed, share in shipped.read("q02_projections").data["rows" if steps == TRAINED[0] else "longer"]:
        trained[d_k, bool(tied)].append(share)
    mean = {key: float(np.mean(shares)) for key, shares in trained.items()}
    narrow, wide = min(WIDTHS), max(WIDTHS)
    measures = (
        Measure("deviation", float(np.abs(output - own).max()), 0, tolerance=1e-5, format=".1e"),
        Measure("best", weights[best], 1 / int(seen.sum()), "at least", format=".1%"),
        Measure("sum", weights.sum(), 1, tolerance=1e-9, format=".4f"),
        Measure("untied", mean[width, False], 0.9, "above", format=".1%"),
        Measure("tied", mean[width, True], format=".1%"),
        Measure("narrow_gap", _gap(mean, narrow), 0.05, "above", format=".1%"),
        Measure("wide_gap", _gap(mean, wide), 0, tolerance=0.05, format=".1%"),
    )
    said = {
        "token": labels[query],
        "card": labels[best],
        "width": str(width),
        "steps": f"{steps:,}",
        "narrow": str(narrow),
        "wide": str(wide),
        "chance": f"{1 / VALUES:.0%}",
        "model": opened.name,
    }
    data = {
        "scores": scores,
        "weights": weights,
        "parts": parts,
        "output": output,
        "labels": labels,
        "query": query,
        "seen": seen,
        "trained": mean,
        "width": width,
    }
    return Result(measures, data, said, picks="query")


def _gap(mean: Mapping[tuple[int, bool], float], width: int) -> float:
    # In tenths of a percent, as it is written; and never a zero with a minus.
    return round(mean[width, False] - mean[width, True], 3) + 0.0


def right(result: Result) -> str:
    """The option that the trainings speak for: by the gap in the narrowest head and in the widest."""
    narrow, wide = result["narrow_gap"], result["wide_gap"]
    if max(abs(narrow), abs(wide)) < 0.05:
        return "B"
    if min(narrow, wide) > 0.05:
        return "A"
    return "C" if narrow > 0.05 else "D"


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, size = result.data, SIZES[3]
    labels = data["labels"]
    spread = np.nanmax(np.abs(data["scores"])) or 1.0
    steps = np.stack([data["scores"] / spread, data["weights"]], axis=1)
    texts = [words.label("score"), words.label("weight")]
    summed = np.vstack([data["parts"], data["output"]])
    return [
        grid(
            steps,
            labels,
            texts,
            words.label("asks").format(token=labels[data["query"]]),
            signed=True,
            top=1,
            numbers=np.stack([data["scores"], data["weights"]], axis=1),
            visible=np.stack([data["seen"]] * 2, axis=1),
            marked=[(int(data["weights"].argmax()), 1)],
            picks=True,
            written=True,
            size=size,
            dark=dark,
        ),
        grid(
            summed,
            [*labels, words.label("sum.row")],
            [""] * summed.shape[1],
            words.label("parts"),
            visible=np.repeat([*data["seen"], True], summed.shape[1]).reshape(summed.shape),
            signed=True,
            written=False,
            size=size,
            dark=dark,
        ),
        _trained(result, words, size, dark),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return [_trained(result, words, SIZES[1], dark)]


def _trained(result: Result, words: Words, size: tuple[int, int], dark: bool) -> Picture:
    shares = result.data["trained"]
    return bars(
        [str(d_k) for d_k, _tied in shares],
        [100 * share for share in shares.values()],
        words.label("trained"),
        words.label("accuracy"),
        of=[words.label("apart") if not tied else words.label("one") for _d_k, tied in shares],
        series=[words.label("apart"), words.label("one")],
        marked=[i for i, (d_k, _tied) in enumerate(shares) if d_k == result.data["width"]],
        ends=(0, 100),
        written=size == SIZES[1],
        format=".0f",
        size=size,
        dark=dark,
    )


DEMO = Demo(
    id="Q2",
    module="q02_projections",
    chapter=1,
    compute=compute,
    pictures=pictures,
    right=right,
    door=Door("attention", carried={"model": "model", "text": "text", "layer": "layer", "head": "head", "query": "q"}),
    controls=(
        Control("query", tuple(range(TOKENS)), 5, main=True),
        Control("text"),
        Control("model", (MODEL, "bert-mini", "gpt2-mini"), MODEL, model=True),
        Control("layer", (0, 1, 2, 3, 4, 5), 0),
        Control("head", tuple(range(12)), 1),
        Control("width", WIDTHS, 4),
        Control("steps", TRAINED, 500),
    ),
    make=make,
    more=more,
    source=N_("Vaswani et al. 2017, section 3.2; Luong et al. 2015 (one vector for keys and values, queries from elsewhere)"),
)
