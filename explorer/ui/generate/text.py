"""The buttons, and the text as it grows while a job makes it."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.jobs import JOBS, Report
from explorer.ui.common import again, jobs
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.generate import made as making
from explorer.ui.generate.made import Made
from models.errors import ExplorerError

_QUICK_S = 1.0
"""Seconds that the page waits for a few tokens."""
_JOB = "_generation"
"""Under this name the session keeps which job it has asked for last."""


def draw(made: Made, text: str, tokens: int) -> int:
    """Buttons, how far a job is, and the text so far.

    Args:
        made: the tokens.
        text: what they go on with, as it was typed.
        tokens: how many more *Generate* makes.

    Returns:
        How many steps there are to look at. More may come while the page is looked at.
    """
    last = st.session_state.get(_JOB)
    if last is not None and last != made.job:
        # Another text, model or sampling is on the page now.
        JOBS.leave(last, jobs.viewer())
    st.session_state[_JOB] = made.job
    with st.container(horizontal=True, vertical_alignment="center", key="generation_buttons"):
        how = {"disabled": made.ended, "on_click": made.ask}
        st.button(_("Generate"), key="generate", type="primary", icon=":material/play_arrow:", shortcut="Ctrl+Enter", args=(tokens,), **how)
        st.button(_("One token"), key="one_token", icon=":material/skip_next:", shortcut="Ctrl+Right", args=(1,), **how)
        st.button(_("From the start"), key="restart", icon=":material/replay:", on_click=_restart, args=(made,))
        # Room of its own, so that the button that stops it is there from the first moment and stays where it is.
        progress = st.container(width="stretch", key="generation_progress")
    n, running = len(made.steps), False
    if made.asked and n < made.wanted and not made.ended:
        with progress:
            running = _run(made)
        if made.ended and not running:
            # The buttons above were drawn before it was known that there is nothing more to make.
            again.run_again()
    if running:
        st.fragment(_written, run_every=jobs.POLL_S)(text, made)
        return n
    _written(text, made)
    return len(made.steps)


def _run(made: Made) -> bool:
    """Whether a job makes tokens now."""

    def work(report: Report) -> int:
        return made.make(report)

    # What is there in a moment is waited for, so that the page is drawn once and whole.
    how = {"quick": True, "moment": _QUICK_S} if made.quick else {}
    try:
        done = jobs.computed(made.job, _("Generating"), work, replaces="generate", **how)
    except ExplorerError as error:  # what was made so far stays
        made.wanted = len(made.steps)
        st.info(explained(error), icon=":material/info:")
        return False
    return done is None and not jobs.is_stopped(made.job)


def _restart(made: Made) -> None:
    JOBS.leave(made.job, jobs.viewer())
    making.forget(made)


def _written(text: str, made: Made) -> None:
    steps = list(made.steps)
    new = [step.token.text for step in steps if not step.ends]
    before, newest = "".join(new[:-1]), "".join(new[-1:])
    # A colour ends with its paragraph, so each line has its own.
    lines = [f":gray[{escaped(line)}]" if line.strip() else "&nbsp;" for line in text.split("\n")]
    # What a decoder reads is gone on with; of an encoder-decoder it is the source, and its target begins anew.
    arrow = "" if made.model.kind == "decoder" else " → "
    shown = "  \n".join(lines) + arrow + (f"**{_bold(before)}**" if before.strip() else before)
    # The newest token is marked, its own space outside: Markdown takes none at the ends.
    space = newest[: len(newest) - len(newest.lstrip())].replace("\n", " ⏎ ")
    shown += f"{space}:orange-background[{_bold(newest.strip())}]" if newest.strip() else space
    count = _("1 token") if len(steps) == 1 else _("{n} tokens").format(n=len(steps))
    st.markdown(f"{shown} :small[:gray[({count}{_(', ended') if made.ended else ''})]]")


def _bold(new: str) -> str:
    """Markdown's bold takes no space at its ends, and no empty line inside."""
    kept = escaped(new).replace("\n", " ⏎ ").rstrip()
    return kept if not kept[:1].isspace() else "\u200b" + kept
