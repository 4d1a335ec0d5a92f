"""What a phone is told, in its language: never more of an answer than the lecturer has shown."""

from __future__ import annotations

from explorer.i18n import N_, _, language, speaking
from explorer.lectures import CHAPTERS, Demo, demos
from explorer.lectures.prose import line, paragraphs
from explorer.lectures.registry import of_chapter
from explorer.lectures.words import read
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
    demo, step = found
    with speaking(which):
        told = _question(room, _named(demo), step)
    return told | {"step": step, "open": room.seen(demo).is_open}


def question(room: Room, id_: str, which: str) -> dict | None:
    """A question for who reads on alone: as far as the lecturer has come with it. None for none of that name."""
    demo = _named(id_)
    if demo is None:
        return None
    with speaking(which):
        return _question(room, demo, room.seen(demo.id).reached) | {"open": False}


def questions(which: str) -> list[dict]:
    """All of them, by chapter."""
    with speaking(which):
        return [
            {
                "chapter": f"{number} · {_(title)}",
                "questions": [{"id": demo.id, "title": line(read(demo.module, which).title)} for demo in of_chapter(number)],
            }
            for number, title in CHAPTERS.items()
            if of_chapter(number)
        ]


def ticket_of(room: Room, phone: str, demo: str) -> str:
    """What a phone chose, as it knows the option; empty for nothing."""
    option = room.voted(phone, demo)
    return room.ticket(demo, option) if option else ""


def letters(id_: str) -> list[str]:
    """The options of a question, by the letters that its words have; none for no question."""
    demo = _named(id_)
    return [] if demo is None else list(read(demo.module, "en").options)


def _named(id_: str) -> Demo | None:
    return next((demo for demo in demos() if demo.id == id_), None)


def _question(room: Room, demo: Demo, step: str) -> dict:
    """A question with what is known at a step: what to look at from *show* on, the answer from *notice* on, and only where it was shown."""
    said_by, seen = read(demo.module, language()), room.seen(demo.id)
    answered = seen.said is not None and step in ("notice", "follow")
    options = [
        {
            "id": room.ticket(demo.id, option),
            "letter": "ABCDEF"[i],
            "text": line(said_by.options[option]),
            "right": answered and option == seen.right,
        }
        for i, option in enumerate(room.order(demo.id, list(said_by.options)))
    ]
    return {
        "demo": demo.id,
        "title": line(said_by.title),
        "question": paragraphs(said_by.question),
        "options": options,
        "show": paragraphs(said_by.show) if step in ("show", "notice", "follow") else "",
        "notice": paragraphs(said_by.noticed(seen.said)) if answered else "",
        "follow": paragraphs(said_by.follow) if answered and step == "follow" else "",
    }
