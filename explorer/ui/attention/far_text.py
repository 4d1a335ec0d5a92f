"""Beside the map of a long text: the text around what is looked at, in the colours of a token's weights; a word to find; edges that stand out.

The text is a part of `TOKENS` tokens, whatever its length; a list of edges is searched for in blocks, as a job (`explorer.edges`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from explorer.capture import Capture
from explorer.charts.common import palette
from explorer.edges import LEAST_WEIGHT, Edge, Edges, edges, occurrences
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.reading import Tokens
from explorer.tiles import rows_of
from explorer.ui.attention import far_map
from explorer.ui.attention.controls import Controls
from explorer.ui.common import address, jobs
from explorer.ui.common.chosen_head import HeadChoice
from explorer.ui.common.markdown import escaped

TOKENS = 400
"""Tokens of the text that are shown."""
SHOWN = {"text": N_("Text"), "strong": N_("Strongest edges"), "far": N_("Farthest edges")}
_MOST_LOOKED = 4
_FINE = 0.01
"""Weights below it are said with four digits: over thousands of tokens the largest may be one of them."""
_LONGEST_WORD = 100
_CSS, _JS = (Path(__file__).with_suffix(ending).read_text(encoding="utf-8") for ending in (".css", ".js"))
_component = st.components.v2.component(
    "attention_explorer.far_text", html='<div class="beside" role="group" tabindex="0"></div>', css=_CSS, js=_JS
)


def draw(captured: Capture, part: str, choice: HeadChoice, how: Controls, high: bool) -> None:
    """The row of choices, and the text or a list of edges; `high` where there is room for more of them."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="beside_controls"):
        which = address.choice(st.segmented_control, _("Beside the map"), SHOWN, "beside", label_visibility="collapsed")
        _find(captured, part)
    if which == "text":
        _text(captured, part, choice, how, high)
    else:
        _edges(captured, part, choice, how, which, high)


def _find(captured: Capture, part: str) -> None:
    """A word, how often it is there, and the ways from one place to the next."""
    word = (address.read("find") or "").strip()[:_LONGEST_WORD]
    # Only where it differs: a value that is set again would overrule what is being typed.
    if st.session_state.get("find", "") != word:
        st.session_state["find"] = word
    label = _("Find a word")
    st.text_input(
        label,
        key="find",
        on_change=_found,
        args=(captured, part),
        placeholder=label,
        label_visibility="collapsed",
        width=150,
        max_chars=_LONGEST_WORD,
    )
    if not word:
        return
    places, now = _places(captured, part, word), _current(part)
    before, after = _neighbours(places, now)
    for name, icon, title, to in (("before", "arrow_upward", _("Found before"), before), ("after", "arrow_downward", _("Found next"), after)):
        st.button(
            title,
            icon=f":material/{icon}:",
            key=f"find_{name}",
            disabled=to is None,
            on_click=_go,
            args=(captured, part, to if to is not None else 0),
        )
    here = next((i for i, (first, last) in enumerate(places) if now is not None and first <= now < last), None)
    if not places:
        st.caption(_("not in this text"))
    elif here is None:
        st.caption(_("{n:,} times").format(n=len(places)))
    else:
        st.caption(_("{i:,} of {n:,}").format(i=here + 1, n=len(places)))


def _found(captured: Capture, part: str) -> None:
    """Somebody typed a word: its first place from the chosen token on is seen."""
    word = st.session_state["find"].strip()
    places = _places(captured, part, word)
    if not places:
        address.write(find=word or None)
        return
    first = next((place[0] for place in places if place[0] >= (_current(part) or 0)), places[0][0])
    _go(captured, part, first, find=word)


def _go(captured: Capture, part: str, position: int, **more: str) -> None:
    """Sees a token from near: as one that is looked at, where it cannot look itself."""
    window = far_map.window_of(captured, part)
    query = _query(captured, part)
    if part == "cross":
        address.write(window=window.around(query or 0, position, far_map.CLOSE).name, k=position, **more)
    else:
        address.write(window=window.around(position, None, far_map.CLOSE).name, q=position, k=None, **more)


def _places(captured: Capture, part: str, word: str) -> list[tuple[int, int]]:
    if not word:
        return []
    return captured.derived.get_or_compute(("places", part, word), lambda: occurrences(captured.keys(part), word))


def _current(part: str) -> int | None:
    """The token that a word was found at."""
    return address.number("k" if part == "cross" else "q", None, 1_000_000)


def _neighbours(places: list[tuple[int, int]], now: int | None) -> tuple[int | None, int | None]:
    """First tokens of the place before and of the one after the token that is chosen."""
    at = -1 if now is None else now
    return next((first for first, last in reversed(places) if last <= at), None), next((first for first, _last in places if first > at), None)


def _query(captured: Capture, part: str) -> int | None:
    return address.number("q", None, len(captured.queries(part)))


def _text(captured: Capture, part: str, choice: HeadChoice, how: Controls, high: bool) -> None:
    keys, query = captured.keys(part), _query(captured, part)
    key = address.number("k", None, len(keys))
    first, last = _part(captured, part, query, key)
    weights = seen = None
    if query is not None:
        row = slice(query, query + 1)
        weights, seen = rows_of(captured, *choice, part, row)[0], captured.visible(choice[0], part, row)[0]
    _told(captured, part, query, weights)
    tokens = []
    for i in range(first, last):
        fill, ink, title = ("", "", f"{i}") if weights is None else _colours(float(weights[i]), bool(seen[i]), how, weights, i)
        text = _written(keys, i)
        # A line that was broken to fit a page goes on; an empty one ends a paragraph.
        ends = keys.text[i].count("\n") + (i > 0 and not keys.text[i].strip() and keys.text[i - 1].endswith("\n")) >= 2
        tokens.append([text, i, fill, ink, title, ends])

    def clicked() -> None:
        position = (st.session_state.get("far_text") or {}).get("token")
        if isinstance(position, int | float) and 0 <= position < len(keys):
            _choose(captured, part, int(position))

    label = _("The text, from token {first} to {last} of {n}").format(first=first, last=last - 1, n=len(keys))
    data = {"tokens": tokens, "query": query if part != "cross" else None, "key": key, "first": first, "high": high}
    data["label"] = f"{label}. {_('The arrow keys go from token to token.')}"
    with st.container(key="beside_text"):
        _component(key="far_text", data=data, on_token_change=clicked)
    st.caption(" · ".join([label, *([_("Click a token to see what it looks at.")] if part != "cross" else [])]))


def _choose(captured: Capture, part: str, position: int) -> None:
    """A token of the text was clicked: it looks, or is looked at where the other side looks; the map goes along if it does not show it."""
    window = far_map.window_of(captured, part)
    side, other = (window.columns, window.rows) if part == "cross" else (window.rows, window.columns)
    middle = (other[0] + other[1]) // 2
    edge = (middle, position) if part == "cross" else (position, middle)
    to = window if side[0] <= position < side[1] else window.around(*edge, max(window.sizes))
    far_map.go(to, **({"k": position} if part == "cross" else {"q": position, "k": None}))


def _part(captured: Capture, part: str, query: int | None, key: int | None) -> tuple[int, int]:
    """First token and last + 1 of what is shown of the text: around what is looked at, or what looks, or what the map shows."""
    n, window = len(captured.keys(part)), far_map.window_of(captured, part)
    middle = key if key is not None else query if query is not None and part != "cross" else sum(window.columns) // 2
    if key is None and query is None and window.is_whole:
        middle = 0
    first = max(0, min(middle - TOKENS // 2, n - TOKENS))
    return first, min(n, first + TOKENS)


def _told(captured: Capture, part: str, query: int | None, weights: np.ndarray | None) -> None:
    """Which token looks, and at what most, wherever in the text that is."""
    if query is None or weights is None:
        st.caption(_("Click into the map, or a token of the text: what it looks at is marked in its colours."))
        return
    labels = captured.keys(part).labels
    most = np.argsort(-weights, kind="stable")[:_MOST_LOOKED]
    looked = " · ".join(f"{escaped(labels[i])} ({i:,}) {weights[i]:.{2 if weights[i] >= _FINE else 4}f}" for i in most if weights[i] > 0)
    token = f"{escaped(captured.queries(part).labels[query])} ({query:,})"
    st.caption(_("**{token}** looks most at: {looked}").format(token=token, looked=looked))


def _colours(weight: float, seen: bool, how: Controls, weights: np.ndarray, i: int) -> tuple[str, str, str]:
    """Background, ink and what is said of a token: in the colours of the map."""
    if not seen:
        return "", "", f"{i}: {_('masked')}"
    step = round(min(1.0, weight / how.top(float(weights.max()))) ** how.gamma * 255)
    fill = palette.hexadecimal(palette.table(how.dark, contrast=how.contrast)[step])
    # What is as pale as the page needs no colour of its own, and travels as nothing.
    return (fill, palette.ink_on(fill), f"{i}: {weight:.4f}") if step else ("", "", f"{i}: {weight:.4f}")


def _written(tokens: Tokens, i: int) -> str:
    """A token as a part of a text: what a tokenizer drops between words is put back, so that words do not run together."""
    text = tokens.text[i]
    if not text.strip():
        return " ⏎ " if "\n" in text else " "
    if text.startswith("##") and len(text) > 2:
        return text[2:]
    dropped = not any(piece[:1].isspace() for piece in tokens.text[max(0, i - TOKENS) : i + TOKENS])
    return f" {text} " if tokens.special[i] else f" {text}" if dropped else text.replace("\n", " ")


def _edges(captured: Capture, part: str, choice: HeadChoice, how: Controls, which: str, high: bool) -> None:
    found = _searched(captured, part, choice, how)
    if found is None:
        return
    listed = found.strongest if which == "strong" else found.farthest
    message = _("Edges of this head by weight.") if which == "strong" else _("Edges of this head by distance, of weight {least} and more.")
    left_out = {
        "encoder": _("Those of a token to itself are left out."),
        "decoder": _("Those of a token to itself and to the first one, where most heads rest, are left out."),
    }.get(part, "")
    st.caption(f"{message.format(least=LEAST_WEIGHT)} {left_out}")
    if not listed:
        st.caption(_("There are none."))
        return

    def clicked() -> None:
        edge = (st.session_state.get("far_edges") or {}).get("edge")
        if edge in [[one.query, one.key] for one in listed]:
            far_map.go_to(captured, part, *map(int, edge))

    with st.container(key="beside_edges"):
        data = {"edges": [_row(captured, part, edge) for edge in listed], "label": _(SHOWN[which]), "high": high}
        data |= {"query": _query(captured, part), "key": address.number("k", None, 1_000_000)}
        _component(key="far_edges", data=data, on_edge_change=clicked)


def _row(captured: Capture, part: str, edge: Edge) -> dict[str, object]:
    ends = {"from": captured.queries(part).labels[edge.query], "to": captured.keys(part).labels[edge.key]}
    named = {"from": f"{ends['from']} ({edge.query:,})", "to": f"{ends['to']} ({edge.key:,})"}
    return {"query": edge.query, "key": edge.key, **named, "weight": f"{edge.weight:.3f}", "distance": f"{edge.distance:,}"}


def _searched(captured: Capture, part: str, choice: HeadChoice, how: Controls) -> Edges | None:
    """The edges of the head; None while a job looks for them."""
    key = ("edges", part, *choice, how.special, how.pair)

    def made(report: Report) -> Edges:
        return captured.derived.get_or_compute(key, lambda: edges(captured, *choice, part, special=how.special, pair=how.pair, report=report))

    if key in captured.derived:
        return captured.derived.get(key)
    title = _("Looking through all edges of this head")
    return jobs.computed(("edges", captured.number, *key), title, made, replaces="edges", kept_elsewhere=True)
