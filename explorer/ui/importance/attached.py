"""A job of the shell that runs elsewhere, such as `ablate` or `atlas`: its folder of units, watched while others fill it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.atlas.sums import METRICS
from explorer.charts.common import board as charts
from explorer.charts.common.picture import Picture
from explorer.i18n import _, language
from explorer.ui.atlas.choices import title_of
from explorer.ui.common import jobs, pictures
from explorer.ui.common.again import run_again
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.session import is_dark
from explorer.ui.prune.board import TITLES
from explorer.units.job import read_manifest
from explorer.units.watch import Seen, Watcher
from models import Model
from models.errors import InputError
from models.opening import allowed
from models.paths import typed

_POLL_S = 2.0
_FIRST = 5
"""Heads that are named."""
_QUIET_S = 120.0
"""Seconds without a unit after which the page says so."""


def draw() -> None:
    """The field for a folder, and what is in it. Nothing where strangers may be among the viewers: it reads folders of this machine."""
    if not allowed.NOW.folders:
        return
    with st.expander(_("A job that runs elsewhere"), icon=":material/lan:", expanded=bool(st.session_state.get("_units_folder"))):
        st.text_input(
            _("Folder of its units"),
            st.session_state.get("_units_folder", ""),
            key="units_folder",
            placeholder="heads.json.units",
            help=_("What a command was given as --units, or its file's name and .units: see docs/cluster.md."),
            on_change=lambda: st.session_state.update(_units_folder=st.session_state.units_folder.strip()),
        )
        named = st.session_state.get("_units_folder", "")
        if not named:
            return
        seen = _looked(named)
        if seen is not None and seen.finished:
            _show(seen)
        elif seen is not None:
            st.fragment(_follow, run_every=_POLL_S)(named)


def rise(model: Model, site: int | None, head: int) -> tuple[float, int] | None:
    """What the watched job has found for one head of this model: rise of the mean loss, and on how many examples; None where it has not."""
    kept: Watcher | None = st.session_state.get("_watcher")
    if kept is None or site is None or kept.about.get("weights") != model.fingerprint:
        return None
    seen = kept.look()
    return None if seen.rises is None else (float(seen.rises[site, head]), seen.examples)


def _watcher(named: str) -> Watcher:
    """Of the folder that a viewer watches. Raises InputError."""
    folder = typed(named).absolute()
    kept: Watcher | None = st.session_state.get("_watcher")
    # A folder that was emptied and filled again is another one.
    if kept is None or kept.folder != folder or kept.about != read_manifest(folder)["about"]:
        kept = st.session_state["_watcher"] = Watcher(folder)
    return kept


def _looked(named: str) -> Seen | None:
    """How far it is; None where the page says why that is not known."""
    try:
        return _watcher(named).look()
    except InputError as error:
        st.error(explained(error), icon=":material/error:")
        return None


def _follow(named: str) -> None:
    seen = _looked(named)
    if seen is None:
        return
    if seen.finished:
        run_again()
    _show(seen)


def _show(seen: Seen) -> None:
    about = seen.about
    st.markdown(f"**{escaped(str(about.get('command', '')))}** · {escaped(str(about.get('model', '')))}")
    if seen.finished:
        st.caption(_("Finished: the command has written its file."))
    elif seen.planned:
        left = f" · {_('{left} left').format(left=jobs.duration(seen.left))}" if seen.left else ""
        st.progress(seen.share, text=f"{escaped(seen.phase)}: {seen.done} / {seen.planned} · {seen.share:.0%}{left}")
        if seen.missing:
            numbers = ", ".join(map(str, seen.missing)) + (", .." if seen.planned - seen.done > len(seen.missing) else "")
            st.caption(_("Not done yet: units {numbers}.").format(numbers=numbers))
        else:
            st.caption(_("All that is planned is done; the command goes on with what follows."))
    else:
        st.caption(_("Nothing is planned yet."))
    if not seen.finished and seen.idle is not None and seen.idle > _QUIET_S:
        quiet = _("Nobody has written a unit for {time}: look whether the command and its workers still run.")
        st.warning(quiet.format(time=jobs.duration(seen.idle)), icon=":material/hourglass_empty:")
    if seen.rises is not None:
        of = about["shown"]["examples"]
        st.caption(
            _(
                "Each head removed alone, on {n} of {all} examples: how much the mean loss rises, in nats. Layers down, heads across, from 0."
            ).format(n=seen.examples, all=of)
        )
        pictures.draw(_picture(seen, seen.rises, _(TITLES["exact"]), diverging=True), "attached_map")
    elif seen.metrics is not None:
        _of_atlas(seen)


def _of_atlas(seen: Seen) -> None:
    """The heads of an atlas as far as they are read, by one metric; the most of it in words, too."""
    name = st.selectbox(_("Metric"), METRICS, METRICS.index("previous"), format_func=title_of, key="attached_metric", width=260)
    values = seen.metrics[name]
    st.caption(
        _("Each head's mean over all rows of {n} of {all} shards, as far as they are read. Layers down, heads across, from 0.").format(
            n=seen.done, all=seen.planned
        )
    )
    pictures.draw(_picture(seen, values, title_of(name), diverging=False), "attached_map")
    there = {"lang": language(), "atlas_of": "folder", "atlas_folder": str(st.session_state["_watcher"].folder)}
    # Sorted ends with what is not known.
    first = [np.unravel_index(at, values.shape) for at in np.argsort(-values, axis=None, kind="stable")[:_FIRST]]
    first = [(site, head) for site, head in first if not np.isnan(values[site, head])]
    if first:
        st.caption(_("Most so far; each opens on Atlas:"))
        with st.container(horizontal=True):
            for site, head in first:
                part, layer, _heads = seen.about["shown"]["sites"][site]
                place = {"part": part} if _in_parts(seen) else {}
                label = f"{_row(seen, site)}.{head} ({values[site, head]:.3f})"
                st.page_link("pages/atlas.py", label=escaped(label), query_params=there | place | {"layer": str(layer), "head": str(head)})
    label = _("Their rows, tokens and distances so far: on Atlas")
    st.page_link("pages/atlas.py", label=label, icon=":material/open_in_new:", query_params=there)


def _row(seen: Seen, site: int) -> str:
    """A line of the map; with its part, where there are several."""
    sites = seen.about["shown"]["sites"]
    part, layer, _heads = sites[site]
    return f"{part} {layer}" if _in_parts(seen) else str(layer)


def _in_parts(seen: Seen) -> bool:
    """Whether the model has several parts, so that a layer alone says nothing."""
    return len({part for part, _layer, _heads in seen.about["shown"]["sites"]}) > 1


def _picture(seen: Seen, values: np.ndarray, title: str, *, diverging: bool) -> Picture:
    sites = seen.about["shown"]["sites"]
    rows = [_row(seen, site) for site in range(len(sites))]
    how = {"width": 420, "height": 200, "compact": True, "dark": is_dark(), "title": title, "diverging": diverging}
    return charts.board(rows, [heads for _part, _layer, heads in sites], (), values=values, clickable=False, **how)
