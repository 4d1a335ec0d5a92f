"""BertViz' two views of what is on the page: one layer's heads as lines, and the whole model."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from explorer.capture import Capture
from explorer.i18n import _
from explorer.ui.attention import bertviz_frame
from explorer.ui.attention.controls import Controls
from explorer.ui.common.chosen_head import HeadChoice
from explorer.ui.common.take_away import Figure
from explorer.views import Crop, crop

LINES_TOKENS = 64
"""Tokens a side that BertViz shows; it draws one line per head and pair of tokens, and more would stall a browser."""


def lines(captured: Capture, part: str, choice: HeadChoice, how: Controls, windows: dict) -> Figure | None:
    """The head view of one layer, the chosen head switched on."""
    cut = _cut(captured, part, how, windows)
    if cut is None:
        return None
    layers = captured.sites(part)
    fit = bertviz_frame.layers_that_fit(len(cut.rows), len(cut.columns), layers[0].heads, range(len(layers)), choice[0])
    _note(captured, part, cut, fit)
    heads = [int(choice[1])] if choice[1].isdigit() else None
    html = bertviz_frame.head_view_html(*_given(captured, part, cut, fit), layer=choice[0], heads=heads, dark=how.dark, contrast=how.contrast)
    st.iframe(html, height=min(600, 70 + 23 * max(len(cut.rows), len(cut.columns))), alt=_("BertViz head view"))
    st.caption(_("BertViz: hover over a token; click a coloured square to switch a head, double-click to see it alone."))
    return Figure(_("BertViz head view"), f"lines-layer{choice[0]}", {"html": html.encode})


def whole_model(captured: Capture, part: str, choice: HeadChoice, how: Controls, windows: dict) -> Figure | None:
    """The model view, as many layers as a browser bears."""
    cut = _cut(captured, part, how, windows)
    if cut is None:
        return None
    layers = captured.sites(part)
    room = bertviz_frame.MODEL_LINES
    fit = bertviz_frame.layers_that_fit(len(cut.rows), len(cut.columns), layers[0].heads, range(len(layers)), choice[0], room)
    _note(captured, part, cut, fit)
    html = bertviz_frame.model_view_html(*_given(captured, part, cut, fit), dark=how.dark, contrast=how.contrast)
    st.iframe(html, height=660, alt=_("BertViz model view"))
    st.caption(_("BertViz: click a head to enlarge it, click it again to go back."))
    return Figure(_("BertViz model view"), "whole-model", {"html": html.encode})


def _cut(captured: Capture, part: str, how: Controls, windows: dict) -> Crop | None:
    narrow = {name: (at[0], min(at[1], at[0] + LINES_TOKENS)) for name, at in windows.items()}
    for name, tokens in (("row_window", captured.queries(part)), ("column_window", captured.keys(part))):
        narrow.setdefault(name, (0, min(len(tokens), LINES_TOKENS)))
    cut = crop(captured.queries(part), captured.keys(part), special=how.special, pair=how.pair, **narrow)
    if len(cut.rows) and len(cut.columns):
        return cut
    st.info(_("Nothing is left to show: all tokens here are special."))
    return None


def _given(captured: Capture, part: str, cut: Crop, layers: list[int]) -> tuple:
    # Only the rows that are shown: of a long text, all of them do not fit into memory.
    first, last = int(cut.rows[0]), int(cut.rows[-1])
    here, rows = replace(cut, rows=cut.rows - first), slice(first, last + 1)
    attention = {layer: here.of(captured.patterns(layer, part, rows)) for layer in layers}
    queries = [captured.queries(part).labels[i] for i in cut.rows]
    # One list of tokens where a text attends to itself, two where the sides differ.
    same = part != "cross" and cut.rows.tolist() == cut.columns.tolist()
    return attention, queries, None if same else [captured.keys(part).labels[i] for i in cut.columns]


def _note(captured: Capture, part: str, cut: Crop, layers: list[int]) -> None:
    message = []
    for position, tokens, what in ((cut.rows, captured.queries(part), _("from")), (cut.columns, captured.keys(part), _("to"))):
        if len(tokens) > LINES_TOKENS:
            message.append(_("{what}: tokens {first} to {last} of {n}").format(what=what, first=position[0], last=position[-1], n=len(tokens)))
    if len(layers) < len(captured.sites(part)):
        message.append(_("layers {first} to {last}").format(first=layers[0], last=layers[-1]))
    if message:
        st.caption(_("As many lines as a browser bears: {what}.").format(what="; ".join(message)))
