"""Keys that follow each other at once: the second one brings the address along as it was before the first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

There = TypeVar("There")
_QUICK_S = 1.0
"""Seconds in which the browser has surely been told its new address."""


def turned(where: str, there: object) -> None:
    """Remembers what a key has just opened, for `at_once`."""
    st.session_state[f"_{where}_turned"] = there, time.monotonic()


def at_once(where: str, now: Callable[[], There | None]) -> There | None:
    """Where the viewer is. A key that follows another at once brings the address along as it was before the first."""
    there, at = st.session_state.get(f"_{where}_turned", (None, 0.0))
    return there if there is not None and time.monotonic() - at < _QUICK_S else now()
