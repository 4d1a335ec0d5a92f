"""The contents: chapters, a picture for each demo, a search box."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import LANGUAGES, N_, _, language
from explorer.lectures import CHAPTERS, Demo
from explorer.lectures.registry import chapter_title, of_chapter
from explorer.lectures.thumbnails import picture_of
from explorer.lectures.words import read
from explorer.ui.common import address
from explorer.ui.common.session import is_dark
from explorer.ui.course import closing, join, place, search

_COLUMNS = 4
_ENDS = (
    ("exercises", N_("Exercises"), ":material/edit:"),
    (closing.NAME, N_("What was believed, what was measured"), ":material/fact_check:"),
)
"""What a chapter ends with: its name in the address, title, icon."""


def draw() -> None:
    join.told(None)
    dark_pictures()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {_('Course')}", width="content")
        wanted = search.field(_("Search the questions"))
        join.button()
    join.panel()
    found = 0
    for number in CHAPTERS:
        shown = [demo for demo in of_chapter(number) if matches(demo, wanted)]
        if not shown:
            continue
        found += len(shown)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"##### {chapter_title(number)}", width="content")
            for name, title, icon in _ENDS:
                how = {"icon": icon, "type": "tertiary", "on_click": address.write, "kwargs": {name: number}}
                st.button(_(title), key=f"{name}_{number}", **how)
        for first in range(0, len(shown), _COLUMNS):
            for demo, column in zip(shown[first : first + _COLUMNS], st.columns(_COLUMNS), strict=False):
                with column, st.container(border=True, height="stretch", key=f"card_{demo.id}"):
                    _card(demo)
    if not found:
        st.info(_("No question has these words."), icon=":material/search_off:")


def dark_pictures() -> None:
    """In the dark theme small pictures of demos stand on its ground: they are files, drawn on white, where dark is much; there bright is."""
    if is_dark():
        st.html("<style>[class*=st-key-card_] img { filter: invert(.92) hue-rotate(180deg) }</style>")


def matches(demo: Demo, wanted: str) -> bool:
    """Whether all words that are looked for stand in what a demo says, in any language."""
    texts = [read(demo.module, which) for which in LANGUAGES]
    said = [part for text in texts for part in (text.title, text.question, *text.options.values(), text.show, text.notice)]
    return search.has([demo.id, *said], wanted)


def _card(demo: Demo) -> None:
    words = read(demo.module, language())
    if (picture := picture_of(demo)) is not None:
        st.image(str(picture), width="stretch", alt=words.title)
    there = place.Place(demo, "ask")
    st.button(f"{demo.id} · {words.title}", key=f"open_{demo.id}", on_click=place.go, args=(there,), type="tertiary", width="stretch")
    st.caption(words.question)
