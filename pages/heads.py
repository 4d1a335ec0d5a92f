"""What every head does: scores, roles, families, layers."""

import streamlit as st

from explorer.i18n import _
from explorer.scores.roles import Known
from explorer.ui.common.parts import part_of
from explorer.ui.common.session import escaped
from explorer.ui.common.sidebar import Chosen, sidebar
from explorer.ui.common.take_away import Figure, take_away
from explorer.ui.heads import panel as heads_panel
from explorer.ui.heads import source as heads_source

VIEWS = {"map": _("Map"), "scatter": _("Scatter"), "table": _("Table"), "roles": _("Roles"), "families": _("Families"), "layers": _("Layers")}


def choose_score(label: str, key: str, titles: dict[str, str], first: str) -> str:
    names = list(titles)
    return st.selectbox(
        label, names, names.index(first) if first in names else 0, format_func=titles.get, key=key, bind="query-params", width=230
    )


def drawn(chosen: Chosen, known: Known, source: heads_source.Source, view: str) -> Figure | None:
    """All heads in one view, and its own controls above them."""
    titles = heads_panel.scored(known)
    if view == "table":
        return heads_panel.draw_table(known)
    if view == "roles":
        return heads_panel.draw_roles(chosen, known)
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_controls"):
        if view == "families":
            how = heads_panel.COLOURINGS
            by = st.segmented_control(
                _("Coloured"), how, default="layer", format_func=how.get, key="coloured", bind="query-params", required=True
            )
        else:
            x = choose_score(_("Score"), "score", titles, "entropy")
            heads_panel.formula(x)
        if view == "scatter":
            y = choose_score(_("against"), "score_y", titles, "distance")
    if view == "families":
        return heads_panel.draw_families(chosen, known, source, by)
    return heads_panel.draw_map(chosen, known, x) if view == "map" else heads_panel.draw_scatter(chosen, known, x, y)


@st.fragment
def heads(chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        view = st.segmented_control(_("Shown"), VIEWS, default="map", format_func=VIEWS.get, key="heads", bind="query-params", required=True)
        part = part_of(chosen.capture)
        source = heads_source.choose_source(chosen)
        st.space("stretch")
        downloads = st.container(width="content")
    known = heads_source.known(chosen.model, source, part) if source else None
    if known is None:
        return
    if view == "layers":
        figures = [heads_panel.draw_layers(known)]
    else:
        left, right = st.columns([13, 7], gap="small")
        with left, st.container(border=True, key="all_heads"):
            figure = drawn(chosen, known, source, view)
        with right, st.container(border=True, key="one_head"):
            figures = [figure, heads_panel.draw_head(chosen, known)] if figure else []
    st.caption(
        _("{texts} texts, {tokens:,} tokens. Attention weights are routing, not importance.").format(
            texts=known.scores.texts, tokens=known.scores.tokens
        )
    )
    with downloads:
        take_away(figures, heads_panel.recipe(chosen, source, part), chosen.linked)


chosen = sidebar()
st.markdown(f"#### {_('Know every head')} :small[{escaped(chosen.model.name)}]")
if chosen.capture is not None:
    heads(chosen)
