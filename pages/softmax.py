"""The softmax laboratory: why scores are scaled, what else makes weights of them, and the same on a real model."""

import streamlit as st

from explorer.i18n import N_, _
from explorer.ui.common import address, chosen_head
from explorer.ui.common.markdown import escaped
from explorer.ui.common.parts import part_of
from explorer.ui.common.sidebar import Chosen, choose_model, sidebar
from explorer.ui.common.take_away import Figure, take_away
from explorer.ui.common.task_choice import choose_task, describe
from explorer.ui.softmax import closed_form
from explorer.ui.softmax import heads as softmax_model
from explorer.ui.softmax import scale as softmax_scale

VIEWS = {"vectors": N_("Random vectors"), "lookups": N_("Four lookups"), "model": N_("This model")}
LOOKS = {"scores": N_("Scores"), "uniform": N_("Uniform weights"), "scale": N_("A factor on the scale")}


def closed(view: str, seed: int) -> tuple[Figure, str] | None:
    return closed_form.random_vectors(seed) if view == "vectors" else closed_form.four_lookups(seed)


@st.fragment
def heads(chosen: Chosen, look: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="which"):
        of = softmax_model.choose_head(chosen.capture, part_of(chosen.capture))
        st.space("stretch")
        downloads = st.container(width="content")
    figures = softmax_model.scores(of) if look == "scores" else softmax_model.uniform(of)
    with downloads:
        take_away(figures, softmax_model.recipe(chosen, of), chosen.linked, {"text": chosen.text})
    chosen_head.complete((of.layer, of.head))


def scale() -> None:
    choice = choose_task(choose_model(), removing=False)
    if choice is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        describe(choice)
        st.space("stretch")
        downloads = st.container(width="content")
    if figure := softmax_scale.draw(choice):
        with downloads:
            take_away([figure], softmax_scale.recipe(choice))


heading = st.container(key="lab_title").empty()
heading.markdown(f"#### {_('Softmax laboratory')}")
with st.container(horizontal=True, vertical_alignment="center", key="controls"):
    view = address.choice(st.segmented_control, _("Shown"), VIEWS, "softmax", label_visibility="collapsed")
    if view == "model":
        look = address.choice(st.segmented_control, _("Of this model"), LOOKS, "look", label_visibility="collapsed")
    else:
        how = {"key": "seed", "icon": ":material/casino:", "width": 150, "label_visibility": "collapsed"}
        seed = address.number_input(_("Number of the draw"), 0, 9999, 1, **how)
        st.space("stretch")
        downloads = st.container(width="content")
if view != "model":
    if made := closed(view, seed):
        with downloads:
            take_away([made[0]], made[1])
elif look == "scale":
    scale()
else:
    chosen = sidebar()
    heading.markdown(f"#### {_('Softmax laboratory')} :small[{escaped(chosen.model.name)}]")
    if chosen.capture is not None:
        for note in chosen.capture.notes:
            st.caption(f":material/content_cut: {escaped(note)}")
        heads(chosen, look)
