"""A lecture that is played: the number of its step stands in the address, on every page, so that Back goes a step back.

A step opens the page that it names, in the state that it holds. The page itself knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from explorer.i18n import _
from explorer.talk import Step
from explorer.talk.places import PLAYER, address_of
from explorer.talk.titles import title_of
from explorer.ui.common import address, quick
from explorer.ui.common.markdown import escaped
from explorer.ui.talk import session

_WANTED = "_talk_opens"


def at() -> int | None:
    """Which step is played, from 0; None for none."""
    found = address.number(PLAYER, None, len(session.talk().steps) + 1)
    return found - 1 if found else None


def to(number: int) -> None:
    """Opens a step, from 0; to be called before the page runs (`follow`)."""
    if 0 <= number < len(session.talk().steps):
        st.session_state[_WANTED] = number
        quick.turned("talk", number)


def turn(by: int) -> bool:
    """Opens the step so many further, where a lecture is played; whether one is."""
    now = at()
    if now is None:
        return False
    to(quick.at_once("talk", lambda: now) + by)
    return True


def has(by: int) -> bool:
    """Whether the lecture that is played has a step so many further."""
    now = at()
    return now is not None and 0 <= now + by < len(session.talk().steps)


def set_in(demo: str) -> Mapping[str, str]:
    """How the step that is played sets the controls of a demo; nothing where none is, or it is about something else."""
    now = at()
    step = None if now is None else session.talk().steps[now]
    return step.settings if step is not None and (step.kind, step.name) == ("demo", demo) else {}


def end() -> None:
    """Plays no more; the page stays as it is."""
    address.write(**{PLAYER: None})


def follow(page: str) -> None:
    """Before a page is drawn: goes to the step that is wanted, first to its page, then to its state."""
    wanted = st.session_state.get(_WANTED)
    if wanted is None:
        return
    step, before = session.talk().steps[wanted], at()
    name, settings = address_of(step)
    if name != page:
        address.let_go()
        st.switch_page(f"pages/{name}.py")
    del st.session_state[_WANTED]
    if before is not None and _goes_on(session.talk().steps[before], step):
        address.write(demo=step.name, step=step.step, exercises=None, closing=None, **{PLAYER: wanted + 1})
    else:
        address.show_as_by_link(**settings, **{PLAYER: wanted + 1})


def _goes_on(before: Step, step: Step) -> bool:
    """Whether a step speaks of what the one before showed: of the same demo, set in the same way, and still there. Its controls then stay where
    they were moved to, so that the numbers of the notice are those of the pictures that the class has seen."""
    same = (before.kind, before.name, before.settings) == ("demo", step.name, step.settings)
    return same and st.query_params.get("demo", "").lower() == step.name.lower()


def bar(page: str) -> None:
    """Where the lecture stands, on a page that has no bar of its own for it."""
    now = at()
    if now is None:
        return
    talk = session.talk()
    away = address_of(talk.steps[now])[0] != page
    with st.container(horizontal=True, vertical_alignment="center", key="talk_bar"):
        position()
        st.markdown(escaped(title_of(talk.steps[now])), width="content")
        st.space("stretch")
        if away:
            st.button(_("Back to this step"), icon=":material/undo:", key="talk_here", on_click=to, args=(now,))
        st.button(_("Back"), icon=":material/arrow_back:", key="talk_back", on_click=turn, args=(-1,), disabled=not has(-1))
        st.button(_("Next"), icon=":material/arrow_forward:", key="talk_next", on_click=turn, args=(1,), disabled=not has(1))
        st.button(_("End"), icon=":material/stop:", key="talk_end", on_click=end)


def position() -> None:
    """The number of the step, and how many there are."""
    now = at()
    if now is not None:
        st.markdown(f":material/co_present: **{now + 1} / {len(session.talk().steps)}**", width="content")
