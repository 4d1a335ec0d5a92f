"""The steps of the lecture in a row that is dragged into another order, and the one that is changed."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.talk import Talk
from explorer.talk.places import address_of
from explorer.talk.titles import short, title_of
from explorer.ui.common import sortable
from explorer.ui.talk import playing, session

_CHOSEN = "_talk_chosen"


def draw() -> None:
    talk = session.talk()
    st.caption(_("Drag the steps into another order; the arrow keys move the one that is chosen."))
    # By its name a step is known wherever it stands: moves that follow each other at once mean the same steps, and the keyboard keeps its chip.
    order = session.names()
    places = {name: at for at, name in enumerate(order)}
    labels = [f"{places[name] + 1} {short(talk.steps[places[name]])}" for name in range(len(order))]
    sortable.chips(labels, order, f"talk_order_{session.number()}", session.arrange, numbered=False)
    lecture, kept = st.session_state.get(_CHOSEN, (None, None))
    chosen = st.selectbox(
        _("Step to change"),
        order,
        format_func=lambda name: f"{places[name] + 1} · {title_of(talk.steps[places[name]])}",
        # Its titles count the steps, and the browser knows an option by its title: where another order counts them anew, it is another widget.
        key=f"talk_step_{session.number()}_{session.moves()}",
        index=places[kept] if lecture == session.number() else len(order) - 1,
    )
    st.session_state[_CHOSEN] = session.number(), chosen
    _change(talk, places[chosen], chosen)


def _change(talk: Talk, at: int, name: int) -> None:
    step = talk.steps[at]
    # A field belongs to one step: another step is another field.
    own = f"{name}_{session.number()}"
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
        session.edit(session.talk().with_step(at, **{name: st.session_state[key]}))

    widget(label, value=value, key=key, on_change=changed, **how)


def _take_out(at: int) -> None:
    session.put(session.talk().without(at))
