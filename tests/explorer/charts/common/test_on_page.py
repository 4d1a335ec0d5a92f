"""What a page's theme does to a picture: letters that can be read, and the colours for a weak projector."""

import base64
import io
import itertools
import json

import numpy as np
import pytest
from PIL import Image

from explorer.charts.common import heatmap, matrix, palette, thumbnails
from explorer.charts.common.on_page import on_page
from explorer.charts.common.scatter import scatter
from explorer.charts.lectures.grid import grid
from explorer.charts.weights.graph import graph


def contrast(first: str, second: str) -> float:
    """As WCAG 2 defines it, from 1 to 21."""

    def light(colour: str) -> float:
        parts = np.array(palette.rgb(colour)) / 255
        return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((light(first), light(second)))
    return (high + 0.05) / (low + 0.05)


def pixels(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def a_map(**how: bool) -> heatmap.Picture:
    return heatmap.heatmap(np.eye(3), np.ones((3, 3), bool), list("abc"), list("abc"), **how)


@pytest.mark.parametrize("dark", [False, True])
def test_axes_are_written_in_colours_that_can_be_read(dark):
    made = on_page(a_map(dark=dark).spec(), dark)
    for colour in (made["config"]["axis"]["labelColor"], made["config"]["legend"]["titleColor"], palette.page(dark)[1]):
        assert contrast(colour, palette.page(dark)[0]) >= 4.5
    # What the chart says of itself stays.
    assert made["config"]["view"] == a_map(dark=dark).description["config"]["view"]


def test_each_colour_of_letters_lines_and_frames_has_a_strong_one():
    white = palette.page()[0]
    for colour in (palette.page()[1], palette.faint(), palette.frame(), *palette.lines()):
        assert contrast(palette.strong(colour), white) >= max(5.5, contrast(colour, white))
    before, after = (
        [contrast(a, b) for a, b in itertools.pairwise(stops)]
        for stops in (palette.colours(), [palette.strong(colour) for colour in palette.colours()])
    )
    # The pale half is what a projector washes out.
    assert after[0] > 1.3 * before[0] and min(after) > min(before)


def test_high_contrast_leaves_nothing_of_the_light_colours_and_nothing_pale():
    points = scatter([(0, 0), (0, 1)], [0.1, 0.2], [0.3, 0.4], titles=("x", "y"))
    for picture in (a_map(), points):
        before = picture.to_json()
        text = json.dumps({**on_page(picture.spec(), contrast=True), "datasets": {}})
        assert palette.page()[1] not in text and palette.frame() not in text and palette.strong(palette.frame()) in text
        assert picture.to_json() == before, "the picture itself, which is kept, is as it was"
    marks = [layer["mark"] for layer in on_page(points.spec(), contrast=True)["layer"]]
    assert {mark.get("opacity", 1) for mark in marks} | {mark.get("strokeOpacity", 1) for mark in marks} == {1}
    assert {layer["mark"].get("strokeOpacity", 1) for layer in points.description["layer"]} != {1}


def test_colours_of_either_sign_are_strong_where_they_are_written_and_where_they_are_painted():
    values = np.array([[-1.0, 0.0, 1.0]])
    strong = [palette.strong(colour) for colour in palette.diverging()]
    spec = matrix.matrix(values, x="x", y="y", title="t", look="l").spec()
    made = on_page(spec, contrast=True)
    text = json.dumps({**made, "datasets": {}})
    assert all(colour in text for colour in strong) and not any(colour in text for colour in palette.diverging())
    row = [palette.hexadecimal(pixel) for pixel in pixels(made["datasets"]["matrix"]["png"][0])[0]]
    assert [row[0], row[2]] == [strong[0], strong[2]] and contrast(row[1], palette.page()[0]) < 1.02
    # The picture itself is as it was.
    assert palette.hexadecimal(pixels(spec["datasets"]["matrix"]["png"][0])[0, 2]) == palette.diverging()[2]
    assert min(contrast(colour, palette.page()[0]) for colour in (strong[0], strong[2])) >= 5.5


def test_colours_of_weights_in_a_matrix_are_strong_too():
    spec = matrix.matrix(np.array([[0.0, 0.5, 1.0]]), x="x", y="y", title="t", top=1.0, signed=False).spec()
    made = on_page(spec, contrast=True)
    assert made["layer"][1]["encoding"]["color"]["scale"]["range"] == [palette.strong(colour) for colour in palette.colours()]
    drawn, before = (pixels(one["datasets"]["matrix"]["png"][0])[0] for one in (made, spec))
    np.testing.assert_array_equal(drawn, palette.table(contrast=True)[[0, 128, 255]])
    np.testing.assert_array_equal(before, palette.table()[[0, 128, 255]])


def test_cells_whose_colours_stand_in_a_table_are_strong_and_what_is_written_in_them_is_read():
    signed = grid(np.linspace(-1, 1, 11)[None], ["r"], list("abcdefghijk"), "t", signed=True)
    rising = grid(np.linspace(0, 1, 11)[None], ["r"], list("abcdefghijk"), "t")
    for picture in (signed, rising):
        before, after = (on_page(picture.spec(), contrast=strong)["datasets"]["cells"] for strong in (False, True))
        assert not set(before["colour"]) & set(after["colour"]) - {"#ffffff"}
        assert min(contrast(colour, ink) for colour, ink in zip(after["colour"], after["ink"], strict=True)) >= 4.5


def test_bars_are_solid_and_veils_are_not():
    made = on_page({"layer": [{"mark": {"type": "rect", "opacity": 0.65}}, {"mark": {"type": "rect", "fillOpacity": 0.72}}]}, contrast=True)
    assert made["layer"] == [{"mark": {"type": "rect", "opacity": 1}}, {"mark": {"type": "rect", "fillOpacity": 0.72}}]


def test_what_only_some_marks_have_is_full_or_nothing():
    how = {"opacity": {"condition": {"param": "head", "value": 0.4}, "value": 0}}
    made = on_page({"mark": {"type": "point"}, "encoding": how}, contrast=True)["encoding"]["opacity"]
    assert made == {"condition": {"param": "head", "value": 1}, "value": 0}


def test_small_pictures_have_the_strong_colours_too():
    weights = np.linspace(0, 1, 64).reshape(8, 8)
    assert thumbnails.encode(weights, np.ones((8, 8), bool)) != thumbnails.encode(weights, np.ones((8, 8), bool), contrast=True)
    assert tuple(palette.table(contrast=True)[-1]) == palette.rgb(palette.strong(palette.colours()[-1]))
    assert tuple(palette.table(signed=True, contrast=True)[0]) == palette.rgb(palette.strong(palette.diverging()[0]))


def test_a_file_has_none_of_it():
    assert "labelColor" not in a_map().to_json() and palette.faint() not in a_map().to_json()


def test_a_colour_is_darkened_until_it_is_read_on_white_and_no_further():
    # The lightest grey that WCAG takes for letters on white is #767676, 4.54 to 1.
    assert palette.on_white("#767676") == "#767676"
    assert "#6f6f6f" <= palette.on_white("#e0e0e0") <= "#767676"
    red, green, blue = palette.rgb(palette.on_white("#ff7f0e"))
    assert red > green > blue


def test_what_is_there_only_to_be_clicked_stays_unseen():
    spec = graph([2, 2], [("q", (0, 0), (1, 1), 0.5)]).spec()
    shown = json.dumps(on_page(spec | {"datasets": {}}, contrast=True))
    assert '"opacity": 0.001' in shown and '"opacity": 0.85' not in shown
