"""Claims on trial: often heard in class, guessed, computed, judged."""

from pathlib import Path

import streamlit as st

from explorer.ui.claims import contents, keys, place, player, votes
from explorer.ui.course import place as of_course

# What a hall reads of the course, it reads here in the same letters.
st.html(Path(of_course.__file__).with_name("course.css"))
st.html(Path(place.__file__).with_name("claims.css"))
at, voted = place.now(), votes.asked()
if voted:
    votes.draw()
elif at is not None:
    player.draw(at)
else:
    contents.draw()
keys.listen(None if voted else at)
