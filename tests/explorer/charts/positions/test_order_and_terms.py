"""Pictures of outputs in two orders, and of a score's four terms: they draw the numbers that they are given."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from explorer.charts.common import palette
from explorer.charts.positions import order, terms
from tests.explorer.charts.scene import marks, rendered

LABELS = ["a", 'b"', "a"]


def pixels(item: dict) -> np.ndarray:
    data = base64.b64decode(item["url"].split(",")[1])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_outputs_and_how_far_they_are_apart():
    moved = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 0.0], [1.0, 1.0, 1.0]])
    after = moved + np.array([[0, 0, 0], [0, 0, 0.25], [0, -0.5, 0]])
    scene = rendered(lambda: order.outputs(moved, after, LABELS, scale=2.0))
    left, right = (items[0] for items in marks(scene, "image"))
    shades = [palette.rgb(colour) for colour in palette.diverging()]
    assert pixels(left).shape == (3, 3, 3)
    assert tuple(pixels(left)[0, 2]) == shades[0] and tuple(pixels(left)[0, 1]) == shades[2]
    assert not np.array_equal(pixels(left), pixels(right))
    (bars,) = [items for items in marks(scene, "rect") if len(items) == 3]
    assert [item["width"] for item in bars] == pytest.approx([0, 130 * 0.125, 130 * 0.25], abs=1e-6)


def test_four_terms_share_one_scale():
    parts = [np.full((3, 3), value) for value in (2.0, 1.0, -1.0, 0.0)]
    scene = rendered(lambda: terms.maps(parts, sum(parts), sum(parts), LABELS))
    colours = [tuple(pixels(items[0])[0, 0]) for items in marks(scene, "image")]
    shades = [palette.rgb(colour) for colour in palette.diverging()]
    # In the order of reading: two terms, the sum; two terms, the scores.
    assert colours[0] == colours[2] == colours[5] == shades[2]
    assert colours[1] != colours[3] and colours[4] != shades[2]


def test_spreads_and_angles():
    scene = rendered(lambda: terms.beside([0.4, 0.1, 0.2, 0.0], np.array([10.0, 45.0]), np.array([60.0, 80.0])))
    (bars,) = [items for items in marks(scene, "rect") if len(items) == 4]
    widths = [item["width"] for item in bars]
    assert widths[0] == pytest.approx(4 * widths[1]) == pytest.approx(2 * widths[2]) and widths[3] == 0
    random, measured = [items for items in marks(scene, "symbol") if len(items) == 2]
    heights = [[(150 - item["y"]) / 150 * 90 for item in items] for items in (random, measured)]
    assert heights[0] == pytest.approx([60, 80]) and heights[1] == pytest.approx([10, 45])
