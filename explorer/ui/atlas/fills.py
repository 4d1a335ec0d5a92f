"""An atlas that is made elsewhere: shown as far as its shards are there, and again when there are more."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import streamlit as st

from explorer.atlas import growing
from explorer.atlas.atlas import Atlas
from explorer.i18n import _
from explorer.ui.common import jobs
from explorer.ui.common.again import run_again

_POLL_S = 2.0


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


def look_again(folder: Path, shards: growing.There) -> None:
    """Draws nothing; has the page drawn again once there are other shards, or the atlas itself."""
    if len(shards.files) < shards.all or not shards.all:
        st.fragment(_look, run_every=_POLL_S)(folder, shards)


def tell(atlas: Atlas) -> None:
    """How much of the corpus that is, above all that is drawn of it; nothing for an atlas that is whole."""
    if (said := growing.of_shards(atlas)) is not None:
        st.caption(f":material/hourglass_top: {_told(atlas, *said)}")


def _told(atlas: Atlas, there: int, every: int) -> str:
    message = _("In the making: {n} of {all} parts of these texts are read, and all that is shown is of these.").format(n=there, all=every)
    if there == every:
        return _("All {all} parts of these texts are read; the finished atlas is not in this folder.").format(all=every)
    if not atlas.manifest["bounds"]:
        message += " " + _("Roles that have to beat random weights come with the first part.")
    return message


def _look(folder: Path, shards: growing.There) -> None:
    if growing.there(folder) != shards:
        run_again()
