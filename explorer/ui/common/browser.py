"""What only the browser can see or mend (`browser.js`).

- When the system turns dark while a page is open, Streamlit repaints its own parts at once and runs no script. The charts would keep the
  colours of the light theme, so the script is asked to run.
- Vega names the gradient of a colour bar by the whole address of the page (`url(http://..#gradient)`). When the address changes, that
  names nothing any more, and the bar loses its colours. Named by its place in the page (`url(#gradient)`), it keeps them.
- A picture grows with its window: the drawing is scaled, letters and all, so that nothing is computed again.
- In the text bar Enter applies what was typed, and Shift and Enter begin a new line; Streamlit's own fields of several lines take Ctrl and
  Enter. While an input method composes a character, as for Chinese, Enter belongs to it.
- An input whose number stands for another one (an exponent, a place in a list) has that one beside it.
- Keys of the stage, and the whole screen, which a browser gives only to what a person has just done.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.i18n import _, language

_JS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_TAGS = {"zh": "zh-CN"}
"""What browsers call a language, where that is not our name of it."""
_watch = st.components.v2.component("attention_explorer.browser", html="<span></span>", js=_JS)


def watch() -> None:
    """Draws nothing that can be seen; once a run, on every page."""
    keys = [
        ("f · Esc", _("onto the stage, and back to the desk")),
        ("Page Down · Page Up", _("next figure, the one before")),
        (".", _("black, and back")),
        ("?", _("these keys")),
    ]
    with st.container(key="browser_watch"):
        _watch(key="browser", data={"language": _TAGS.get(language(), language()), "keys": keys}, on_theme_change=lambda: None)
