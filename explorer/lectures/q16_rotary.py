"""Q16: RoPE turns queries and keys, ALiBi lowers scores by distance; two independent proposals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, dials, grid, lines
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Value
from explorer.lectures.words import Words
from explorer.positions import order
from explorer.reading import encode, inputs
from explorer.tasks import data as texts
from models import Model, attention
from models.opening import sites
from models.toy import ToyModel, tasks
from models.toy.positions import distances, rotated, rotation, slopes, visible
from models.training.settings import Settings
from models.training.toy import Training, configure

VIEWS = ("alibi.1", "alibi.4", "alibi.8", "slopes", "where", "read")
D_K, PAIR, PLACES, FAR, HEADS = 64, 8, 16, 64, 8
"""Width of query and key; the pair on the dial; positions that are drawn, and that are measured; heads of ALiBi."""
SCHEMES = ("sinusoidal", "learned", "rope", "alibi")
PARTS = ("input", "query", "key", "value", "bias")
_SEED = 16
_WINDOW, _TRAINED = 32, 0.7


def compute(models: Models, m: int = 9, n: int = 3, conjugate: str = "yes", view: str = "alibi.1") -> Result:
    """Turns one query and one key to all positions.

    Args:
        models: opens models.
        m: position of the query that is shown; n: of the key.
        conjugate: "yes" as RoPE has it, q times the conjugate of k; "no" for the product as it is often written.
        view: what is drawn of ALiBi, or of both.
    """
    query, key = drawn()
    same = torch.zeros(1, FAR, dtype=torch.long)  # one token again and again: what differs is its position
    right, wrong = score_map(query, key, True), score_map(query, key, False)
    bias = _first_call(_toy("alibi"), same).bias[0].numpy()
    of_heads = bias[:, 0, 0] - bias[:, 0, 1]  # what one step of distance costs, by head
    expected = 2.0 ** (-8 * np.arange(1, HEADS + 1) / HEADS)
    seen = int(visible(1024, "all", 0, True).sum())
    measures = (
        Measure("deviation", spread(right, 1), 0, tolerance=1e-5, format=".1e"),
        Measure("toy", spread(_first_call(_toy("rope"), same).scores(0).numpy(), 1), 0, tolerance=1e-5, format=".1e"),
        Measure("without", spread(wrong, 1), 0.1, "above", format=".2f"),
        Measure("sum", spread(wrong, -1), 0, tolerance=1e-5, format=".1e"),
        Measure("slopes", float(np.abs(of_heads - expected).max()), 0, tolerance=1e-7, format=".1e"),
        Measure("first", of_heads[0], 1 / 2, tolerance=1e-7),
        Measure("last", of_heads[-1], 1 / 256, tolerance=1e-7, format=".4f"),
        Measure("additions", 12 * 12 * seen, 12 * 12 * 1024 * 1025 / 2, format=",.0f"),
    )
    data = {"m": m, "n": n, "view": view, "map": (right if conjugate == "yes" else wrong)[:PLACES, :PLACES], "hands": hands(query, key, m, n)}
    if view == "where":
        data["where"] = where()
    elif view == "read":
        data["read"] = read_out(models("gpt2-mini"))
        measures += (Measure("r2_first", data["read"][0], format=".2f"), Measure("r2_last", data["read"][-1], format=".2f"))
    return Result(measures, data, {"m": str(m), "n": str(n), "score": f"{data['map'][m, n]:.3f}"})


def drawn() -> tuple[Tensor, Tensor]:
    """A query and a key that is much like it, (d_k,) each, both of length 1."""
    random = torch.Generator().manual_seed(_SEED)
    query, noise = torch.randn(2, D_K, generator=random)
    return tuple(torch.nn.functional.normalize(t, dim=0) for t in (query, query + 0.4 * noise))


def score_map(query: Tensor, key: Tensor, conjugate: bool) -> np.ndarray:
    """Scores of a query at each position with a key at each, (positions, positions). With pairs as complex numbers the score is the
    real part of the sum of q times the conjugate of k; without the conjugate the second number of each pair counts the other way."""
    turned = rotation(FAR, D_K)
    queries, keys = (rotated(t.expand(FAR, -1), *turned) for t in (query, key))
    if not conjugate:
        keys = keys * torch.tensor([1.0, -1.0]).repeat(D_K // 2)
    return (queries @ keys.T).numpy()


def spread(scores: np.ndarray, along: int) -> float:
    """Largest distance between two scores of equal m - n (along 1) or of equal m + n (along -1)."""
    scores = scores if along == 1 else scores[:, ::-1]
    return max(float(np.ptp(np.diagonal(scores, offset))) for offset in range(1 - len(scores), len(scores)))


def hands(query: Tensor, key: Tensor, m: int, n: int) -> list[float]:
    """Angles of one pair: query and key as they are, and turned."""
    cosines, sines = rotation(FAR, D_K)
    made = []
    for turned in (False, True):
        for vector, at in ((query, m), (key, n)):
            at = at if turned else 0
            a, b = rotated(vector, cosines[at], sines[at])[2 * PAIR : 2 * PAIR + 2].tolist()
            made.append(math.atan2(b, a))
    return made


def where() -> np.ndarray:
    """How much each scheme changes at each place of the first layer of a toy, (schemes, parts): largest difference with and without."""
    rows = []
    for scheme in SCHEMES:
        model = order.toy(scheme)
        networks = (model.network, order.without_positions(model))
        ids = torch.arange(5)[None]
        with torch.inference_mode():
            made = [
                [network.transformer.embedding(ids), (call := _first_call(network, ids)).query, call.key, call.value, call.bias]
                for network in networks
            ]
        rows.append([_apart(*both) for both in zip(*made, strict=True)])
    return np.array(rows)


def _apart(one: Tensor | None, other: Tensor | None) -> float:
    found = [0.0 if t is None else t for t in (one, other)]
    return float(abs(found[0] - found[1]).max()) if one is not None or other is not None else 0.0


def read_out(model: Model) -> list[float]:
    """R^2 with which the position is read from the residual stream by a linear map, after the embeddings and after each layer.

    Windows over a story, so that each token stands at many positions; the map is fitted on its first part and tried on the rest.
    """
    ids = torch.tensor(encode(model, "\n".join(example.text for example in texts.passage().examples)).ids)
    cut = int(len(ids) * _TRAINED)
    parts = [part.unfold(0, _WINDOW, step) for part, step in ((ids[:cut], 6), (ids[cut:], 6))]
    with model.lock, torch.inference_mode():
        given = [sites.inputs_for(model.network, **inputs(part)) for part in parts]
        passed = [model.network.base_model(**one, output_hidden_states=True).hidden_states for one in given]
    return [_r2(*(layer.flatten(0, 1).double().numpy() for layer in both)) for both in zip(*passed, strict=True)]


def _r2(fitted: np.ndarray, tried: np.ndarray) -> float:
    target = [np.tile(np.arange(_WINDOW), len(rows) // _WINDOW) for rows in (fitted, tried)]
    mean, scale = fitted.mean(axis=0), fitted.std(axis=0) + 1e-9
    a, b = (((rows - mean) / scale) for rows in (fitted, tried))
    middle = target[0].mean()
    weights = np.linalg.solve(a.T @ a + 10 * np.eye(a.shape[1]), a.T @ (target[0] - middle))
    left = target[1] - middle - b @ weights
    return float(1 - (left**2).sum() / ((target[1] - target[1].mean()) ** 2).sum())


@cache
def _toy(positions: str) -> ToyModel:
    """An untrained bidirectional network of one layer."""
    task = tasks.make("order")
    config = configure(task, positions=positions, layers=1, heads=HEADS, d_model=64, init_std=0.2, tie_embeddings=False)
    return Training(task, config, Settings(seed=_SEED)).model().network


def _first_call(network: ToyModel, ids: Tensor) -> attention.Record:
    """The first attention of a toy."""
    with attention.attending() as attended, torch.inference_mode():
        network(ids)
    return attended.records[0]


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    m, n = data["m"], data["n"]
    places = [str(at) if at % 5 == 0 else "" for at in range(PLACES)]
    dial = dials(
        [data["hands"]],
        [words.label("dial_name").format(m=m, n=n)],
        words.label("dial"),
        series=[words.label("q"), words.label("k")] * 2,
        faint=[0, 1],
        columns=1,
        size=SIZES[3],
        dark=dark,
    )
    title, axes = words.label("map").format(score=result.said["score"]), {"x": words.label("key_at"), "y": words.label("query_at")}
    scores = grid(data["map"], places, places, title, **axes, signed=True, marked=[(m, n)], written=False, size=SIZES[3], dark=dark)
    return [dial, scores, _VIEWS[data["view"].partition(".")[0]](data, words, dark)]


def _alibi(data: Mapping, words: Words, dark: bool) -> Picture:
    head = int(data["view"].partition(".")[2])
    slope = float(slopes(HEADS)[head - 1])
    places = [str(at) if at % 5 == 0 else "" for at in range(PLACES)]
    bias = (slope * distances(PLACES)).numpy()
    taken = slope * (data["m"] - data["n"])
    title = words.label("alibi").format(head=head, bias=f"{-abs(taken):.3g}")
    axes = {"x": words.label("key_at"), "y": words.label("query_at")}
    at = [(data["m"], data["n"])]
    return grid(bias, places, places, title, **axes, signed=True, top=7.5, marked=at, written=False, size=SIZES[3], dark=dark)


def _slopes(data: Mapping, words: Words, dark: bool) -> Picture:
    values = slopes(HEADS).numpy()
    names = [f"1/{1 / value:.0f}" for value in values]
    return bars(names, values, words.label("slopes_title"), words.label("slope"), format=".2~g", across=True, size=SIZES[3], dark=dark)


def _where(data: Mapping, words: Words, dark: bool) -> Picture:
    rows, columns = [words.label(f"scheme.{scheme}") for scheme in SCHEMES], [words.label(f"part.{part}") for part in PARTS]
    changed = (data["where"] > 1e-6).astype(float)
    return grid(changed, rows, columns, words.label("where"), top=1.4, written=False, size=(245, SIZES[3][1]), dark=dark)


def _read(data: Mapping, words: Words, dark: bool) -> Picture:
    table = pd.DataFrame({"x": range(len(data["read"])), "y": data["read"]})
    return lines(
        table, words.label("read"), words.label("layer"), "R²", ticks=list(range(len(data["read"]))), ends=(0, 1), size=SIZES[3], dark=dark
    )


_VIEWS = {"alibi": _alibi, "slopes": _slopes, "where": _where, "read": _read}


def _door(chosen: Mapping[str, Value]) -> Mapping[str, str]:
    view = str(chosen["view"])
    return {"positions": "where" if view == "where" else "alibi" if view.startswith(("alibi", "slopes")) else "rope"}


DEMO = Demo(
    id="Q16",
    module="q16_rotary",
    chapter=3,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("positions", translated=_door),
    controls=(
        Control("m", tuple(range(PLACES)), 9, main=True),
        Control("n", tuple(range(PLACES)), 3),
        Control("conjugate", ("yes", "no"), "yes"),
        Control("view", VIEWS, "alibi.1"),
    ),
    source="Su et al. 2021; Press et al. 2021",
)
