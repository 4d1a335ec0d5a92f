"""Text made token by token, with what else could have come and where the newest token looked."""

import streamlit as st

from explorer.i18n import _
from explorer.ui.common.offer import instead
from explorer.ui.common.session import escaped
from explorer.ui.common.sidebar import choose_model, text_box
from explorer.ui.common.take_away import take_away
from explorer.ui.generate import panel as generation_panel
from models import InputError

_TEXT = "The history of the town begins with"

model = choose_model()
with st.sidebar:
    text = text_box(_TEXT)
st.markdown(f"#### {_('Generate')} :small[{escaped(model.name)}]")
if model.kind == "encoder" or model.network.get_output_embeddings() is None:
    problem = _("{name} does not predict next words.").format(name=model.name)
    instead(InputError(problem, _("Choose a decoder or an encoder-decoder.")), ("decoder",), "generate")
else:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        sampling, tokens = generation_panel.controls()
        st.space("stretch")
        downloads = st.container(width="content")
    if made := generation_panel.run(model, text, sampling, tokens):
        figures = generation_panel.draw(model, made)
        with downloads:
            take_away(figures, generation_panel.recipe(model, text, sampling, tokens))
