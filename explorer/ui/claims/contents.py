"""All claims by topic, a search box; no verdict is given away."""

from __future__ import annotations

import streamlit as st

from explorer.claims import Claim
from explorer.claims.registry import TOPICS, of_topic, words_of
from explorer.claims.words import read
from explorer.i18n import LANGUAGES, _, language
from explorer.ui.claims import place, votes
from explorer.ui.common import address
from explorer.ui.course import join, search


def draw() -> None:
    join.told(None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {_('Claims on trial')}", width="content")
        wanted = search.field(_("Search the claims"))
        join.button()
        st.button(_("Votes"), key="claims_votes", icon=":material/how_to_vote:", on_click=address.write, kwargs={votes.NAME: "1"})
    join.panel()
    st.caption(_("Often heard in class: holds, does not hold, or holds only if …? The class commits itself, then the claim is computed."))
    topics = {topic: [claim for claim in of_topic(topic) if matches(claim, wanted)] for topic in TOPICS}
    for topic, claims in topics.items():
        if not claims:
            continue
        st.markdown(f"##### {read(topic, language())[0]}")
        for column, some in zip(st.columns(2), (claims[: (len(claims) + 1) // 2], claims[(len(claims) + 1) // 2 :]), strict=True):
            with column:
                for claim in some:
                    _line(claim)
    if not any(topics.values()):
        st.info(_("No claim has these words."), icon=":material/search_off:")


def matches(claim: Claim, wanted: str) -> bool:
    """Whether all words that are looked for stand in what is said of a claim, in any language."""
    words = [words_of(claim, which) for which in LANGUAGES]
    return search.has([claim.id, *(part for one in words for part in (one.claim, one.found, one.condition, one.source))], wanted)


def _line(claim: Claim) -> None:
    how = {"on_click": place.go, "args": (place.Place(claim),), "type": "tertiary"}
    st.button(f"**{claim.id}** &ensp; {words_of(claim, language()).claim}", key=f"open_{claim.id}", **how)
