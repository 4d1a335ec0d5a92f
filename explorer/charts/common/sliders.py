"""Parameters that a viewer moves in the browser: Vega computes and repaints, and no server is asked.

`with_inputs(chart, [*sliders.log("base", ..), sliders.choice("divisor", ..)])` is a chart with its inputs, as a description: one set of
inputs for all pictures of a compound chart. In an expression a parameter goes by its name: `pow(base, 2)`. A function that returns it is
`described` like any other, and a `Picture` is made of it; `explorer.ui.common.sliders.draw` puts the inputs where they can be reached.

- `linear`, `log`, `steps`: a range input over numbers, over exponents, over a list
- `choice`, `switch`: one of several, on or off
- `derived`: what follows from others
- `readouts`: numbers in words, of which a test can read all digits
- `scales`: what the number of an input stands for, where it is not the number that is chosen
- `moved`: the same picture with its inputs somewhere else
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import altair as alt

from explorer.charts.common import palette
from explorer.charts.common.picture import Description, Picture

EXPONENT, STEP = "_exponent", "_step"
"""How the inputs of `log` and `steps` end: they move a number that says nothing to a viewer. The page writes what it stands for."""
_LINE = 21
"""Pixels from one line of `readouts` to the next."""


def linear(name: str, label: str, low: float, high: float, value: float, step: float) -> alt.Parameter:
    """A number; Vega writes it beside the input."""
    return alt.param(name=name, value=value, bind=alt.binding_range(min=low, max=high, step=step, name=label))


def log(name: str, label: str, low: float, high: float, value: float, *, step: float = 0.05, base: int = 10) -> list[alt.Parameter]:
    """A number above 0 whose logarithm is moved: the input, called name + "_exponent", and the number.

    Args:
        low, high, value: of the number.
        step: of the exponent.
    """
    least, most, now = (round(math.log(number, base), 9) for number in (low, high, value))
    bound = alt.binding_range(min=least, max=most, step=step, name=label)
    return [alt.param(name=name + EXPONENT, value=now, bind=bound), derived(name, f"pow({base}, {name}{EXPONENT})")]


def steps(name: str, label: str, values: Sequence[float], value: float) -> list[alt.Parameter]:
    """One of a list of numbers: the input, called name + "_step", which counts from 0, and the number.

    Raises:
        ValueError: the value is not in the list.
    """
    values = list(values)
    bound = alt.binding_range(min=0, max=len(values) - 1, step=1, name=label)
    return [alt.param(name=name + STEP, value=values.index(value), bind=bound), derived(name, f"{values}[{name}{STEP}]")]


def choice(name: str, label: str, options: Mapping[object, str], value: object, *, radio: bool = False) -> alt.Parameter:
    """One of several: in an expression the key, on the page its text. A select, or radio buttons."""
    binding = alt.binding_radio if radio else alt.binding_select
    return alt.param(name=name, value=value, bind=binding(options=list(options), labels=list(options.values()), name=label))


def switch(name: str, label: str, value: bool = False) -> alt.Parameter:
    """On or off."""
    return alt.param(name=name, value=value, bind=alt.binding_checkbox(name=label))


def derived(name: str, expression: str) -> alt.Parameter:
    """What follows from other parameters."""
    return alt.param(name=name, expr=expression)


def with_inputs(chart: alt.TopLevelMixin, inputs: Sequence[alt.Parameter]) -> Description:
    """The chart as a description, with inputs for all of its pictures.

    Altair's own `add_params` copies a compound chart once for each of its parts, which takes seconds where there are many.
    """
    made = chart.to_dict()
    return {**made, "params": [*(parameter.param.to_dict() for parameter in inputs), *made.get("params", [])]}


def readouts(base: alt.Chart, lines: Sequence[tuple[str, str, str]], *, of: str = "", width: int = 290, dark: bool = False) -> alt.LayerChart:
    """Numbers one below the other, each behind its name. What a screen reader says, and a test reads, has all digits: "name: value".

    Args:
        base: a chart whose transforms leave one row.
        lines: of each number its name, an expression over row and parameters ("datum.entropy", "d_k"), and its format (d3), "" for a text.
        of: what the numbers belong to, where there are several lists: "of, name: value".
        width: from the left edge of the names to the right edge of the numbers, in pixels.
    """
    ink = palette.page(dark)[1]
    layers = []
    for i, (name, expression, form) in enumerate(lines):
        shown = f"format({expression}, {form!r})" if form else expression
        label = f"{', '.join(filter(None, (of, name)))}: "
        row = base.transform_calculate(readout=shown, whole=f"{label!r} + ({expression})")
        left = row.mark_text(align="left", baseline="top", color=ink, opacity=0.75, fontSize=13, text=name, aria=False)
        right = row.mark_text(align="right", baseline="top", color=ink, fontSize=13, fontWeight="bold")
        y = alt.value(i * _LINE)
        layers.append(left.encode(x=alt.value(0), y=y))
        layers.append(right.encode(x=alt.value(width), y=y, text="readout:N", description="whole:N"))
    return alt.layer(*layers).properties(width=width, height=_LINE * len(lines))


def scales(description: Description) -> dict[str, list[float] | float]:
    """For each input of `steps` its list, for each of `log` the base of its power; by the name of the input."""
    derived_from = {given["name"]: given.get("expr", "") for given in description["params"]}
    found: dict[str, list[float] | float] = {}
    for name in (given["name"] for given in description["params"] if "bind" in given):
        if name.endswith(STEP):
            found[name] = json.loads(derived_from[name.removesuffix(STEP)].removesuffix(f"[{name}]"))
        elif name.endswith(EXPONENT):
            found[name] = float(re.match(r"pow\((.+?),", derived_from[name.removesuffix(EXPONENT)])[1])
    return found


def moved(picture: Picture, **values: object) -> Picture:
    """The picture with other values of its inputs. Raises KeyError where there is no such input."""
    known = {given["name"] for given in picture.description["params"] if "bind" in given}
    if unknown := set(values) - known:
        raise KeyError(f"no input {sorted(unknown)}; there are {sorted(known)}")
    return replace(picture, values={**picture.values, **values})
