"""What changes in every head: between two texts, two models, or without some heads."""

import streamlit as st

from explorer.i18n import _
from explorer.ui.common.parts import part_of
from explorer.ui.common.session import escaped
from explorer.ui.common.sidebar import Chosen, sidebar
from explorer.ui.common.take_away import take_away
from explorer.ui.compare import panel as compare_panel


@st.fragment
def compare(chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        how = compare_panel.WHAT
        what = st.segmented_control(_("Compared"), how, default="word", format_func=how.get, key="compare", bind="query-params", required=True)
        part = part_of(chosen.capture)
        row = st.container(horizontal=True, vertical_alignment="bottom")
        downloads = st.container(width="content")
    other = compare_panel.choose_other(chosen, what, row)
    if other is None:
        return
    st.markdown(f"{escaped(chosen.text if len(chosen.text) <= 60 else chosen.text[:57] + '…')} :gray[→] {compare_panel.named(other)}")
    if made := compare_panel.draw(chosen, other, part):
        with downloads:
            take_away(*made, chosen.linked)


chosen = sidebar()
st.markdown(f"#### {_('Compare')} :small[{escaped(chosen.model.name)}]")
if chosen.capture is not None:
    compare(chosen)
