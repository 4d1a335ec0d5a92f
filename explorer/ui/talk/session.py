"""The lecture of this viewer; it lives as long as the session, and longer in a file and in the browser (`kept`)."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from explorer.talk import Talk

_KEY = "_talk"
_NUMBER = "_talk_number"
_PLACES = "_talk_places"
_MOVES = "_talk_moves"


def talk() -> Talk:
    """The lecture; an empty one at first."""
    return st.session_state.setdefault(_KEY, Talk())


def put(changed: Talk) -> None:
    """The lecture is this one from now on: other steps, so that no field on the page is that of a step before."""
    st.session_state[_KEY] = changed
    st.session_state[_NUMBER] = number() + 1
    st.session_state[_PLACES] = list(range(len(changed.steps)))


def edit(changed: Talk) -> None:
    """The lecture is this one, with the same steps in the same order."""
    st.session_state[_KEY] = changed


def number() -> int:
    """Of how many lectures this is the last: in the keys of widgets, which then belong to its steps and to no others."""
    return st.session_state.get(_NUMBER, 0)


def names() -> list[int]:
    """A number for each step, in order, that stays the step's own when it is put elsewhere."""
    steps = len(talk().steps)
    found = st.session_state.get(_PLACES, [])
    return found if len(found) == steps else list(range(steps))


def arrange(order: Sequence[int]) -> None:
    """The steps in another order, which has the name of each."""
    before = names()
    st.session_state[_KEY] = talk().in_order([before.index(name) for name in order])
    st.session_state[_PLACES] = list(order)
    st.session_state[_MOVES] = moves() + 1


def moves() -> int:
    """How often steps were put into another order."""
    return st.session_state.get(_MOVES, 0)
