"""Files that a viewer gave: they stay for the session, whichever page is opened next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from explorer.bounded import BoundedCache
from explorer.i18n import _, language
from explorer.ui.common.markdown import escaped

Parsed = TypeVar("Parsed")
MOST_MB = 50
"""Larger files are refused by the browser already; `explorer.tasks.tables.MAX_BYTES` says the same."""
_PARSED: BoundedCache = BoundedCache(64 * 2**20)
"""What was made of files, for all viewers: a page runs often, and a file is read once, in each language that its notes are in."""


@dataclass(frozen=True)
class Upload:
    """A file.

    Attributes:
        name: as the viewer calls it.
        data: its bytes.
        digest: of the bytes and the name, part of the key of whatever is computed from it.
    """

    name: str
    data: bytes
    digest: str


def uploaded(label: str, types: Sequence[str], name: str, help: str | None = None) -> Upload | None:
    """Draws the choice of a file, or the name of the one that was given, which stays until it is taken away; None where there is none.

    Args:
        label: of the widget.
        types: endings that it takes.
        name: of this kind of file, shared by all pages that read it; the key of the widget, too.
        help: for the widget.
    """
    kept = _kept()
    if name not in kept:
        most = min(MOST_MB, int(st.get_option("server.maxUploadSize")))
        st.file_uploader(label, list(types), key=name, help=help, max_upload_size=most, on_change=_keep, args=(name,))
    if name in kept:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key=f"file_{name}"):
            st.markdown(f":material/description: {escaped(kept[name].name)}", width="content")
            about = _("Take this file away, or give another one. The server keeps it for this page alone; another server asks for it again.")
            st.button("", key=f"forget_{name}", icon=":material/close:", type="tertiary", help=about, on_click=kept.pop, args=(name, None))
    return kept.get(name)


def _kept() -> dict[str, Upload]:
    return st.session_state.setdefault("_uploads", {})


def _keep(name: str) -> None:
    given = st.session_state[name]
    if given is not None:
        data = given.getvalue()
        _kept()[name] = Upload(given.name, data, hashlib.sha256(given.name.encode() + b"\0" + data).hexdigest())


def parsed(upload: Upload, how: str, parse: Callable[[bytes, str], Parsed]) -> Parsed:
    """What `parse` makes of the bytes and the name of a file, once for each file and each `how`. What it raises is raised here."""
    return _PARSED.get_or_compute((upload.digest, how, language()), lambda: parse(upload.data, upload.name))
