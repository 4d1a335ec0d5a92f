"""Texts as Markdown shows them as they are: escaped, shortened; and errors in sentences."""

from __future__ import annotations

import re

from explorer.i18n import _
from models.errors import ExplorerError
from models.words import Told

_MEANT_AT_THE_START = re.compile(r"(?m)^(\s*\d*)([-=.])")
"""What makes a list or a heading of a line: "-", "1." and a line of "="; ")" is escaped everywhere."""

_LINKED = re.compile(r"(?i)(?:https?|ftp)(?=://)|www(?=\.)|(?<=\w)@(?=\w)")
"""What makes a link of a word, also where its characters are escaped; a word joiner (U+2060), which is not seen, undoes it."""


def escaped(text: str) -> str:
    """Text that Markdown shows as it is; what `models` has to say in the language of the viewer."""
    if isinstance(text, Told):
        text = _(text)
    text = _LINKED.sub(lambda found: found[0] + "\u2060", text)
    shown = "".join("\\" + c if c in "\\`*_{}[]()#+!|<>$~:" else c for c in text)
    return _MEANT_AT_THE_START.sub(r"\1\\\2", shown)


def labelled(text: str) -> str:
    """Text as the label of a widget: as `escaped`, but without a backslash that the label itself does not need.

    Whoever hears a page is told the label as it was given, backslashes and all. What means something at the start of a line alone ("-", "+",
    "1.") is kept from it by a word joiner, which is neither seen nor heard.
    """
    inside = re.sub(r"(?<=\w)_+(?=\w)", "", text)
    if any(c in "\\`*_[]<>$~:|" for c in inside) or _LINKED.search(text):
        return escaped(text)
    return text if text[:1].isalpha() or text.isdigit() else "\u2060" + text


def shortened(text: str, most: int = 60) -> str:
    """The beginning of a text, in one line of the page."""
    line = " ".join(text[: 2 * most].split()) if "\n" in text[: 2 * most] else text
    return line if len(line) <= most and len(text) <= 2 * most else line[: most - 1] + "…"


def explained(error: ExplorerError) -> str:
    """What went wrong and what to do about it, as Markdown."""
    return f"{escaped(error.problem)} {escaped(error.advice)}"
