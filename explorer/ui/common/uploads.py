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
    """Draws the choice of a file; the file that was given last where another page was open meanwhile, None where there is none.

    Args:
        label: of the widget.
        types: endings that it takes.
        name: of this kind of file, shared by all pages that read it; the key of the widget, too.
        help: for the widget.
    """
    kept: dict[str, Upload] = st.session_state.setdefault("_uploads", {})
    given = st.file_uploader(label, list(types), key=name, help=help)
    if given is not None:
        data = given.getvalue()
        kept[name] = Upload(given.name, data, hashlib.sha256(given.name.encode() + b"\0" + data).hexdigest())
    elif name in kept:
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.caption(f":material/description: {escaped(kept[name].name)}")
            st.button("", key=f"forget_{name}", icon=":material/close:", help=_("Take this file away"), on_click=lambda: kept.pop(name, None))
    return kept.get(name)


def parsed(upload: Upload, how: str, parse: Callable[[bytes, str], Parsed]) -> Parsed:
    """What `parse` makes of the bytes and the name of a file, once for each file and each `how`. What it raises is raised here."""
    return _PARSED.get_or_compute((upload.digest, how, language()), lambda: parse(upload.data, upload.name))
