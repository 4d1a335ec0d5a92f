"""Q16b: trained at one length, read at longer ones, with six kinds of positions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache

import pandas as pd

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, lines
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.positions import extrapolation, order
from explorer.positions.extrapolation import SCHEMES, SMALL, Curves
from models.training.extrapolation_runs import Reading

OPTIONS = {"A": "rope", "B": "sinusoidal", "C": "alibi", "D": "learned"}
WHAT = ("loss", "accuracy", "end_accuracy")
_NAMES = {"rope": "RoPE", "sinusoidal": "sinusoidal", "alibi": "ALiBi", "learned": "learned"}
_LEAST = 1e-6
"""Losses below are drawn as this, on an axis that knows no 0."""
TELLING = ("none", "learned", "sinusoidal", "rope", "alibi")
_TEXT, _TURNED = "我爱你", (2, 1, 0)


def compute(models: Models, times: int = 1, what: str = "loss", run: str = "measured") -> Result:
    """Reads curves.

    Args:
        models: is not needed.
        times: how many times as long as in training the texts are.
        what: "loss", "accuracy", or "end_accuracy", that of the farthest tokens alone.
        run: "measured", the curves that come with the project, or "small", fewer and shorter trainings, which are made anew here.
    """
    curves = extrapolation.shipped() if run == "measured" else small()
    read = {name: by_scheme(curves, name) for name in WHAT}
    n = curves.trained
    loses = {scheme: read["loss"].get((scheme, 4 * n), math.inf) - read["loss"][scheme, n] for scheme in SCHEMES}
    best = min((scheme for scheme in OPTIONS.values()), key=lambda scheme: (loses[scheme], scheme))
    measures = (
        *(Measure(f"loss_{scheme}", read["loss"][scheme, 4 * n], format=".2g") for scheme in SCHEMES if scheme != "learned"),
        Measure("learned", sum(reading.loss is None for reading in curves.readings if is_long(reading, n)), _long(curves), format="d"),
        Measure("none_accuracy", read["accuracy"]["none", 4 * n], format=".1%"),
        Measure("none_end", read["end_accuracy"]["none", 4 * n], read["accuracy"]["none", 4 * n], "below", format=".1%"),
        *(Measure(f"told_{scheme}", told()[scheme], 0, tolerance=1e-5, format=".1e") for scheme in ("none", "alibi")),
        Measure("told_rope", told()["rope"], 1e-3, "above", format=".3f"),
    )
    said = {
        "n": str(n),
        "long": str(4 * n),
        "best": _NAMES[best],
        "short_loss": f"{read['loss']['sinusoidal', n]:.2g}",
        "long_loss": f"{read['loss']['sinusoidal', 4 * n]:.2g}",
        **{f"{scheme}_right": f"{read['accuracy'][scheme, 4 * n]:.0%}" for scheme in ("sinusoidal", "rope")},
        "rope_end": f"{read['end_accuracy']['rope', 4 * n]:.0%}",
        "seeds": str(len({reading.seed for reading in curves.readings})),
    }
    return Result(measures, {"read": read, "times": times, "what": what, "n": n, "best": best, "loses": loses}, said)


@cache
def told() -> dict[str, float]:
    """How far the outputs for 你爱我 are from those for 我爱你 put into that order, in an untrained encoder with each scheme.

    Distances are the same from both ends, so ALiBi without a causal mask cannot tell a sentence from the same one turned round.
    """
    return {scheme: order.permuted(order.toy(scheme), _TEXT, _TURNED).max for scheme in TELLING}


def by_scheme(curves: Curves, what: str) -> dict[tuple[str, int], float]:
    """Means over the seeds by scheme and length; without what cannot be read."""
    return {(row.scheme, row.length): float(row.mean) for row in curves.summary(what).itertuples()}


def is_long(reading: Reading, trained: int) -> bool:
    """Whether it is one of learned positions beyond the last of them."""
    return reading.scheme == "learned" and reading.length > trained


def _long(curves: Curves) -> int:
    return sum(is_long(reading, curves.trained) for reading in curves.readings)


def small() -> Curves:
    """The small run that `make` made."""
    kept = shipped.read("q16b_longer").data
    return Curves(tuple(Reading(**reading) for reading in kept["readings"]), kept["plan"])


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains a small network of each kind and reads it at all lengths."""
    curves = extrapolation.live(SMALL, tell=lambda share, _so_far: report(share))
    readings = [{name: float(f"{v:.5g}") if isinstance(v, float) else v for name, v in asdict(one).items()} for one in curves.readings]
    return {"plan": dict(curves.plan), "readings": readings}


def right(result: Result) -> str:
    """Whose loss grows least from the trained length to four times it; what cannot be read has lost everything."""
    return next(letter for letter, scheme in OPTIONS.items() if scheme == result.data["best"])


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    what, length = data["what"], data["n"] * data["times"]
    read = data["read"][what]
    values = [read.get((scheme, length), math.nan) for scheme in SCHEMES]
    best = (min if what == "loss" else max)(value for value in values if not math.isnan(value))
    names = {scheme: words.label(f"scheme.{scheme}") for scheme in SCHEMES}
    # Interpolated positions lose so much that beside them no other bar would be seen; theirs ends where the picture does, its number stands.
    ends = (0.0, max(v for (scheme, _at), v in read.items() if scheme != "rope-interpolated")) if what == "loss" else (0.0, 1.0)
    return [
        bars(
            list(names.values()),
            values,
            words.label("at").format(what=words.label(f"what.{what}"), length=length, times=data["times"]),
            words.label(f"what.{what}"),
            marked=[i for i, value in enumerate(values) if value == best],
            ends=ends,
            format=".2~g" if what == "loss" else ".0%",
            across=True,
            size=SIZES[2],
            dark=dark,
        ),
        _curves(result, words, what, (SIZES[2][0], SIZES[2][1] - 30), dark),
    ]


def _curves(result: Result, words: Words, what: str, size: tuple[int, int], dark: bool) -> Picture:
    """All schemes over the length."""
    data = result.data
    names = {scheme: words.label(f"scheme.{scheme}") for scheme in SCHEMES}
    rows = [(at, max(value, _LEAST), names[scheme]) for (scheme, at), value in data["read"][what].items()]
    return lines(
        pd.DataFrame(rows, columns=["x", "y", "series"]),
        words.label("curves"),
        words.label("length"),
        words.label(f"what.{what}"),
        series=list(names.values()),
        log_x=True,
        log_y=what == "loss",
        base=2,
        ticks=sorted({at for at, _value, _name in rows}),
        rules=[data["n"] * data["times"]],
        ends=(_LEAST, 20) if what == "loss" else (0, 1),
        format=".0e" if what == "loss" else "%",
        legend_columns=3,
        size=size,
        dark=dark,
    )


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    """Which schemes tell a short sentence from the same one turned round."""
    return [
        bars(
            [words.label(f"scheme.{scheme}") for scheme in TELLING],
            list(told().values()),
            words.label("told"),
            words.label("difference"),
            format=".1~g",
            across=True,
            size=SIZES[1],
            dark=dark,
        )
    ]


DEMO = Demo(
    id="Q16b",
    module="q16b_longer",
    chapter=3,
    compute=compute,
    pictures=pictures,
    small=1,
    more=more,
    right=right,
    door=Door("positions", {"positions": "extrapolation"}),
    controls=(
        Control("times", (1, 2, 4, 8), 1, main=True),
        Control("what", WHAT, "loss"),
        Control("run", ("measured", "small"), "measured"),
    ),
    make=make,
    source="Press et al. 2021; Chen et al. 2023; Kazemnejad et al. 2023",
)
