"""The stage: the same page for a hall. Sidebar and chrome away, letters large, one figure below the other.

How large is decided in the browser alone (`style.css`, `browser.js`): most pages are drawn as they are at a desk. Where a figure would not end
with the window, it is drawn with another layout, wide and not high (`is_on`); nothing is computed again for that.
"""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.ui.common import address

NAME = "stage"


def is_on() -> bool:
    """Whether the address asks for the stage."""
    return address.read(NAME) == "1"


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
