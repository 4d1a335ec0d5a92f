"""What a page's theme does to a picture: letters that can be read, and the colours for a weak projector."""

import itertools
import json

import numpy as np
import pytest

from explorer.charts.common import heatmap, palette, thumbnails
from explorer.charts.common.on_page import on_page
from explorer.charts.heads.scatter import scatter


def contrast(first: str, second: str) -> float:
    """As WCAG 2 defines it, from 1 to 21."""

    def light(colour: str) -> float:
        parts = np.array(palette.rgb(colour)) / 255
        return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((light(first), light(second)))
    return (high + 0.05) / (low + 0.05)


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
    points = scatter([(0, 0), (0, 1)], [0.1, 0.2], [0.3, 0.4], x_title="x", y_title="y")
    for picture in (a_map(), points):
        before = picture.to_json()
        text = json.dumps({**on_page(picture.spec(), contrast=True), "datasets": {}})
        assert palette.page()[1] not in text and palette.frame() not in text and palette.strong(palette.frame()) in text
        assert picture.to_json() == before, "the picture itself, which is kept, is as it was"
    marks = [layer["mark"] for layer in on_page(points.spec(), contrast=True)["layer"]]
    assert {mark.get("opacity", 1) for mark in marks} | {mark.get("strokeOpacity", 1) for mark in marks} == {1}
    assert {layer["mark"].get("opacity", 1) for layer in points.description["layer"]} != {1}


def test_colours_of_either_sign_stay_those_that_are_painted():
    made = on_page({"mark": "rect", "encoding": {"color": {"scale": {"range": palette.diverging()}}}}, contrast=True)
    assert made["encoding"]["color"]["scale"]["range"] == palette.diverging()


def test_what_only_some_marks_have_is_full_or_nothing():
    how = {"opacity": {"condition": {"param": "head", "value": 0.4}, "value": 0}}
    made = on_page({"mark": {"type": "point"}, "encoding": how}, contrast=True)["encoding"]["opacity"]
    assert made == {"condition": {"param": "head", "value": 1}, "value": 0}


def test_small_pictures_have_the_strong_colours_too():
    weights = np.linspace(0, 1, 64).reshape(8, 8)
    assert thumbnails.encode(weights, np.ones((8, 8), bool)) != thumbnails.encode(weights, np.ones((8, 8), bool), contrast=True)
    assert tuple(palette.table(contrast=True)[-1]) == palette.rgb(palette.strong(palette.colours()[-1]))
    assert (palette.table(signed=True, contrast=True) == palette.table(signed=True)).all()


def test_a_file_has_none_of_it():
    assert "labelColor" not in a_map().to_json() and palette.faint() not in a_map().to_json()
