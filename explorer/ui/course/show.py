"""One control that matters, and pictures that fill the stage."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Mapping, Sequence

import streamlit as st

from explorer.charts.common.picture import Picture
from explorer.i18n import _, language
from explorer.lectures import Demo, shipped
from explorer.lectures.words import Words
from explorer.ui.common import address, jobs, pictures, sliders
from explorer.ui.common.session import is_dark
from explorer.ui.course import place, record, results, settings


def draw(demo: Demo, words: Words) -> None:
    st.markdown(words.show)
    chosen = settings.draw(demo, words)
    found = results.of(demo, chosen)
    identity = (demo.id, language(), tuple(sorted(chosen.items())))
    told = ", ".join(f"{words.label(name)} {value}" for name, value in chosen.items())
    # What stands there while something else is computed says what it is.
    kept = jobs.kept(f"course_{demo.id}", identity, f"{words.title}: {told}", found)
    if found is not None:
        record.shown(demo, chosen)
    if kept is not None:
        row(demo.pictures(kept.what, words, is_dark()), f"{demo.id}_show", kept.what.opens, identity, _pick(demo, kept.what.picks))
    if demo.make is not None:
        _card(demo)


def _pick(demo: Demo, control: str) -> Callable[[int], None] | None:
    """What a click on a row does: it sets a control, of which there may be none."""
    return None if not control else lambda number: address.write(**{place.name(demo, control): number})


def row(drawn: Sequence[Picture], key: str, opens: str = "", identity: Hashable = (), pick: Callable[[int], None] | None = None) -> None:
    """Pictures side by side, of what `identity` says; a click on a head opens it, of the model that `opens` names, and one on a row is told to
    `pick`."""
    number = hashlib.sha256(f"{key} {is_dark()} {language()}".encode()).hexdigest()[:8]
    with st.container(key="course_pictures"):
        for i, (picture, column) in enumerate(zip(drawn, st.columns(len(drawn)), strict=True)):
            with column:
                if opens and _has_columns(picture, "layer", "head"):
                    _clickable(picture, f"{key}_{i}", opens, identity)
                elif pick is not None and _has_columns(picture, "pick"):
                    _pickable(picture, f"{key}_{i}", identity, pick)
                elif any("bind" in given for given in picture.description.get("params", ())):
                    sliders.draw(picture, f"{key}_{i}_{number}")
                else:
                    pictures.draw(picture, f"{key}_{i}_{number}")


def _has_columns(picture: Picture, *names: str) -> bool:
    return any(set(names) <= set(table.columns) for table in picture.tables.values())


def _pickable(picture: Picture, slot: str, identity: Hashable, pick: Callable[[int], None]) -> None:
    """A picture in which a row is chosen by a click."""

    def picked(selection: Mapping[str, list]) -> int | None:
        points = selection.get("pick")
        if points:
            pick(int(points[0]["pick"]))
        return int(points[0]["pick"]) if points else None

    pictures.clickable(slot, identity, None, lambda _chosen, _dark: picture, picked)


def _clickable(picture: Picture, slot: str, model: str, identity: Hashable) -> None:
    """A picture whose heads are opened on the attention page by a click."""

    def picked(selection: Mapping[str, list]) -> tuple[int, int] | None:
        points = selection.get("head")
        if not points or points[0]["layer"] < 0:
            return None
        st.session_state["_course_opens"] = found = int(points[0]["layer"]), int(points[0]["head"])
        return found

    pictures.clickable(slot, identity, None, lambda _chosen, _dark: picture, picked)
    if (head := st.session_state.pop("_course_opens", None)) is not None:
        # Not as parameters of the switch: Streamlit would put them into this page's address first, as a step of the history.
        address.keep(model=model, layer=head[0], head=head[1])
        st.switch_page("pages/attention.py")


def _card(demo: Demo) -> None:
    """How shipped data were made, and a button that makes them here."""
    with st.container(horizontal=True, vertical_alignment="center", key="course_card"):
        here = results.computed_here(demo)
        card = (here or shipped.read(demo.module)).card
        where = _("Computed here") if here else _("Measured {date}").format(date=card.date)
        st.caption(
            _("{where} by `{command}` in {time} ({machine}).").format(
                where=where, command=card.command, time=jobs.duration(card.seconds), machine=machine(card.machine)
            )
        )
        if here is None:
            if not st.session_state.get(f"_compute_{demo.id}"):
                st.button(_("Compute it here"), key=f"compute_{demo.id}", icon=":material/play_arrow:", on_click=_want, args=(demo.id,))
            else:
                results.compute_here(demo)


def machine(name: str) -> str:
    """What a card says that it was computed on, in the viewer's language."""
    threads = re.fullmatch(r"CPU, (\d+) threads?", name)
    if threads is None:
        return name
    return _("CPU, 1 thread") if threads[1] == "1" else _("CPU, {n} threads").format(n=threads[1])


def _want(id_: str) -> None:
    st.session_state[f"_compute_{id_}"] = True
