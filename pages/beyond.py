"""What attention weights alone do not say: which tokens a prediction rests on, what each layer knows, what each head adds."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.i18n import _
from explorer.ui.beyond import contributions, input_tokens, lens
from explorer.ui.common.session import escaped, explained
from explorer.ui.common.sidebar import Chosen, sidebar
from explorer.ui.common.take_away import Figure, take_away
from models.errors import ExplorerError

VIEWS = {"tokens": _("Input tokens"), "lens": _("Logit lens"), "parts": _("Contributions")}


def drawn(chosen: Chosen, view: str, row: DeltaGenerator) -> tuple[list[Figure], str] | None:
    """One view with its controls in the row; None where there is nothing to take away."""
    if view == "lens":
        return lens.draw(chosen, row)
    if view == "parts":
        return contributions.draw(chosen, row)
    target = input_tokens.choose_target(chosen, row)
    if target is None:
        return None
    figures = input_tokens.draw(chosen, target)
    over = input_tokens.over_texts(chosen, target.kind)
    return [*figures, *([over] if over else [])], input_tokens.recipe(chosen, target)


@st.fragment
def beyond(chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        view = st.segmented_control(_("Shown"), VIEWS, default="tokens", format_func=VIEWS.get, key="beyond", bind="query-params", required=True)
        row = st.container(horizontal=True, vertical_alignment="bottom", key="beyond_controls")
        downloads = st.container(width="content")
    try:
        made = drawn(chosen, view, row)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return
    if made:
        with downloads:
            take_away(*made, chosen.linked)


chosen = sidebar()
st.markdown(f"#### {_('Beyond the weights')} :small[{escaped(chosen.model.name)}]")
if chosen.capture is not None:
    for note in chosen.capture.notes:
        st.caption(f":material/content_cut: {escaped(note)}")
    beyond(chosen)
