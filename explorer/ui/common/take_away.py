"""What a viewer takes away: the pictures, the numbers, a link, and the lines that reproduce them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from explorer import export
from explorer.i18n import N_, _
from explorer.ui.common import address
from explorer.ui.common.on_request import on_request

MIME = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "csv": "text/csv",
    "npz": "application/octet-stream",
    "html": "text/html",
    "zip": "application/zip",
    "txt": "text/plain",
}
_TEXTS = {"text": N_("The text"), "other": N_("Second text")}
"""By the name of a text's file, without ending."""


@dataclass(frozen=True)
class Figure:
    """One thing on the page that can be taken away.

    Attributes:
        title: for the viewer.
        name: of its files, without ending.
        files: by ending, what makes the file when it is asked for.
    """

    title: str
    name: str
    files: dict[str, Callable[[], bytes]]


def picture_files(make: Callable[[], export.Drawable]) -> dict[str, Callable[[], bytes]]:
    """A chart's PNG and SVG; `make` draws it in the light theme."""
    return {kind: lambda kind=kind: export.picture(make, kind) for kind in ("png", "svg")}


def take_away(figures: Sequence[Figure], recipe: str, linked: bool = True, texts: Mapping[str, str] | None = None) -> None:
    """A menu of downloads. Files are made when they are asked for.

    Args:
        figures: what there is, the most wanted first.
        recipe: lines of Python.
        linked: whether the URL holds all that is on the page.
        texts: that the lines read, by name in `_TEXTS`; one that is too long to stand in them is offered as a file.
    """
    for name, text in (texts or {}).items():
        if (written := export.text_read(text, name)) != repr(text) and written in recipe:
            figures = [*figures, Figure(_(_TEXTS[name]), name, {"txt": text.encode})]
    with st.popover(_("Take away"), icon=":material/download:"):
        for figure in figures:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(figure.title, width="stretch")
                for ending, make in figure.files.items():
                    st.download_button(
                        ending.upper(),
                        on_request(make),
                        f"{figure.name}.{ending}",
                        MIME[ending],
                        key=f"take_{ending}_{figure.name}",
                        on_click="ignore",
                    )
        st.caption(_("In Python:"))
        st.code(recipe, language="python", height=170)
        st.caption(_("Link to this view:") if linked else _("The text is too long for a link."))
        if linked:
            st.code(address.link(), language=None)
