"""Q4: what a layer costs, term by term; where n squared overtakes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, lines, whole
from explorer.i18n import N_
from explorer.lectures import linear, shipped
from explorer.lectures.clock import shortest
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Value, positive
from explorer.lectures.words import Words
from explorer.lectures.work import (
    GPT2_SMALL,
    PAIRS,
    TERMS,
    Shape,
    counted,
    counted_in,
    crossing,
    intensity_of_projections,
    intensity_of_scores,
    multiply_adds,
    shape_of_network,
)
from models import InputError, load
from models.words import told

LENGTHS = tuple(2**i for i in range(6, 21))
"""Tokens, 64 to 1,048,576."""
BYTES = {"float32": 4, "float16": 2, "int8": 1}
TIMED = tuple(2**i for i in range(6, 13))
"""Lengths at which a layer is timed."""
WAYS = ("pairs", "window", "linear")
"""What is asked for its work when the text gets twice as long: all pairs; a few keys for each token; and linear attention."""
KEPT, STORED, WIDTH = 8, 32, 8
"""Where it is said what the cheaper ways lose: keys that a token keeps; pairs that toys were trained to look up, by heads of that width."""
_FITTED = 512
"""Lengths from here on count for the exponent: shorter ones are over before the machine has got going."""
_UNITS = ("", "K", "M", "G", "T", "P", "E")


SHAPES = {
    "gpt2-small": GPT2_SMALL,
    "gpt3": Shape(12288, 96, 96, 4 * 12288),
    "long": Shape(4096, 32, 32, 4 * 4096),
}
"""Published shapes (Radford et al. 2019, Brown et al. 2020), and one as is common for long contexts."""
_TYPED = re.compile(r"(\d{1,6})x(\d{1,4})x(\d{1,4})")


def compute(models: Models, n: int = 1024, shape: str = "gpt2-small", dtype: str = "float16", ridge: str = "150") -> Result:
    """Counts the work of a layer.

    Args:
        models: opens a model whose shape is asked for.
        n: tokens.
        shape: one of `SHAPES`, the name of a model, or any other as "WIDTHxHEADSxLAYERS".
        dtype: of activations and weights, one of `BYTES`.
        ridge: operations that the machine does while it moves a byte.

    Raises:
        InputError: a shape that does not exist, or a ridge that is no number.
    """
    of, size = shape_of(models, shape), BYTES[dtype]
    found = counted(n, of)
    linear_part, pairs = found["projections"] + found["output"], found["scores"] + found["weighted"]
    maps = torch.empty(of.heads, n, n, dtype=getattr(torch, dtype), device="meta")
    kept = shipped.read("q04_cost").data
    timed = pd.DataFrame(kept["times"], columns=["n", "linear", "pairs"])
    long = timed[timed["n"] >= _FITTED]
    measures = (
        Measure("four", linear_part, 4 * n * of.d**2, format=",d"),
        Measure("pairs", pairs, 2 * n**2 * of.d, format=",d"),
        Measure("ffn", found["ffn"], 2 * n * of.d * of.ffn, format=",d"),
        Measure("share", pairs / (pairs + linear_part + found["ffn"]), n / (n + 2 * of.d + of.ffn), tolerance=1e-12, format=".1%"),
        Measure("crossing", crossing(of), 2 * of.d, format=",d"),
        Measure("crossing_ffn", crossing(of, ["ffn"]), of.ffn, format=",d"),
        Measure("crossing_all", crossing(of, ["projections", "output", "ffn"]), 2 * of.d + of.ffn, format=",d"),
        # The masked half without its diagonal: n (n + 1) / 2 pairs are left, and the crossing comes one token before twice the length.
        Measure("crossing_causal", crossing(of, causal=True), 4 * of.d, tolerance=1, format=",d"),
        Measure("bytes", maps.nbytes, of.heads * n**2 * size, format=",d"),
        Measure("exponent", exponent(long["n"], long["pairs"]), 1.5, "above", format=".2f"),
        *(Measure(f"double_{way}", factor, 4 if way == "pairs" else 2, format=".0f") for way, factor in doubled(n, of).items()),
        *(Measure(f"lost_{way}", value, 0, "above", format=format) for way, (value, format) in lost().items()),
    )
    largest = max(found["ffn"], linear_part, pairs)
    said = {
        "n": f"{n:,}",
        "d": f"{of.d:,}",
        "heads": str(of.heads),
        "mib": f"{maps.nbytes / 2**20:,.4g}",
        "ffn_g": written(found["ffn"]),
        "four_g": written(linear_part),
        "pairs_g": written(pairs),
        "times": f"{largest / pairs:.3g}",
    }
    data = {
        "n": n,
        "shape": of,
        "doubled": doubled(n, of),
        "counted": found,
        "bytes": size,
        "ridge": _ridge(ridge),
        "timed": timed,
        "width": kept["d"],
    }
    return Result(measures, data, said)


def shape_of(models: Models, name: str) -> Shape:
    """The shape behind a name. Raises InputError."""
    if name in SHAPES:
        return SHAPES[name]
    if typed := _TYPED.fullmatch(name):
        d, heads, layers = map(int, typed.groups())
        if min(d, heads, layers) < 1 or d % heads:
            raise InputError(told("{name} is no shape.", name=name), told("Write WIDTHxHEADSxLAYERS, such as 768x12x12; heads divide the width."))
        return Shape(d, heads, layers, 4 * d)
    opened = models(name)
    return shape_of_network(opened.network, opened.sites[0].heads, len(opened.sites))


def doubled(n: int, of: Shape) -> dict[str, float]:
    """By how much the work of scores and weighted sum grows when n doubles, for each of `WAYS`, counted by torch on empty tensors."""

    def work(way: str, n: int) -> int:
        d_k = of.d // of.heads
        if way == "window":
            query, kept = torch.empty(n, 1, d_k, device="meta"), torch.empty(n, KEPT, d_k, device="meta")
            return counted_in(lambda: (query @ kept.mT) @ kept)
        return linear.cost("pairs" if way == "pairs" else "state", n, d_k)

    return {way: work(way, 2 * n) / work(way, n) for way in WAYS}


def lost() -> dict[str, tuple[float, str]]:
    """What the cheaper ways lose, measured in other demos, and how it is written.

    window: by how much the loss of gpt2-mini rises where each token keeps its nearest keys and the first ones alone (Q22b).
    linear: the share of lookups that toys with linear attention get wrong more often than such with softmax, trained alike (Q22).
    """
    sparse, found = shipped.read("q22b_sparse").data["gpt2-mini"], linear.trained(shipped.read("q22_linear").data["trained"])
    (loss,) = [loss for name, keys, _score, loss in sparse["imposed"] if (name, keys) == ("sinks", KEPT)]
    return {"window": (loss - sparse["full"][1], "+.2f"), "linear": (found["softmax", WIDTH][STORED] - found["linear", WIDTH][STORED], ".0%")}


def exponent(n: Sequence[float], seconds: Sequence[float]) -> float:
    """The slope of a line through the logarithms."""
    return float(np.polyfit(np.log(n), np.log(seconds), 1)[0])


def written(value: float) -> str:
    """A count with three digits and a prefix, such as 4.83 G."""
    power = min(max(0, (len(str(int(value))) - 1) // 3), len(_UNITS) - 1)
    return f"{value / 1000**power:.3g} {_UNITS[power]}".strip()


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Times the first layer of gpt2-mini, its own weights, on as many tokens as are asked for."""
    network = load("gpt2-mini", "cpu").network
    block, heads = network.transformer.h[0], network.config.n_head
    random = torch.Generator().manual_seed(4)
    rows, total = [], sum(n**2 for n in TIMED)
    done = 0
    with torch.inference_mode():
        for n in TIMED:
            states = network.transformer.wte(torch.randint(network.config.vocab_size, (1, n), generator=random))
            of_linear, of_pairs = _timed(block, states, heads)
            rows.append([n, float(f"{of_linear:.4g}"), float(f"{of_pairs:.4g}")])
            done += n**2
            report(done / total)
    return {"d": network.config.n_embd, "heads": heads, "times": rows}


def _timed(block: torch.nn.Module, states: torch.Tensor, heads: int) -> tuple[float, float]:
    """Seconds of projections and FFN, and of scores, softmax and weighted sum, one head after the other; the shortest of five each."""

    query, key, value = (part.unflatten(-1, (heads, -1))[0].transpose(0, 1).contiguous() for part in block.attn.c_attn(states).chunk(3, dim=-1))

    def pairs() -> None:
        for q, k, v in zip(query, key, value, strict=True):
            (q @ k.T * q.shape[-1] ** -0.5).softmax(-1) @ v

    def each() -> None:
        block.attn.c_attn(states), block.attn.c_proj(states), block.mlp(states)

    return shortest(each), shortest(pairs)


def _ridge(word: str) -> float:
    return positive(word, InputError(told("{word} is no number of operations for a byte.", word=word), told("Write one such as 150.")))


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    n, of, found = result.data["n"], result.data["shape"], result.data["counted"]
    # What grows with n at the left, what grows with its square at the right.
    terms = [term for term in TERMS if term not in PAIRS] + list(PAIRS)
    rows = []
    for length in (2**i for i in range(4, 22)):
        cost = multiply_adds(length, of)
        parts = {"four": cost["projections"] + cost["output"], "pairs": cost["scores"] + cost["weighted"], "ffn": cost["ffn"]}
        rows += [(length, value, words.label(f"line.{name}")) for name, value in parts.items()]
    return [
        whole(
            [words.label(f"term.{term}") for term in terms],
            [found[term] for term in terms],
            [words.label("square" if term in PAIRS else "linear") for term in terms],
            words.label("terms").format(n=f"{n:,}", total=written(sum(found.values()))),
            words.label("part"),
            size=SIZES[2],
            dark=dark,
        ),
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("growth"),
            words.label("n"),
            words.label("multiply_adds"),
            series=[words.label(f"line.{name}") for name in ("four", "pairs", "ffn")],
            log_x=True,
            log_y=True,
            rules=[n],
            points=False,
            format="~s",
            size=SIZES[2],
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    timed, of, size = result.data["timed"], result.data["shape"], result.data["bytes"]
    d = result.data["width"]
    small = Shape(d, 1, 1, 4 * d)
    costs = [multiply_adds(int(n), small) for n in timed["n"]]
    each = np.array([cost["projections"] + cost["output"] + cost["ffn"] for cost in costs], float)
    both = np.array([cost["scores"] + cost["weighted"] for cost in costs], float)
    rate = float(np.median(each / timed["linear"]))
    series = {"measured.linear": timed["linear"], "measured.pairs": timed["pairs"], "expected.linear": each / rate, "expected.pairs": both / rate}
    times = [(n, seconds, words.label(name)) for name, values in series.items() for n, seconds in zip(timed["n"], values, strict=True)]
    intensities = []
    for n in (2**i for i in range(15)):
        intensities += [
            (n, intensity_of_projections(n, of, size), words.label("line.four")),
            (n, intensity_of_scores(n, of, size), words.label("qk")),
            (n, result.data["ridge"], words.label("ridge")),
        ]
    # Names in one row are wider than a third of a window: a picture is made small then, letters and all.
    how = {"log_x": True, "log_y": True, "size": SIZES[3], "dark": dark, "legend_columns": 2}
    grown, less = result.data["doubled"], lost()
    said = [[f"×{grown[way]:.0f}", f"{less[way][0]:{less[way][1]}}" if way in less else "0"] for way in WAYS]
    return [
        lines(
            pd.DataFrame(times, columns=["x", "y", "series"]),
            words.label("timed").format(d=d),
            words.label("n"),
            words.label("seconds"),
            series=[words.label(name) for name in series],
            base=2,
            ticks=(100, 1000),
            format=".0e",
            **how,
        ),
        lines(
            pd.DataFrame(intensities, columns=["x", "y", "series"]),
            words.label("intensity"),
            words.label("n"),
            words.label("operations"),
            series=[words.label("line.four"), words.label("qk"), words.label("ridge")],
            points=False,
            **how,
        ),
        grid(
            np.array([[grown[way], 0] for way in WAYS]),
            [words.label(f"way.{way}") for way in WAYS],
            [words.label("work"), words.label("lost")],
            words.label("doubling"),
            numbers=np.array([[grown[way], less[way][0] if way in less else 0] for way in WAYS]),
            said=np.array(said),
            top=8,
            written=True,
            size=SIZES[3],
            dark=dark,
        ),
    ]


def _door(chosen: Mapping[str, Value]) -> Mapping[str, str]:
    """The model whose shape is looked at; one of gpt2-mini's kind where it is a shape without a model."""
    shape = str(chosen["shape"])
    return {"model": "gpt2-mini" if shape in SHAPES or _TYPED.fullmatch(shape) else shape}


DEMO = Demo(
    id="Q4",
    module="q04_cost",
    chapter=1,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("attention", translated=_door),
    controls=(
        Control("n", LENGTHS, 1024, main=True),
        Control("shape", tuple(SHAPES), "gpt2-small", model=True, free=True),
        Control("dtype", tuple(BYTES), "float16"),
        Control("ridge"),
    ),
    make=make,
    more=more,
    source=N_("Vaswani et al. 2017, table 1; Williams et al. 2009 (roofline)"),
)
