"""The stage: the same page for a hall. Sidebar and chrome away, letters large, one figure below the other.

How large is decided in the browser alone (`style.css`, `browser.js`): most pages are drawn as they are at a desk. Where a figure would not end
with the window, it is drawn with another layout, wide and not high (`is_on`); nothing is computed again for that.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from explorer.i18n import _
from explorer.ui.common import address

NAME = "stage"


def is_on() -> bool:
    """Whether the address asks for the stage."""
    return address.read(NAME) == "1"


def room(hall: Mapping[str, int], desk: Mapping[str, int] | None = None) -> dict[str, int]:
    """The sizes of a picture, by the names of its arguments: those on the stage, where it is wide and not high, or those at a desk.

    A picture's letters become 24 pixels there. So what has many rows is drawn with lower ones, or it ends below the window.

    Args:
        hall: on the stage.
        desk: at a desk; the picture's own where None.
    """
    return dict(hall if is_on() else desk or {})


def button() -> None:
    """Enters or leaves the stage; the key f presses it."""
    on = is_on()
    if on:
        # What the style and the script of the browser look for.
        st.container(key="stage_is_on").html("<i hidden></i>")
    st.button(
        _("Stage"),
        icon=":material/close_fullscreen:" if on else ":material/slideshow:",
        key="stage_button",
        help=_("Stage: large letters, nothing but the page. Key f."),
        on_click=lambda: address.write(**{NAME: None if on else "1"}),
    )
