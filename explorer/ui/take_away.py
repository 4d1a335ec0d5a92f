"""What a viewer takes away: the picture, the numbers, and the lines that reproduce both."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import streamlit as st

from explorer import export
from explorer.capture import Capture
from explorer.i18n import _
from explorer.views import View


def take_away(picture: Callable[[], alt.TopLevelMixin], shown: View, capture: Capture, name: str, recipe: str, part: str) -> None:
    """A menu of downloads. Files are made when they are asked for.

    Args:
        picture: makes the chart, in the light theme and with its title.
        shown: the numbers of the picture.
        name: of the files, without ending.
        recipe: lines of Python.
    """
    with st.popover(_("Take away"), icon=":material/download:"):
        columns = st.columns(4)
        for column, (label, ending, mime, make) in zip(
            columns,
            [
                ("PNG", "png", "image/png", lambda: export.picture(picture, "png")),
                ("SVG", "svg", "image/svg+xml", lambda: export.picture(picture, "svg")),
                ("CSV", "csv", "text/csv", lambda: export.csv(shown)),
                ("NPZ", "npz", "application/octet-stream", lambda: export.npz(capture)),
            ],
            strict=True,
        ):
            column.download_button(label, make, f"{name}.{ending}", mime, key=f"take_{ending}_{part}", on_click="ignore", width="stretch")
        st.caption(_("PNG, SVG and CSV: this map as shown. NPZ: every head of every layer. In Python:"))
        st.code(recipe, language="python")
