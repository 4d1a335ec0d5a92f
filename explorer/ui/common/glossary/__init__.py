"""Words of the field, one click away on every page: a Markdown file for each language, `en.md` and `zh.md`, with the same entries."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from explorer.i18n import _, language


@cache
def text(which: str) -> str:
    """The glossary in a language, as Markdown."""
    return (Path(__file__).parent / f"{which}.md").read_text(encoding="utf-8")


def button() -> None:
    """Opens the glossary beside whatever is on the page."""
    with (
        st.popover(_("Glossary"), icon=":material/menu_book:", help=_("Glossary"), key="glossary"),
        st.container(height=520, border=False, width=560),
    ):
        st.markdown(text(language()))
