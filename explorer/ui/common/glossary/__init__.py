"""Words of the field, one click away on every page: a Markdown file for each language, `en.md` and `zh.md`, with the same entries."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

import streamlit as st

from explorer.i18n import _, language


@cache
def text(which: str) -> str:
    """The glossary in a language, as Markdown."""
    return (Path(__file__).parent / f"{which}.md").read_text(encoding="utf-8")


def button() -> None:
    """Opens the glossary beside whatever is on the page."""
    with st.popover(_("Glossary"), icon=":material/menu_book:", help=_("Glossary"), key="glossary"):
        # What is longer than the screen has to be reached by keyboard alone: tabindex lets the arrow keys scroll it.
        start = f'<div class="glossary" tabindex="0" role="region" aria-label="{escape(_("Glossary"))}">'
        st.markdown(f"{start}\n\n{text(language())}\n\n</div>", unsafe_allow_html=True)
