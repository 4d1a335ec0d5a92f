"""How many hands went up for each option: typed, or counted by keys, of this viewer's session; and the votes of the room's phones."""

from __future__ import annotations

import random

import streamlit as st

from explorer import room
from explorer.lectures import Demo
from explorer.lectures.words import Words, read
from explorer.ui.course import votes


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


def of(demo: Demo) -> dict[str, int]:
    """Hands by option: those that were typed, and the phones that voted."""
    counted, voted = typed(demo), votes.of(demo)
    return {option: counted.get(option, 0) + voted.get(option, 0) for option in sorted({*counted, *voted})}


def typed(demo: Demo) -> dict[str, int]:
    """Hands that were typed or counted by keys."""
    return st.session_state.setdefault("_hands", {}).setdefault(demo.id, {})


def add(demo: Demo, option: str, by: int = 1) -> None:
    """Counts hands for an option, never below 0."""
    counted = typed(demo)
    counted[option] = max(0, counted.get(option, 0) + by)
    st.session_state["_hands_counted"] = counting() + 1


def counting() -> int:
    """How often a key counted a hand. A field that shows the count has it in its name: what the browser still has from before the last key
    sends its old number along with the next, and is known by that."""
    return st.session_state.get("_hands_counted", 0)


def put(demo: Demo, option: str, number: int) -> None:
    typed(demo)[option] = number


def letter(at: int) -> str:
    """What an option is called on the screen, by its place there; its letter in the words is never shown, as they tell the right one."""
    return "ABCDEF"[at]
