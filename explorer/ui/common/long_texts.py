"""Texts that are too long to stand in an address: a few letters stand there for them, and what these mean is looked up here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import streamlit as st

from explorer.examples import EXAMPLES

LONGEST = 4_000
"""Characters of a value that still go into the address: a server refuses an address of many thousand when the page is loaded again."""
_EXAMPLES = tuple(example.text for example in EXAMPLES if len(example.text) > LONGEST)
"""They are known by their letters on any server."""
_KEPT = 4
"""Of the other ones, what a viewer gave last and may come back to by Back and Forward; a file has a megabyte at most."""


def letters(texts: Mapping[str, str]) -> str:
    """What stands in the address for those that are too long, of texts by name; "" where none is."""
    found = "\n".join(_long(texts).values())
    return hashlib.sha256(found.encode("utf-8", "surrogatepass")).hexdigest()[:8] if found else ""


def keep(texts: Mapping[str, str]) -> None:
    """Those that are too long, to be known as long as this session lasts."""
    if found := _long(texts):
        mine = st.session_state.setdefault("_long_texts", {})
        name = letters(found)
        mine.pop(name, None)
        mine[name] = found
        for oldest in list(mine)[:-_KEPT]:
            del mine[oldest]


def known(said: str) -> Mapping[str, str]:
    """The texts by name that these letters stand for: an example, or what this viewer gave; empty where they are neither."""
    of_examples = ({"text": text} for text in _EXAMPLES)
    return next((one for one in of_examples if letters(one) == said), st.session_state.get("_long_texts", {}).get(said, {}))


def holds(text: str, *others: str) -> bool:
    """Whether an address can say what is read: nothing of it is too long, or the text is one of the examples."""
    return (len(text) <= LONGEST or text in _EXAMPLES) and all(len(other) <= LONGEST for other in others)


def _long(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if len(text) > LONGEST}
