"""A matrix as one picture: its pixels are its numbers."""

import base64
import io

import numpy as np
from PIL import Image

from explorer.charts.common import palette
from explorer.charts.common.matrix import matrix, texts
from tests.explorer.charts.scene import marks, rendered


def test_pixels_and_labels():
    values = np.array([[-1.0, 0.0], [0.5, 2.0], [np.nan, -3.0]])
    labels = ["a", 'b"', "a"]
    scene = rendered(lambda: matrix(values, x="to", y="from", title="M", rows=labels, top=1.0).add_params(*texts(labels, None)))
    (picture,) = (items[0] for items in marks(scene, "image"))
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture["url"].split(",")[1]))).convert("RGB"))
    less, none, more = (palette.rgb(colour) for colour in palette.diverging())
    assert pixels.shape == (3, 2, 3)
    assert tuple(pixels[0, 0]) == tuple(pixels[2, 1]) == less and tuple(pixels[1, 1]) == more
    # 0 lies between two of 256 steps.
    assert np.abs(pixels[0, 1].astype(int) - none).max() <= 2 and np.abs(pixels[2, 0].astype(int) - none).max() <= 2
    assert (picture["width"], picture["height"]) == (240, 220)
