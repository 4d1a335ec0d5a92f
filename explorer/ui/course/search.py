"""The search box of a contents page, and whether a text has the words that are looked for."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from explorer.i18n import _
from explorer.ui.common import address


def field(placeholder: str) -> str:
    """The box; what is looked for stands in the address."""
    how = {"placeholder": placeholder, "label_visibility": "collapsed", "icon": ":material/search:"}
    return address.entry(st.text_input, _("Search"), "search", "", **how)


def has(texts: Iterable[str], wanted: str) -> bool:
    """Whether all words that are looked for stand in some text, whatever their case."""
    said = " ".join(texts).lower()
    return all(word in said for word in wanted.lower().split())
