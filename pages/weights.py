"""What the weights say, with no text at all: who reads whom, which heads copy, and what one head would match and write."""

import streamlit as st

from explorer.i18n import _
from explorer.ui.common import address, chosen_head, stage
from explorer.ui.common.markdown import escaped
from explorer.ui.common.parts import part_of
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import take_away
from explorer.ui.weights import all_heads, choice, graph, neighbours, one_head, one_token, read, recipe
from explorer.ui.weights import line as both
from models import Model
from models.opening import catalogue


@st.fragment
def weights(model: Model) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        part = part_of(model)
        kinds, most = graph.controls()
        arriving = choice.arriving(model)
        st.space("stretch")
        downloads = st.container(width="content")
    shown = read.surveyed(model, part, arriving)
    if shown is None:
        return
    of = shown.what
    head = chosen_head.among(of.survey.sizes)
    line = choice.edge(of.survey, head)
    # On the stage what a click opens is seen beside the graph; at a desk all heads are, and what is opened has the whole width.
    hall = stage.is_on()
    left, right = st.columns([12, 9] if hall else [13, 7], gap="small")
    below = st.container()
    with left, st.container(border=True, key="weights_lines"):
        composed = choice.writers(of.survey)
        figures = [graph.draw(of, composed, head, line, kinds, most)]
    with below if hall else right, st.container(border=True, key="weights_heads"):
        figures.append(all_heads.draw(of, head))
    opened = right if hall else below
    with opened, st.container(horizontal=True, vertical_alignment="bottom", key="weights_look"):
        look = address.choice(st.segmented_control, _("Of this head"), one_head.LOOKS, "look", label_visibility="collapsed")
        token = one_token.choose(of) if look == "write" else None
        distance = choice.distance(of.weights, of.part) if look == "match" else 0
    if hall:
        with opened:
            neighbours.draw(composed, head, kinds, line, short=True)
    if line is None:
        with opened, st.container(border=True, key="weights_head"):
            figures += one_head.draw(of, *head, look, "reader", token=token, distance=distance)
    else:
        # A line opens both of its heads: the one that writes, and the one that reads it.
        with opened:
            figures += both.draw(model, of, line, look, token, distance)
    with downloads:
        take_away([figure for figure in figures if figure], recipe.lines(of, head, token, distance, composed.writers))
    chosen_head.complete(head)


model = choose_model(catalogue.DECODER)
st.markdown(f"#### {_('What the weights say')} :small[{escaped(model.name)}]")
weights(model)
