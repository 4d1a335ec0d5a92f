"""What changes in every head: between two texts, two models, or without some heads."""

import streamlit as st

from explorer.i18n import _
from explorer.ui.common import address, jobs
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.parts import part_of
from explorer.ui.common.sidebar import Chosen, sidebar
from explorer.ui.common.take_away import take_away
from explorer.ui.compare import changed, second
from models.errors import ExplorerError


@st.fragment
def compare(chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        what = address.choice(st.segmented_control, _("Compared"), second.WHAT, "compare")
        part = part_of(chosen.capture, short=True)
        row = st.container(horizontal=True, vertical_alignment="bottom")
        downloads = st.container(width="content")
    progress, sides, found = st.container(), None, None
    try:
        other = second.choose(chosen, what, row, progress)
        if other is not None:
            sides = changed.Sides(chosen, other, part)
            with progress:
                found = changed.compared(sides)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return
    kept = jobs.kept("compare", sides.identity if sides else None, sides.title if sides else "", found)
    if kept is not None:
        st.markdown(changed.heading(kept.what.sides))
        made = changed.draw(kept.what)
        with downloads:
            sides = kept.what.sides
            take_away(*made, chosen.linked, {"text": sides.chosen.text, "other": sides.other.text})


chosen = sidebar()
st.markdown(f"#### {_('Compare')} :small[{escaped(chosen.model.name)}]")
if chosen.capture is not None:
    for note in chosen.capture.notes:
        st.caption(f":material/content_cut: {escaped(note)}")
    compare(chosen)
