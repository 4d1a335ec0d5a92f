"""The pruning page: heads off and on, and accuracy moves."""

import streamlit as st

from explorer.ablation.heads import every, write
from explorer.i18n import _
from explorer.ui import board_panel, effect_panel, pruned_set
from explorer.ui.cut_out import cut_out
from explorer.ui.session import plain
from explorer.ui.sidebar import choose_model
from explorer.ui.take_away import take_away
from explorer.ui.task_choice import Job, choose_job, opening, said


def recipe(job: Job, heads: frozenset) -> str:
    lines = [
        "import models",
        "from explorer.ablation.fills import fills",
        "from explorer.ablation.heads import changes, parse",
        "from explorer.tasks import choose",
        "",
        *opening(job),
        f"heads = parse(model, {write(job.model, heads)!r})",
        f"fill_of = fills(task, {job.method!r})",
        "scores = task.score(lambda batch: changes(model, heads, fill_of(batch)))",
        "print(scores.score, scores.mean_loss)",
    ]
    return "\n".join(lines)


@st.fragment
def pruning_of(job: Job) -> None:
    pruned = pruned_set.current(job.model)
    left, right = st.columns([11, 10], gap="small")
    with left, st.container(key="board", border=True):
        figure = board_panel.draw(job, pruned)
    with right, st.container(key="effect", border=True):
        total = len(every(job.model))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{len(pruned.heads)} {_('of')} {total} {_('heads removed')}** :small[({len(pruned.heads) / total:.0%})]")
            st.space("stretch")
            if st.button(_("Cut out"), icon=":material/content_cut:", disabled=not pruned.heads, key="cut_out"):
                cut_out(job.model, pruned.heads)
            downloads = st.container(width="content")
        examples = effect_panel.draw(job, pruned)
    with downloads:
        take_away([figure, *([examples] if examples else [])], recipe(job, pruned.heads))


model = choose_model()
st.markdown(f"#### {_('Prune heads')} :small[{plain(model.name)}]")
with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
    job = choose_job(model)
if job is not None:
    said(job)
    pruning_of(job)
