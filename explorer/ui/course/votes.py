"""What the phones voted, on the stage: how many at first, and for what when the lecturer says so."""

from __future__ import annotations

import html
from typing import Protocol

import streamlit as st

from explorer import room
from explorer.i18n import _
from explorer.ui.course import join


class Asked(Protocol):
    """What a class commits itself to: a question of the course, or a claim. Ids of one kind are none of the other."""

    @property
    def id(self) -> str: ...


def of(asked: Asked) -> dict[str, int]:
    """Votes by option; none where there is no room."""
    here = room.now()
    return {} if here is None else here.counts(asked.id)


def are_shown(asked: Asked) -> bool:
    """Whether the lecturer has said that the stage draws them."""
    here = room.now()
    return here is not None and here.votes_are_shown(asked.id)


def turn(asked: Asked) -> None:
    """Shows or hides them; the key v does, too."""
    if (here := room.now()) is not None:
        here.show_votes(asked.id, not here.votes_are_shown(asked.id))


def bar(asked: Asked, option: str, at: int) -> None:
    """How many chose an option, beside it; `at` is its place on the stage, by which `keys.js` keeps the bar up to date."""
    counted = of(asked)
    n, most = counted.get(option, 0), max(counted.values(), default=0)
    st.html(f'<section class="room-bar" data-at="{at}"><i><s style="width:{100 * n / most if most else 0:.0f}%"></s></i><b>{n}</b></section>')


def line(asked: Asked) -> None:
    """How many voted, the address, and what can be done."""
    here = room.now()
    if here is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="course_votes"):
        typed, voted = html.escape(here.phones), _("Votes: {n}").format(n=f'<span data-room="votes">{sum(of(asked).values())}</span>')
        st.html(f'<section class="join-how" role="status"><b>{typed}</b> &ensp; {voted} &ensp; {join.phones_here(here)}</section>')
        st.space("stretch")
        if here.seen(asked.id).said is not None:
            st.button(
                _("Ask the room again"),
                key="course_votes_again",
                icon=":material/replay:",
                on_click=here.ask_again,
                args=(asked.id,),
                help=_("The answer was shown, so this vote is closed. A new one forgets the old votes."),
            )
        shown = are_shown(asked)
        st.button(
            _("Hide the votes") if shown else _("Show the votes"),
            key="course_votes_show",
            icon=":material/visibility_off:" if shown else ":material/bar_chart:",
            on_click=turn,
            args=(asked,),
            help=_("Key v."),
        )
