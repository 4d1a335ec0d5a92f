"""What the descriptions of charts have in common: small tables inside them, texts that are looked up, how they are rendered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

_COLUMN = re.compile(r"\{(\w+)\}")


def columns(**values: Sequence) -> alt.InlineData:
    """A table that is part of a description and never changes, by column. Raises ValueError for columns of different lengths."""
    return alt.InlineData(values=pd.DataFrame(values).to_dict("records"))


def texts(**values: Sequence[str]) -> Mapping[str, alt.Parameter]:
    """Lists of texts as parameters, to be looked up by number: a token is data and never part of an expression."""
    return {name: alt.param(name=name, value=list(column)) for name, column in values.items()}


def span(*values: Sequence[float], zero: bool = False, log: bool = False) -> dict[str, float]:
    """From where to where an axis goes, for the parameters of `spanned`: over all of these values that are numbers.

    A table may be empty, such as that of a mark that is not asked for, and a browser that reads the reach of an axis from its tables
    complains of each empty one.

    Args:
        zero: 0 is on the axis.
        log: the axis is logarithmic; values of 0 and less are not on it.
    """
    every = np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in values])
    every = every[np.isfinite(every) & ((every > 0) | (not log))]
    if not len(every):
        return {"lowest": 1.0, "highest": 10.0} if log else {"lowest": 0.0, "highest": 1.0}
    low, high = float(every.min()), float(every.max())
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    return {"lowest": low, "highest": high}


def spanned(**how: object) -> alt.Scale:
    """A scale between two parameters, `lowest` and `highest`, and on to the next round numbers."""
    return alt.Scale(domain=[alt.ExprRef("lowest"), alt.ExprRef("highest")], nice=True, **how)


SPAN = (alt.param(name="lowest", value=0), alt.param(name="highest", value=1))
"""The parameters of `spanned`."""


def sentence(message: str) -> str:
    """An expression that fills the columns of a row into a message: in each language they stand where its words want them."""
    return " + ".join(f"datum.{part}" if at % 2 else repr(part) for at, part in enumerate(_COLUMN.split(message)) if part)


def render(n_marks: int) -> dict:
    """SVG for few marks (sharp, readable by a screen reader), canvas for many (fast)."""
    return {"embedOptions": {"renderer": "svg" if n_marks <= 2_500 else "canvas"}}


PAD = alt.AutoSizeParams(type="pad")
"""Width and height mean the drawing itself; labels and legends come on top. Streamlit would squeeze all into them."""
