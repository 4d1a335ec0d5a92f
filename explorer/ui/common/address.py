"""What no widget puts into the URL by itself: the chosen layer and head, the pinned query, the chosen key."""

from __future__ import annotations

import streamlit as st


def number(name: str, default: int | None, limit: int) -> int | None:
    """A whole number from the URL, 0 to limit - 1; the default for anything else."""
    message = st.query_params.get(name, "")
    return int(message) if message.isascii() and message.isdigit() and int(message) < limit else default


def word(name: str, default: str, allowed: list[str]) -> str:
    """A word from the URL, one of those allowed; the default for anything else."""
    message = st.query_params.get(name, default)
    return message if message in allowed else default


def write(**values: int | str | None) -> None:
    """Puts values into the URL; None takes one out. Writes only what changes: each write goes to the browser."""
    for name, value in values.items():
        if value is None:
            if name in st.query_params:
                del st.query_params[name]
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)
