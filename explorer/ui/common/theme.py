"""The theme of a viewer: what the address says, else that of the system. High contrast is the light theme for a weak projector.

Streamlit itself has a light and a dark theme and no way for an app to choose. It follows the browser's answer to what the system wants, and that
answer is given by `browser.js` for whoever chose. So nothing is loaded anew, and what was uploaded or trained in the session stays.
"""

from __future__ import annotations

import streamlit as st

from explorer.i18n import N_, _
from explorer.ui.common import address

NAME = "theme"
SYSTEM, LIGHT, DARK, CONTRAST = "system", "light", "dark", "contrast"
_TITLES = {SYSTEM: N_("As the system"), LIGHT: N_("Light"), DARK: N_("Dark"), CONTRAST: N_("High contrast")}
_ORDER = (LIGHT, DARK, CONTRAST)
"""Of the key t: each press shows another one."""


def chosen() -> str:
    """One of the four."""
    return address.word(NAME, SYSTEM, list(_TITLES))


def is_dark() -> bool:
    """Whether the page is dark."""
    which = chosen()
    return _system_is_dark() if which == SYSTEM else which == DARK


def _system_is_dark() -> bool:
    return st.context.theme.type == "dark"


def is_strong() -> bool:
    """Whether colours are for a weak projector."""
    return chosen() == CONTRAST


def button() -> None:
    """The choice, behind a button as small as its neighbours."""
    with st.popover(_("Theme"), icon=":material/contrast:", help=_("Theme: light, dark, high contrast. Key t."), key="theme_button"):
        # Buttons, which keep no value: the browser would not hear of another one while the popover is closed, and send its own back.
        now = chosen()
        for name, title in _TITLES.items():
            kind = "primary" if name == now else "secondary"
            st.button(_(title), key=f"theme_{name}", type=kind, on_click=address.write, kwargs={NAME: name}, width="stretch")


def turn() -> None:
    """The next theme: what the key t does, also on the stage, where there is no button."""
    now = DARK if is_dark() else chosen()
    address.write(theme=_ORDER[(_ORDER.index(now if now in _ORDER else LIGHT) + 1) % len(_ORDER)])
