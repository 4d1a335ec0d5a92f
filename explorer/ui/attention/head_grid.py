"""All heads at once, and the arrow keys that go from one to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from explorer.capture import Capture
from explorer.charts.attention import grid
from explorer.charts.common import thumbnails
from explorer.charts.common.picture import Picture
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.pooling import of_layer
from explorer.tiles import MAXIMUM, MEAN
from explorer.ui.attention.controls import Controls, described, is_long
from explorer.ui.common import chosen_head, jobs, pictures, stage
from explorer.ui.common.chosen_head import HeadChoice
from explorer.ui.common.parts import PARTS
from explorer.views import crop
from models.opening.sites import Site

WIDTH, HEIGHT = 475, 540
"""Room for all pictures, in pixels."""
_LONG_HEIGHT = 330
"""The same where the text is seen below them, as it is too long for a map with its tokens at its sides."""
_STAGE = (840, 216)
"""Both on a stage: what is left of the window below the text and the choices, in a drawing whose letters become 24 pixels there."""

_STAGE_LONG = 190
"""The height of a longer text's, whose tokens take more rows above."""

Room = dict[str, int | bool]
"""What `grid.cell_size` has to know of it: width, height, wide."""

_AT_ONCE = 10**7
"""Weights of all heads whose pictures are made while the page waits, in half a second at most."""

SUMMARIES = {MEAN: N_("mean over heads"), MAXIMUM: N_("max over heads")}


def neighbours(captured: Capture, part: str, choice: HeadChoice) -> None:
    """Title and four buttons, which the arrow keys press too."""
    heads, n_layers = chosen_head.heads_across(captured, part), len(captured.sites(part))
    layer, head = choice
    at = heads.index(head)
    with st.container(horizontal=True, vertical_alignment="center", key="neighbours"):
        what = _(SUMMARIES[head]) if head in SUMMARIES else _("head {head}").format(head=head)
        where = _("Layer {layer}, {what}").format(layer=layer, what=what)
        st.markdown(f"**{where}** :small[({_('from 0')})]")
        st.space("stretch")
        moves = [(_("Head"), "Left", 0, -1), (_("Head"), "Right", 0, 1), (_("Layer"), "Up", -1, 0), (_("Layer"), "Down", 1, 0)]
        for label, key, down, right in moves:
            target = (layer + down, at + right)
            possible = 0 <= target[0] < n_layers and 0 <= target[1] < len(heads)
            to = (target[0], heads[target[1]]) if possible else choice
            st.button(label, key=f"go_{key}", shortcut=key, disabled=not possible, on_click=chosen_head.choose, args=to)


def stands_beside(captured: Capture, part: str) -> bool:
    """Whether a long text's grid is so high and narrow that what belongs to the chosen head stands beside it, and not below."""
    layers, across = len(captured.sites(part)), len(chosen_head.heads_across(captured, part))
    wide, high = _cell(captured, part, _room(captured, part, False))
    return not stage.is_on() and is_long(captured, part) and high * layers > _LONG_HEIGHT and wide * across <= WIDTH // 2


@dataclass(frozen=True)
class _Shown:
    """The grid of a text, which may be that of now or of an earlier one."""

    identity: tuple
    cells: list[grid.Cell]


def draw(captured: Capture, part: str, choice: HeadChoice, how: Controls, of: str) -> None:
    """The grid. A click chooses a head and runs the page's fragment again.

    Args:
        captured: the text.
        part: of its sites.
        choice: the head that is looked at.
        how: it is shown.
        of: title of what was read (`Chosen.title`).
    """
    room = _room(captured, part, stage.is_on())
    identity = (captured.number, *_key(captured, part, how, how.dark, room))
    title = " · ".join([of, *([_(PARTS[part])] if len(captured.parts) > 1 else []), *described(how)])
    cells = _computed(captured, part, how, identity, choice, room)
    if cells is None and is_long(captured, part):
        return  # what there is of it so far is drawn, and needs the room
    shown = jobs.kept("grid", identity, title, None if cells is None else _Shown(identity, cells))
    if shown is None:
        return

    def picked(selection: Mapping[str, list]) -> HeadChoice | None:
        points = selection.get("head")
        if not points:
            return None
        found = (int(points[0]["layer"]), str(points[0]["head"]))
        chosen_head.choose(*found)
        return found

    def make(first: HeadChoice, dark: bool) -> Picture:
        return grid.head_grid(shown.what.cells, first, **room, dark=dark)

    pictures.clickable("grid", shown.what.identity, choice, make, picked)


def picture(captured: Capture, part: str, choice: HeadChoice, how: Controls, dark: bool) -> Picture:
    """All heads, a frame around the chosen one, for a file: not in the colours for a projector."""
    room = _room(captured, part, False)
    return grid.head_grid(_cells(captured, part, replace(how, contrast=False), dark, room), choice, **room, dark=dark)


def _computed(captured: Capture, part: str, how: Controls, identity: tuple, choice: HeadChoice, room: Room) -> list[grid.Cell] | None:
    """The pictures of now; None while a job makes those of a long text, which are drawn as they come, layer by layer."""
    if captured.n_weights(part) <= _AT_ONCE or _key(captured, part, how, how.dark, room) in captured.derived:
        return _cells(captured, part, how, how.dark, room)
    key = ("grid", *identity)

    def partial(cells: list[grid.Cell]) -> None:
        pictures.draw(grid.head_grid(cells, choice, **room, dark=how.dark), "grid_so_far")

    return jobs.computed(
        key,
        _("Drawing all heads"),
        lambda report: _cells(captured, part, how, how.dark, room, report),
        replaces="grid",
        partial=partial,
        kept_elsewhere=True,
    )


def _room(captured: Capture, part: str, hall: bool) -> Room:
    """Room for all pictures at a desk, or on the stage of a hall."""
    if hall:
        return {"width": _STAGE[0], "height": _STAGE_LONG if is_long(captured, part) else _STAGE[1], "wide": True}
    return {"width": WIDTH, "height": _LONG_HEIGHT if is_long(captured, part) else HEIGHT, "wide": False}


def _cell(captured: Capture, part: str, room: Room) -> tuple[int, int]:
    return grid.cell_size(len(chosen_head.heads_across(captured, part)), len(captured.sites(part)), **room)


def _key(captured: Capture, part: str, how: Controls, dark: bool, room: Room) -> tuple:
    return "cells", part, how.special, how.pair, how.scale, dark, how.contrast, _cell(captured, part, room)


def _cells(captured: Capture, part: str, how: Controls, dark: bool, room: Room, report: Report | None = None) -> list[grid.Cell]:
    key = _key(captured, part, how, dark, room)
    return captured.derived.get_or_compute(key, lambda: _made(captured, part, how, dark, report, room))


def _made(captured: Capture, part: str, how: Controls, dark: bool, report: Report | None, room: Room | None = None) -> list[grid.Cell]:
    cut = crop(captured.queries(part), captured.keys(part), special=how.special, pair=how.pair)
    queries, keys = ([tokens.labels[i] for i in of] for tokens, of in ((captured.queries(part), cut.rows), (captured.keys(part), cut.columns)))
    if not queries or not keys:
        return []
    sites = captured.sites(part)
    # Not one pixel more than is drawn: a browser that makes a picture smaller loses thin lines.
    size = grid.picture_size(_cell(captured, part, room or _room(captured, part, False))[0])
    whole = how.special == "raw" and how.pair == "all"
    pooled = []
    for site in sites:
        small = of_layer(captured, site.layer, part, size, None if whole else cut)
        found = {str(head): picture for head, picture in enumerate(small.heads)}
        pooled.append((found | {MEAN: small.mean, MAXIMUM: small.maximum}, small.seen))
        if report is None:
            continue  # nobody sees half of it, and each half costs as much as the whole
        report(len(pooled) / len(sites), None if len(pooled) == len(sites) else _painted(pooled, sites, queries, keys, how, dark))
    return _painted(pooled, sites, queries, keys, how, dark)


def _painted(pooled: list, sites: Sequence[Site], queries: list[str], keys: list[str], how: Controls, dark: bool) -> list[grid.Cell]:
    """The pictures of the layers that there are, and empty places for those to come."""
    # Where the colours are freed, the largest weight of all heads gets the last one.
    top = max(float(picture.max()) for found, _seen in pooled for picture in found.values()) if how.scale == "own" else 1.0
    cells = []
    for site, (found, seen) in zip(sites, pooled, strict=False):
        for name, picture in found.items():
            row, column = np.unravel_index(int(picture.argmax()), picture.shape)
            # A pooled pixel stands for several tokens; only where it does not can they be named.
            exact = picture.shape == (len(queries), len(keys))
            ends = (queries[row], keys[column]) if exact else ("", "")
            png = thumbnails.encode(picture, seen, dark, top, how.gamma, how.contrast)
            cells.append(grid.Cell(site.layer, name, png, float(picture.max()), *ends))
    blank = thumbnails.encode(np.zeros((1, 1)), np.zeros((1, 1), bool), dark, contrast=how.contrast)
    for site in sites[len(pooled) :]:
        cells += [grid.Cell(site.layer, name, blank, 0.0) for name in [*map(str, range(site.heads)), MEAN, MAXIMUM]]
    return cells
