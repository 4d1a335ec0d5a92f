"""A score of the first layer as four terms, and the angles between the subspaces of tokens and positions."""

from __future__ import annotations

import altair as alt
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.positions import terms as charts
from explorer.i18n import _
from explorer.positions import terms
from explorer.ui.common.session import explained, is_dark
from explorer.ui.common.sidebar import choose_model, text_box
from explorer.ui.common.take_away import Figure, picture_files, take_away
from models import Model
from models.errors import ExplorerError

_TEXT = "The dog bites the man in the garden."


@st.cache_resource(max_entries=16, show_spinner=False)
def _angles(number: int, k: int | None, _model: Model) -> terms.PrincipalAngles:
    return terms.principal_angles(_model, k)


def draw(row: DeltaGenerator, downloads: DeltaGenerator) -> None:
    """Controls into the row, the pictures, and the menu of downloads."""
    model = choose_model()
    with st.sidebar:
        text = text_box(_TEXT)
    with row:
        head = st.selectbox(_("Head of layer 0"), range(max(1, model.sites[0].heads)), key="terms_head", bind="query-params", width=120)
    try:
        found = terms.four_terms(model, text, 0, head)
        measured = _angles(model.number, None, model)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return

    def maps(dark: bool) -> alt.VConcatChart:
        return charts.maps(found.terms, found.sum, found.scores, found.labels, dark=dark)

    def beside(dark: bool) -> alt.VConcatChart:
        return charts.beside(found.spreads, measured.angles, measured.random, dark=dark)

    with st.container(horizontal=True, gap="medium", key="terms"):
        st.altair_chart(maps(is_dark()), key="terms_chart", width="content")
        st.altair_chart(beside(is_dark()), key="terms_beside", width="content")
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
    arrays = dict(zip(("content_content", "content_position", "position_content", "position_position"), found.terms, strict=True))
    figures = [
        Figure(_("Four terms"), "four-terms", picture_files(lambda: maps(False)) | {"npz": lambda: export.packed(scores=found.scores, **arrays)}),
        Figure(
            _("Spread and angles"),
            "angles",
            picture_files(lambda: beside(False)) | {"npz": lambda: export.packed(angles=measured.angles, random=measured.random)},
        ),
    ]
    with downloads:
        take_away(figures, _recipe(model, text, head))


def _recipe(model: Model, text: str, head: int) -> str:
    lines = [
        "import models",
        "from explorer.positions import terms",
        "",
        export.load_line(model.name),
        f"found = terms.four_terms(model, {text!r}, 0, {head})",
        "print(found.terms, found.deviation, found.spreads)",
        "print(terms.principal_angles(model))",
    ]
    return "\n".join(lines)
