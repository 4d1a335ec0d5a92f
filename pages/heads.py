"""What every head does: scores, roles, families, layers."""

import streamlit as st

from explorer.i18n import N_, _
from explorer.scores.roles import Known
from explorer.ui.common import address, chosen_head
from explorer.ui.common.again import run_again
from explorer.ui.common.markdown import escaped
from explorer.ui.common.parts import part_of
from explorer.ui.common.sidebar import Chosen, sidebar
from explorer.ui.common.take_away import Figure, take_away
from explorer.ui.heads import families, layers, measured, one_head, roles, score_choice, score_map, score_scatter, score_table
from explorer.ui.heads.measured import Scored
from explorer.ui.heads.source import choose_source
from models import Model

VIEWS = {
    "map": N_("Map"),
    "scatter": N_("Scatter"),
    "table": N_("Table"),
    "roles": N_("Roles"),
    "families": N_("Families"),
    "layers": N_("Layers"),
}


def drawn(model: Model | None, scored: Scored, known: Known | None, view: str) -> Figure | None:
    """All heads in one view, and its own controls above them; `model` is None where older scores are still shown."""
    if view == "table":
        return score_table.draw(scored)
    if view == "roles":
        return roles.draw(scored, known)
    with st.container(horizontal=True, vertical_alignment="bottom", key="view_controls"):
        if view == "families":
            colouring = families.choose_colouring()
        else:
            x = score_choice.choose(_("Score"), "score", scored, "entropy")
            score_choice.formula(x)
        if view == "scatter":
            y = score_choice.choose(_("against"), "score_y", scored, "distance")
    if view == "families":
        return families.draw(model, scored, known, colouring)
    return score_map.draw(scored, x) if view == "map" else score_scatter.draw(scored, x, y)


@st.fragment
def heads(chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        view = address.choice(st.segmented_control, _("Shown"), VIEWS, "heads")
        part = part_of(chosen.capture)
        source = choose_source(chosen)
        st.space("stretch")
        downloads = st.container(width="content")
    shown = measured.scored(chosen, source, part) if source else None
    if shown is None:
        return
    scored, model = shown.what, chosen.model if shown.fresh else None
    known = measured.known(scored)
    if view == "layers":
        figures = [layers.draw(scored)]
        one_head.heading(scored, known)
        comparing = st.container()
    else:
        left, right = st.columns([13, 7], gap="small")
        with left, st.container(border=True, key="all_heads"):
            figures = [drawn(model, scored, known, view)]
            comparing = st.container()
        with right, st.container(border=True, key="one_head"):
            figures.append(one_head.draw(scored, known))
    st.caption(
        _("Texts: {texts}, tokens: {tokens:,}. Attention weights are routing, not importance.").format(
            texts=scored.scores.texts, tokens=scored.scores.tokens
        )
    )
    with downloads:
        take_away([figure for figure in figures if figure], scored.recipe, chosen.linked, {"text": chosen.text})
    chosen_head.complete(chosen_head.current(chosen.capture, part))
    # Last, so that nothing on the page waits for it: what roles are compared with.
    if model is not None and known is None:
        with comparing:
            if measured.compare(model, scored) is not None:
                run_again()


chosen = sidebar()
st.markdown(f"#### {_('Know every head')} :small[{escaped(chosen.model.name)}]")
if chosen.capture is not None:
    for note in chosen.capture.notes:
        st.caption(f":material/content_cut: {escaped(note)}")
    heads(chosen)
