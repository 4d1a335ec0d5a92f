"""One token through all layers: its row in every head, the keys that each layer looks at most, and the chosen head's row as bars."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from explorer import export
from explorer.capture import Capture
from explorer.charts.attention import followed as charts
from explorer.charts.common import bars
from explorer.charts.common.picture import Picture
from explorer.follow import SHOWN, Followed, follow
from explorer.i18n import _
from explorer.tiles import MAXIMUM
from explorer.ui.attention import head_grid, head_map
from explorer.ui.attention.controls import Controls, token_box
from explorer.ui.common import address, chosen_head, pictures, stage
from explorer.ui.common.chosen_head import HeadChoice
from explorer.ui.common.markdown import escaped
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from explorer.views import crop

_DESK, _HALL = {"width": 380, "height": 272}, {"width": 800, "height": 150, "low": True}
"""Room for the rows of all heads, in pixels: in a window of 1024 x 768, with which they grow, and on the stage, where they have to be low."""
PILLS = 40
"""Tokens of a decoder that are drawn to be clicked, where those in the picture are of the other side."""


def draw(chosen: Chosen, part: str, choice: HeadChoice, how: Controls) -> tuple[list[Figure], str]:
    """The view; returns what can be taken away, and how it is reproduced in Python."""
    captured = chosen.capture
    queries = crop(captured.queries(part), captured.keys(part), special=how.special, pair=how.pair).rows.tolist()
    left, right = st.columns([11, 10], gap="small")
    if not queries:
        left.info(_("Nothing is left to show: all tokens here are special, or there is no second text."))
        return [], _recipe(chosen, part, 0, how)
    # Where the sides differ, the tokens in the picture are of the other one.
    turns = part != "cross"
    with left, st.container(key="one_token", border=True):
        labels = captured.queries(part).labels
        query = _token(queries, labels, turns)
        found = follow(captured, query, part, special=how.special, pair=how.pair)
        if not len(found.keys):
            st.info(_("Nothing is left to show: all tokens here are special, or there is no second text."))
            return [], _recipe(chosen, part, query, how)
        shown = found.narrowed()
        _rows(captured, part, choice, how, shown, turns)
        if len(found.keys) > len(shown.keys):
            message = _("The {n} tokens that some layer looks at most, of {all}, in the order of the text.")
            st.caption(message.format(n=SHOWN, all=len(found.keys)))
    with right, st.container(key="head_panel", border=True):
        head_grid.neighbours(captured, part, choice)
        st.caption(_("Each layer's mean over heads: the tokens it looks at most."))
        _tops(captured, part, choice, how, found, turns)
        figures = _bars(captured, part, choice, how, shown)
    name = f"token{query}"
    every = picture_files(lambda: _picture(choice, how, shown, turns, False)) | {"csv": lambda: csv(found)}
    top = picture_files(lambda: charts.tops(found, choice[0], turns=turns))
    found_files = [Figure(_("This token in every head"), name, every), Figure(_("What each layer looks at most"), f"{name}-top", top)]
    return [*found_files, *figures], _recipe(chosen, part, query, how)


def _token(queries: list[int], labels: list[str], turns: bool) -> int:
    """Which token is followed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = token_box(st, _("Follow the token"), "q", queries[min(1, len(queries) - 1)], queries, labels, width=200)
        if turns:
            st.caption(_("Click a token to follow it, a row to open its head."))
    if not turns and len(queries) <= PILLS:

        def turned() -> None:
            # A click on the one that is chosen would leave none.
            if (clicked := st.session_state["token_pills"]) is not None:
                address.write(q=clicked)

        # Only where it differs: a value that is set again would overrule a click that is on its way.
        if st.session_state.get("token_pills") != query:
            st.session_state["token_pills"] = query
        st.pills(
            _("Follow the token"), queries, format_func=lambda i: labels[i], key="token_pills", on_change=turned, label_visibility="collapsed"
        )
    return query


def _rows(captured: Capture, part: str, choice: HeadChoice, how: Controls, shown: Followed, turns: bool) -> None:
    def picked(selection: Mapping[str, list]) -> HeadChoice | None:
        if tokens := selection.get("token"):
            _follow(tokens)
            return None
        head = chosen_head.picked(selection)
        return (head[0], str(head[1])) if head else None

    identity, room = (captured.number, part, shown.query, how), stage.room(_HALL)
    pictures.clickable("one_token", identity, choice, lambda first, dark: _picture(first, how, shown, turns, dark, **room), picked)


def _follow(points: list) -> None:
    address.write(q=int(points[0]["q"]))


def _picture(choice: HeadChoice, how: Controls, shown: Followed, turns: bool, dark: bool, **room: int) -> Picture:
    top = max((float(layer.weights.max(initial=0.0)) for layer in shown.layers), default=1.0) if how.scale == "own" else 1.0
    return charts.rows(shown, choice, turns=turns, top=top, gamma=how.gamma, dark=dark, **(room or _DESK))


def _tops(captured: Capture, part: str, choice: HeadChoice, how: Controls, found: Followed, turns: bool) -> None:
    def make(_first: None, dark: bool) -> Picture:
        return charts.tops(found, choice[0], turns=turns, dark=dark)

    if not turns:
        pictures.draw(make(None, how.dark), "top_tokens")
        return
    identity = (captured.number, part, found.query, how, choice[0])
    pictures.clickable("top_tokens", identity, None, make, lambda selection: _follow(selection["token"]) if selection.get("token") else None)


def _bars(captured: Capture, part: str, choice: HeadChoice, how: Controls, shown: Followed) -> list[Figure]:
    """The chosen head's row."""
    layer, head = shown.layers[choice[0]], choice[1]
    if head.isdigit():
        if int(head) >= len(layer.weights):
            return []
        weights = layer.weights[int(head)]
    else:
        weights = layer.weights.max(axis=0, initial=0.0) if head == MAXIMUM else layer.mean
    st.caption(_("From **{token}**").format(token=f"{escaped(shown.label)} ({_('position')} {shown.query})"))

    def drawn(dark: bool) -> Picture:
        return bars.row_bars(weights, shown.labels, visible=layer.visible, width=430, height=90, dark=dark)

    pictures.draw(drawn(how.dark), "row_bars")
    return [Figure(_("This row"), f"{head_map.name(choice)}-from{shown.query}", picture_files(lambda: drawn(False)))]


def csv(found: Followed) -> bytes:
    """One line per head and key: positions, tokens, the weight, and whether it is masked."""
    rows = []
    for layer in found.layers:
        for head, weights in enumerate(layer.weights):
            for key, label, weight, seen in zip(found.keys, found.labels, weights, layer.visible, strict=True):
                shown = f"{weight:.9g}" if seen else ""
                rows.append((layer.layer, head, found.query, int(key), found.label, label, shown, int(not seen)))
    names = ["layer", "head", "query", "key", "from", "to", "weight", "masked"]
    return export.table_csv(pd.DataFrame(rows, columns=names), index=False)


def _recipe(chosen: Chosen, part: str, query: int, how: Controls) -> str:
    """Python that computes the numbers of the view again."""
    lines = [
        "import explorer, models",
        "from explorer.follow import follow",
        "",
        export.load_line(chosen.model),
        export.capture_line(chosen.text, chosen.pair, chosen.target, chosen.most),
        f"shown = follow(captured, {query}, {part!r}{how.crop_arguments})",
        "for layer in shown.layers:",
        "    print(layer.layer, [(shown.labels[key], weight) for key, weight in layer.top()], layer.weights)",
    ]
    return "\n".join(lines)
