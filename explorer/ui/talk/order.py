"""The steps of the lecture in a row that is dragged into another order, and the one that is changed."""

from __future__ import annotations

import hashlib

import streamlit as st

from explorer.i18n import _
from explorer.talk import Talk
from explorer.talk.places import address_of
from explorer.talk.titles import short, title_of
from explorer.ui.common import sortable
from explorer.ui.talk import playing, session


def draw() -> None:
    talk = session.talk()
    st.caption(_("Drag the steps into another order; the arrow keys move the one that is chosen."))
    labels = [f"{number} {short(step)}" for number, step in enumerate(talk.steps, start=1)]
    sortable.chips(
        labels, list(range(len(labels))), f"talk_order_{_digest(talk)}", lambda order: session.put(session.talk().in_order(order)), numbered=False
    )
    numbers = list(range(len(talk.steps)))
    chosen = st.selectbox(
        _("Step to change"),
        numbers,
        format_func=lambda i: f"{i + 1} · {title_of(talk.steps[i])}",
        key=f"talk_step_{len(numbers)}",
        index=len(numbers) - 1,
    )
    _change(talk, chosen)


def _change(talk: Talk, at: int) -> None:
    step = talk.steps[at]
    # A field belongs to one step: another step is another field.
    own = f"{at}_{_digest(talk)}"
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _field(
                at,
                "minutes",
                st.number_input,
                _("Minutes"),
                f"talk_minutes_{own}",
                step.minutes,
                min_value=0.0,
                max_value=600.0,
                step=0.5,
                width=140,
            )
            if step.kind != "demo":
                _field(at, "title", st.text_input, _("Title"), f"talk_title_{own}", step.title, max_chars=200)
            st.button(_("Play from here"), icon=":material/play_arrow:", key=f"talk_play_{own}", on_click=playing.to, args=(at,))
            st.button(_("Take it out"), icon=":material/delete:", key=f"talk_out_{own}", on_click=_take_out, args=(at,))
        if step.kind == "text":
            _field(at, "text", st.text_area, _("Words (Markdown)"), f"talk_text_{own}", step.text, height=180, max_chars=20_000)
        _field(at, "notes", st.text_area, _("Notes for the speaker"), f"talk_notes_{own}", step.notes, height=90, max_chars=20_000)
        if step.kind == "page":
            _page, settings = address_of(step)
            st.caption(" · ".join(f"{name}: `{value[:60]}`" for name, value in settings.items()) or _("As the page opens at first."))


def _field(at: int, name: str, widget: object, label: str, key: str, value: object, **how: object) -> None:
    """A field of the step that is changed."""

    def changed() -> None:
        session.put(session.talk().with_step(at, **{name: st.session_state[key]}))

    widget(label, value=value, key=key, on_change=changed, **how)


def _take_out(at: int) -> None:
    session.put(session.talk().without(at))


def _digest(talk: Talk) -> str:
    """Names which steps there are, in their order; what is changed in one of them changes nothing here."""
    return hashlib.sha256(repr([(step.kind, step.name, step.step, step.settings, step.taken) for step in talk.steps]).encode()).hexdigest()[:8]
