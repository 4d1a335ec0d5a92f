"""The room itself: where the lecturer is, the votes, and who is told when something changes.

Streamlit's threads write where the lecturer is, the server's loop writes votes: everything is read and written under one lock, and what is read
is a copy. Nothing in here knows a language or a network.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MOST_PHONES = 1000
"""Phones that vote or wait for news at the same time: a hall, and a bound for what a stranger can fill."""
_DIGITS = "23456789"
"""Of a code: what is heard as another digit, or read as a letter, is left out."""
_STEPS = ("ask", "show", "notice", "follow")


class Refused(Exception):
    """A vote that does not count, and why: "closed", "unknown" or "full"."""


@dataclass
class _Poll:
    """What the room knows of one demo."""

    votes: dict[str, str] = field(default_factory=dict)
    """The option by phone: so a phone has one vote, however often it votes."""
    round: int = 0
    reached: int = -1
    said: Mapping[str, str] | None = None
    right: str = ""
    shown: bool = False


@dataclass(frozen=True)
class Seen:
    """What may be known of a demo outside of the stage.

    Attributes:
        reached: the furthest step that the lecturer has shown; empty for none.
        said: what was measured, by name, for the notice; None before the lecturer has shown it.
        right: the right option; empty as long as `said` is None.
        is_open: whether votes count now.
    """

    demo: str
    reached: str
    said: Mapping[str, str] | None
    right: str
    is_open: bool


class Room:
    """Votes of phones, and what the lecturer shows.

    Attributes:
        code: of this room, in the address of the phones; it tells rooms of one network apart and is no secret.
        key: who has it is the lecturer.
        cookie: the name of the cookie that holds it; cookies know no port, and another room on this machine has a key of its own.
        phones: the address that is typed into a phone, without "http://".
        version: grows with everything that phones are told.
    """

    def __init__(self, code: str = "", key: str = "", phones: str = "") -> None:
        self.code = code or "".join(secrets.choice(_DIGITS) for _ in range(4))
        self.key = key or secrets.token_urlsafe(18)
        self.cookie = f"explorer_stage_{self.code}"
        self.phones = phones
        self.version = 0
        self._lock = threading.RLock()
        self._polls: dict[str, _Poll] = {}
        self._at: tuple[str, str] | None = None
        self._voters: dict[str, int] = {}
        self._listening: list[Callable[[], None]] = []
        self._here: Callable[[], int] = lambda: 0

    # What the lecturer does.

    def show(self, demo: str | None, step: str = "") -> None:
        """The lecturer is at this step of a demo; None for nowhere that concerns phones."""
        with self._lock:
            at = None if demo is None else (demo, step)
            if at is not None:
                poll = self._poll(demo)
                poll.reached = max(poll.reached, _STEPS.index(step))
            if at == self._at:
                return
            self._at = at
            self._changed()

    def notice(self, demo: str, said: Mapping[str, str], right: str) -> None:
        """The lecturer has shown what was measured: from now on phones may know it."""
        with self._lock:
            poll = self._poll(demo)
            if poll.said == said and poll.right == right:
                return
            poll.said, poll.right = dict(said), right
            self._changed()

    def ask_again(self, demo: str) -> None:
        """A new vote on a question: the old votes are gone, and so is what phones knew of the answer."""
        with self._lock:
            poll = self._poll(demo)
            for phone in poll.votes:
                self._forget(phone)
            step = self._at[1] if self._at is not None and self._at[0] == demo else ""
            self._polls[demo] = _Poll(round=poll.round + 1, reached=_STEPS.index(step) if step else -1)
            self._changed()

    def show_votes(self, demo: str, shown: bool = True) -> None:
        """Whether the stage draws how many chose what."""
        with self._lock:
            self._poll(demo).shown = shown

    # What phones do.

    def vote(self, phone: str, demo: str, ticket: str, options: Sequence[str]) -> str:
        """Counts the vote of a phone, in place of its earlier one on the same question; gives the option.

        Args:
            phone: who it is.
            demo: the question.
            ticket: of the option (`ticket`), of the round that is asked.
            options: letters that the question has.

        Raises:
            Refused: "closed" where the question is not asked now, "unknown" for no option of it, "full" where no more phones find room.
        """
        with self._lock:
            if not self._is_open(demo):
                raise Refused("closed")
            option = next((one for one in options if hmac.compare_digest(self.ticket(demo, one), ticket)), None)
            if option is None:
                raise Refused("unknown")
            poll = self._poll(demo)
            if phone not in poll.votes:
                if phone not in self._voters and len(self._voters) >= MOST_PHONES:
                    raise Refused("full")
                self._voters[phone] = self._voters.get(phone, 0) + 1
            poll.votes[phone] = option
            return option

    # What anybody may read.

    def order(self, demo: str, options: Sequence[str]) -> list[str]:
        """The options as stage and phones have them: shuffled, the same for as long as the room is open."""
        return random.Random(f"{self.key} {demo}").sample(sorted(options), len(options))

    def ticket(self, demo: str, option: str) -> str:
        """What an option is called on the way to a phone and back: its letter would tell which one is right."""
        with self._lock:
            round_ = self._polls[demo].round if demo in self._polls else 0
        return self._signed(f"option {demo} {option} {round_}")[:12]

    def at(self) -> tuple[str, str] | None:
        """The demo and the step that the lecturer is at."""
        with self._lock:
            return self._at

    def seen(self, demo: str) -> Seen:
        with self._lock:
            poll = self._polls.get(demo) or _Poll()
            reached = _STEPS[poll.reached] if poll.reached >= 0 else ""
            return Seen(demo, reached, poll.said, poll.right, self._is_open(demo))

    def voted(self, phone: str, demo: str) -> str:
        """The option that this phone chose; empty for none."""
        with self._lock:
            return self._polls[demo].votes.get(phone, "") if demo in self._polls else ""

    def counts(self, demo: str) -> dict[str, int]:
        """Votes by option; an option that nobody chose is not there."""
        with self._lock:
            chosen = list(self._polls[demo].votes.values()) if demo in self._polls else []
        return {option: chosen.count(option) for option in sorted(set(chosen))}

    def votes_are_shown(self, demo: str) -> bool:
        with self._lock:
            return demo in self._polls and self._polls[demo].shown

    def here(self) -> int:
        """How many phones are connected now."""
        return self._here()

    # Who is who, and who is told.

    def new_phone(self) -> str:
        """A name for a phone, signed, so that it need not be kept until the phone does something."""
        name = secrets.token_urlsafe(12)
        return f"{name}.{self._signed(f'phone {name}')[:24]}"

    def is_phone(self, signed: str) -> bool:
        """Whether this is a name that was given out by this room."""
        name, _dot, mark = signed.partition(".")
        return hmac.compare_digest(self._signed(f"phone {name}")[:24].encode(), mark.encode())

    def is_key(self, word: str) -> bool:
        return hmac.compare_digest(word.encode(), self.key.encode())

    def listen(self, told: Callable[[], None], here: Callable[[], int]) -> None:
        """From now on `told` is called, in any thread, when phones are to be told something; `here` says how many there are."""
        with self._lock:
            self._listening.append(told)
            self._here = here

    def _poll(self, demo: str) -> _Poll:
        return self._polls.setdefault(demo, _Poll())

    def _is_open(self, demo: str) -> bool:
        return self._at == (demo, "ask") and (demo not in self._polls or self._polls[demo].said is None)

    def _forget(self, phone: str) -> None:
        self._voters[phone] -= 1
        if not self._voters[phone]:
            del self._voters[phone]

    def _changed(self) -> None:
        self.version += 1
        for told in self._listening:
            told()

    def _signed(self, what: str) -> str:
        return hmac.new(self.key.encode(), what.encode(), hashlib.sha256).hexdigest()
