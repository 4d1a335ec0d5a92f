"""One head, in the view that was chosen; and how it is reproduced in Python."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.capture import Capture
from explorer.i18n import _
from explorer.tiles import rows_of
from explorer.ui.attention import bertviz_view, far_map, far_text, head_grid, head_map, neuron_view
from explorer.ui.attention.controls import WINDOW, Controls, is_long
from explorer.ui.common.chosen_head import HeadChoice
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure
from explorer.views import View, view


def draw(captured: Capture, part: str, choice: HeadChoice, how: Controls, below: DeltaGenerator) -> list[Figure]:
    """The head, and its pinned row in `below`; returns what can be taken away."""
    if how.view == "map" and is_long(captured, part):
        far_map.moves(captured, part)
        figure = far_map.draw(captured, part, choice, how)
        with below:
            far_text.draw(captured, part, choice, how, head_grid.stands_beside(captured, part))
        return [figure] if figure else []
    windows = choose_windows(captured, part)
    # Of a long text only the rows of the window are computed.
    rows = slice(*windows.get("row_window", (0, len(captured.queries(part)))))
    shown = view(
        rows_of(captured, *choice, part, rows),
        captured.visible(choice[0], part, rows),
        captured.queries(part),
        captured.keys(part),
        first=rows.start,
        special=how.special,
        pair=how.pair,
        **windows,
    )
    if not shown.weights.size:
        st.info(_("Nothing is left to show: all tokens here are special, or there is no second text."))
        return []
    if how.view == "lines":
        figure = bertviz_view.lines(captured, part, choice, how, windows)
    elif how.view == "neurons":
        figure = neuron_view.draw(captured, part, choice, how)
    elif how.view == "numbers":
        figure = _numbers(shown, how, choice)
    else:
        figure = head_map.draw(captured, part, choice, shown, how)
    with below:
        row = head_map.pinned_row(shown, how, choice)
    return [found for found in (figure, row) if found]


def choose_windows(captured: Capture, part: str) -> dict[str, tuple[int, int]]:
    """Where a long text is looked at: first position and last + 1 of rows and columns; empty for a short one."""
    sides = [("row", _("from"), captured.queries(part)), ("column", _("to"), captured.keys(part))]
    long = [side for side in sides if len(side[2]) > WINDOW]
    windows = {}
    for place, (name, title, tokens) in zip(st.columns(len(long)) if long else (), long, strict=True):
        label = _("First token, {what}").format(what=title)
        start = place.slider(label, 0, len(tokens) - WINDOW, 0, key=f"{name}s", bind="query-params")
        windows[f"{name}_window"] = (start, start + WINDOW)
    return windows


def recipe(chosen: Chosen, part: str, choice: HeadChoice, how: Controls) -> str:
    """Python that computes the numbers on the page again."""
    if how.view == "map" and is_long(chosen.capture, part):
        return far_map.recipe(chosen, part, choice, how)
    return export.recipe(
        chosen.model,
        chosen.text,
        chosen.pair,
        chosen.target,
        layer=choice[0],
        head=choice[1],
        part=part,
        special=how.special,
        pairs=how.pair,
        max_tokens=chosen.most,
    )


def _numbers(shown: View, how: Controls, choice: HeadChoice) -> Figure:
    values = np.where(shown.visible, shown.weights, np.nan)
    rows = [f"{i} {label}" for i, label in zip(shown.rows, shown.row_labels, strict=True)]
    columns = [f"{i} {label}" for i, label in zip(shown.columns, shown.column_labels, strict=True)]
    frame = pd.DataFrame(values, index=rows, columns=columns)
    frame.insert(0, _("not shown"), shown.removed)
    st.dataframe(frame.round(4), height=min(560, 38 + 35 * len(rows)))
    st.caption(_("Rows attend from, columns attend to; empty is masked."))
    return head_map.map_figure(shown, how, choice)
