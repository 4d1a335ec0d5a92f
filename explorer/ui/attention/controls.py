"""The row of choices above the panels: which view, which tokens, which colours."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.capture import Capture
from explorer.i18n import N_, _
from explorer.ui.common import address
from explorer.ui.common.session import is_dark
from explorer.ui.common.theme import is_strong
from explorer.views import PAIRS

VIEWS = {
    "map": N_("Map"),
    "token": N_("One token"),
    "lines": N_("Lines"),
    "model": N_("Whole model"),
    "neurons": N_("Neurons"),
    "numbers": N_("Numbers"),
}
SCALES = {"fixed": N_("0 to 1"), "own": N_("0 to its largest"), "root": N_("0 to 1, small ones lifted")}
PAIR_TITLES = {name: name for name in PAIRS} | {"all": N_("all")}
SPECIALS = {"raw": N_("shown"), "hidden": N_("hidden"), "renormalised": N_("hidden, rest renormalised")}


@dataclass(frozen=True)
class Controls:
    """How heads are shown: which view, what `explorer.views.crop` takes, the colour scale, and the theme."""

    view: str
    special: str
    pair: str
    scale: str
    dark: bool
    contrast: bool = False

    @property
    def gamma(self) -> float:
        """Exponent of the colour scale; below 1 it lifts small weights."""
        return 0.4 if self.scale == "root" else 1.0

    def top(self, largest: float) -> float:
        """The weight that gets the last colour, where this is the largest one that is shown."""
        return max(1e-6, largest) if self.scale == "own" else 1.0

    @property
    def crop_arguments(self) -> str:
        """What is left out, as it stands behind the other arguments of a call in Python; nothing where all is shown."""
        chosen = (("special", self.special, "raw"), ("pair", self.pair, "all"))
        return "".join(f", {name}={value!r}" for name, value, first in chosen if value != first)


def described(how: Controls) -> list[str]:
    """What changes the pictures of all heads, in words."""
    pair = [] if how.pair == "all" else [f"{_('Pair')}: {how.pair}"]
    return [f"{_('Special tokens')}: {_(SPECIALS[how.special])}", *pair, f"{_('Colours')}: {_(SCALES[how.scale])}"]


def controls(captured: Capture, part: str) -> Controls:
    """Draws the row."""
    which = address.choice(st.segmented_control, _("View"), VIEWS, "view")
    special = address.choice(st.selectbox, _("Special tokens"), SPECIALS, "special", width=160)
    pair = "all"
    if part == "encoder" and 1 in captured.keys(part).segments:
        pair = address.choice(st.selectbox, _("Pair"), PAIR_TITLES, "pairs", width=90)
    scale = address.choice(st.selectbox, _("Colours"), SCALES, "scale", width=160)
    return Controls(which, special, pair, scale, is_dark(), is_strong())


WINDOW = 128
"""Tokens that are shown at once, each by itself; a longer text is moved through, and its map is one of `far_map`."""
MOST_NAMED = 512
"""Tokens that a list offers by name; of a longer text they are chosen by number, as the list would be most of what the page sends."""


def is_long(captured: Capture, part: str) -> bool:
    """Whether a text has more tokens than are shown at once."""
    return max(len(captured.queries(part)), len(captured.keys(part))) > WINDOW


def token_box(place: DeltaGenerator, label: str, name: str, default: int, options: list[int], labels: list[str], **how: object) -> int:
    """One of the tokens; its number stands in the address.

    Args:
        place: where it is drawn.
        label: of the box.
        name: in the address.
        default: the token at first.
        options: positions of the tokens that can be chosen.
        labels: of all tokens.
        how: more arguments of the box.
    """
    if len(options) > MOST_NAMED:
        return _numbered(place, label, name, default, options, labels, **how)
    how |= {"options": options, "format_func": lambda i: f"{i} {labels[i]}"}
    return address.entry(place.selectbox, label, name, default, address.among(options), **how)


def _numbered(place: DeltaGenerator, label: str, name: str, default: int, options: list[int], labels: list[str], **how: object) -> int:
    """The same by its number: what is no option is the nearest one before it, or the first."""

    def parse(word: str) -> int | None:
        if not (word.isascii() and word.isdigit() and len(word) < 9):
            return None
        return options[max(0, bisect.bisect_right(options, int(word)) - 1)]

    how |= {"min_value": options[0], "max_value": options[-1], "step": 1}
    found = address.entry(place.number_input, f"{label} ({labels[_now(name, parse, default)]})", name, default, parse, **how)
    return parse(str(found))


def _now(name: str, parse: Callable[[str], int | None], default: int) -> int:
    found = parse(address.read(name) or "")
    return default if found is None else found
