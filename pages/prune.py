"""The pruning page: heads off and on, and accuracy moves."""

import streamlit as st

from explorer.ablation.heads import every, write
from explorer.i18n import _
from explorer.ui.common import jobs
from explorer.ui.common.markdown import escaped
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import take_away
from explorer.ui.common.task_choice import TaskChoice, choose_task, describe, setup_lines
from explorer.ui.prune import board, cut_out, effect, pruned_set
from models.opening import catalogue


def recipe(choice: TaskChoice, heads: frozenset) -> str:
    lines = [
        "import models",
        "from explorer.ablation.replacements import replacements",
        "from explorer.ablation.heads import changes, parse",
        "from explorer.tasks import choose",
        "",
        *setup_lines(choice),
        f"heads = parse(model, {write(choice.model, heads)!r})",
        f"replacement_of = replacements(task, {choice.method!r})",
        "scores = task.score(lambda batch: changes(model, heads, replacement_of(batch)))",
        "print(scores.score, scores.mean_loss)",
    ]
    return "\n".join(lines)


@st.fragment
def pruning_of(choice: TaskChoice) -> None:
    cut_out.after_closing()
    pruned = pruned_set.current(choice.model)
    left, right = st.columns([11, 10], gap="small")
    with right, st.container(key="effect", border=True):
        total = len(every(choice.model))
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            removed = _("{n} of {total} heads removed").format(n=len(pruned.heads), total=total)
            st.markdown(f"**{removed}** :small[({len(pruned.heads) / total:.0%})]")
            st.space("stretch")
            cutting = st.button(_("Cut out"), icon=":material/content_cut:", disabled=not pruned.heads, key="cut_out")
            # Speeds are measured while nothing else is computed for this viewer; and not any longer than somebody looks.
            jobs.set_aside(*(["score", "colours", "single effects"] if cutting else [cut_out.PLACE]))
            if cutting:
                cut_out.draw(choice.model, pruned.heads)
            downloads = st.container(width="content")
        found = effect.scored(choice, pruned.heads) if not cutting or effect.known(choice, pruned.heads) else None
        shown = jobs.kept("effect", (*choice.key, choice.method, pruned.heads), effect.title(choice, pruned.heads), found)
        examples = effect.draw(shown.what, further=shown.fresh and not cutting) if shown else None
    with left, st.container(key="board", border=True):
        figure = board.draw(choice, pruned, further=found is not None and not cutting)
    with downloads:
        # Scores of before have another recipe than the board.
        scores = [examples] if examples and shown.fresh else []
        take_away([figure, *scores], recipe(choice, pruned.heads))


model = choose_model(catalogue.SENTIMENT)
st.markdown(f"#### {_('Prune heads')} :small[{escaped(model.name)}]")
choice = choose_task(model)
if choice is not None:
    describe(choice)
    pruning_of(choice)
