"""The board: click heads off, drag over several, take steps back, start from a preset."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from explorer.ablation.heads import Head, every, ranked
from explorer.ablation.importance import Importance, table
from explorer.charts.common import board as charts
from explorer.charts.common.picture import Picture
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.ui.common import address, jobs, stage
from explorer.ui.common.pictures import clickable
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.common.task_choice import TaskChoice
from explorer.ui.prune.pruned_set import PrunedSet

COLOURS = {"gradient": N_("gradient of the gate"), "exact": N_("loss without the head"), "confidence": N_("confidence"), "none": N_("none")}
TITLES = {"gradient": N_("importance"), "exact": N_("rise of the loss"), "confidence": N_("confidence")}

_HALL = {"height": 174}
"""Room for the cells on the stage, in pixels: what a click does is seen beside the whole board."""


def rows(choice: TaskChoice) -> list[str]:
    """Names of the sites, in the order of the forward pass."""
    several = len(choice.model.parts) > 1
    return [f"{site.part} {site.layer}" if several else str(site.layer) for site in choice.model.sites]


def draw(choice: TaskChoice, pruned: PrunedSet, further: bool) -> Figure:
    """The board and what stands above it.

    Args:
        choice: the task.
        pruned: the heads that are off.
        further: whether colours may be computed that are not known yet; a score comes first.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", key="board_buttons"):
        by = address.choice(st.selectbox, _("Colour"), COLOURS, "colour", width=190)
        st.button(_("Undo"), on_click=pruned.undo, disabled=not pruned.before, shortcut="Ctrl+Z", key="undo")
        st.button(_("Redo"), on_click=pruned.redo, disabled=not pruned.after, shortcut="Ctrl+Y", key="redo")
        st.button(_("Reset"), on_click=pruned.change, args=((),), disabled=not pruned.heads, key="reset")
        with st.popover(_("Presets"), key="presets"):
            _presets(choice, pruned, "exact" if by == "exact" else "gradient")
    values = None if by == "none" else known_values(choice, by)

    def picture(dark: bool, clickable: bool, **room: int) -> Picture:
        sizes, diverging = [site.heads for site in choice.model.sites], by == "exact"
        how = {"values": values, "title": _(TITLES.get(by, "")), "diverging": diverging, "clickable": clickable, "dark": dark}
        return charts.board(rows(choice), sizes, pruned.heads, **how, **room)

    def picked(news: Mapping[str, object]) -> None:
        for point in news.get("cell") or []:
            pruned.toggle(covered(choice, [point.get("row")], [point.get("head")]))
        box = news.get("box") or {}
        if box.get("row") and box.get("head"):
            pruned.toggle(covered(choice, box["row"], box["head"]))
            pruned.boards += 1

    place, below = st.container(), st.container()
    if values is None and by != "none" and further:
        with below:
            values = compute(choice, by, "colours")
    room = stage.room(_HALL)
    # A click changes the table of the board that stands there: a board drawn anew would miss the click that falls between the two.
    with place:
        clickable("board", (choice.model.number, pruned.boards), None, lambda _first, dark: picture(dark, True, **room), picked, adds_up=True)
        st.caption(_("Click a head to switch it off or on; click a number at the margin for a whole layer or column; drag over several."))
    return Figure(_("The board"), "board", picture_files(lambda: picture(False, False)))


def known_values(choice: TaskChoice, by: str) -> np.ndarray | None:
    """Importance of all heads as (sites, heads), where it is known already."""
    if not choice.results.knows_importance(by, choice.method):
        return None
    return table(choice.results.importance(by, choice.method), list(choice.model.sites))


def compute(choice: TaskChoice, by: str, place: str) -> np.ndarray | None:
    """Importance of all heads as (sites, heads), computed where it is not known; None while the page shows how far it is."""

    def work(report: Report) -> Importance:
        return choice.results.importance(by, choice.method, report)

    key = ("importance", *choice.key, by, choice.method)
    found = jobs.computed(key, _(COLOURS[by]).capitalize(), work, replaces=place, moment=0.0)
    return None if found is None else table(found, list(choice.model.sites))


def _presets(choice: TaskChoice, pruned: PrunedSet, by: str) -> None:
    st.caption(_("Least important first, by {what}.").format(what=_(COLOURS[by])))
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


def covered(choice: TaskChoice, chosen_rows: list, chosen_heads: list) -> list[Head]:
    """The heads in these rows and columns; `charts.WHOLE` stands for all of them."""
    if None in chosen_rows or None in chosen_heads:
        return []
    sites = {int(r) for r in chosen_rows}
    heads = {int(h) for h in chosen_heads}
    return [(s, h) for s, h in every(choice.model) if (charts.WHOLE in sites or s in sites) and (charts.WHOLE in heads or h in heads)]
