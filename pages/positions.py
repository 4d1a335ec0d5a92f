"""The positions laboratory: where order comes from, in closed form and in models."""

import streamlit as st

from explorer.i18n import N_, _
from explorer.ui.common import address
from explorer.ui.common.take_away import take_away
from explorer.ui.positions import closed_form, extrapolation, order, tables, terms

VIEWS = {
    "sinusoidal": N_("Sinusoids"),
    "rope": N_("RoPE"),
    "alibi": N_("ALiBi"),
    "where": N_("Where each acts"),
    "tables": N_("Tables"),
    "order": N_("Order"),
    "terms": N_("Four terms"),
    "extrapolation": N_("Longer texts"),
}
WITH_MODELS = {
    "tables": tables.draw,
    "order": order.draw,
    "terms": terms.draw,
    "extrapolation": extrapolation.draw,
}

with st.container(key="lab_title"):
    st.markdown(f"#### {_('Positions laboratory')}")
with st.container(horizontal=True, vertical_alignment="center", key="controls"):
    view = address.choice(st.segmented_control, _("Shown"), VIEWS, "positions", label_visibility="collapsed")
    if view in closed_form.VIEWS:
        st.space("stretch")
        downloads = st.container(width="content")
if view in closed_form.VIEWS:
    figure, recipe = closed_form.draw(view)
    with downloads:
        take_away([figure], recipe)
else:
    with st.container(horizontal=True, vertical_alignment="bottom", key="positions_controls"):
        row, downloads = st.container(horizontal=True, vertical_alignment="bottom"), st.container(width="content")
    WITH_MODELS[view](row, downloads)
