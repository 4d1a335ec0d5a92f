"""How many hands went up for each option: typed, or counted by keys, of this viewer's session; and the votes of the room's phones."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import streamlit as st

from explorer import room
from explorer.i18n import _
from explorer.lectures import Demo
from explorer.lectures.words import Words, read
from explorer.ui.course import votes
from explorer.ui.course.votes import Asked


def order(demo: Demo, words: Words) -> list[str]:
    """The options in the order in which this viewer sees them: shuffled when the demo is opened first. In a room all see them in one order."""
    orders = st.session_state.setdefault("_option_orders", {})
    if (here := room.now()) is not None:
        orders[demo.id] = here.order(demo.id, list(words.options))
    elif demo.id not in orders:
        orders[demo.id] = random.sample(list(words.options), len(words.options))
    return orders[demo.id]


def known_order(demo: Demo) -> list[str] | None:
    """The order in which the options were shown, here or in the window that this one follows; None where they were not."""
    return st.session_state.get("_option_orders", {}).get(demo.id)


def take_order(demo: Demo, options: str) -> None:
    """Shows the options as another window does: "CABD"."""
    if sorted(options) == sorted(read(demo.module, "en").options):
        st.session_state.setdefault("_option_orders", {})[demo.id] = list(options)


def of(asked: Asked) -> dict[str, int]:
    """Hands by option: those that were typed, and the phones that voted."""
    counted, voted = typed(asked), votes.of(asked)
    return {option: counted.get(option, 0) + voted.get(option, 0) for option in sorted({*counted, *voted})}


def typed(asked: Asked) -> dict[str, int]:
    """Hands that were typed or counted by keys."""
    return st.session_state.setdefault("_hands", {}).setdefault(asked.id, {})


def share(asked: Asked, option: str) -> float | None:
    """Share of the hands that were up for an option; None where nobody was asked."""
    everyone = sum(of(asked).values())
    return of(asked).get(option, 0) / everyone if everyone else None


def add(asked: Asked, option: str, by: int = 1) -> None:
    """Counts hands for an option, never below 0."""
    counted = typed(asked)
    counted[option] = max(0, counted.get(option, 0) + by)
    st.session_state["_hands_counted"] = counting() + 1


def counting() -> int:
    """How often a key counted a hand. A field that shows the count has it in its name: what the browser still has from before the last key
    sends its old number along with the next, and is known by that."""
    return st.session_state.get("_hands_counted", 0)


def put(asked: Asked, option: str, number: int) -> None:
    typed(asked)[option] = number


def fields(asked: Asked, options: Mapping[str, str], beside: Callable[[str, int], None] | None = None) -> None:
    """The options, in this order, with a field for the hands of each.

    Args:
        asked: what the class commits itself to.
        options: what each says.
        beside: draws what stands between an option and its field, from the option and its place; None for nothing.
    """
    counted = typed(asked)
    with st.container(key="course_options"):
        for at, (option, words) in enumerate(options.items()):
            known = counting()
            key = f"hands_{asked.id}_{option}_{known}"
            now = counted.get(option, 0)
            # A new field begins with the number itself. One that is told it afterwards stands at 0 for a moment in the browser, and a key
            # that is pressed just then would bring that 0 along as if it had been typed.
            if stands := key in st.session_state and st.session_state[key] != now:
                st.session_state[key] = now
            text, *between, number = st.columns([6, 1.2] if beside is None else [6, 2.4, 1.2], vertical_alignment="center")
            with text:
                st.markdown(f"**{letter(at)}** &ensp; {words}")
            for column in between:
                with column:
                    beside(option, at)
            with number:
                st.number_input(
                    _("Hands for {letter}").format(letter=letter(at)),
                    *(0, 9999, "min" if stands else now),
                    key=key,
                    on_change=_typed,
                    args=(asked, option, key, known),
                    label_visibility="collapsed",
                )
    st.caption(_("How many hands go up for each? Type the numbers, or press the letter once for each hand."))


def _typed(asked: Asked, option: str, key: str, known: int) -> None:
    if known == counting():
        put(asked, option, int(st.session_state[key] or 0))


def letter(at: int) -> str:
    """What an option is called on the screen, by its place there; its letter in the words is never shown, as they tell the right one."""
    return "ABCDEF"[at]
