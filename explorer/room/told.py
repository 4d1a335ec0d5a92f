"""What a phone is told, in its language: never more of an answer than the lecturer has shown."""

from __future__ import annotations

from explorer.i18n import N_, _, speaking
from explorer.lectures.prose import line, paragraphs
from explorer.lectures.words import filled
from explorer.room import asked
from explorer.room.asked import Asked
from explorer.room.state import Room

WORDS = {
    "title": N_("Lecture"),
    "waiting": N_("The next question appears here when the lecturer asks it."),
    "tap": N_("Tap your answer."),
    "sending": N_("Sending …"),
    "counted": N_("Counted: {letter}. Tap another one to change it."),
    "kept": N_("Your answer: {letter}. The vote is closed."),
    "closed": N_("The vote is closed."),
    "full": N_("The room is full."),
    "unsent": N_("Not counted yet: no connection. It is sent as soon as there is one."),
    "lost": N_("No connection. Trying again …"),
    "right": N_("measured"),
    "questions": N_("All questions"),
    "back": N_("Back to the lecturer"),
    "reading": N_("You read on your own. Votes count where the lecturer is."),
    "not_yet": N_("What is shown and measured appears here after the lecturer has come to it."),
    "code": N_("Which number stands on the stage?"),
    "enter": N_("Join"),
    "wrong": N_("There is no room with this number here."),
    "again": N_("This page is from an earlier lecture. Scan the code on the stage again."),
}


def words(which: str) -> dict[str, str]:
    """What the page itself says."""
    with speaking(which):
        return {name: _(text) for name, text in WORDS.items()}


def at(room: Room, which: str) -> dict | None:
    """Where the lecturer is; None where that is no question."""
    found = room.at()
    if found is None:
        return None
    id_, step = found
    with speaking(which):
        told = _question(room, asked.named(id_), step)
    return told | {"step": step, "open": room.seen(id_).is_open}


def question(room: Room, id_: str, which: str) -> dict | None:
    """A question for who reads on alone: as far as the lecturer has come with it. None for none of that name."""
    with speaking(which):
        found = asked.named(id_)
        return None if found is None else _question(room, found, room.seen(id_).reached) | {"open": False}


def questions(which: str) -> list[dict]:
    """All of them, by chapter; then the claims, by topic."""
    with speaking(which):
        return [
            {"chapter": chapter, "questions": [{"id": id_, "title": line(title)} for id_, title in questions]}
            for chapter, questions in asked.everything()
        ]


def ticket_of(room: Room, phone: str, demo: str) -> str:
    """What a phone chose, as it knows the option; empty for nothing."""
    option = room.voted(phone, demo)
    return room.ticket(demo, option) if option else ""


def letters(id_: str) -> list[str]:
    """The options of a question, by the letters that its words have; none for no question."""
    found = asked.named(id_)
    return [] if found is None else list(found.options)


def on_stage(room: Room, id_: str) -> list[str]:
    """The same in the order in which the stage has them."""
    found = asked.named(id_)
    return [] if found is None else found.order(room)


def _question(room: Room, one: Asked, step: str) -> dict:
    """A question with what is known at a step: what to look at from *show* on, the answer from *notice* on, and only where it was shown."""
    seen = room.seen(one.id)
    answered = seen.said is not None and step in ("notice", "follow")
    options = [
        {
            "id": room.ticket(one.id, option),
            "letter": "ABCDEF"[i],
            "text": line(one.options[option]),
            "right": answered and option == seen.right,
        }
        for i, option in enumerate(one.order(room))
    ]
    return {
        "demo": one.id,
        "title": line(one.title),
        "question": paragraphs(one.question),
        "options": options,
        "show": paragraphs(one.show) if one.show and step in ("show", "notice", "follow") else "",
        "notice": paragraphs(filled(one.found, seen.said)) if answered else "",
        "follow": paragraphs(one.follow) if answered and step == "follow" else "",
    }
