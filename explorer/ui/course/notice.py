"""The guess beside the number: what was measured, what it equals and how closely, and what in the usual answer holds."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.lectures import Demo
from explorer.lectures.words import Words
from explorer.ui.common import stage
from explorer.ui.common.session import is_dark
from explorer.ui.course import board, closing, fitting, hands, join, results, settings, show


def draw(demo: Demo, words: Words) -> None:
    chosen = settings.current(demo)
    found = results.of(demo, chosen)
    if found is None:
        return
    right = demo.right_option(found)
    closing.measured(demo, right)
    said = board.filling(found)
    # An option is called by the letter that it has on this screen.
    said |= {option: hands.letter(i) for i, option in enumerate(hands.order(demo, words))}
    join.noticed(demo.id, said, right)
    # Three blocks in two columns, as even as the browser can make them.
    with st.container(key="course_found"):
        options = {option: words.options[option] for option in hands.order(demo, words)}
        st.html(board.guesses(options, hands.of(demo), right, board.signs(), demo.first))
        with st.container(key="course_noticed"):
            st.markdown(words.noticed(said))
        st.html(board.measures(found.measures, words.label, words.published))
    if demo.more is not None:
        drawn = demo.more(found, words, is_dark())
        if stage.is_on():
            room = fitting.left(options.values(), words.noticed(said), fitting.rows(found.measures, words.labels, words.published))
            drawn = [fitting.lowered(picture, room) for picture in drawn]
        show.row(drawn, f"{demo.id}_more", found.opens, (stage.is_on(), *sorted(chosen.items())))
    if demo.source:
        st.caption(_(demo.source))
