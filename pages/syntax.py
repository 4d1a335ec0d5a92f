"""Which heads follow syntax: the best one for each dependency relation, against the best fixed offset."""

import streamlit as st

from explorer.i18n import _
from explorer.syntax.sentences import Sentence
from explorer.ui.common.session import escaped
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import take_away
from explorer.ui.syntax import panel as syntax_panel
from models import Model


@st.fragment
def syntax(model: Model) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        given = syntax_panel.choose_sentences()
        how = syntax_panel.READINGS
        reading = st.segmented_control(
            _("Best head"), how, default="halves", format_func=how.get, key="reading", bind="query-params", required=True
        )
        st.space("stretch")
        downloads = st.container(width="content")
    if given is None:
        st.caption(_("Upload a treebank: CoNLL-U, as of Universal Dependencies."))
        return
    chosen: tuple[list[Sentence], str] = given
    found = syntax_panel.computed(model, chosen[0])
    if found is None:
        return
    figures = syntax_panel.draw(model, found, reading == "same")
    st.caption(_("Treebank: {name}.").format(name=chosen[1]))
    with downloads:
        take_away(figures, syntax_panel.recipe(model))


model = choose_model()
st.markdown(f"#### {_('Syntax')} :small[{escaped(model.name)}]")
syntax(model)
