"""The tokens made so far, kept for this session, and the job that makes more of them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import streamlit as st

from explorer import bearing, generate
from explorer.bounded import BoundedCache
from explorer.reading import Tokens
from models import Model

KEPT_BYTES = 128 * 2**20
"""Of all steps that one session keeps."""
_NAME_BYTES = 64
"""Of one readable token."""
FIRST = 8
"""Tokens that a text gets by itself, so that the page opens on a picture: enough to go through, few enough to be there at once."""
_MOST = 100_000
"""Tokens that could be made at most: more than a model has places for, so that one can always go on."""


@dataclass(eq=False)
class Made:
    """The steps of one text, and what makes the next one. For several threads: a job that was stopped may still be at its last step.

    Attributes:
        model: that makes them.
        source: the tokens that are gone on with.
        sampling: how tokens are taken.
        steps: made so far.
        ended: whether nothing comes any more.
        wanted: how many steps somebody has asked for.
        asked: counts who asks, so that each press of a button is a job of its own.
        quick: what was asked for last is known to take a moment only.
        number: unlike `id`, never used twice.
    """

    model: Model
    source: Tokens
    sampling: generate.Sampling
    steps: list[generate.Step] = field(default_factory=list)
    ended: bool = False
    wanted: int = 0
    asked: int = 0
    quick: bool = False
    number: int = field(default_factory=itertools.count().__next__)
    _rest: Iterator[generate.Step] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def key(self) -> tuple:
        """Of this text."""
        return self.model.number, self.source.ids, self.source.types, self.sampling

    @property
    def job(self) -> tuple:
        """Key of the job that was asked for last. Its result belongs to this session alone."""
        return ("generate", self.number, self.asked)

    @property
    def memory_bytes(self) -> int:
        """Of the steps, about: arrays, and the tokens that they could look at. Counting each word exactly would take longer than a step."""
        return sum(array.nbytes + _NAME_BYTES * len(step.keys[part]) for step in list(self.steps) for part, array in step.attention.items())

    def ask(self, more: int) -> None:
        """So many tokens more are wanted."""
        self.wanted, self.asked = len(self.steps) + more, self.asked + 1
        # Tokens come one by one, so that many take their time whatever the size of the model.
        self.quick = more <= FIRST and bearing.is_quick(self.model, *self._sizes(self.wanted))

    def begin(self, most: int) -> None:
        """The first tokens are wanted, which nobody has asked for: only where they are known to be there in a moment."""
        first = min(FIRST, most)
        if bearing.is_quick(self.model, *self._sizes(first)):
            self.ask(first)

    def _sizes(self, new: int) -> tuple[int, ...]:
        """Queries, and where they look at another text its keys, once so many tokens are made."""
        return (new, len(self.source)) if self.model.kind == "encoder-decoder" else (len(self.source) + new,)

    def make(self, report: Callable[..., None]) -> int:
        """Makes tokens until there are as many as wanted; returns how many there are.

        Raises:
            ExplorerError: the model has no room for more. What was made before stays.
        """
        begun, wanted = len(self.steps), self.wanted
        while len(self.steps) < wanted and self._one_more():
            report((len(self.steps) - begun) / (wanted - begun), len(self.steps))
        return len(self.steps)

    def put_down(self) -> None:
        """Gives back what makes the next token: it holds the keys and values of all tokens. Going on later reads the text again."""
        if self._lock.acquire(blocking=False):
            self._rest = None
            self._lock.release()

    def _one_more(self) -> bool:
        # The step is kept before anybody can be told to stop: it was paid for.
        with self._lock:
            if self.ended:
                return False
            if self._rest is None:
                every = generate.generate(self.model, self.source, self.sampling, tokens=_MOST)
                self._rest = itertools.islice(every, len(self.steps), None)
            try:
                step = next(self._rest, None)
            except BaseException:  # also that of a stop
                self._rest = None  # an iterator that has raised makes nothing any more
                raise
            if step is not None:
                self.steps.append(step)
            self.ended = step is None or step.ends
            return not self.ended


def current(model: Model, source: Tokens, sampling: generate.Sampling, tokens: int) -> Made:
    """What this session has made of this text so far. A text that is new here gets its first tokens, at most so many."""
    kept: BoundedCache[Made] = st.session_state.setdefault("_generated", BoundedCache(KEPT_BYTES))
    fresh = Made(model, source, sampling)
    made = kept.get(fresh.key, fresh)
    if made is fresh:
        made.begin(tokens)
    for key in kept:
        if key != made.key:
            kept[key].put_down()
    # Stored again, for its size has changed since.
    kept[made.key] = made
    return made


def forget(made: Made) -> None:
    """Begins this text anew, with no token: whoever goes back to the start wants to see it."""
    st.session_state["_generated"][made.key] = Made(made.model, made.source, made.sampling)
