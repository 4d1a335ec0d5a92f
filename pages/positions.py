"""The positions laboratory: where order comes from, in closed form and in models."""

import streamlit as st

from explorer.i18n import _
from explorer.ui import positions_closed, positions_extrapolation, positions_order, positions_tables, positions_terms
from explorer.ui.take_away import take_away

VIEWS = {
    "sinusoidal": _("Sinusoids"),
    "rope": _("RoPE"),
    "alibi": _("ALiBi"),
    "where": _("Where each acts"),
    "tables": _("Tables"),
    "order": _("Order"),
    "terms": _("Four terms"),
    "extrapolation": _("Longer texts"),
}
WITH_MODELS = {
    "tables": positions_tables.draw,
    "order": positions_order.draw,
    "terms": positions_terms.draw,
    "extrapolation": positions_extrapolation.draw,
}

st.markdown(f"#### {_('Positions laboratory')}")
with st.container(horizontal=True, vertical_alignment="center", key="controls"):
    view = st.segmented_control(
        _("Shown"),
        VIEWS,
        default="sinusoidal",
        format_func=VIEWS.get,
        key="positions",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    if view in positions_closed.VIEWS:
        st.space("stretch")
        downloads = st.container(width="content")
if view in positions_closed.VIEWS:
    figure, recipe = positions_closed.draw(view)
    with downloads:
        take_away([figure], recipe)
else:
    with st.container(horizontal=True, vertical_alignment="bottom", key="positions_controls"):
        row, downloads = st.container(horizontal=True, vertical_alignment="bottom"), st.container(width="content")
    WITH_MODELS[view](row, downloads)
