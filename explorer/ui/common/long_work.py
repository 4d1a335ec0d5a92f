"""Long work on a page: a bar that moves, a button that stops it, and a way to go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from explorer.i18n import _

Result = TypeVar("Result")
_PAUSE = 0.15
"""Seconds between two messages to the browser."""


def run(label: str, key: str, work: Callable[[Callable[[float], None]], Result]) -> Result | None:
    """Runs `work` and shows how far it is; None where the viewer stopped it.

    Streamlit ends a running script at its next message when a widget is used, so every other click stops the work too.

    Args:
        label: what is going on.
        key: of this piece of work; a stop holds for it alone.
        work: is given a function to tell the share that is done.
    """
    slot = st.empty()
    if st.session_state.get("_stopped") == key:
        with slot.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("Stopped: {label}.").format(label=label))
            st.button(_("Go on"), key=f"go_on_{key}", on_click=lambda: st.session_state.pop("_stopped", None), icon=":material/play_arrow:")
        return None
    with slot.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=label)
        st.button(_("Stop"), key=f"stop_{key}", on_click=lambda: st.session_state.update(_stopped=key), icon=":material/stop:")
    last = time.monotonic()

    def tell(share: float) -> None:
        nonlocal last
        if time.monotonic() - last > _PAUSE:
            last = time.monotonic()
            bar.progress(min(1.0, share), text=f"{label}: {share:.0%}")

    try:
        return work(tell)
    finally:
        slot.empty()
