"""What a task loses without one head, as far as somebody has found it out already: nothing is computed here."""

from __future__ import annotations

import streamlit as st

from explorer.ablation.replacements import METHODS
from explorer.atlas.atlas import Atlas, HeadName
from explorer.atlas.shards import named
from explorer.i18n import _
from explorer.ui.common import task_choice
from explorer.ui.common.markdown import escaped
from explorer.ui.importance import attached
from models import Model

_MOST = 4
"""Lines at most: a task, and what takes the place of the head's output."""


def lines(model: Model, atlas: Atlas, head: HeadName) -> list[str]:
    """Change of loss and score without this head alone, a line for each task and each way of removing it that is known.

    Args:
        model: that is open; the atlas of another one has no such lines.
        atlas: that is shown.
        head: part, layer, head.
    """
    if model.view_only or atlas.model != named(model):
        return []
    site = next((site.index for site in model.sites if (site.part, site.layer) == head[:2]), None)
    alone, found = frozenset([(site, head[2])]), []
    for name, results in task_choice.known(model):
        for method in METHODS:
            if not (results.knows_score(frozenset(), method) and results.knows_score(alone, method)):
                continue
            full, without = results.score(), results.score(alone, method)
            changes = {"loss": f"{without.mean_loss - full.mean_loss:+.3f}", "score": f"{without.score - full.score:+.3f}"}
            told = _("Removed alone ({task}, {n} examples; its output becomes {method}): loss {loss}, score {score}.")
            found.append(told.format(task=escaped(name), n=len(results.task), method=_(task_choice.REMOVALS[method]), **changes))
    seen = attached.rise(model, site, head[2])
    if seen is not None:
        told = _("Removed alone by a job that runs elsewhere, on {n} examples: loss {loss}.")
        found.append(told.format(n=seen[1], loss=f"{seen[0]:+.3f}"))
    # The same examples in two languages say the same.
    return list(dict.fromkeys(found))[:_MOST]


def draw(model: Model, atlas: Atlas, head: HeadName) -> None:
    """The lines; nothing where nothing is known."""
    for line in lines(model, atlas, head):
        st.caption(f":material/content_cut: {line}")
