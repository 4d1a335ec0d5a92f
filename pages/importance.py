"""The page that asks which heads matter at all, and how far the model can be cut."""

import streamlit as st

from explorer.i18n import _
from explorer.ui.common.markdown import escaped
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import take_away
from explorer.ui.common.task_choice import TaskChoice, choose_task, describe, setup_lines
from explorer.ui.importance import attached, curves, maps
from explorer.ui.prune import effect
from models.opening import catalogue


def recipe(choice: TaskChoice) -> str:
    lines = [
        "import models",
        "from explorer.ablation.results import TaskResults",
        "from explorer.tasks import choose",
        "",
        *setup_lines(choice),
        "results = TaskResults(task)",
        f"print(results.exact({choice.method!r}).table(model.sites, 'loss'))",
        f"print(results.importance('gradient'), results.curve('gradient', {choice.method!r}).points)",
    ]
    return "\n".join(lines)


@st.fragment
def importance_of(choice: TaskChoice) -> None:
    top = st.container(horizontal=True, vertical_alignment="center")
    # The baseline first: from its time follows what everything else will cost.
    found = effect.scored(choice, frozenset())
    if found is None:
        return
    effect.warn(found)
    left, right = st.columns([13, 7], gap="small")
    with right, st.container(border=True, key="maps"):
        figures = maps.maps(choice)
    with left, st.container(border=True, key="curves"):
        drawn = curves.draw(choice)
    with top:
        describe(choice)
        st.space("stretch")
        take_away([*([drawn] if drawn else []), *figures], recipe(choice))


model = choose_model(catalogue.SENTIMENT)
st.markdown(f"#### {_('Which heads matter')} :small[{escaped(model.name)}]")
choice = choose_task(model)
if choice is not None:
    importance_of(choice)
attached.draw()
