"""Which heads follow syntax: the best one for each dependency relation, against the best fixed offset."""

import streamlit as st

from explorer.i18n import _
from explorer.ui.common.markdown import escaped
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import Figure, take_away
from explorer.ui.syntax import one_relation, relations, treebank
from explorer.ui.syntax.treebank import Read
from models import Model


def drawn(read: Read, same: bool) -> list[Figure]:
    """All relations, and all heads for the chosen one."""
    table = read.table(same)
    if table.empty:
        st.info(_("No relation has three dependents in each half. Give more sentences."), icon=":material/info:")
        return []
    chosen = relations.chosen(table)
    left, right = st.columns([11, 9], gap="small")
    with left, st.container(border=True, key="relations"):
        figures = [relations.draw(read, table, same)]
    with right, st.container(border=True, key="relation"):
        figures.append(one_relation.draw(read, chosen, same))
    message = _(
        "{n} sentences; {out} left out (too long, of one word, with several roots, or with a word that the tokenizer drops). A word does not "
        "predict itself; attention to a split word is the sum over its pieces, from it the mean (Clark et al. 2019)."
    )
    st.caption(message.format(n=read.found.sentences, out=read.found.left_out))
    if read.found.causal:
        st.caption(_("In a decoder a word sees only those before it: what comes later cannot be found from the dependent."))
    return figures


@st.fragment
def syntax(model: Model) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        given = treebank.choose(model)
        same = treebank.choose_reading()
        st.space("stretch")
        downloads = st.container(width="content")
    if given is None:
        st.caption(_("Upload a treebank: CoNLL-U, as of Universal Dependencies."))
        return
    shown = treebank.read(model, given)
    if shown is None:
        return
    figures = drawn(shown.what, same)
    st.caption(_("Treebank: {name}.").format(name=escaped(shown.what.title)))
    with downloads:
        take_away(figures, treebank.recipe(shown.what, same))


model = choose_model()
st.markdown(f"#### {_('Syntax')} :small[{escaped(model.name)}]")
syntax(model)
