"""Keys of the claims: those of the course, as far as there is something for them to do."""

from __future__ import annotations

from explorer import room
from explorer.claims import Verdict
from explorer.i18n import N_, _
from explorer.ui.claims import place
from explorer.ui.common import quick
from explorer.ui.course import hands, join, votes
from explorer.ui.course import keys as of_course
from explorer.ui.talk import playing

KEYS = (
    ("→ · ← · Page Down · Page Up", N_("what stands below, then the verdict, then the next claim; and back")),
    ("1 … 50", N_("to this claim")),
    ("a · b · c", N_("one more hand for this option")),
)


def help_() -> list[tuple[str, str]]:
    """The keys and what they do, in the viewer's language."""
    return [(key, _(what)) for key, what in (KEYS if room.now() is None else KEYS + of_course.ROOM_KEYS)]


def listen(at: place.Place | None) -> None:
    """Draws nothing that can be seen; once a run of the page."""
    of_course.watch(None if at is None else at.link, does, {"room": join.watched("" if at is None else at.claim.id)})


def does(what: str) -> None:
    """What a key does: "forward", "back", "hand b", "jump 12", "join" or "votes"."""
    word, _space, rest = what.partition(" ")
    now = quick.at_once("claims", place.now)
    if word == "jump" and (claim := place.named(f"C{rest}")) is not None:
        _open(place.Place(claim))
    elif word == "join" and room.now() is not None:
        join.turn()
    elif now is None:
        return
    elif word == "votes" and not now.shown:
        votes.turn(now.claim)
    elif word in ("forward", "back"):
        turn(now, 1 if word == "forward" else -1)
    elif word == "hand" and not now.shown and rest[:1] in ("a", "b", "c"):
        hands.add(now.claim, list(Verdict)["abc".index(rest[0])])


def turn(now: place.Place, by: int) -> None:
    """From the question to its verdict, and then to the next step of the lecture that is played, else to the next claim."""
    there = now.beside(by)
    same = there is not None and there.claim is now.claim
    if not same and playing.turn(by):
        return
    if there is not None:
        _open(there)


def _open(there: place.Place) -> None:
    place.go(there)
    quick.turned("claims", there)
