"""A lecture of one's own: its steps, its file, and its words on the stage while it is played."""

from pathlib import Path

import streamlit as st

from explorer.i18n import _
from explorer.ui.course import place
from explorer.ui.talk import files, kept, more, order, playing, session, words

st.html(Path(place.__file__).with_name("course.css"))
now = playing.at()
if now is not None and session.talk().steps[now].kind == "text":
    words.draw(session.talk().steps[now])
else:
    st.markdown(f"#### {_('Your lecture')}")
    kept.offer()
    files.draw()
    more.draw()
    if session.talk().steps:
        order.draw()
    else:
        st.info(
            _("There is no step yet: take a whole chapter, or press the button with the list and the plus on any page."),
            icon=":material/playlist_add:",
        )
        more.chapters()
