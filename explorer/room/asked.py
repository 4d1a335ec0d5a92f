"""What a hall is asked: a question of the course, or a claim on trial. Phones vote on both, and are told of both in one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from explorer.claims import Verdict, claims
from explorer.claims.registry import TOPICS, of_topic, words_of
from explorer.claims.words import read as read_claims
from explorer.i18n import N_, _, language
from explorer.lectures import CHAPTERS, demos
from explorer.lectures.registry import of_chapter
from explorer.lectures.words import read
from explorer.room.state import Room

TRIAL = N_("Claims on trial")


@dataclass(frozen=True)
class Asked:
    """A question in the viewer's language, with all that a phone may ever be told of it; how much that is, others decide.

    Attributes:
        id: of the question or of the claim.
        title: short; empty for a claim, which is its own.
        question: in Markdown, as are the following.
        options: by the name that a vote has.
        shuffled: whether the stage shows the options in an order of its own. What becomes of a claim stands in the same order for all claims.
        show: what to look at.
        found: what was measured, with placeholders.
        follow: the next question.
    """

    id: str
    title: str
    question: str
    options: Mapping[str, str]
    shuffled: bool
    show: str
    found: str
    follow: str

    def order(self, room: Room) -> list[str]:
        """The options as stage and phones have them."""
        return room.order(self.id, list(self.options)) if self.shuffled else list(self.options)


def named(id_: str) -> Asked | None:
    """What is asked under a name, in the viewer's language; None for nothing."""
    if (demo := next((one for one in demos() if one.id == id_), None)) is not None:
        words = read(demo.module, language())
        return Asked(demo.id, words.title, words.question, words.options, True, words.show, words.notice, words.follow)
    if (claim := next((one for one in claims() if one.id == id_), None)) is not None:
        said = words_of(claim, language())
        return Asked(claim.id, "", said.claim, {str(one): _(one.title) for one in Verdict}, False, "", said.found, "")
    return None


def everything() -> list[tuple[str, list[tuple[str, str]]]]:
    """Chapters of the course and topics of the claims, each with the names and titles of what is asked there."""
    course = [
        (f"{number} · {_(title)}", [(demo.id, read(demo.module, language()).title) for demo in of_chapter(number)])
        for number, title in CHAPTERS.items()
    ]
    trial = [
        (f"{_(TRIAL)} · {read_claims(topic, language())[0]}", [(one.id, words_of(one, language()).claim) for one in of_topic(topic)])
        for topic in TOPICS
    ]
    return [(chapter, questions) for chapter, questions in course + trial if questions]
