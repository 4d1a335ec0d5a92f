"""A small picture of each head."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from explorer.charts import palette


def encode(weights: np.ndarray, visible: np.ndarray, dark: bool = False, top: float = 1.0) -> str:
    """A PNG as base64.

    Args:
        weights: float (rows, columns), from 0.
        visible: bool of the same shape; masked pixels get a colour of their own.
        dark: the theme.
        top: the weight that gets the last colour.
    """
    # The last of the 256 colours is given up for what is masked: a palette picture is a third of an RGB one.
    steps = np.clip(np.nan_to_num(weights) / max(top, 1e-9), 0, 1) * 254
    pixels = np.where(visible, steps.round(), 255).astype(np.uint8)
    picture = Image.fromarray(pixels, mode=None).convert("L")
    picture = Image.frombytes("P", picture.size, picture.tobytes())
    colours = palette.table(dark).copy()
    colours[:255] = palette.table(dark)[np.linspace(0, 255, 255).round().astype(int)]
    colours[255] = palette.rgb(palette.masked(dark))
    picture.putpalette(colours.tobytes())
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=False, compress_level=9)
    return base64.b64encode(out.getvalue()).decode("ascii")
