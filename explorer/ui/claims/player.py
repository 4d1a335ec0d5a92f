"""A claim on the screen: the guess of the class, then the verdict; and the way forward and back."""

from __future__ import annotations

from functools import partial

import streamlit as st

from explorer.claims.registry import words_of
from explorer.i18n import _, language
from explorer.ui.claims import place, trial
from explorer.ui.common.markdown import explained
from explorer.ui.course import hands, join
from explorer.ui.course import votes as voted
from explorer.ui.talk import playing
from models.errors import ExplorerError


def draw(at: place.Place) -> None:
    words = words_of(at.claim, language())
    join.told(at.claim.id, "notice" if at.shown else "ask")
    # A browser draws what arrives part by part. Before the header names this claim, what was found on any other is out of sight.
    st.html(f"<style>.st-key-course_step_notice:has(.claim-verdict:not([data-claim={at.claim.id}])) {{ visibility: hidden }}</style>")
    with st.container(horizontal=True, vertical_alignment="center", key="course_bar"):
        st.button(_("All claims"), icon=":material/menu:", key="claims_contents", on_click=place.go, args=(None,))
        st.markdown(f"**{at.claim.id}**", width="content")
        st.space("stretch")
        join.button()
        # Those of a lecture stand above, and go to its steps: two of the same name, of which one leaves it, are one too many.
        if playing.at() is None:
            _turn(at.beside(-1), _("Back"), ":material/arrow_back:", "claims_back")
            _turn(at.beside(1), _("Next"), ":material/arrow_forward:", "claims_forward")
    join.panel()
    with st.container(key="course_question"):
        st.markdown(f"## {words.claim}")
    if not at.shown:
        with st.container(key="course_step_ask"):
            voted.line(at.claim)
            hands.fields(at.claim, trial.options(), partial(voted.bar, at.claim) if voted.are_shown(at.claim) else None)
            test = {"type": "primary", "icon": ":material/gavel:", "on_click": place.go, "args": (place.Place(at.claim, True),)}
            with st.container(key="course_next"):
                st.button(_("Put it to the test"), key="claims_test", **test)
        return
    # Emptied at once: Streamlit keeps what stood in a place until something else comes there, and the next claim has to be computed first.
    with st.empty().container(key="course_step_notice"):
        try:
            trial.draw(at.claim, words)
        except ExplorerError as error:
            st.error(explained(error), icon=":material/error:")


def _turn(there: place.Place | None, title: str, icon: str, key: str) -> None:
    st.button(title, icon=icon, key=key, on_click=place.go, args=(there,), disabled=there is None)
