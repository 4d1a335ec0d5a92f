"""What the descriptions of charts have in common: small tables inside them, texts that are looked up, how they are rendered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

_COLUMN = re.compile(r"\{(\w+)\}")


def columns(**values: Sequence) -> alt.InlineData:
    """A table that is part of a description and never changes, by column. Raises ValueError for columns of different lengths."""
    return alt.InlineData(values=pd.DataFrame(values).to_dict("records"))


def texts(**values: Sequence[str]) -> Mapping[str, alt.Parameter]:
    """Lists of texts as parameters, to be looked up by number: a token is data and never part of an expression."""
    return {name: alt.param(name=name, value=list(column)) for name, column in values.items()}


def sentence(message: str) -> str:
    """An expression that fills the columns of a row into a message: in each language they stand where its words want them."""
    return " + ".join(f"datum.{part}" if at % 2 else repr(part) for at, part in enumerate(_COLUMN.split(message)) if part)


def render(n_marks: int) -> dict:
    """SVG for few marks (sharp, readable by a screen reader), canvas for many (fast)."""
    return {"embedOptions": {"renderer": "svg" if n_marks <= 2_500 else "canvas"}}


PAD = alt.AutoSizeParams(type="pad")
"""Width and height mean the drawing itself; labels and legends come on top. Streamlit would squeeze all into them."""
