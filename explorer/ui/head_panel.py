"""One head, in all its views: map, lines, whole model, neurons, numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.capture import Capture
from explorer.charts import bars, heatmap
from explorer.i18n import _
from explorer.ui import address, bertviz_frame, session
from explorer.ui.head_grid import Place
from explorer.ui.sidebar import Chosen
from explorer.ui.take_away import take_away
from explorer.views import PAIRS, SPECIAL, View, view
from models import InputError

VIEWS = {"map": _("Map"), "lines": _("Lines"), "model": _("Whole model"), "neurons": _("Neurons"), "numbers": _("Numbers")}
SCALES = {"fixed": _("0 to 1"), "own": _("to its largest"), "root": _("0 to 1, small ones lifted")}
SPECIALS = {"raw": _("shown"), "hidden": _("hidden"), "renormalised": _("hidden, rest renormalised")}
WINDOW = 128
"""Tokens a map shows at once; a longer text is moved through."""


@dataclass(frozen=True)
class Controls:
    """How a map is shown: what `explorer.views.view` takes, the colour scale, and the theme."""

    special: str
    pair: str
    scale: str
    dark: bool


def controls(captured: Capture, part: str) -> Controls:
    """The row of choices above both panels."""
    keys, queries = captured.keys(part), captured.queries(part)
    special = st.selectbox(
        _("Special tokens"), SPECIAL, format_func=SPECIALS.get, key="special", bind="query-params", persist_state="session", width=230
    )
    pair = "all"
    if part == "encoder" and 1 in keys.segments and 1 in queries.segments:
        pair = st.segmented_control(_("Pair"), PAIRS, default="all", key="pairs", bind="query-params", required=True)
    scale = st.selectbox(_("Colours"), SCALES, format_func=SCALES.get, key="scale", bind="query-params", persist_state="session", width=230)
    return Controls(special, pair, scale, st.context.theme.type == "dark")


def largest(captured: Capture, part: str, how: Controls) -> float:
    """The weight that gets the last colour in the grid: 1, or the largest of all heads where the scale is freed."""
    if how.scale != "own":
        return 1.0
    return max(float(pooled.max()) for pooled in captured.thumbnails(1, part))


def draw(chosen: Chosen, part: str, place: Place, how: Controls, downloads: DeltaGenerator, below: DeltaGenerator) -> None:
    """The chosen view of the chosen head; the map fills `downloads`, and its pinned row goes into `below`."""
    captured = chosen.capture
    which = st.segmented_control(
        _("View"),
        VIEWS,
        default="map",
        format_func=VIEWS.get,
        key="view",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    if which in ("lines", "model"):
        _bertviz(captured, part, place, how, whole=which == "model")
        return
    weights = _weights(captured, part, place)
    windows = _windows(captured, part)
    shown = view(
        weights,
        captured.visible(place[0], part),
        captured.queries(part),
        captured.keys(part),
        special=how.special,
        pair=how.pair,
        row_window=windows[0],
        column_window=windows[1],
    )
    if not shown.weights.size:
        st.info(_("Nothing is left to show: all tokens here are special, or there is no second text."))
        return
    if which == "neurons":
        _neurons(captured, part, place, shown, how)
    elif which == "numbers":
        _numbers(shown)
    else:
        _map(chosen, part, place, shown, how, downloads, below)


def _weights(captured: Capture, part: str, place: Place) -> np.ndarray:
    layer, head = place
    summary = {"mean": captured.mean, "max": captured.maximum}.get(head)
    return summary(layer, part) if summary else captured.pattern(layer, int(head), part)


def _windows(captured: Capture, part: str) -> list[tuple[int, int] | None]:
    windows = []
    for name, title, tokens in (("rows", _("from"), captured.queries(part)), ("columns", _("to"), captured.keys(part))):
        n = len(tokens)
        if n <= WINDOW:
            windows.append(None)
            continue
        start = st.slider(_("First token, {what}").format(what=title), 0, n - WINDOW, 0, key=name, bind="query-params")
        windows.append((start, start + WINDOW))
    return windows


def _map(chosen: Chosen, part: str, place: Place, shown: View, how: Controls, downloads: DeltaGenerator, below: DeltaGenerator) -> None:
    captured = chosen.capture
    key = f"map_{captured.number}_{part}_{place}_{how}_{shown.rows[0]}_{shown.columns[0]}"
    pinned = _pinned(shown, key)
    mounted = st.session_state.get("_map", ("", None))
    if mounted[0] != key:
        mounted = st.session_state["_map"] = (key, pinned)

    def chart(start: int | None, dark: bool, height: int = 400) -> object:
        return heatmap.heatmap(
            shown.weights,
            shown.visible,
            shown.row_labels,
            shown.column_labels,
            row_numbers=shown.rows,
            column_numbers=shown.columns,
            pinned=start,
            top=float(shown.weights.max()) if how.scale == "own" else 1.0,
            gamma=0.4 if how.scale == "root" else 1.0,
            width=345,
            height=height,
            dark=dark,
        )

    st.altair_chart(chart(mounted[1], how.dark, min(470, max(200, 34 * len(shown.rows)))), key=key, on_select="rerun", width="content")
    row = shown.row(pinned) if pinned is not None else None
    with below, st.container(key="pinned", border=True):
        if row is None:
            st.caption(_("Click a row, or a token on the left, to pin its row here as bars."))
        else:
            _row(shown, row, how)
    name = f"layer{place[0]}-{'head' if place[1].isdigit() else ''}{place[1]}"
    text = export.recipe(
        chosen.model.name,
        chosen.text,
        chosen.pair,
        chosen.target,
        layer=place[0],
        head=place[1],
        part=part,
        special=how.special,
        pairs=how.pair,
        max_tokens=session.MAX_TOKENS,
    )
    with downloads:
        take_away(lambda: chart(pinned, False), shown, captured, name, text, part)


def _pinned(shown: View, key: str) -> int | None:
    state = st.session_state.get(key)
    points = state["selection"].get("query") if state else None
    if points:
        address.write(q=int(points[0]["q"]))
    return address.number("q", None, 1_000_000)


def _row(shown: View, row: int, how: Controls) -> None:
    removed = float(shown.removed[row])
    said = f"{session.plain(shown.row_labels[row])} ({_('position')} {shown.rows[row]})"
    if removed > 5e-4:
        gone = _("{share:.1%} of its attention goes to tokens that are not shown").format(share=removed)
        said += f" · {gone}" + (f", {_('the rest is renormalised')}" if shown.renormalised else "")
    st.caption(f"{_('From')} **{said}**")
    chart = bars.row_bars(shown.weights[row], shown.column_labels, visible=shown.visible[row], width=420, height=100, dark=how.dark)
    st.altair_chart(chart, key="row_bars", width="content")


def _bertviz(captured: Capture, part: str, place: Place, how: Controls, whole: bool) -> None:
    queries, keys = captured.queries(part), captured.keys(part)
    sites = captured.sites(part)
    layers = bertviz_frame.layers_that_fit(len(queries), len(keys), sites[0].heads, range(len(sites)), place[0])
    if len(queries) * len(keys) > 40_000:
        st.info(_("The text is too long for lines; shorten it to some 200 tokens, or use the map."))
        return
    if len(layers) < len(sites):
        st.caption(_("{n} tokens are many lines: layers {first} to {last}.").format(n=len(keys), first=layers[0], last=layers[-1]))
    keep = [np.arange(len(t)) if how.special == "raw" else np.flatnonzero(~np.asarray(t.special)) for t in (queries, keys)]
    attention = {}
    for layer in layers:
        weights = captured.patterns(layer, part)[:, keep[0]][:, :, keep[1]]
        if how.special == "renormalised":
            weights = weights / np.maximum(weights.sum(-1, keepdims=True), 1e-9)
        attention[layer] = weights
    query_tokens = [queries.labels[i] for i in keep[0]]
    key_tokens = [keys.labels[i] for i in keep[1]] if part == "cross" else None
    if not query_tokens or not len(keep[1]):
        st.info(_("Nothing is left to show: all tokens are special."))
        return
    if whole:
        html = bertviz_frame.model_view_html(attention, query_tokens, key_tokens, dark=how.dark)
    else:
        heads = [int(place[1])] if place[1].isdigit() else None
        html = bertviz_frame.head_view_html(attention, query_tokens, key_tokens, layer=place[0], heads=heads, dark=how.dark)
    st.iframe(html, height=560)
    st.caption(_("BertViz. Click a head to enlarge it.") if whole else _("BertViz. Hover over a token; click the coloured squares."))


def _neurons(captured: Capture, part: str, place: Place, shown: View, how: Controls) -> None:
    layer, head = place
    if not head.isdigit():
        st.info(_("A summary over heads has no neurons: choose one head."))
        return
    queries, keys = captured.queries(part), captured.keys(part)
    left, right = st.columns(2)
    first = address.number("q", min(1, len(queries) - 1), len(queries))
    row = captured.pattern(layer, int(head), part)
    query = left.selectbox(_("Query"), range(len(queries)), first, format_func=lambda i: f"{i} {queries.labels[i]}", key=f"nq_{captured.number}")
    seen = np.flatnonzero(captured.visible(layer, part)[query])
    best = int(np.argmax(row[query][seen])) if len(seen) else 0
    place_key = f"nk_{captured.number}_{layer}_{head}_{query}"
    key = right.selectbox(_("Key"), seen.tolist(), best, format_func=lambda i: f"{i} {keys.labels[i]}", key=place_key)
    try:
        made = captured.neurons(layer, int(head), query, int(key), part)
    except InputError as error:
        st.info(f"{session.plain(error.problem)} {session.plain(error.advice)}")
        return
    address.write(q=query)
    st.altair_chart(bars.neuron_bars(made.query, made.key, made.product, width=430, height=88, dark=how.dark), key="neurons", width="content")
    st.caption(
        _("Σ q·k = {total:.4f}; × scale {scale:.4f} + {added:.4f} (mask, position bias) = score {score:.4f}; weight {weight:.4f}").format(
            total=float(made.product.sum()), scale=made.scale, added=made.added, score=made.score, weight=made.weight
        )
    )


def _numbers(shown: View) -> None:
    values = np.where(shown.visible, shown.weights, np.nan)
    rows = [f"{i} {label}" for i, label in zip(shown.rows, shown.row_labels, strict=True)]
    columns = [f"{i} {label}" for i, label in zip(shown.columns, shown.column_labels, strict=True)]
    frame = pd.DataFrame(values, index=rows, columns=columns)
    frame.insert(0, _("not shown"), shown.removed)
    st.dataframe(frame.round(4), height=520)
    st.caption(_("Rows attend from, columns attend to; empty is masked."))
