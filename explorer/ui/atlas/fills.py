"""An atlas in the making, here or elsewhere: shown as far as it is read, and again when more of it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from pathlib import Path

import streamlit as st

from explorer.atlas import growing, in_parts
from explorer.atlas.atlas import Atlas
from explorer.i18n import _
from explorer.jobs import DONE, Job, Report
from explorer.ui.common import jobs
from explorer.ui.common.again import run_again

_POLL_S = 2.0
"""Seconds between two looks at a folder, and at least between two drawings of what this process reads."""


def opened(key: Hashable, shards: growing.There, place: str) -> Atlas | None:
    """The atlas of these shards; None while they are put together.

    Args:
        key: of the source.
        shards: that are there.
        place: of the page.

    Raises:
        InputError: none of them can be read.
    """
    # What was read for an earlier look is not read again.
    kept: growing.Growing = st.session_state.setdefault("_growing_atlas", growing.Growing())
    return jobs.computed(("atlas so far", key), _("Putting together what is read"), lambda report: kept.atlas(shards), replaces=place)


def made_here(key: Hashable, title: str, work: Callable[[Report], Atlas], place: str) -> Atlas | None:
    """An atlas that this process makes, and as long as it does, or where the viewer stopped it, that of the parts that are read; None before.

    Args:
        key: of the job, by which `in_parts.make` is called.
        title: of the work, for the viewer.
        work: makes it.
        place: of the page.

    Raises:
        ExplorerError: what the work raised.
    """
    job = jobs.ask(key, title, work, replaces=place)
    if job is not None and job.state == DONE:
        return job.result
    read = in_parts.so_far(key)
    if job is not None:
        st.fragment(_follow, run_every=jobs.POLL_S)(job, read, time.monotonic())
    return read


def look_again(folder: Path, shards: growing.There) -> None:
    """Draws nothing; has the page drawn again once there are other shards, or the atlas itself."""
    if len(shards.files) < shards.all or not shards.all:
        st.fragment(_look, run_every=_POLL_S)(folder, shards)


def tell(atlas: Atlas) -> None:
    """How much of the corpus that is, above all that is drawn of it; nothing for an atlas that is whole."""
    if (said := growing.of_shards(atlas)) is not None:
        st.caption(f":material/hourglass_top: {_told(atlas, *said)}")
    elif (read := in_parts.of_read(atlas)) is not None:
        every = atlas.manifest["corpus"]
        message = _("{n:,} of {all:,} texts are read, {tokens:,} of {every:,} tokens, and all that is shown is of these.")
        told = message.format(n=read["texts"], all=every["texts"], tokens=read["tokens"], every=every["tokens"])
        st.caption(f":material/hourglass_top: {told}")


def _told(atlas: Atlas, there: int, every: int) -> str:
    message = _("In the making: {n} of {all} parts of these texts are read, and all that is shown is of these.").format(n=there, all=every)
    if there == every:
        return _("All {all} parts of these texts are read; the finished atlas is not in this folder.").format(all=every)
    if not atlas.manifest["bounds"]:
        message += " " + _("Roles that have to beat random weights come with the first part.")
    return message


def _follow(job: Job, drawn: Atlas | None, since: float) -> None:
    if job.over or jobs.is_stopped(job.key):
        run_again()
    # A small model reads a part in less time than its picture takes.
    if in_parts.so_far(job.key) is not drawn and (drawn is None or time.monotonic() - since > _POLL_S):
        run_again()
    jobs.bar(job)


def _look(folder: Path, shards: growing.There) -> None:
    if growing.there(folder) != shards:
        run_again()
