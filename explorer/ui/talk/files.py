"""A lecture opened, saved and exported; and what is left of one: votes and settings, sheets of exercises."""

from __future__ import annotations

import dataclasses
import hashlib

import streamlit as st

from explorer.i18n import _, language
from explorer.lectures import CHAPTERS
from explorer.lectures.registry import chapter_title
from explorer.talk import Talk, opened, saved
from explorer.talk.export import exported
from explorer.talk.sheet import sheet
from explorer.talk.table import table
from explorer.ui.common import jobs
from explorer.ui.common.markdown import explained
from explorer.ui.common.on_request import on_request
from explorer.ui.course import record, results
from explorer.ui.talk import playing, session
from models.errors import ExplorerError

_WANTED = "_talk_export"


def draw() -> None:
    talk, text, problem = session.talk(), "", None
    try:
        text = saved(talk)
    except ExplorerError as error:
        # It can be played and changed, and is too much for a file.
        problem = explained(error)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(_("Title"), value=talk.title, key=f"talk_name_{talk.title}", on_change=_named, args=(talk.title,), max_chars=200)
        counted = _("1 step, {minutes} min") if len(talk.steps) == 1 else _("{steps} steps, {minutes} min")
        minutes = counted.format(steps=len(talk.steps), minutes=f"{talk.minutes:g}")
        st.markdown(f"**{minutes}**", width="content")
        st.button(
            _("Play"), type="primary", icon=":material/play_arrow:", key="talk_play", on_click=playing.to, args=(0,), disabled=not talk.steps
        )
        st.download_button(
            _("Save"),
            on_request(text.encode),
            f"{_file_name(talk)}.json",
            "application/json",
            key="talk_save",
            icon=":material/save:",
            on_click="ignore",
            disabled=not talk.steps or problem is not None,
            help=_("A file that this page opens again, also elsewhere. This browser alone keeps the lecture without it."),
        )
        with st.popover(_("Open"), icon=":material/folder_open:"):
            st.file_uploader(_("A lecture that was saved"), ["json"], key="talk_open", on_change=_open)
        with st.popover(_("After the lecture"), icon=":material/fact_check:"):
            _afterwards()
    if (refused := st.session_state.pop("_talk_not_opened", None)) is not None:
        st.error(refused, icon=":material/error:")
    if problem is not None:
        st.warning(problem, icon=":material/save:")
    elif talk.steps:
        _export(talk, text)


def _named(before: str) -> None:
    session.edit(dataclasses.replace(session.talk(), title=st.session_state[f"talk_name_{before}"]))


def _open() -> None:
    given = st.session_state["talk_open"]
    if given is None:
        return
    try:
        session.put(opened(given.getvalue()))
    except ExplorerError as error:
        # The lecture that was there stays.
        st.session_state["_talk_not_opened"] = explained(error)


def _export(talk: Talk, text: str) -> None:
    """One HTML file: made on demand, as a job, and given away when it is there."""
    digest = hashlib.sha256(f"{language()} {text}".encode()).hexdigest()
    if st.session_state.get(_WANTED) != digest:
        st.button(
            _("Make one HTML file"),
            key="talk_export",
            icon=":material/html:",
            on_click=lambda: st.session_state.update({_WANTED: digest}),
            help=_("It plays in a browser without Python and without a network: pictures with their controls, both languages, notes."),
        )
        return
    try:
        page = jobs.computed(("talk", digest), _("One HTML file"), lambda report: exported(talk, results.opened, report), replaces="talk")
    except ExplorerError as error:
        st.error(explained(error), icon=":material/error:")
        return
    if page is not None:
        data = page.encode()
        title = _("Download ({size} MB)").format(size=f"{len(data) / 1e6:.1f}")
        st.download_button(
            title, data, f"{_file_name(talk)}.html", "text/html", key="talk_download", icon=":material/download:", on_click="ignore"
        )


def _afterwards() -> None:
    rows = record.rows()
    st.download_button(
        _("Votes and settings (CSV)"),
        on_request(lambda: table(rows)),
        "votes.csv",
        "text/csv",
        key="talk_votes",
        icon=":material/table:",
        on_click="ignore",
        disabled=not rows,
    )
    st.caption(_("Hands of this session by option, and where the controls stood."))
    chapter = st.selectbox(_("Exercises of chapter"), list(CHAPTERS), key="talk_sheet", format_func=chapter_title)
    with st.container(horizontal=True):
        for answers, title in ((False, _("To print")), (True, _("With answers"))):
            name = f"exercises{chapter}{'_answers' if answers else ''}.html"
            how = {"key": f"talk_sheet_{answers}", "icon": ":material/print:", "on_click": "ignore"}
            # It is made when it is asked for, where nobody says which language is spoken.
            made = on_request(lambda answers=answers: sheet(chapter, answers).encode())
            st.download_button(title, made, name, "text/html", **how)


def _file_name(talk: Talk) -> str:
    """A name for files, of letters and digits of any script."""
    return "".join(c if c.isalnum() else "-" for c in talk.title).strip("-")[:60] or "lecture"
