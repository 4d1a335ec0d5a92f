"""The board: click heads off, drag over several, take steps back, start from a preset."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.ablation.curves import ranked
from explorer.ablation.heads import Head, every
from explorer.ablation.importance import table
from explorer.charts.common import board as charts
from explorer.i18n import _
from explorer.ui.common import long_work
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.common.task_choice import TaskChoice
from explorer.ui.prune.pruned_set import PrunedSet

COLOURS = {"gradient": _("gradient of the gate"), "exact": _("loss without the head"), "confidence": _("confidence"), "none": _("none")}
TITLES = {"gradient": _("importance"), "exact": _("rise of the loss"), "confidence": _("confidence")}


def rows(choice: TaskChoice) -> list[str]:
    """Names of the sites, in the order of the forward pass."""
    several = len(choice.model.parts) > 1
    return [f"{site.part} {site.layer}" if several else str(site.layer) for site in choice.model.sites]


def draw(choice: TaskChoice, pruned: PrunedSet) -> Figure:
    """The board and what stands above it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="board_buttons"):
        by = st.selectbox(_("Colour"), COLOURS, format_func=COLOURS.get, key="colour", bind="query-params", width=170)
        st.button(_("Undo"), on_click=pruned.undo, disabled=not pruned.before, shortcut="Ctrl+Z", key="undo")
        st.button(_("Redo"), on_click=pruned.redo, disabled=not pruned.after, shortcut="Ctrl+Y", key="redo")
        st.button(_("Reset"), on_click=pruned.change, args=((),), disabled=not pruned.heads, key="reset")
        with st.popover(_("Presets"), key="presets"):
            _presets(choice, pruned, "exact" if by == "exact" else "gradient")
    values = None if by == "none" else _values(choice, by)

    def chart(dark: bool, clickable: bool) -> object:
        sizes = [site.heads for site in choice.model.sites]
        diverging = by == "exact"
        return charts.board(
            rows(choice), sizes, pruned.heads, values=values, title=TITLES.get(by, ""), diverging=diverging, clickable=clickable, dark=dark
        )

    key = f"board_{choice.model.number}_{by}_{pruned.moves}"
    dark = is_dark()
    st.altair_chart(chart(dark, True), key=key, on_select=lambda: _picked(choice, pruned, key), width="content")
    st.caption(_("Click a head to switch it off or on; click a number at the margin for a whole layer or column; drag over several."))
    return Figure(_("The board"), "board", picture_files(lambda: chart(False, False)))


def _values(choice: TaskChoice, by: str) -> np.ndarray | None:
    method = choice.method
    if choice.results.knows_importance(by, method):
        found = choice.results.importance(by, method)
    else:
        key = f"{by} {choice.model.number} {id(choice.results)} {method}"
        found = long_work.run(COLOURS[by], key, lambda tell: choice.results.importance(by, method, tell))
    return None if found is None else table(found, list(choice.model.sites))


def _presets(choice: TaskChoice, pruned: PrunedSet, by: str) -> None:
    st.caption(_("Least important first, by {what}.").format(what=COLOURS[by]))
    if not choice.results.knows_importance(by, choice.method):
        st.caption(_("Importance is not known yet: colour the board by it first."))
        return
    order = ranked(choice.results.importance(by, choice.method))
    share = st.slider(_("Share of the heads"), 0, 100, 20, 5, format="%d %%", key="preset_share")
    some = order[: round(share / 100 * len(order))]
    st.button(_("Drop these {n}").format(n=len(some)), on_click=pruned.change, args=(some,), key="preset_drop")
    st.button(_("Keep one head per layer"), on_click=pruned.change, args=(all_but_best(order),), key="preset_one")
    st.button(_("Remove all"), on_click=pruned.change, args=(every(choice.model),), key="preset_all")


def all_but_best(order: list[Head]) -> list[Head]:
    """All heads but the most important one of each site; `order` has the least important first."""
    best = {site: (site, head) for site, head in order}
    return [head for head in order if best[head[0]] != head]


def _picked(choice: TaskChoice, pruned: PrunedSet, key: str) -> None:
    state = st.session_state.get(key)
    selection = state["selection"] if state else {}
    heads = [h for point in selection.get("cell") or [] for h in covered(choice, [point.get("row")], [point.get("head")])]
    box = selection.get("box") or {}
    if not heads and box.get("row") and box.get("head"):
        heads = covered(choice, box["row"], box["head"])
    if heads:
        pruned.toggle(heads)


def covered(choice: TaskChoice, chosen_rows: list, chosen_heads: list) -> list[Head]:
    """The heads in these rows and columns; `charts.WHOLE` stands for all of them."""
    if None in chosen_rows or None in chosen_heads:
        return []
    sites = {int(r) for r in chosen_rows}
    heads = {int(h) for h in chosen_heads}
    return [(s, h) for s, h in every(choice.model) if (charts.WHOLE in sites or s in sites) and (charts.WHOLE in heads or h in heads)]
