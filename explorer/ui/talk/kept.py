"""A lecture outlives its tab: the browser keeps it (`kept.js`), and offers it where the page is opened again.

It stays in that browser and is checked like a file when it comes back. Each tab keeps its own, so that none takes the place of another.
"""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path

import streamlit as st

from explorer.i18n import _
from explorer.talk import Talk, opened, saved
from explorer.ui.common.markdown import escaped
from explorer.ui.talk import session
from models.errors import ExplorerError

MOST = 10**6
"""Characters that a browser keeps of a lecture. A larger one is kept without the pictures of its pages, which the app draws again."""
_TOKEN, _FOUND, _GONE, _KEPT = "_talk_token", "_talk_found", "_talk_gone", "_talk_kept"
_component = st.components.v2.component(
    "attention_explorer.talk_kept", html="<span></span>", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def keep() -> None:
    """Draws nothing that can be seen; once a run, on every page."""
    token = st.session_state.setdefault(_TOKEN, secrets.token_hex(8))
    with st.container(key="talk_keeper"):
        data = {"token": token, "text": _text(session.talk()), "empty": not session.talk().steps, "forget": st.session_state.get(_GONE, [])}
        _component(key="talk_kept", data=data, on_found_change=_found)


def offer() -> None:
    """What another tab of this browser left, as long as nobody has said what becomes of it."""
    found = st.session_state.get(_FOUND)
    if found is None:
        return
    token, talk, when = found
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="talk_offer"):
        one = _("This browser kept a lecture of {when}: **{title}**, 1 step.")
        several = _("This browser kept a lecture of {when}: **{title}**, {steps} steps.")
        said = one if len(talk.steps) == 1 else several
        st.markdown(said.format(when=escaped(when), title=escaped(talk.title or _("without a title")), steps=len(talk.steps)), width="content")
        st.button(_("Go on with it"), key="talk_take", icon=":material/restore:", on_click=_take, args=(token, talk), type="primary")
        st.button(_("Forget it"), key="talk_forget", icon=":material/delete:", on_click=_forget, args=(token,))


def _text(talk: Talk) -> str | None:
    """What the browser keeps, made once for each change; None where there is nothing, or too much."""
    if not talk.steps:
        return None
    last, text = st.session_state.get(_KEPT, (None, None))
    if last is not talk:
        text = _within(talk) or _within(dataclasses.replace(talk, steps=tuple(dataclasses.replace(s, pictures=()) for s in talk.steps)))
        st.session_state[_KEPT] = talk, text
    return text


def _within(talk: Talk) -> str | None:
    """The text of its file; None where that is more than a browser keeps."""
    try:
        text = saved(talk)
    except ExplorerError:
        return None
    return text if len(text) <= MOST else None


def _found() -> None:
    given = (st.session_state.get("talk_kept") or {}).get("found") or {}
    token = str(given.get("token", ""))
    try:
        talk = opened(str(given.get("text", "")).encode(errors="replace"))
    except ExplorerError:
        # Of another version, or not ours: nothing that can be offered.
        _forget(token)
        return
    if talk.steps and talk.steps != session.talk().steps:
        st.session_state[_FOUND] = token, talk, str(given.get("when", ""))[:40]


def _take(token: str, talk: Talk) -> None:
    """What is there already stays: the steps that were kept come after it."""
    now = session.talk()
    session.put(talk if not now.steps else now.with_steps(*talk.steps))
    _forget(token)


def _forget(token: str) -> None:
    st.session_state[_GONE] = [*st.session_state.get(_GONE, []), token]
    st.session_state.pop(_FOUND, None)
