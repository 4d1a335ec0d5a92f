"""What only the browser can see or mend (`browser.js`).

- When the system turns dark while a page is open, Streamlit repaints its own parts and runs no script. The charts would keep the colours of the
  light theme, so the script is asked to run as soon as the page is dark: it is told the theme that the page has at that moment.
- Streamlit asks the browser what the system wants, on a change and after printing. For a viewer who has chosen a theme, the browser answers with
  that one, and Streamlit is told that something was printed.
- Vega names the gradient of a colour bar by the whole address of the page (`url(http://..#gradient)`). When the address changes, that
  names nothing any more, and the bar loses its colours. Named by its place in the page (`url(#gradient)`), it keeps them.
- A picture grows with its window: the drawing is scaled, letters and all, so that nothing is computed again.
- In the text bar Enter applies what was typed, and Shift and Enter begin a new line; Streamlit's own fields of several lines take Ctrl and
  Enter. While an input method composes a character, as for Chinese, Enter belongs to it.
- In a small window the sidebar is closed at first, so that letters of pictures can be read. Streamlit keeps what a person wanted of it, and is
  not told of this.
- Tables are painted on a canvas, in greys that no style reaches; in high contrast their letters are made black while they are painted.
- What can be clicked in a picture can be chosen by keyboard (`chart_keys.js`).
- An input whose number stands for another one (an exponent, a place in a list) has that one beside it.
- What Streamlit itself says in English is said in the viewer's language (`streamlit_words.js`).
- Keys of the stage, and the whole screen, which a browser gives only to what a person has just done.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from explorer.i18n import _, language
from explorer.ui.common import streamlit_words, theme

_JS = "\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("chart_keys.js", "streamlit_words.js", "browser.js"))
_TAGS = {"zh": "zh-CN"}
"""What browsers call a language, where that is not our name of it."""
_watch = st.components.v2.component("attention_explorer.browser", html="<span></span>", js=_JS)


def watch(own: Sequence[tuple[str, str]] = ()) -> None:
    """Draws nothing that can be seen; once a run, on every page.

    Args:
        own: keys of the page that is drawn, and what they do; they take the place of those that turn figures.
    """
    keys = [
        ("f · Esc", _("onto the stage, and back to the desk")),
        *(own or [("Page Down · Page Up", _("next figure, the one before"))]),
        ("t", _("next theme: light, dark, high contrast")),
        (".", _("black, and back")),
        ("?", _("these keys")),
    ]
    with st.container(key="browser_watch"):
        if theme.is_strong():
            # What the style looks for.
            st.container(key="contrast_is_on").html("<i hidden></i>")
        data = {
            "language": _TAGS.get(language(), language()),
            "keys": keys,
            "theme": theme.chosen(),
            "dark": theme.is_dark(),
            "said": streamlit_words.said(),
        }
        _watch(key="browser", data=data, on_theme_change=lambda: None, on_turn_change=theme.turn)
