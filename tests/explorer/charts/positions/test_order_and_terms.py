"""Pictures of outputs in two orders, and of a score's four terms: they draw the numbers that they are given."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from explorer.charts.common import palette
from explorer.charts.positions import order, terms
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import axis_labels, marks, rendered

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
    in_a_row = rendered(lambda: terms.maps(parts, sum(parts), sum(parts), LABELS, across=6))
    colours = [tuple(pixels(items[0])[0, 0]) for items in marks(in_a_row, "image")]
    # In one row: all four terms, their sum, the scores.
    assert colours[0] == colours[4] == colours[5] == shades[2] and len({colours[0], colours[1], colours[2], colours[3]}) == 4


def test_spreads_and_angles():
    scene = rendered(lambda: terms.beside([0.4, 0.1, 0.2, 0.0], np.array([10.0, 45.0]), np.array([60.0, 80.0])))
    (bars,) = [items for items in marks(scene, "rect") if len(items) == 4]
    widths = [item["width"] for item in bars]
    assert widths[0] == pytest.approx(4 * widths[1]) == pytest.approx(2 * widths[2]) and widths[3] == 0
    random, measured = [items for items in marks(scene, "symbol") if len(items) == 2]
    heights = [[(150 - item["y"]) / 150 * 90 for item in items] for items in (random, measured)]
    assert heights[0] == pytest.approx([60, 80]) and heights[1] == pytest.approx([10, 45])
    low = rendered(lambda: terms.beside([0.4, 0.1, 0.2, 0.0], np.array([10.0, 45.0]), np.array([60.0, 80.0]), hall=True))
    (bars,) = [items for items in marks(low, "rect") if len(items) == 4]
    assert [item["width"] for item in bars] == pytest.approx([340 / 185 * width for width in widths])
    assert max(item["y"] + item["height"] for item in bars) <= 48


def test_descriptions_are_made_once_and_what_is_in_them_is_of_now():
    draw = np.random.default_rng(0)
    outputs = []
    for n, labels in ((3, LABELS), (5, list("vwxyz"))):
        moved, after = draw.normal(size=(2, n, 4))
        outputs.append(order.outputs(moved, after, labels, scale=float(np.abs(moved).max())))
    assert_same(*outputs, order._description.afresh(250, 300, False))
    scene = rendered(lambda: outputs[1])
    assert [text for text in axis_labels(scene) if text in "vwxyz"] == list("vwxyz") * 2
    (bars,) = [items for items in marks(scene, "rect") if len(items) == 5]
    expected = outputs[1].tables["apart"]["apart"] / outputs[1].values["largest"] * 130
    assert [item["width"] for item in bars] == pytest.approx(expected.tolist(), abs=1e-6)
    maps = [
        terms.maps(list(parts), parts.sum(0), parts.sum(0), labels)
        for parts, labels in ((draw.normal(size=(4, 3, 3)), LABELS), (10 * draw.normal(size=(4, 2, 2)), ["p", "q"]))
    ]
    assert_same(*maps, terms._description.afresh(170, 3, False))
    others = [terms.beside(draw.random(4).tolist(), draw.random(k) * 90, draw.random(k) * 90) for k in (2, 3)]
    assert_same(*others, terms._beside_description.afresh(False, False))
