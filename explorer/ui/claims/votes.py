"""What the class voted on each claim, and how many were right, once it was put to the test."""

from __future__ import annotations

import html

import streamlit as st

from explorer.claims import Claim, Verdict
from explorer.claims.registry import words_of
from explorer.i18n import _, language
from explorer.ui.claims import place
from explorer.ui.common import address
from explorer.ui.course import hands, join

NAME = "votes"
"""In the address."""


def asked() -> bool:
    """Whether the address asks for the votes."""
    return address.read(NAME) == "1"


def judged(claim: Claim, verdict: Verdict) -> None:
    """Remembers a verdict that the class has seen: no other is shown among the votes."""
    st.session_state.setdefault("_verdicts", {})[claim.id] = verdict


def verdict_of(claim: Claim) -> Verdict | None:
    """The verdict that the class has seen; None for none."""
    return st.session_state.get("_verdicts", {}).get(claim.id)


def draw() -> None:
    join.told(None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("All claims"), icon=":material/arrow_back:", key="claims_contents", on_click=address.write, kwargs={NAME: None})
        st.markdown(f"#### {_('What the class voted')}", width="content")
    voted = [claim for claim in place.in_order() if sum(hands.of(claim).values())]
    if not voted:
        st.caption(_("Count hands at a claim, and they stand here."))
        return
    st.html(f'<div class="course-closing claim-votes">{_head(voted)}{"".join(map(_row, voted))}</div>')


def _head(voted: list[Claim]) -> str:
    right = [share for claim in voted if (share := _right(claim)) is not None]
    mean = f" {sum(right) / len(right):.0%}" if right else ""
    titles = ["", _("Claim"), *(_(one.title) for one in Verdict), f"{_('right')}{mean}"]
    return f"<div>{''.join(f'<b>{html.escape(title)}</b>' for title in titles)}</div>"


def _row(claim: Claim) -> str:
    verdict = verdict_of(claim)
    shares = [hands.share(claim, one) or 0.0 for one in Verdict]
    signs = [one.sign if one is verdict else "" for one in Verdict]
    bars = "".join(
        f'<i{" class=right" if sign else ""}><u style="width:{share:.0%}"></u><em>{share:.0%} {sign}</em></i>'
        for share, sign in zip(shares, signs, strict=True)
    )
    right = _right(claim)
    told = html.escape(_("not tested yet")) if right is None else f"{right:.0%}"
    return f"<div><b>{claim.id}</b><span>{html.escape(words_of(claim, language()).claim)}</span>{bars}<b>{told}</b></div>"


def _right(claim: Claim) -> float | None:
    verdict = verdict_of(claim)
    return None if verdict is None else hands.share(claim, verdict)
