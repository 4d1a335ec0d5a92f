"""Q22: attention without its softmax: regrouped, as a state that is carried along, and what it forgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, lines, texts
from explorer.i18n import N_
from explorer.lectures import q02_projections as dictionary
from explorer.lectures import shipped
from explorer.lectures.clock import shortest
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.linear import KINDS, STORED, cost, crossing, lookup, masked, recalls, recurrent, regrouped_deviation, trained, weights_of
from explorer.lectures.q04_cost import written
from explorer.lectures.words import Words
from models.attention.normalisers import linear_attention

WIDTHS = (16, 32, 64, 128)
VIEWS = ("lookup", "order", "state", "trained")
ESTIMATED = (16, 64, 256, 1024, 4096)
"""Random features of a Performer whose error is measured, on vectors of these lengths:"""
LENGTHS = (0.5, 1.0)
TRAINED = (2, 4, 8, 16, 32)
"""Pairs of the dictionaries that toys are trained on, by heads of these widths:"""
HEADS = (8, 16)
TIMED = tuple(2**i for i in range(4, 12))
_SEED, _TIMED_WIDTH, _CLAIM = 22, 64, (100_000, 512)


def compute(models: Models, n: int = 16, view: str = "lookup", d: int = 64) -> Result:
    """Stores pairs of random keys and values and looks each up again, by softmax and by linear attention.

    Args:
        models: is not needed.
        n: pairs, which are as many tokens.
        view: "lookup" for the weights of one lookup; "order" of the products and their cost; the "state"; or "trained" toys.
        d: width of the head, of keys and of values.
    """
    shares = recalls(d)
    kept = shipped.read("q22_linear").data
    learned = trained(kept["trained"])
    query, key, value = (torch.randn(3, n, d, generator=torch.Generator().manual_seed(_SEED), dtype=torch.float64)).unbind()
    parallel, state, carried = masked(query, key, value), *recurrent(query, key, value)
    own = linear_attention(*(part[None, None] for part in (query, key, value)), causal=True)[0, 0]
    first, second = cost("pairs", n, d), cost("state", n, d)
    times = pd.DataFrame(kept["times"], columns=["n", "pairs", "state"])
    long, wide = _CLAIM
    measures = (
        *(Measure(f"recall_{kind}", shares[kind][n], *((0.99, "at least") if kind == "softmax" else ()), format=".1%") for kind in KINDS),
        Measure("many", shares["elu"][STORED[-1]], shares["softmax"][STORED[-1]] - 0.05, "below", format=".1%"),
        Measure("regrouped", regrouped_deviation(query, key, value), 0, tolerance=1e-9, format=".1e"),
        Measure("recurrent", float((parallel - carried).abs().max()), 0, tolerance=1e-9, format=".1e"),
        Measure("chunks", float((own - carried).abs().max()), 0, tolerance=1e-9, format=".1e"),
        Measure("state", state.numel(), d * (d + 1), format=",d"),
        Measure("cache", key.numel() + value.numel(), 2 * n * d, format=",d"),
        Measure("crossing", crossing(d), d, format=",d"),
        Measure("measured", measured_crossing(times), format=",.0f"),
        Measure("claim_full", cost("pairs", long, wide) // 2, long**2 * wide, format=",d"),
        Measure("claim_linear", cost("state", long, wide) // 2, long * wide**2, format=",d"),
        Measure("trained_softmax", learned["softmax", HEADS[0]][TRAINED[-1]], 0.95, "above", format=".1%"),
        Measure("trained_linear", learned["linear", HEADS[0]][TRAINED[-1]], learned["softmax", HEADS[0]][TRAINED[-1]], "below", format=".1%"),
    )
    at = n // 2
    data = {
        "n": n,
        "d": d,
        "view": view,
        "shares": shares,
        "weights": {kind: lookup(kind, n, d)[at] for kind in ("softmax", "elu")},
        "asked": at,
        "state": state[:, :-1].numpy(),
        "cost": (first, second),
        "times": times,
        "learned": learned,
        "errors": kept["errors"],
    }
    said = {
        "n": str(n),
        "d": str(d),
        "pairs": str(TRAINED[-1]),
        "width": str(HEADS[0]),
        "most": str(STORED[-1]),
        "softmax_most": f"{shares['softmax'][STORED[-1]]:.0%}",
    }
    return Result(measures, data, said)


def measured_crossing(times: pd.DataFrame) -> float:
    """The n from which on the state was faster, between two lengths along a line of logarithms; nan where it never was."""
    ahead = np.log(times["pairs"].to_numpy() / times["state"].to_numpy())
    slower = np.flatnonzero(ahead < 0)
    i = int(slower.max()) if len(slower) else 0
    if i + 1 >= len(ahead) or not len(slower):
        return float(times["n"].iloc[0]) if not len(slower) else np.nan
    n = np.log2(times["n"].to_numpy())
    return float(2 ** np.interp(0.0, ahead[i : i + 2], n[i : i + 2]))


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains toys to look up with both attentions; times both orders; takes the error of random features."""
    runs = [(kind, width, pairs, seed) for width in HEADS for pairs in TRAINED for kind in ("softmax", "linear") for seed in dictionary.SEEDS]
    rows = []
    for i, (kind, width, pairs, seed) in enumerate(runs):
        tell = lambda share, i=i: report(0.9 * (i + share) / len(runs))  # noqa: E731
        network = dictionary.train(width, False, seed, tell, pairs=pairs, attention=kind)
        rows.append([kind, width, pairs, seed, round(dictionary.accuracy(network, pairs=pairs), 4)])
    return {"trained": rows, "times": _timings(lambda share: report(0.9 + 0.09 * share)), "errors": errors(report)}


def errors(report: Callable[[float], None] = lambda _share: None) -> list[list[float]]:
    """By number of random features and length of the vectors: how far outputs are from those of the softmax, as a share of their length."""
    made, d, n = [], 64, 64
    for length in LENGTHS:
        query, key, value = torch.randn(3, n, d, generator=torch.Generator().manual_seed(_SEED), dtype=torch.float64).unbind()
        query, key = length * query, length * key
        exact = weights_of("softmax", query, key) @ value
        for m in ESTIMATED:
            far = [float((weights_of("performer", query, key, draws=m, seed=s) @ value - exact).norm() / exact.norm()) for s in range(4)]
            made.append([length, m, float(f"{np.mean(far):.4g}")])
    report(1.0)
    return made


def _timings(report: Callable[[float], None]) -> list[list[float]]:
    """Processor seconds of both orders by n, the shortest of five rows of calls."""
    made = []
    for i, n in enumerate(TIMED):
        q, k, v = torch.rand(3, n, _TIMED_WIDTH, generator=torch.Generator().manual_seed(n)).unbind()
        ways = (lambda q=q, k=k, v=v: (q @ k.mT) @ v, lambda q=q, k=k, v=v: q @ (k.mT @ v))
        times = [shortest(way, repeats=min(400, max(5, 2**21 // n**2))) for way in ways]
        made.append([n, *(float(f"{t:.4g}") for t in times)])
        report((i + 1) / len(TIMED))
    return made


def right(result: Result) -> str:
    """Fixed memory is measured; whether the function is another one too, the lookups say."""
    return "C" if result["many"] < result.data["shares"]["softmax"][STORED[-1]] - 0.05 else "A"


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, size = result.data, SIZES[2]
    n, d = data["n"], data["d"]
    if data["view"] == "trained":
        return [_trained(result, words, SIZES[1], dark)]
    if data["view"] == "order":
        return [_orders(result, words, size, dark), _over_n(result, words, "multiply_adds", _costs(words, d), size, dark)]
    if data["view"] == "state":
        return [
            grid(
                data["state"],
                [str(i) if i % 16 == 0 else "" for i in range(d)],
                [""] * d,
                words.label("state_after").format(n=n, size=f"{d} × {d}"),
                x=words.label("of_value"),
                y=words.label("of_key"),
                signed=True,
                top=4 * n**0.5,
                written=False,
                size=size,
                dark=dark,
            ),
            _over_n(result, words, "numbers", _kept(words, d), size, dark),
        ]
    rows = [(i + 1, float(weight), words.label(f"kind.{kind}")) for kind, weights in data["weights"].items() for i, weight in enumerate(weights)]
    shown = [words.label(f"kind.{kind}") for kind in KINDS]
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("one_lookup").format(n=n, asked=data["asked"] + 1),
            words.label("pair"),
            words.label("weight"),
            series=[words.label(f"kind.{kind}") for kind in ("softmax", "elu")],
            rules=[data["asked"] + 1],
            points=n <= 32,
            ends=(0, 1),
            format=".1f",
            size=size,
            dark=dark,
        ),
        lines(
            pd.DataFrame(
                [(m, s, words.label(f"kind.{k}")) for k, by in data["shares"].items() for m, s in by.items()], columns=["x", "y", "series"]
            ),
            words.label("recall"),
            words.label("n"),
            words.label("right"),
            series=shown,
            log_x=True,
            base=2,
            ticks=STORED,
            rules=[n],
            ends=(0, 1.03),
            format=".0%",
            legend_columns=2,
            size=(size[0], size[1] - 25),
            dark=dark,
        ),
    ]


def _orders(result: Result, words: Words, size: tuple[int, int], dark: bool) -> Picture:
    """Both ways to group the products: what each makes, and what it costs."""
    n, d = result.data["n"], result.data["d"]
    half = [total // 2 for total in result.data["cost"]]
    rows = [
        ("φ(Q) φ(K)ᵀ", f"{n} × {n}", written(half[0])),
        ("(φ(Q) φ(K)ᵀ) V", f"{n} × {d}", written(half[0])),
        ("φ(K)ᵀ V", f"{d} × {d}", written(half[1])),
        ("φ(Q) (φ(K)ᵀ V)", f"{n} × {d}", written(half[1])),
    ]
    kinds = [words.label("order.pairs"), words.label("order.state")]
    titles = [words.label(name) for name in ("product", "shape", "multiply_adds")]
    return texts(
        rows,
        titles,
        words.label("orders").format(n=n),
        of=[kinds[0], kinds[0], kinds[1], kinds[1]],
        series=kinds,
        widths=(0.42, 0.28, 0.3),
        size=size,
        dark=dark,
    )


def _costs(words: Words, d: int) -> list[tuple[int, float, str]]:
    return [(n, cost(order, n, d), words.label(f"order.{order}")) for n in STORED for order in ("pairs", "state")]


def _kept(words: Words, d: int) -> list[tuple[int, float, str]]:
    return [row for n in STORED for row in ((n, 2 * n * d, words.label("kept.cache")), (n, d * (d + 1), words.label("kept.state")))]


def _over_n(result: Result, words: Words, what: str, rows: list, size: tuple[int, int], dark: bool) -> Picture:
    return lines(
        pd.DataFrame(rows, columns=["x", "y", "series"]),
        words.label(f"over.{what}"),
        words.label("tokens"),
        words.label(what),
        series=list(dict.fromkeys(name for _n, _value, name in rows)),
        log_x=True,
        log_y=True,
        base=2,
        ticks=STORED,
        rules=[result.data["n"]],
        format="~s",
        size=(size[0], size[1] - 10),
        dark=dark,
    )


def _trained(result: Result, words: Words, size: tuple[int, int], dark: bool) -> Picture:
    learned = result.data["learned"]
    names = {key: words.label(f"toy.{key[0]}").format(width=key[1]) for key in learned}
    return lines(
        pd.DataFrame([(m, s, names[key]) for key, by in learned.items() for m, s in by.items()], columns=["x", "y", "series"]),
        words.label("trained"),
        words.label("n"),
        words.label("right"),
        series=list(names.values()),
        log_x=True,
        base=2,
        ticks=TRAINED,
        rules=[result.data["n"]] if result.data["n"] <= TRAINED[-1] else [],
        ends=(0, 1.03),
        format=".0%",
        legend_columns=None if size == SIZES[1] else 2,
        size=size if size == SIZES[1] else (size[0], size[1] - 70),
        dark=dark,
    )


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    size, times = SIZES[3], result.data["times"]
    timed = [(n, s, words.label(f"order.{name}")) for name in ("pairs", "state") for n, s in zip(times["n"], times[name], strict=True)]
    estimated = [(m, error, words.label("length").format(length=f"{length:g}")) for length, m, error in result.data["errors"]]
    how = {"log_x": True, "log_y": True, "dark": dark}
    return [
        _trained(result, words, size, dark),
        lines(
            pd.DataFrame(timed, columns=["x", "y", "series"]),
            words.label("timed").format(d=_TIMED_WIDTH),
            words.label("tokens"),
            words.label("seconds"),
            series=[words.label("order.pairs"), words.label("order.state")],
            ticks=(16, 64, 256, 1024),
            base=2,
            format=".0e",
            legend_columns=1,
            size=(size[0], size[1] - 35),
            **how,
        ),
        lines(
            pd.DataFrame(estimated, columns=["x", "y", "series"]),
            words.label("performer"),
            words.label("random_features"),
            words.label("error"),
            series=[words.label("length").format(length=f"{length:g}") for length in LENGTHS],
            ticks=ESTIMATED,
            base=4,
            legend_columns=1,
            size=(size[0], size[1] - 35),
            **how,
        ),
    ]


DEMO = Demo(
    id="Q22",
    module="q22_linear",
    chapter=5,
    compute=compute,
    pictures=pictures,
    more=more,
    right=right,
    door=Door("training", {"lab_preset": "recall", "lab_attention": "linear"}),
    controls=(
        Control("n", STORED, 16, main=True),
        Control("view", VIEWS, "lookup"),
        Control("d", WIDTHS, 64),
    ),
    make=make,
    source=N_("Katharopoulos et al. 2020; Choromanski et al. 2021; Arora et al. 2023 (recall)"),
)
