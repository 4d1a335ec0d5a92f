"""The row of choices above the panels: which view, which tokens, which colours."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from explorer.capture import Capture
from explorer.i18n import _
from explorer.ui.common.session import is_dark
from explorer.views import PAIRS, SPECIAL

VIEWS = {"map": _("Map"), "lines": _("Lines"), "model": _("Whole model"), "neurons": _("Neurons"), "numbers": _("Numbers")}
SCALES = {"fixed": _("0 to 1"), "own": _("0 to its largest"), "root": _("0 to 1, small ones lifted")}
SPECIALS = {"raw": _("shown"), "hidden": _("hidden"), "renormalised": _("hidden, rest renormalised")}
PARTS = {"encoder": _("encoder"), "decoder": _("decoder"), "cross": _("cross: decoder to encoder")}


@dataclass(frozen=True)
class Controls:
    """How heads are shown: which view, what `explorer.views.crop` takes, the colour scale, and the theme."""

    view: str
    special: str
    pair: str
    scale: str
    dark: bool


def part_of(captured: Capture) -> str:
    """Encoder, decoder or cross, where there is a choice."""
    if len(captured.parts) == 1:
        return captured.parts[0]
    return st.segmented_control(
        _("Attention"), captured.parts, default=captured.parts[0], format_func=PARTS.get, key="part", bind="query-params", required=True
    )


def controls(captured: Capture, part: str) -> Controls:
    """Draws the row."""
    which = st.segmented_control(_("View"), VIEWS, default="map", format_func=VIEWS.get, key="view", bind="query-params", required=True)
    special = st.selectbox(
        _("Special tokens"), SPECIAL, format_func=SPECIALS.get, key="special", bind="query-params", persist_state="session", width=160
    )
    pair = "all"
    if part == "encoder" and 1 in captured.keys(part).segments:
        pair = st.selectbox(_("Pair"), PAIRS, key="pairs", bind="query-params", width=90)
    scale = st.selectbox(_("Colours"), SCALES, format_func=SCALES.get, key="scale", bind="query-params", persist_state="session", width=160)
    return Controls(which, special, pair, scale, is_dark())
