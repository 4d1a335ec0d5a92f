"""The board: click heads off, drag over several, take steps back, start from a preset."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.ablation.curves import ranked
from explorer.ablation.heads import Head, every
from explorer.ablation.importance import table
from explorer.charts import board as charts
from explorer.i18n import _
from explorer.ui import long_work
from explorer.ui.pruned_set import PrunedSet
from explorer.ui.session import is_dark
from explorer.ui.take_away import Figure, pictures
from explorer.ui.task_choice import Job

COLOURS = {"gradient": _("gradient of the gate"), "exact": _("loss without the head"), "confidence": _("confidence"), "none": _("none")}
TITLES = {"gradient": _("importance"), "exact": _("rise of the loss"), "confidence": _("confidence")}


def rows(job: Job) -> list[str]:
    """Names of the sites, in the order of the forward pass."""
    several = len(job.model.parts) > 1
    return [f"{site.part} {site.layer}" if several else str(site.layer) for site in job.model.sites]


def draw(job: Job, pruned: PrunedSet) -> Figure:
    """The board and what stands above it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="board_buttons"):
        by = st.selectbox(_("Colour"), COLOURS, format_func=COLOURS.get, key="colour", bind="query-params", width=170)
        st.button(_("Undo"), on_click=pruned.undo, disabled=not pruned.before, shortcut="Ctrl+Z", key="undo")
        st.button(_("Redo"), on_click=pruned.redo, disabled=not pruned.after, shortcut="Ctrl+Y", key="redo")
        st.button(_("Reset"), on_click=pruned.change, args=((),), disabled=not pruned.heads, key="reset")
        with st.popover(_("Presets"), key="presets"):
            _presets(job, pruned, "exact" if by == "exact" else "gradient")
    values = None if by == "none" else _values(job, by)

    def chart(dark: bool, clickable: bool) -> object:
        sizes = [site.heads for site in job.model.sites]
        diverging = by == "exact"
        return charts.board(
            rows(job), sizes, pruned.heads, values=values, title=TITLES.get(by, ""), diverging=diverging, clickable=clickable, dark=dark
        )

    key = f"board_{job.model.number}_{by}_{pruned.moves}"
    dark = is_dark()
    st.altair_chart(chart(dark, True), key=key, on_select=lambda: _picked(job, pruned, key), width="content")
    st.caption(_("Click a head to switch it off or on; click a number at the margin for a whole layer or column; drag over several."))
    return Figure(_("The board"), "board", pictures(lambda: chart(False, False)))


def _values(job: Job, by: str) -> np.ndarray | None:
    method = job.method
    if job.ledger.knows_importance(by, method):
        found = job.ledger.importance(by, method)
    else:
        key = f"{by} {job.model.number} {id(job.ledger)} {method}"
        found = long_work.run(COLOURS[by], key, lambda tell: job.ledger.importance(by, method, tell))
    return None if found is None else table(found, list(job.model.sites))


def _presets(job: Job, pruned: PrunedSet, by: str) -> None:
    st.caption(_("Least important first, by {what}.").format(what=COLOURS[by]))
    if not job.ledger.knows_importance(by, job.method):
        st.caption(_("Importance is not known yet: colour the board by it first."))
        return
    order = ranked(job.ledger.importance(by, job.method))
    share = st.slider(_("Share of the heads"), 0, 100, 20, 5, format="%d %%", key="preset_share")
    some = order[: round(share / 100 * len(order))]
    st.button(_("Drop these {n}").format(n=len(some)), on_click=pruned.change, args=(some,), key="preset_drop")
    st.button(_("Keep one head per layer"), on_click=pruned.change, args=(all_but_best(order),), key="preset_one")
    st.button(_("Remove all"), on_click=pruned.change, args=(every(job.model),), key="preset_all")


def all_but_best(order: list[Head]) -> list[Head]:
    """All heads but the most important one of each site; `order` has the least important first."""
    best = {site: (site, head) for site, head in order}
    return [head for head in order if best[head[0]] != head]


def _picked(job: Job, pruned: PrunedSet, key: str) -> None:
    state = st.session_state.get(key)
    selection = state["selection"] if state else {}
    heads = [h for point in selection.get("cell") or [] for h in covered(job, [point.get("row")], [point.get("head")])]
    box = selection.get("box") or {}
    if not heads and box.get("row") and box.get("head"):
        heads = covered(job, box["row"], box["head"])
    if heads:
        pruned.toggle(heads)


def covered(job: Job, chosen_rows: list, chosen_heads: list) -> list[Head]:
    """The heads in these rows and columns; `charts.WHOLE` stands for all of them."""
    if None in chosen_rows or None in chosen_heads:
        return []
    sites = {int(r) for r in chosen_rows}
    heads = {int(h) for h in chosen_heads}
    return [(s, h) for s, h in every(job.model) if (charts.WHOLE in sites or s in sites) and (charts.WHOLE in heads or h in heads)]
