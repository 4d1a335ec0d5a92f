"""A button on every page that takes what is shown into the lecture, as a step."""

from __future__ import annotations

import datetime
import json

import streamlit as st

from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.talk import Step
from explorer.talk.places import PLAYER, START, step_at
from explorer.talk.titles import title_of
from explorer.ui.common import address, pictures
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.session import is_dark
from explorer.ui.talk import session
from models.errors import ExplorerError

MOST_BYTES = 2 * 2**20
"""Of a picture that a step takes along; a larger one is played by the app alone."""


def button(page: str, title: str) -> None:
    """The button; `page` is the file of the page that is drawn, `title` what it is called."""
    st.button(
        _("Add to your lecture"),
        key="talk_add",
        icon=":material/playlist_add:",
        help=_("Add what is shown to your lecture"),
        on_click=_add,
        args=(page or START, title),
        disabled=page == PLAYER,
    )
    if (told := st.session_state.pop("_talk_told", None)) is not None:
        st.toast(told, icon=":material/playlist_add_check:")


def _add(page: str, title: str) -> None:
    try:
        step = taken(page, title)
    except ExplorerError as error:
        st.session_state["_talk_told"] = explained(error)
        return
    changed = session.talk().with_steps(step)
    session.put(changed)
    said = _("Step {number} of your lecture: {title}").format(number=len(changed.steps), title=title_of(step))
    st.session_state["_talk_told"] = escaped(said)


def taken(page: str, title: str) -> Step:
    """What the last run of the page showed, as a step. Of a page of the explorer its pictures come along, for a lecture without the app."""
    step = step_at(page, address.shown())
    if step.kind != "page":
        return step
    drawn = [spec for picture in pictures.drawn() if (spec := _small(picture)) is not None]
    when = datetime.datetime.now().isoformat(" ", "minutes")
    return Step("page", page, settings=step.settings, title=title, pictures=tuple(drawn), taken=when, dark=is_dark())


def _small(picture: Picture) -> dict[str, object] | None:
    text = picture.to_json()
    return json.loads(text) if len(text) <= MOST_BYTES else None
