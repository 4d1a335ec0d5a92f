"""What attention weights alone do not say: which tokens a prediction rests on, what each layer knows, what each head adds."""

import streamlit as st

from explorer.i18n import _
from explorer.ui import lens_panel, parts_panel, trace_panel
from explorer.ui.session import plain
from explorer.ui.sidebar import Chosen, sidebar
from explorer.ui.take_away import take_away

VIEWS = {"tokens": _("Input tokens"), "lens": _("Logit lens"), "parts": _("Contributions")}


@st.fragment
def beyond(chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        view = st.segmented_control(_("Shown"), VIEWS, default="tokens", format_func=VIEWS.get, key="beyond", bind="query-params", required=True)
        row = st.container(horizontal=True, vertical_alignment="bottom", key="beyond_controls")
        downloads = st.container(width="content")
    if view == "lens":
        made = lens_panel.draw(chosen, row)
    elif view == "parts":
        made = parts_panel.draw(chosen, row)
    elif (target := trace_panel.choose_target(chosen, row)) is not None:
        figures = trace_panel.draw(chosen, target)
        over = trace_panel.over_texts(chosen, target.kind)
        made = ([*figures, *([over] if over else [])], trace_panel.recipe(chosen, target))
    else:
        made = None
    if made:
        with downloads:
            take_away(*made, chosen.linked)


chosen = sidebar()
st.markdown(f"#### {_('Beyond the weights')} :small[{plain(chosen.model.name)}]")
if chosen.capture is not None:
    beyond(chosen)
