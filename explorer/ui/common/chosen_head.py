"""Which head is looked at: one for all pages, in the address, chosen by a click, by the arrow keys or by a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from explorer.capture import Capture
from explorer.i18n import _
from explorer.tiles import MAXIMUM, MEAN
from explorer.ui.common import address

HeadChoice = tuple[int, str]
"""Layer, and head as text: "0", "1", .., MEAN or MAXIMUM."""


def heads_across(captured: Capture, part: str) -> list[str]:
    """What can be chosen in a layer: its heads, and the summaries."""
    return [*map(str, range(max(site.heads for site in captured.sites(part)))), MEAN, MAXIMUM]


def current(captured: Capture, part: str) -> HeadChoice:
    """Layer and head that are looked at, as far as this model has them; (0, "0") at first. A layer without heads gives way to the next."""
    sizes = [site.heads for site in captured.sites(part)]
    layer = _with_heads(sizes, address.number("layer", 0, 10_000))
    head = address.word("head", "0", heads_across(captured, part))
    return layer, head if not head.isdigit() or int(head) < sizes[layer] else "0"


def numbered(captured: Capture, part: str) -> tuple[int, int]:
    """The same where only a single head can be looked at: the first one in the place of a summary."""
    layer, head = current(captured, part)
    return layer, int(head) if head.isdigit() else 0


def choose(layer: int, head: int | str) -> None:
    """Looks at another head: one step of the browser's history. For callbacks."""
    address.write(layer=int(layer), head=str(head))


def boxes(captured: Capture, part: str, layers: bool = True) -> tuple[int, int]:
    """Draws a choice of a layer and of one of its heads, and says which are looked at; `layers` False draws only heads, of layer 0."""
    layer, head = numbered(captured, part)
    sites = captured.sites(part)
    layer = layer if layers else 0
    head = min(head, max(0, sites[layer].heads - 1))
    if layers:
        _box(_("Layer (from 0)"), "layer_box", layer, len(sites), lambda: choose(st.session_state["layer_box"], head))
    title = _("Head (from 0)") if layers else _("Head of layer 0")
    _box(title, "head_box", head, max(1, sites[layer].heads), lambda: choose(layer, st.session_state["head_box"]))
    return layer, head


def _box(label: str, key: str, value: int, n: int, changed: Callable[[], None]) -> None:
    # Only where it differs: a value that is set again would overrule a click that is on its way.
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    st.selectbox(label, range(n), key=key, on_change=changed, width=120)


def complete(chosen: tuple[int, int | str]) -> None:
    """From now on the address names this head, though nobody chose it: a link shows it, and so does the way back from another one."""
    address.keep(layer=chosen[0], head=str(chosen[1]))


def among(sizes: Sequence[int]) -> tuple[int, int]:
    """The head that is looked at, where there are so many heads in each layer; the first of a layer in the place of one that it lacks."""
    layer = _with_heads(sizes, address.number("layer", 0, 10_000))
    head = address.number("head", 0, 10_000)
    return layer, head if head < sizes[layer] else 0


def _with_heads(sizes: Sequence[int], wanted: int) -> int:
    """The layer that is nearest to the wanted one and has heads; 0 where none has."""
    return min((layer for layer, heads in enumerate(sizes) if heads), key=lambda one: abs(one - wanted), default=0)


def picked(selection: Mapping[str, list], name: str = "head", layer: str = "layer") -> tuple[int, int] | None:
    """Chooses the head that was clicked, and returns it; None where the click was on no head.

    Args:
        selection: of a picture, as `pictures.clickable` tells it.
        name: of the selection.
        layer: its field with the layer; the one with the head is called "head".
    """
    points = selection.get(name)
    if not points or points[0].get(layer, -1) < 0 or points[0].get("head", -1) < 0:
        return None
    found = (int(points[0][layer]), int(points[0]["head"]))
    choose(*found)
    return found


def picked_on_board(selection: Mapping[str, list]) -> tuple[int, int] | None:
    """The same for `charts.common.board`."""
    return picked(selection, "cell", "row")
