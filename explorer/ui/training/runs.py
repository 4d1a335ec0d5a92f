"""The runs that a viewer of the lab looks at: the shipped one of the preset, and those trained in this session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from explorer.i18n import N_, _
from explorer.lab import shipped
from explorer.lab.film import Film
from explorer.lab.live import Live
from explorer.lab.request import TrainingRequest, value_text
from explorer.lab.state import FAILED, FINISHED, PAUSED, RUNNING, STOPPED, WAITING, Watched
from explorer.ui.common import address
from explorer.ui.common.markdown import explained
from models import InputError, ModelError

MOST = 5
"""Runs of a viewer that are kept, and that train at once at most: with the shipped one, each has a colour of its own."""
STEP = "lab_step"
"""The film's step in the address; the newest frame where there is none."""
STATUS = {
    WAITING: N_("waiting for its turn"),
    RUNNING: N_("running"),
    PAUSED: N_("paused"),
    FINISHED: N_("finished"),
    STOPPED: N_("stopped"),
    FAILED: N_("failed"),
}
_SETTLE_S = 3.0


@dataclass(eq=False)
class Entry:
    """A run and its film. `number` is 0 for the shipped one, and counts a viewer's own from 1."""

    number: int
    request: TrainingRequest
    watched: Watched
    film: Film

    @property
    def title(self) -> str:
        """For a viewer: number or origin, preset, and what differs from it."""
        changed = ", ".join(f"{name}={value_text(value)}" for name, value in self.request.changed().items())
        named = _("{which}: {preset}").format(which=self.number or _("shipped"), preset=self.request.preset)
        return f"{named} ({changed})" if changed else named


@dataclass(eq=False)
class Lab:
    """A viewer's runs, and which of them is looked at.

    Attributes:
        preset: whose shipped run is there.
        own: trained in this session.
        shipped: None where there is none.
        shown: the run that is looked at.
        frame: step of the film, None for the newest.
        playing: whether the film goes on by itself.
        begun: runs that were begun so far.
        put: the last steps that the slider was moved to, not by the viewer, and when (`time.monotonic`).
    """

    preset: str = ""
    own: list[Entry] = field(default_factory=list)
    shipped: Entry | None = None
    shown: Entry | None = None
    frame: int | None = None
    playing: bool = False
    begun: int = 0
    put: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=8), repr=False)

    @property
    def entries(self) -> list[Entry]:
        return [*([self.shipped] if self.shipped else []), *self.own]

    def show(self, entry: Entry | None) -> None:
        """Looks at a run, at its newest frame."""
        self.shown, self.frame, self.playing = entry, None, False
        address.write(**{STEP: None})

    def begin(self, request: TrainingRequest, alive: Callable[[], bool]) -> None:
        """Trains, and shows it. Raises InputError for what cannot be trained, and where as many train as may."""
        if sum(not entry.watched.read().over for entry in self.own) >= MOST:
            raise InputError(_("{n} trainings of yours are under way.").format(n=MOST), _("Stop one of them, or wait until one is finished."))
        live = Live(request.training(), alive)
        self.begun += 1
        entry = Entry(self.begun, request, live, Film(live))
        live.start()
        self.own.append(entry)
        for old in [e for e in self.own if e.watched.read().over][: max(0, len(self.own) - MOST)]:
            self.own.remove(old)
        self.show(entry)

    def remove(self, entry: Entry) -> None:
        """Forgets a run, and stops it."""
        entry.watched.stop()
        self.own.remove(entry)
        self.show(self.entries[-1] if self.entries else None)


@st.cache_resource(max_entries=16, show_spinner=False)
def _kept(preset: str, written: int) -> tuple[Watched, Film]:
    kept = shipped.load(preset)
    return kept, Film(kept)


def current(preset: str) -> Lab:
    """This viewer's runs; another preset brings its shipped run, and the first time the step of the URL counts."""
    lab = st.session_state.setdefault("_lab", Lab())
    if lab.preset != preset:
        first, lab.preset, lab.shipped = not lab.preset, preset, _shipped(preset)
        mine = [entry for entry in lab.own if entry.request.preset == preset]
        shown = lab.shipped or (mine[-1] if mine else None)
        if first:
            lab.shown = shown
        else:
            lab.show(shown)
    return lab


def settled(live: Live, act: Callable[[], None]) -> None:
    """Does something to a run and waits a moment until it is done, so that the page shows it."""
    act()
    live.settle(_SETTLE_S)


def _shipped(preset: str) -> Entry | None:
    folder = shipped.folder(preset)
    if folder is None:
        return None
    try:
        watched, film = _kept(preset, folder.stat().st_mtime_ns)
    except ModelError as error:
        st.error(explained(error), icon=":material/error:")
        return None
    with watched.still() as run:
        return Entry(0, TrainingRequest(preset, settings=run.settings), watched, film)
