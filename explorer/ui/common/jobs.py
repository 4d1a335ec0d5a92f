"""Jobs on a page: how far the work is, what is left, a button that stops it, and a way to go on.

The page's script never computes for longer than a moment: it asks for a job, waits that moment, and where the job is not done yet it draws
how far it is and ends. A fragment looks at the job twice a second and runs the page again when it is over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.i18n import _
from explorer.jobs import DONE, FAILED, JOBS, STOPPED, WAITING, Job, Report, Viewer
from explorer.ui.common import strangers
from explorer.ui.common.again import run_again
from explorer.ui.common.markdown import escaped
from models.errors import ExplorerError, OutOfMemoryError

Result = TypeVar("Result")
Shown = TypeVar("Shown")
MOMENT_S = 0.25
"""Seconds that a page waits for work before it shows how far it is."""
POLL_S = 0.5
"""Seconds between two looks at a job."""


def viewer() -> Viewer:
    """This session, and whether its tab is still open."""
    context = get_script_run_ctx()
    session = "" if context is None else context.session_id
    # Without a server, as between the runs of a test, there is no tab that could be closed.
    return Viewer(session, lambda: not runtime.exists() or runtime.get_instance().is_active_session(session))


def computed(
    key: Hashable,
    title: str,
    work: Callable[[Report], Result],
    *,
    replaces: str = "",
    moment: float = MOMENT_S,
    needs_bytes: int = 0,
    partial: Callable[[object], None] | None = None,
    kept_elsewhere: bool = False,
    quick: bool = False,
) -> Result | None:
    """The result of a job, or None where it is not there yet and the page shows how far it is.

    Args:
        key: what is computed, hashable: model, data, settings. Whoever asks for the same gets the same job.
        title: of the work, for the viewer.
        work: see `explorer.jobs.Jobs.start`. It runs in another thread: it draws nothing.
        replaces: name of a place on the page; a job for the same place that this viewer asked for earlier is not wanted any more.
        moment: seconds to wait before the page shows how far it is.
        needs_bytes: memory that it takes, where that is known.
        partial: draws what there is already, again and again while the job runs.
        kept_elsewhere: the work itself keeps what it found, within bounds of its own, and is asked for only where it is not there: the
            job must not hold it any longer than that, and what was done and is gone again is done anew.
        quick: it is known to take a moment only, and waits for no long work of others.

    Raises:
        ExplorerError: what the work raised.
    """
    job = ask(key, title, work, replaces=replaces, moment=moment, needs_bytes=needs_bytes, kept_elsewhere=kept_elsewhere, quick=quick)
    if job is None:
        return None
    if job.over:
        if kept_elsewhere:
            JOBS.forget(key)
        return job.result
    st.fragment(_watch, run_every=POLL_S)(job, partial)
    return None


def ask(
    key: Hashable,
    title: str,
    work: Callable[[Report], object],
    *,
    replaces: str = "",
    moment: float = MOMENT_S,
    needs_bytes: int = 0,
    kept_elsewhere: bool = False,
    quick: bool = False,
) -> Job | None:
    """The job itself, for a place that draws how far it is by its own means (`bar`); None where this viewer stopped it, and the page says so.

    Arguments as for `computed`.

    Raises:
        ExplorerError: what the work raised.
    """
    if key in _stopped():
        _tell_stopped(key, title)
        return None
    if kept_elsewhere and (done := JOBS.find(key)) is not None and done.state == DONE:
        JOBS.forget(key)
    me = viewer()
    job = JOBS.start(key, title, work, me, group=(replaces, me.name) if replaces else None, needs_bytes=needs_bytes, quick=quick)
    job.wait(moment)
    if job.state == FAILED:
        if isinstance(job.error, OutOfMemoryError):
            JOBS.forget(key)  # room may come back: whoever asks again tries again
        raise job.error
    if job.state == STOPPED:
        _stopped().add(key)
        _tell_stopped(key, title)
        return None
    return job


def ahead(key: Hashable, title: str, work: Callable[[Report], object], *, replaces: str) -> None:
    """Begins what will be asked for in a moment, and draws nothing: neither that it computes nor what is in its way.

    Arguments as for `computed`.
    """
    if JOBS.find(key) is None and key not in _stopped():
        me = viewer()
        with contextlib.suppress(ExplorerError):
            JOBS.start(key, title, work, me, group=(replaces, me.name))


def bar(job: Job) -> None:
    """How far a job is, and the button that stops it. For a fragment that runs every `POLL_S` seconds."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"job_{job.number}"):
        st.progress(job.share, text=progress(job))
        # Who serves only herself has no other server.
        about = (
            _("The server that this page is connected to computes this. Another server would begin it again.") if strangers.are_there() else None
        )
        st.button(_("Stop"), key=f"stop_job_{job.number}", on_click=_stop, args=(job,), icon=":material/stop:", width=110, help=about)


def set_aside(*places: str) -> None:
    """Ends what this viewer has asked for in these places (`replaces`), so that something more urgent has the processor; it goes on later."""
    me = viewer()
    for place in places:
        JOBS.leave_group((place, me.name), me)


def is_stopped(key: Hashable) -> bool:
    """Whether this viewer has stopped the job with this key."""
    return key in _stopped()


@dataclass(frozen=True)
class Kept(Generic[Shown]):
    """What a place on a page shows: of now, or of an earlier moment while what is asked for now is still computed.

    Attributes:
        what: it is drawn from.
        identity: of what it was computed from.
        title: of what it shows, for the viewer.
        fresh: whether it is what the header of the page says.
    """

    what: Shown
    identity: Hashable
    title: str
    fresh: bool


def kept(slot: str, identity: Hashable, title: str, found: Shown | None) -> Kept[Shown] | None:
    """What was computed for a place on the page, or what stood there before it, until it is there; None where there is neither.

    What stood there before carries a line that says what it is: a page shows nothing under another thing's name.

    Args:
        slot: name of the place.
        identity: all that is computed now depends on, numbers of models and captures and names of settings. What has another one is
            another thing, also where it has the same title.
        title: of what is computed now, short enough for a line.
        found: None while it is computed.
    """
    if found is not None:
        _places()[slot] = Kept(found, identity, title, True)
        return _places()[slot]
    old = before(slot)
    if old is None:
        return None
    if old.identity != identity:
        st.caption(f":material/history: {_('Still shown: {what}').format(what=escaped(old.title))}")
    return Kept(old.what, old.identity, old.title, old.identity == identity)


def before(slot: str) -> Kept | None:
    """What stood in a place on the page last; None where nothing did. For who has to know it before `kept` shows it."""
    return _places().get(slot)


def _places() -> dict[str, Kept]:
    return st.session_state.setdefault("_kept_pictures", {})


def _watch(job: Job, partial: Callable[[object], None] | None) -> None:
    if job.over or job.key in _stopped():
        run_again()
    bar(job)
    if partial is not None and job.partial is not None:
        partial(job.partial)


def progress(job: Job) -> str:
    """How far it is and how long it takes, in words."""
    if job.state == WAITING:
        return _("{title}: waiting for its turn").format(title=job.title)
    left = "" if job.left is None else f" · {_('{left} left').format(left=duration(job.left))}"
    return f"{job.title}: {job.share:.0%}{left}"


def duration(seconds: float) -> str:
    """Seconds in words, as precise as anybody wants to know: "3 s", "2 min 10 s"."""
    whole = max(1, round(seconds))
    if whole < 60:
        return _("{n} s").format(n=whole)
    rounded = whole - whole % (10 if whole < 600 else 60)
    minutes, rest = divmod(rounded, 60)
    return _("{m} min {s} s").format(m=minutes, s=rest) if rest else _("{m} min").format(m=minutes)


def _stop(job: Job) -> None:
    # Others who wait for the same go on; for this viewer it is over.
    _stopped().add(job.key)
    JOBS.leave(job.key, viewer())


def _tell_stopped(key: Hashable, title: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Stopped: {title}.").format(title=title))
        st.button(_("Go on"), key=f"go_on_{abs(hash(key))}", on_click=_go_on, args=(key,), icon=":material/play_arrow:")


def _go_on(key: Hashable) -> None:
    _stopped().discard(key)
    job = JOBS.find(key)
    if job is not None and job.state in (STOPPED, FAILED):
        JOBS.forget(key)


def _stopped() -> set[Hashable]:
    return st.session_state.setdefault("_stopped_jobs", set())
