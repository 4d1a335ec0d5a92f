"""A score of the first layer as four terms, and the angles between the subspaces of tokens and positions."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.positions import terms as charts
from explorer.i18n import _
from explorer.positions import terms
from explorer.ui.common import chosen_head, jobs, pictures, stage
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import Chosen, sidebar
from explorer.ui.common.take_away import Figure, picture_files, take_away
from models.errors import ExplorerError

_HALL = {"side": 106, "across": 6}
"""All maps in one row on the stage, and their side in pixels."""
_TERMS = ("content_content", "content_position", "position_content", "position_position")


def draw(row: DeltaGenerator, downloads: DeltaGenerator) -> None:
    """Controls into the row, the pictures, and the menu of downloads."""
    chosen = sidebar()
    captured = chosen.capture
    if captured is None:
        return
    with row:
        head = chosen_head.boxes(captured, captured.parts[0], layers=False)[1]
    for note in captured.notes:
        st.caption(f":material/content_cut: {escaped(note)}")
    try:
        shown = _found(chosen, head)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return
    if shown is None:
        return
    found, measured, recipe, text = shown

    def maps(dark: bool, **room: int) -> Picture:
        return charts.maps(found.terms, found.sum, found.scores, found.labels, dark=dark, **room)

    def beside(dark: bool, hall: bool = False) -> Picture:
        return charts.beside(found.spreads, measured.angles, measured.random, hall=hall, dark=dark)

    with st.container(horizontal=True, gap="medium", key="terms"):
        pictures.draw(maps(is_dark(), **stage.room(_HALL)), "terms_chart")
        pictures.draw(beside(is_dark(), stage.is_on()), "terms_beside")
    st.markdown(
        _(
            "The four terms add up to the model's scores within **{deviation:.1e}**. "
            "Smallest angle {least:.0f}°, largest {most:.0f}° (random: {random:.0f}°)."
        ).format(deviation=found.deviation, least=measured.angles[0], most=measured.angles[-1], random=measured.random[0])
    )
    st.caption(
        _(
            "W(x + p) = W x + W p, so a score has four terms; the first word is the query's part. The norm before layer 0 has the scale of the "
            "whole. Angles: between the {k} leading principal components of all token embeddings and of all position embeddings."
        ).format(k=len(measured.angles))
    )
    arrays = {"scores": found.scores} | dict(zip(_TERMS, found.terms, strict=True))
    angles = {"angles": measured.angles, "random": measured.random}
    figures = [
        Figure(_("Four terms"), "four-terms", picture_files(lambda: maps(False)) | {"npz": lambda: export.packed(**arrays)}),
        Figure(_("Spread and angles"), "angles", picture_files(lambda: beside(False)) | {"npz": lambda: export.packed(**angles)}),
    ]
    with downloads:
        take_away(figures, recipe, chosen.linked, {"text": text})


def _found(chosen: Chosen, head: int) -> tuple[terms.FourTerms, terms.PrincipalAngles, str, str] | None:
    """Terms, angles, recipe and text of now, or what stood there before them; None where there is neither. Raises ExplorerError."""
    model, captured = chosen.model, chosen.capture
    key = ("four terms", model.number, captured.number, head)
    found = jobs.computed(key, _("Four terms"), lambda report: terms.four_terms(model, captured, 0, head), replaces="terms")
    # Of the model alone, and so found once for all texts.
    key = ("principal angles", model.number)
    measured = jobs.computed(key, _("Angles of the subspaces"), lambda report: terms.principal_angles(model), replaces="angles")
    both = None if found is None or measured is None else (found, measured, _recipe(chosen, head), chosen.text)
    shown = jobs.kept("terms", (model.number, captured.number, head), f"{_('head {head}').format(head=head)} · {chosen.title}", both)
    return None if shown is None else shown.what


def _recipe(chosen: Chosen, head: int) -> str:
    lines = [
        "import explorer, models",
        "from explorer.positions import terms",
        "",
        *chosen.lines,
        f"found = terms.four_terms(model, captured, 0, {head})",
        "print(found.terms, found.deviation, found.spreads)",
        "print(terms.principal_angles(model))",
    ]
    return "\n".join(lines)
