"""The course: its contents, any demo, the exercises of a chapter, and the lecturer's notes in a second window."""

from pathlib import Path

import streamlit as st

from explorer.ui.course import closing, contents, exercises, keys, notes, place, player

st.html(Path(place.__file__).with_name("course.css"))
at, chapter, ended = place.now(), exercises.chapter(), closing.chapter()
if notes.asked():
    notes.draw(at)
elif chapter is not None:
    exercises.draw(chapter)
elif ended is not None:
    closing.draw(ended)
elif at is not None:
    player.draw(at)
else:
    contents.draw()
keys.listen(at if chapter is None and ended is None else None, notes.asked())
