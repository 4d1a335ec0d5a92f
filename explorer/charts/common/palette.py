"""The colours of weights. Lightness falls (or rises) steadily, so that the order survives a bad projector and grey print."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

_LIGHT = ("#ffffff", "#dbe9f6", "#a6cbe8", "#5fa2d3", "#2f78bb", "#134f94", "#08265c")
_DARK = ("#10131a", "#1c3b63", "#1f6397", "#2b90b0", "#55bdaa", "#a9e29b", "#fdf6b5")
_MASKED = {False: "#e4e0d8", True: "#33302b"}
_FRAME = {False: "#d23a24", True: "#ff8a5c"}
_LINES = {
    False: ("#1d5fa8", "#e66101", "#2a9d6f", "#b5179e", "#8d6e00", "#7f7f7f"),
    True: ("#6db3f2", "#f1963b", "#5fd0a0", "#f28ad8", "#e0c04c", "#a8a8a8"),
}
_DIVERGING = {False: ("#5e3c99", "#f7f7f7", "#e66101"), True: ("#8e7cc3", "#1b202b", "#f1963b")}
_PAGE = {False: ("#ffffff", "#31333f"), True: ("#10131a", "#e6e8ee")}
_FAINT = {False: "#565963", True: "#b4b9c6"}
_STRONG_LIGHT = ("#ffffff", "#a9c8ea", "#6b9dd6", "#3878bf", "#1c559c", "#0b2f6b", "#000000")
_STRONG = {
    **dict(zip(_LIGHT, _STRONG_LIGHT, strict=True)),
    **dict(zip(_LINES[False], ("#00458c", "#a63c00", "#00623f", "#8a0076", "#5c4700", "#4a4a4a"), strict=True)),
    _MASKED[False]: "#d0c8b8",
    **dict(zip(_DIVERGING[False], ("#2f0a75", "#ffffff", "#a63c00"), strict=True)),
    _FRAME[False]: "#c00000",
    _PAGE[False][1]: "#000000",
    _FAINT[False]: "#000000",
}


def colours(dark: bool = False) -> list[str]:
    """Stops from weight 0 to weight 1."""
    return list(_DARK if dark else _LIGHT)


def diverging(dark: bool = False) -> list[str]:
    """Stops from below 0 over 0 to above: purple for less, the page for nothing, orange for more; safe for the colour-blind."""
    return list(_DIVERGING[dark])


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


def faint(dark: bool = False) -> str:
    """Text that names what is beside it, as of axes: less than what it names, and 4.5 to 1 all the same."""
    return _FAINT[dark]


def strong(colour: str) -> str:
    """What stands for a colour of the light theme where a weak projector shows it: 4.5 to 1 on the page, or a wider step to the next one."""
    return _STRONG.get(colour.lower()) or _strong_steps().get(colour.lower(), colour)


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour (relative luminance, WCAG 2.2)."""
    return "#000000" if _luminance(rgb(colour)) > 0.179 else "#ffffff"


def on_white(colour: str, least: float = 4.5) -> str:
    """The colour, made darker in steps of its own hue until it stands out from white by this contrast (WCAG 2.2)."""
    parts = np.array(rgb(colour), dtype=float)
    while 1.05 / (_luminance(parts) + 0.05) < least:
        parts = np.floor(parts * 0.97)
    return hexadecimal(parts)


def _luminance(channels: Sequence[float]) -> float:
    parts = [channel / 255 for channel in channels]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


@cache
def table(dark: bool = False, signed: bool = False, contrast: bool = False) -> np.ndarray:
    """uint8 (256, 3): the colours of 256 steps from 0 to 1, or from -1 to 1 where signed; `strong` where contrast; read-only."""
    chosen = (diverging if signed else colours)(dark)
    stops = np.array([rgb(_STRONG[colour] if contrast else colour) for colour in chosen], dtype=float)
    at = np.linspace(0, len(stops) - 1, 256)
    steps = np.stack([np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)], axis=1)
    steps = steps.round().astype(np.uint8)
    steps.flags.writeable = False
    return steps


@cache
def _strong_steps() -> dict[str, str]:
    """What stands for each colour between two stops: tables hold them where a cell was given its colour in Python."""
    pairs = [pair for signed in (True, False) for pair in zip(table(False, signed), table(False, signed, contrast=True), strict=True)]
    return {hexadecimal(before): hexadecimal(after) for before, after in pairs}


def hexadecimal(colour: np.ndarray) -> str:
    """Red, green and blue as a chart writes them."""
    return "#{:02x}{:02x}{:02x}".format(*(int(part) for part in colour))
