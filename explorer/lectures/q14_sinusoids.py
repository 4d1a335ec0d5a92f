"""Q14: a sinusoidal position code is a set of clock hands of different speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, cloud, dials, globe, grid, lines, points
from explorer.i18n import N_
from explorer.lectures import geometry
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Value
from explorer.lectures.words import Words
from explorer.positions import extrapolation, tables
from models.toy import ToyConfig, ToyModel
from models.toy.positions import sinusoids

D_MODEL, POSITIONS = 512, 1000
VIEWS = ("similarity", "alike", "matrix", "turn", "wavelengths", "globe", "pca", "space")
_CLOCKS = np.array([0, 20, 40, 60, 80, 110, 150, D_MODEL // 2 - 1])
"""Pairs that have a dial: the fastest, the slowest, and more of those that are seen to move."""
_EAST, _NORTH = 60, 110
"""Pairs, both with a dial, that are read as longitude and latitude."""
_NEAR, _ROWS, _COLUMNS, _BLOCKS = 0.01, 24, 48, 5
"""Radians within which two hands are taken for the same; size of the matrix that is drawn; pairs of the rotation that are drawn."""
_OFFSETS, _CLOUD, _ALIKE = 120, 128, 48
"""Offsets, positions of the clouds, and positions that are held against each other."""


def compute(models: Models, pos: int = 4, k: int = 5, view: str = "similarity", table: str = "sinusoids") -> Result:
    """The table in float64, and what is said of it.

    Args:
        models: opens models.
        pos: position that the hands show.
        k: how much further the second hands are.
        view: what is drawn beside the hands.
        table: "sinusoids", or a model whose learned positions are drawn in their place.
    """
    code = sinusoids(POSITIONS + k, D_MODEL, dtype=torch.float64).numpy()
    hands = np.arctan2(code[:, 0::2], code[:, 1::2])  # (position, pair), radians
    model = models("gpt2-mini" if table == "sinusoids" else table)
    learned = tables.learned(model)
    weight = model.network.get_submodule(learned.name).weight
    dots = np.einsum("pd,pd->p", code[:POSITIONS], code[k : POSITIONS + k])
    same = _turned(hands[1:POSITIONS]) < _NEAR  # as the hands of position 0, which all stand at 12
    trained = extrapolation.shipped()
    accuracy = trained.summary("accuracy").query("length == @trained.trained").set_index("scheme")["mean"]
    measures = (
        Measure("deviation", float(np.abs(code[:POSITIONS] @ turn(k).T - code[k : POSITIONS + k]).max()), 0, tolerance=1e-11, format=".1e"),
        Measure("offset", float(np.ptp(dots)), 0, tolerance=1e-10, format=".1e"),
        Measure("fastest", 2 * np.pi / hands[1, 0], 2 * np.pi, tolerance=1e-9, format=",.3f"),
        Measure("slowest", 2 * np.pi / hands[1, -1], 2 * np.pi * 10000 ** ((D_MODEL - 2) / D_MODEL), tolerance=0.01, format=",.0f"),
        Measure("one_hand", int(same[:, 0].sum()), 3, format="d"),
        Measure("all_hands", int(same.all(axis=1).sum()), 0, format="d"),
        Measure("rise", first_rise(likeness(code[:POSITIONS])), 43, format="d"),
        Measure("parameters", without_table("sinusoidal"), 0, format=",d"),
        Measure("learned", weight.numel(), model.network.config.max_position_embeddings * model.network.config.hidden_size, format=",d"),
        Measure("trained_sinusoidal", accuracy["sinusoidal"], 0.99, "at least", format=".1%"),
        Measure("trained_learned", accuracy["learned"], 0.99, "at least", format=".1%"),
    )
    data = {"hands": hands[[pos, pos + k]], "pos": pos, "k": k, "view": view, "table": table, "code": code}
    data["values"] = values = code[: len(learned.values)] if table == "sinusoids" else learned.values
    random = [] if table == "sinusoids" else [geometry.noise(values)]
    compared = [code[: len(values)], *([] if table == "sinusoids" else [values]), *random]
    if view == "similarity":
        data["by_offset"] = [by_offset(each) for each in compared]
    elif view == "alike":
        data["shown"] = geometry.window(pos, k, len(values), _ALIKE)
        data["cosine"] = tables.similarity(values[data["shown"]]).cosine
    elif view == "turn" and table != "sinusoids":
        data["explained"] = [geometry.explained(each) for each in compared]
    elif view == "wavelengths":
        data["periods"] = [] if table == "sinusoids" else [geometry.periods(values)]
    elif view == "globe":
        # As many positions as the hand of latitude needs for one turn: with more, their line would cover the map a second time.
        one_turn = round(2 * np.pi / hands[1, _NORTH])
        data["globe"] = geometry.window(pos, k, POSITIONS + k, one_turn)
        data["places"] = geometry.places(*(hands[:, pair] for pair in (_EAST, _NORTH)))
    elif view in ("pca", "space"):
        data["cloud"] = tables.pca(values[:_CLOUD], 3)[0]
    said = {
        "k": str(k),
        "model": model.name,
        **{f"same_{i}": str(1 + at) for i, at in enumerate(np.flatnonzero(same[:, 0]), 1)},
    }
    return Result(measures, data, said)


def likeness(code: np.ndarray) -> np.ndarray:
    """Cosine of each position's code with that of position 0, all of which are as long."""
    return code @ code[0] / (code.shape[1] / 2)


def first_rise(similarity: np.ndarray) -> int:
    """The first position after which the similarity goes up; 0 where it never does."""
    return int(np.argmax(np.diff(similarity) > 0))


def turn(k: int) -> np.ndarray:
    """R(k), (d_model, d_model): turns pair i by k w_i, whatever the position."""
    by = k * 10000 ** (-np.arange(0, D_MODEL, 2) / D_MODEL)
    made, even = np.zeros((D_MODEL, D_MODEL)), np.arange(0, D_MODEL, 2)
    made[even, even] = made[even + 1, even + 1] = np.cos(by)
    made[even, even + 1], made[even + 1, even] = np.sin(by), -np.sin(by)
    return made


def without_table(positions: str) -> int:
    """Parameters that positions of this kind add to a toy, counted from the modules."""
    with torch.device("meta"):
        both = [ToyModel(ToyConfig(positions=kind, d_model=D_MODEL)).num_parameters() for kind in (positions, "none")]
    return both[0] - both[1]


def _turned(angles: np.ndarray) -> np.ndarray:
    """Size of the smaller turn to 12 o'clock."""
    return np.abs(np.angle(np.exp(1j * angles)))


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    clocks = dials(
        data["hands"][:, _CLOCKS].T,
        [_length(pair) for pair in _CLOCKS],
        words.label("clocks").format(pos=data["pos"], later=data["pos"] + data["k"]),
        series=[words.label("now"), words.label("later")],
        faint=[1],
        size=SIZES[2],
        dark=dark,
    )
    return [clocks, _VIEWS[data["view"]](data, words, dark)]


def _length(pair: int) -> str:
    """Positions for one turn of a hand, as it stands below its dial."""
    length = 2 * np.pi * 10000 ** (2 * pair / D_MODEL)
    return f"{length:,.1f}" if length < 100 else f"{length:,.0f}"


def _title(data: dict, words: Words, name: str) -> str:
    table = data["table"]
    return f"{words.label(name)}: {words.label('table.sinusoids') if table == 'sinusoids' else table}"


def _series(data: dict, words: Words) -> list[str]:
    """Sinusoids; where a model is chosen, its table and one that nobody trained beside them."""
    return [words.label("table.sinusoids"), *([] if data["table"] == "sinusoids" else [data["table"], words.label("random")])]


def _similarity(data: dict, words: Words, dark: bool) -> Picture:
    names = _series(data, words)
    rows = [pd.DataFrame({"x": range(len(values)), "y": values, "series": n}) for n, values in zip(names, data["by_offset"], strict=True)]
    ends = (-0.4, 1.0) if len(names) > 1 else (0.0, 1.0)
    axes = (_title(data, words, "similarity"), words.label("offset_k"), words.label("cosine"))
    return lines(pd.concat(rows), *axes, series=names, rules=[data["k"]], points=False, ends=ends, size=SIZES[2], dark=dark)


def _alike(data: dict, words: Words, dark: bool) -> Picture:
    shown, pair = data["shown"], (data["pos"], data["pos"] + data["k"])
    names = [str(p) if p % 8 == 0 else "" for p in shown]
    marked = [(p - shown.start, q - shown.start) for p, q in dict.fromkeys([pair, pair[::-1]]) if p in shown and q in shown]
    # Square, as rows and columns are the same.
    size = (SIZES[2][1], SIZES[2][1])
    how = {"x": words.label("position"), "y": words.label("position"), "signed": True, "top": 1, "marked": marked}
    return grid(data["cosine"], names, names, _title(data, words, "alike"), **how, size=size, dark=dark)


def by_offset(values: np.ndarray) -> np.ndarray:
    """Mean cosine of rows that are 0, 1, 2 .. apart, over all rows."""
    cosine = tables.similarity(values).cosine
    return np.array([np.diagonal(cosine, offset).mean() for offset in range(min(_OFFSETS, len(values)))])


def _matrix(data: dict, words: Words, dark: bool) -> Picture:
    shown = data["values"][:_ROWS, :_COLUMNS]
    rows = [str(p) if p % 4 == 0 else "" for p in range(_ROWS)]
    columns = [str(c) if c % 8 == 0 else "" for c in range(_COLUMNS)]
    top = float(np.quantile(np.abs(shown), 0.99))
    return grid(
        shown,
        rows,
        columns,
        _title(data, words, "matrix"),
        x=words.label("dimension"),
        y=words.label("position"),
        signed=True,
        top=top,
        size=SIZES[2],
        dark=dark,
    )


def _rotation(data: dict, words: Words, dark: bool) -> Picture:
    if "explained" in data:
        return _one_matrix(data, words, dark)
    n = 2 * _BLOCKS
    names = [str(i) for i in range(n)]
    title = words.label("turn").format(k=data["k"])
    return grid(turn(data["k"])[:n, :n], names, names, title, signed=True, top=1, written=False, size=SIZES[2], dark=dark)


def _one_matrix(data: dict, words: Words, dark: bool) -> Picture:
    """A learned table has no R(k); how close the best matrix comes."""
    names = _series(data, words)
    rows = [pd.DataFrame({"x": found.keys(), "y": found.values(), "series": n}) for n, found in zip(names, data["explained"], strict=True)]
    axes = (_title(data, words, "one_matrix"), words.label("k"), words.label("explained"))
    return lines(pd.concat(rows), *axes, series=names, rules=[data["k"]], ends=(-0.2, 1.0), format="~p", size=SIZES[2], dark=dark)


def _wavelengths(data: dict, words: Words, dark: bool) -> Picture:
    names = _series(data, words)[:2]
    width = D_MODEL if len(names) == 1 else data["values"].shape[1]
    found = [2 * np.pi * 10000 ** (np.arange(width) // 2 * 2 / width), *data["periods"]]
    rows = [pd.DataFrame({"x": range(len(each)), "y": each, "series": name}) for name, each in zip(names, found, strict=True)]
    axes = (_title(data, words, "wavelengths" if len(names) == 1 else "periods"), words.label("dimension"), words.label("length"))
    return lines(pd.concat(rows), *axes, series=names, log_y=True, points=False, format="~s", size=SIZES[2], dark=dark)


def _globe(data: dict, words: Words, dark: bool) -> Picture:
    """Two hands as a place; and a place that only a second number, which positions do not have, could lead to."""
    places, here = data["places"], data["pos"]
    turns_apart = 180 * 10000 ** (2 * (_EAST - _NORTH) / D_MODEL)  # degrees of latitude in one turn of the hand of longitude
    series = [words.label(name) for name in ("now", "later", "alone")]
    at = [places[here], places[here + data["k"]], geometry.beside(places[here], turns_apart)]
    marked = pd.DataFrame(at, columns=["longitude", "latitude"]).assign(name=[str(here), str(here + data["k"]), ""], series=series)
    note = words.label("read_as").format(east=_length(_EAST), north=_length(_NORTH))
    shown = data["globe"]
    return globe(places[shown], marked, words.label("globe"), note, series=series, first=shown.start, size=SIZES[2], dark=dark)


def _pca(data: dict, words: Words, dark: bool) -> Picture:
    at = data["cloud"]
    line = pd.DataFrame({"x": at[:, 0], "y": at[:, 1], "name": _names(len(at)), "series": words.label("positions")})
    here = line.iloc[_shown(data)].assign(series=words.label("shown"))
    here["name"] = [str(p) for p in here.index]
    series = [words.label("positions"), words.label("shown")]
    axes = [words.label("component").format(i=i) for i in (1, 2)]
    return points(pd.concat([line, here]), _title(data, words, "pca"), *axes, series=series, joined=True, size=SIZES[2], dark=dark)


def _space(data: dict, words: Words, dark: bool) -> Picture:
    at, shown = data["cloud"], _shown(data)
    # No other number stands where those of the clocks do.
    names = ["" if any(abs(p - q) < 8 for q in shown) else name for p, name in enumerate(_names(len(at)))]
    return cloud(
        at,
        names,
        _title(data, words, "space"),
        words.label("turned"),
        [words.label("arm").format(i=i) for i in (1, 2, 3)],
        marked=shown,
        series=(words.label("positions"), words.label("shown")),
        size=SIZES[2],
        dark=dark,
    )


def _names(n: int) -> list[str]:
    return [str(p) if p % 32 == 0 else "" for p in range(n)]


def _shown(data: dict) -> list[int]:
    """The positions of the clocks that are in the cloud."""
    return [p for p in dict.fromkeys((data["pos"], data["pos"] + data["k"])) if p < len(data["cloud"])]


_VIEWS = {
    "similarity": _similarity,
    "alike": _alike,
    "matrix": _matrix,
    "turn": _rotation,
    "wavelengths": _wavelengths,
    "globe": _globe,
    "pca": _pca,
    "space": _space,
}


def _door(chosen: Mapping[str, Value]) -> Mapping[str, str]:
    table = str(chosen["table"])
    return {"positions": "sinusoidal"} if table == "sinusoids" else {"positions": "tables", "model": table}


DEMO = Demo(
    id="Q14",
    module="q14_sinusoids",
    chapter=3,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("positions", translated=_door),
    controls=(
        Control("pos", (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 44, 64, 100, 200, 333, 377, 500, 710), 4, main=True),
        Control("k", (0, 1, 2, 3, 5, 8, 13, 21, 34, 44), 5),
        Control("view", VIEWS, "similarity"),
        Control("table", ("sinusoids", "bert-mini", "gpt2-mini"), "sinusoids", model=True),
    ),
    source=N_("Vaswani et al. 2017, section 3.5"),
)
