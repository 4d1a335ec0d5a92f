"""Which heads the page of syntax found to be syntactic: the page of heads shows them among the roles."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

Head = tuple[int, int]


def remember(number: int, heads: Collection[Head]) -> None:
    """Keeps what was found for the model with this number, for this session."""
    st.session_state.setdefault("_syntactic", {})[number] = set(heads)


def remembered(number: int) -> set[Head]:
    """What was found for the model with this number last; empty where nobody looked yet."""
    return st.session_state.get("_syntactic", {}).get(number, set())
