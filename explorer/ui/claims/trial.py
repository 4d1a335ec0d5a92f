"""A claim put to the test: a job that computes, and what a hall reads of it: verdict, guess, numbers, source, and where it is seen."""

from __future__ import annotations

import html

import streamlit as st

from explorer.claims import Claim, Finding, Verdict
from explorer.claims.words import Words
from explorer.i18n import _, language
from explorer.lectures import demo
from explorer.lectures.words import read
from explorer.ui.claims import votes
from explorer.ui.common import jobs
from explorer.ui.course import board, hands, join, results


def options() -> dict[str, str]:
    """What a class chooses among, in the same order for every claim."""
    return {one: _(one.title) for one in Verdict}


def finding(claim: Claim) -> Finding | None:
    """What the computation found; None while it computes, and the page shows how far it is. Raises ExplorerError."""
    title = _("Putting {claim} to the test").format(claim=claim.id)
    return jobs.computed(("claim", claim.id), title, lambda _report: claim.compute(results.opened), replaces="claim", moment=results.MOMENT_S)


def draw(claim: Claim, words: Words) -> None:
    found = finding(claim)
    if found is None:
        return
    votes.judged(claim, found.verdict)
    st.html(verdict(claim, words, found))
    said = board.filling(found)
    join.noticed(claim.id, said, found.verdict)
    left, right = st.columns(2, gap="medium")
    with left:
        share = hands.share(claim, found.verdict)
        note = _("✓ what was computed") if share is None else _("{share} of the class were right").format(share=f"{share:.0%}")
        st.html(board.guesses(options(), hands.of(claim), found.verdict, note))
        with st.container(key="course_noticed"):
            st.markdown(words.explained(said))
    with right:
        st.html(board.measures(found.measures, words.label))
        if words.source:
            st.caption(words.source)
        one = demo(claim.demo)
        st.page_link(
            "pages/course.py",
            label=f"{one.id} · {read(one.module, language()).title}",
            icon=":material/school:",
            query_params={"lang": language(), "demo": one.id, "step": "ask"},
        )


def verdict(claim: Claim, words: Words, found: Finding) -> str:
    """In large letters: sign, word, and when it holds. It says of which claim it is."""
    word, sign = _(found.verdict.title), found.verdict.sign
    condition = f"<span>{html.escape(words.condition)}</span>" if words.condition else ""
    kind = found.verdict.name.lower()
    return f'<div class="claim-verdict {kind}" data-claim="{claim.id}"><i>{sign}</i><b>{html.escape(word)}</b>{condition}</div>'
