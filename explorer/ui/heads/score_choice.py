"""Which score is shown, and what it means."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.i18n import _
from explorer.scores.definitions import BY_NAME
from explorer.ui.common import address
from explorer.ui.heads.measured import Scored


def choose(label: str, name: str, scored: Scored, first: str) -> str:
    """Draws the choice of a score, whose name stands in the address under `name`; `first` at first."""
    return address.choice(st.selectbox, label, scored.titles, name, first, width=230)


def formula(name: str) -> None:
    """A score's formula, meaning and source, one click away."""
    score = BY_NAME[name]
    with st.popover(_("Formula"), icon=":material/function:"):
        st.latex(score.formula)
        st.markdown(f"{_(score.meaning)} {_('A mean is over queries; all of them weigh alike.')}")
        st.caption(f"{score.source}. {_('Unit')}: {_(score.unit)}.")


def values(scored: Scored, name: str) -> np.ndarray | None:
    """A score of all heads, (layers, heads); None, with a line that says why, while it is not there yet."""
    if name not in scored.scores.values:
        st.caption(
            _("{score}: measured on repeated tokens, whatever the text, once for each model. It comes as soon as that is done.").format(
                score=_(BY_NAME[name].title)
            )
        )
    return scored.scores.values.get(name)
