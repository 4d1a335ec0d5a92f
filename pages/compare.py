"""What changes in every head: between two texts, two models, or without some heads."""

import streamlit as st

from explorer.i18n import _
from explorer.ui import compare_panel
from explorer.ui.controls import part_of
from explorer.ui.session import plain
from explorer.ui.sidebar import Chosen, sidebar
from explorer.ui.take_away import take_away


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
    st.markdown(f"{plain(chosen.text if len(chosen.text) <= 60 else chosen.text[:57] + '…')} :gray[→] {compare_panel.named(other)}")
    if made := compare_panel.draw(chosen, other, part):
        with downloads:
            take_away(*made, chosen.linked)


chosen = sidebar()
st.markdown(f"#### {_('Compare')} :small[{plain(chosen.model.name)}]")
if chosen.capture is not None:
    compare(chosen)
