"""The page that asks which heads matter at all, and how far the model can be cut."""

import streamlit as st

from explorer.i18n import _
from explorer.ui import importance_panel
from explorer.ui.session import plain
from explorer.ui.sidebar import choose_model
from explorer.ui.take_away import take_away
from explorer.ui.task_choice import Job, choose_job, opening, said


def recipe(job: Job) -> str:
    lines = [
        "import models",
        "from explorer.ablation.ledger import Ledger",
        "from explorer.tasks import choose",
        "",
        *opening(job),
        "ledger = Ledger(task)",
        f"print(ledger.exact({job.method!r}).table(model.sites, 'loss'))",
        f"print(ledger.importance('gradient'), ledger.curve('gradient', {job.method!r}).points)",
    ]
    return "\n".join(lines)


@st.fragment
def importance_of(job: Job) -> None:
    top = st.container(horizontal=True, vertical_alignment="center")
    left, right = st.columns([13, 7], gap="small")
    with right, st.container(border=True, key="maps"):
        figures = importance_panel.maps(job)
    knew = job.ledger.knows_exact(job.method)
    with left, st.container(border=True, key="curves"):
        curves = importance_panel.curves(job)
    if job.ledger.knows_exact(job.method) > knew:
        st.rerun()  # the curve needed the exact ablation: its map can be drawn now
    with top:
        said(job)
        st.space("stretch")
        take_away([*([curves] if curves else []), *figures], recipe(job))


model = choose_model()
st.markdown(f"#### {_('Which heads matter')} :small[{plain(model.name)}]")
with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
    job = choose_job(model)
if job is not None:
    importance_of(job)
