"""Text made token by token, with what else could have come and where the newest token looked."""

import streamlit as st

from explorer import own_rules, reading
from explorer.i18n import _
from explorer.ui.common import long_texts, text_bar
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.offer import instead
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import take_away
from explorer.ui.generate import controls, made, step
from explorer.ui.generate import text as growing
from models import InputError, Model
from models.errors import ExplorerError
from models.opening import catalogue

_TEXT = "The history of the town begins with"


def generating(model: Model, text: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        sampling, tokens = controls.controls()
        st.space("stretch")
        downloads = st.container(width="content")
    try:
        read = reading.read(model, text)
        text_bar.chips(bar, model, [read], text, kinds=("decoder",))
        so_far = made.current(model, read, sampling, tokens)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return
    n = growing.draw(so_far, text, tokens)
    if notes := own_rules.notes(model):
        st.caption(" ".join(escaped(note) for note in notes))
    figures = step.draw(so_far.steps[:n], text if model.kind == "decoder" else None)
    with downloads:
        take_away(figures, controls.recipe(model, text, sampling, max(n, tokens)), long_texts.holds(text), {"text": text})


bar = st.container(key="text_bar", gap=None)
model = choose_model(catalogue.DECODER)
text = text_bar.alone(bar, _TEXT)
st.markdown(f"#### {_('Generate')} :small[{escaped(model.name)}]")
if model.kind == "encoder" or model.network.get_output_embeddings() is None:
    problem = _("{name} does not predict next words.").format(name=model.name)
    instead(InputError(problem, _("Choose a decoder or an encoder-decoder.")), ("decoder",), "generate")
else:
    generating(model, text)
