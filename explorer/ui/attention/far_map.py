"""One head of a long text as a map under a window, which is dragged, zoomed and linked to (`far_map.js`).

Only what is seen is computed and sent: at most `SIZE` x `SIZE` pixels, each the largest weight of its tokens, as one picture without colours.
The browser gives it those of the theme, moves what it has at once while somebody drags, and asks for the rest with the window's name, which
then stands in the address: Back and a link show it again.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from explorer import export
from explorer.capture import Capture
from explorer.charts.attention import tile as charts
from explorer.charts.common import palette
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.jobs import Report
from explorer.tiles import Tile, Window, strongest_in, tile
from explorer.ui.attention import head_map
from explorer.ui.attention.controls import Controls
from explorer.ui.common import address, jobs, pictures, stage
from explorer.ui.common.chosen_head import HeadChoice
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files

SIZE = 352
"""Pixels of a side, at most: as many as the map has at a desk."""
CLOSE = 32
"""Tokens of a side that are seen around an edge that somebody went to."""
_VALUES = 48 * 48
"""Weights that are sent with their digits, for the pointer; of more, the shades say it within 1/254 of the scale."""
_AT_ONCE = 2 * 10**8
"""Weights that are computed while the page waits, in a quarter of a second at most."""
_MASKED = 255
_HTML = """<div class="far"><div class="corner"></div><div class="columns" aria-hidden="true"></div><div class="rows" aria-hidden="true"></div>
<div class="frame" tabindex="0" role="application"><canvas></canvas>
<i class="mark rows-mark" hidden></i><i class="mark columns-mark" hidden></i></div>
<output class="readout"></output></div>"""
_CSS, _JS = (Path(__file__).with_suffix(ending).read_text(encoding="utf-8") for ending in (".css", ".js"))
_component = st.components.v2.component("attention_explorer.far_map", html=_HTML, css=_CSS, js=_JS)


def window_of(captured: Capture, part: str) -> Window:
    """What is seen: as the address says, all at first."""
    sizes = len(captured.queries(part)), len(captured.keys(part))
    return Window.named(address.read("window") or "", *sizes) or Window.whole(*sizes)


def go(window: Window, **more: int | None) -> None:
    """Sees another window: one step of the browser's history, with whatever else changes. For callbacks."""
    address.write(window=None if window.is_whole else window.name, **more)


def go_to(captured: Capture, part: str, query: int, key: int | None = None) -> None:
    """Sees an edge, or a token, from near, and chooses it. For callbacks."""
    go(window_of(captured, part).around(query, key, CLOSE), q=query, k=key)


def moves(captured: Capture, part: str) -> None:
    """Buttons for what the mouse does."""
    window = window_of(captured, part)
    steps = [
        ("zoom_in", _("Closer"), window.zoomed(0.5)),
        ("zoom_out", _("Further away"), window.zoomed(2)),
        ("arrow_back", _("To the left"), window.moved(0, -1)),
        ("arrow_forward", _("To the right"), window.moved(0, 1)),
        ("arrow_upward", _("Up"), window.moved(-1, 0)),
        ("arrow_downward", _("Down"), window.moved(1, 0)),
        ("zoom_out_map", _("The whole map"), Window.whole(window.n_rows, window.n_columns)),
    ]
    with st.container(horizontal=True, vertical_alignment="center", key="window_moves"):
        for icon, label, to in steps:
            st.button(label, icon=f":material/{icon}:", key=f"window_{icon}", disabled=to == window, on_click=go, args=(to,))


def draw(captured: Capture, part: str, choice: HeadChoice, how: Controls) -> Figure | None:
    """The map; returns what can be taken away, None where nothing is left to show."""
    window = window_of(captured, part)
    found = _computed(captured, part, choice, how, window)
    identity = _identity(captured, part, choice, how, window)
    # What stood here before is of its own text, whose tokens it names.
    now = None if found is None else (captured, part, choice, found, window)
    shown = jobs.kept("far_map", identity, _title(choice, window), now)
    if shown is None:
        return None
    captured, part, choice, found, at = shown.what
    if not found.weights.size:
        st.info(_("Nothing is left to show: all tokens here are special, or there is no second text."))
        return None

    def asked() -> None:
        name = (st.session_state.get("far_map") or {}).get("window")
        st.session_state["_far_answered"] = name
        to = Window.named(str(name or ""), at.n_rows, at.n_columns)
        if to is not None:
            go(to)

    def clicked() -> None:
        _choose(captured, part, choice, found, at, (st.session_state.get("far_map") or {}).get("cell"))

    with st.container(key="far"):
        data = _data(captured, part, found, at, how) | {
            "answered": st.session_state.get("_far_answered"),
            "text": captured.number,
            "stage": stage.is_on(),
        }
        _component(key="far_map", data=data, on_window_change=asked, on_cell_change=clicked)
    pictures.beside("far_map", picture(captured, part, found, how, how.dark))
    return _figure(captured, part, choice, found, how)


def recipe(chosen: Chosen, part: str, choice: HeadChoice, how: Controls) -> str:
    """Python that computes what is seen again."""
    layer, head = choice
    window = window_of(chosen.capture, part)
    lines = [
        "import explorer, models",
        "from explorer.tiles import Window, tile",
        "",
        *chosen.lines,
        f"window = Window.named({window.name!r}, {window.n_rows}, {window.n_columns})",
        f"shown = tile(captured, {layer}, {head!r}, {part!r}, window, {SIZE}{how.crop_arguments})",
        "print(shown.rows, shown.columns, shown.weights)  # the largest weight of each pixel",
    ]
    return "\n".join(lines)


def picture(captured: Capture, part: str, found: Tile, how: Controls, dark: bool) -> Picture:
    """The same as a chart, for a file and for a lecture."""
    labels = [[tokens.labels[i] for i in of] for tokens, of in ((captured.queries(part), found.rows), (captured.keys(part), found.columns))]
    return charts.tile_map(found, *labels, top=how.top(found.largest), gamma=how.gamma, dark=dark)


def _computed(captured: Capture, part: str, choice: HeadChoice, how: Controls, window: Window) -> Tile | None:
    """What is seen; None while a job computes what takes longer than a moment."""
    layer, head = choice
    key = ("tile", part, layer, head, window, how.special, how.pair)

    def made(_report: Report | None = None) -> Tile:
        return captured.derived.get_or_compute(key, lambda: tile(captured, layer, head, part, window, SIZE, special=how.special, pair=how.pair))

    rows, columns = window.sizes
    heads = 1 if head.isdigit() else captured.site(layer, part).heads
    if rows * columns * heads <= _AT_ONCE or key in captured.derived:
        return made()
    return jobs.computed(("tile", captured.number, *key), _("Computing what is seen"), made, replaces="far_map", kept_elsewhere=True)


def _identity(captured: Capture, part: str, choice: HeadChoice, how: Controls, window: Window) -> tuple:
    return captured.number, part, choice, how.special, how.pair, window


def _title(choice: HeadChoice, window: Window) -> str:
    return f"{head_map.name(choice)} · {window.name}"


def _choose(captured: Capture, part: str, choice: HeadChoice, found: Tile, at: Window, told: object) -> None:
    """Chooses the strongest edge of the pixel that was clicked, if it is one of what is shown."""
    if not isinstance(told, Mapping) or told.get("window") != at.name:
        return
    place = told.get("at")
    if not (isinstance(place, list) and len(place) == 2 and all(isinstance(i, int | float) for i in place)):
        return
    down, across = int(place[0]), int(place[1])
    if 0 <= down < found.weights.shape[0] and 0 <= across < found.weights.shape[1]:
        query, key = strongest_in(captured, *choice, part, *found.tokens(down, across))
        address.write(q=query, k=key)


def _data(captured: Capture, part: str, found: Tile, at: Window, how: Controls) -> dict[str, object]:
    top, gamma = how.top(found.largest), how.gamma
    query, key = head_map.pinned_query(), address.number("k", None, 1_000_000)
    sides = {}
    for name, tokens, of, edges, chosen, n in (
        ("rows", captured.queries(part), found.rows, found.row_edges, query, at.n_rows),
        ("columns", captured.keys(part), found.columns, found.column_edges, key, at.n_columns),
    ):
        exact = len(of) == len(edges) - 1
        sides[name] = {
            "first": of[edges[:-1]].tolist(),
            "last": of[edges[1:] - 1].tolist(),
            "labels": [tokens.labels[i] for i in of] if exact else None,
            "chosen": _pixel(of, edges, chosen),
            "n": n,
        }
    return {
        **sides,
        "window": {"rows": list(at.rows), "columns": list(at.columns)},
        "png": _png(found, top, gamma),
        "palette": _palette(how.dark, how.contrast),
        "colours": {
            name: palette.strong(of) if how.contrast else of
            for name, of in (("frame", palette.frame(how.dark)), ("masked", palette.masked(how.dark)))
        },
        "top": top,
        "gamma": gamma,
        "exact": found.exact,
        "values": [round(float(w), 4) for w in found.weights.ravel()] if found.exact and found.weights.size <= _VALUES else None,
        "words": _words(captured, part, found, at),
    }


def _words(captured: Capture, part: str, found: Tile, at: Window) -> dict[str, str]:
    down, across = np.unravel_index(int(found.weights.argmax()), found.weights.shape)
    queries, keys = found.tokens(int(down), int(across))
    (top, bottom), (left, right) = at.rows, at.columns
    ends = {"first": top, "last": bottom - 1, "n": at.n_rows, "left": left, "right": right - 1, "m": at.n_columns}
    caption = _("From tokens {first:,} to {last:,} of {n:,}, to tokens {left:,} to {right:,} of {m:,}.").format(**ends)
    if not found.exact:
        down, across = (-(-len(of) // (len(edges) - 1)) for of, edges in ((found.rows, found.row_edges), (found.columns, found.column_edges)))
        caption += " " + _("A pixel is the largest weight of up to {down} × {across} tokens.").format(down=down, across=across)
    largest = _("Largest weight: {weight}, from {query} to {key}.").format(
        weight=f"{found.weights.max():.2f}",
        query=f"{captured.queries(part).labels[queries[0]]} ({queries[0]})",
        key=f"{captured.keys(part).labels[keys[0]]} ({keys[0]})",
    )
    keyboard = _("Plus and minus zoom, the arrow keys move, 0 shows all.")
    return {
        "caption": f"{caption} " + _("Drag to move, click to choose; after a click the wheel zooms."),
        "aria": f"{_('Attention as a map of a long text.')} {caption} {largest} {keyboard}",
        "corner": _("↓ attends from"),
        "weight": _("From {from} to {to}: weight {weight}"),
        "largest": _("From {from} to {to}: largest weight {weight}"),
        "masked": _("From {from} to {to}: masked"),
    }


def _pixel(of: np.ndarray, edges: np.ndarray, token: int | None) -> int | None:
    """The pixel in which a token is; None where it is not shown."""
    place = int(np.searchsorted(of, -1 if token is None else token))
    if token is None or place >= len(of) or of[place] != token:
        return None
    return int(np.searchsorted(edges, place, side="right")) - 1


def _png(found: Tile, top: float, gamma: float) -> str:
    """Steps of the scale, 0 to 254, and 255 for what is masked, as a picture in grey."""
    steps = np.clip(np.nan_to_num(found.weights) / top, 0, 1) ** gamma * (_MASKED - 1)
    grey = np.where(found.seen, steps.round(), _MASKED).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(grey, "L").save(out, format="PNG", compress_level=6)
    return base64.b64encode(out.getvalue()).decode("ascii")


@cache
def _palette(dark: bool, contrast: bool) -> str:
    """The colour of each step, red, green and blue."""
    colours = palette.table(dark, contrast=contrast)[np.linspace(0, 255, _MASKED).round().astype(int)]
    masked = palette.masked(dark)
    return base64.b64encode(colours.tobytes() + bytes(palette.rgb(palette.strong(masked) if contrast else masked))).decode("ascii")


def _figure(captured: Capture, part: str, choice: HeadChoice, found: Tile, how: Controls) -> Figure:
    files = picture_files(lambda: picture(captured, part, found, how, False))
    files |= {"csv": lambda: export.tile_csv(captured, part, found)}
    return Figure(_("This map"), head_map.name(choice), files)
