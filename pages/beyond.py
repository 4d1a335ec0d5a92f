"""What attention weights alone do not say: which tokens a prediction rests on, what each layer knows, what each head adds."""

import streamlit as st

from explorer.i18n import N_, _
from explorer.ui.beyond import agreement, contributions, input_tokens, lens, target
from explorer.ui.beyond.frame import Frame, frame
from explorer.ui.common import address
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.sidebar import Chosen, sidebar
from explorer.ui.common.take_away import Figure, take_away
from models.errors import ExplorerError

VIEWS = {"tokens": N_("Input tokens"), "lens": N_("Logit lens"), "parts": N_("Contributions")}


def drawn(chosen: Chosen, view: str, around: Frame) -> tuple[list[Figure], str] | None:
    """One view with its controls in the frame; None where there is nothing to take away."""
    if view == "lens":
        return lens.draw(chosen, around)
    if view == "parts":
        return contributions.draw(chosen, around)
    choice = target.choose(chosen, around)
    made = input_tokens.draw(chosen, choice, around)
    if made is None:
        return None
    over = agreement.draw(chosen, choice.kind)
    return [*made[0], *([over] if over else [])], made[1]


@st.fragment
def beyond(chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        view = address.choice(st.segmented_control, _("Shown"), VIEWS, "beyond")
        row = st.container(horizontal=True, vertical_alignment="bottom", key="beyond_controls")
        downloads = st.container(width="content")
    try:
        made = drawn(chosen, view, frame(row))
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return
    if made:
        with downloads:
            take_away(*made, chosen.linked, {"text": chosen.text})


chosen = sidebar()
st.markdown(f"#### {_('Beyond the weights')} :small[{escaped(chosen.model.name)}]")
if chosen.capture is not None:
    for note in chosen.capture.notes:
        st.caption(f":material/content_cut: {escaped(note)}")
    beyond(chosen)
