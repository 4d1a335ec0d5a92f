"""Small pictures made of numbers: of a head's weights, and of numbers of either sign."""

from __future__ import annotations

import base64
import io
from functools import cache

import numpy as np
from PIL import Image

from explorer.charts.common import palette

_SHADES = 63


def encode(weights: np.ndarray, visible: np.ndarray, dark: bool = False, top: float = 1.0, gamma: float = 1.0, contrast: bool = False) -> str:
    """A PNG as base64.

    Args:
        weights: float (rows, columns), from 0.
        visible: bool of the same shape; masked pixels get a colour of their own.
        dark: the theme.
        top: the weight that gets the last colour.
        gamma: exponent of the colour scale; below 1 it lifts small weights.
        contrast: in the colours for a weak projector, for the light theme.
    """
    # 63 shades and one colour for what is masked: a palette of 256 would be most of a small picture's bytes.
    steps = np.clip(np.nan_to_num(weights) / max(top, 1e-9), 0, 1) ** gamma * (_SHADES - 1)
    pixels = np.where(visible, steps.round(), _SHADES).astype(np.uint8)
    picture = Image.frombytes("P", pixels.shape[::-1], pixels.tobytes())
    picture.putpalette(_shades(dark, contrast))
    return _png(picture)


@cache
def _shades(dark: bool, contrast: bool) -> bytes:
    """Red, green and blue of each shade, and of what is masked."""
    shades = palette.table(dark, contrast=contrast)[np.linspace(0, 255, _SHADES).round().astype(int)]
    masked = palette.masked(dark)
    return shades.tobytes() + bytes(palette.rgb(palette.strong(masked) if contrast else masked))


def signed(values: np.ndarray, top: float, dark: bool = False) -> str:
    """A PNG as base64 of float (rows, columns) on the diverging scale from -top over 0 to top."""
    return _painted((np.clip(np.nan_to_num(values) / max(top, 1e-9), -1, 1) + 1) / 2, palette.table(dark, signed=True))


def unsigned(values: np.ndarray, top: float, dark: bool = False) -> str:
    """The same of numbers that are never below 0, on the scale of weights from 0 to top."""
    return _painted(np.clip(np.nan_to_num(values) / max(top, 1e-9), 0, 1), palette.table(dark))


def _painted(shares: np.ndarray, table: np.ndarray) -> str:
    pixels = (shares * 255).round().astype(np.uint8)
    picture = Image.frombytes("P", pixels.shape[::-1], pixels.tobytes())
    picture.putpalette(table.tobytes())
    return _png(picture)


def strong(png: str) -> str:
    """A picture that `signed` or `unsigned` painted, in the colours for a weak projector; any other as it is."""
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    if picture.mode != "P":
        return png
    for of_either_sign in (True, False):
        if bytes(picture.getpalette()) == palette.table(signed=of_either_sign).tobytes():
            picture.putpalette(palette.table(signed=of_either_sign, contrast=True).tobytes())
            return _png(picture)
    return png


def _png(picture: Image.Image) -> str:
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=False, compress_level=9)
    return base64.b64encode(out.getvalue()).decode("ascii")
