"""The colours of weights. Lightness falls (or rises) steadily, so that the order survives a bad projector and grey print."""

from __future__ import annotations

from functools import cache

import numpy as np

_LIGHT = ("#ffffff", "#dbe9f6", "#a6cbe8", "#5fa2d3", "#2f78bb", "#134f94", "#08265c")
_DARK = ("#10131a", "#1c3b63", "#1f6397", "#2b90b0", "#55bdaa", "#a9e29b", "#fdf6b5")
_MASKED = {False: "#e4e0d8", True: "#33302b"}
_FRAME = {False: "#e0452f", True: "#ff8a5c"}
_LINES = {
    False: ("#1d5fa8", "#e66101", "#2a9d6f", "#b5179e", "#8d6e00", "#7f7f7f"),
    True: ("#6db3f2", "#f1963b", "#5fd0a0", "#f28ad8", "#e0c04c", "#a8a8a8"),
}
_PAGE = {False: ("#ffffff", "#31333f"), True: ("#10131a", "#e6e8ee")}


def colours(dark: bool = False) -> list[str]:
    """Stops from weight 0 to weight 1."""
    return list(_DARK if dark else _LIGHT)


def diverging(dark: bool = False) -> list[str]:
    """Stops from below 0 over 0 to above: purple for less, the page for nothing, orange for more; safe for the colour-blind."""
    return ["#8e7cc3", "#1b202b", "#f1963b"] if dark else ["#5e3c99", "#f7f7f7", "#e66101"]


def lines(dark: bool = False) -> tuple[str, ...]:
    """Colours to tell lines apart."""
    return _LINES[dark]


def masked(dark: bool = False) -> str:
    """The colour of what a token may not see: outside the scale, never the colour of zero."""
    return _MASKED[dark]


def frame(dark: bool = False) -> str:
    """The colour that marks what is chosen."""
    return _FRAME[dark]


def page(dark: bool = False) -> tuple[str, str]:
    """Background and text of the page, as in .streamlit/config.toml."""
    return _PAGE[dark]


def rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


@cache
def table(dark: bool = False, signed: bool = False) -> np.ndarray:
    """uint8 (256, 3): the colours of 256 steps from 0 to 1, or from -1 to 1 where signed; read-only."""
    stops = np.array([rgb(colour) for colour in (diverging if signed else colours)(dark)], dtype=float)
    at = np.linspace(0, len(stops) - 1, 256)
    steps = np.stack([np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)], axis=1)
    steps = steps.round().astype(np.uint8)
    steps.flags.writeable = False
    return steps
