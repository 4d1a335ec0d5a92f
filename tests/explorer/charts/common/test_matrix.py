"""A matrix as one picture: its pixels are its numbers, and its scale ends where they do."""

import base64
import io

import altair as alt
import numpy as np
import pytest
import vl_convert
from PIL import Image

from explorer.charts.common import matrix, palette
from explorer.charts.common.picture import Picture, described
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, rendered

VALUES = np.array([[-1.0, 0.0], [0.5, 2.0], [np.nan, -3.0]])


def pixels(image: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image["url"].split(",")[1]))).convert("RGB"))


def numbers(scene: dict) -> list[float]:
    """What a scale beside a picture says."""
    found = [item["text"] for items in _texts(scene, "legend-label") for item in items]
    return [float(text.replace("−", "-")) for text in found if text.replace("−", "-").lstrip("-").replace(".", "", 1).isdigit()]


def _texts(scene: dict, role: str) -> list[list[dict]]:
    own = [scene["items"]] if scene.get("marktype") == "text" and scene.get("role") == role else []
    return own + [found for item in scene.get("items", ()) for found in _texts(item, role)]


def test_pixels_and_labels():
    labels = ["a", 'b"', "a"]
    scene = rendered(lambda: matrix.matrix(VALUES, x="to", y="from", title="M", rows=labels, top=1.0))
    (picture,) = (items[0] for items in marks(scene, "image"))
    drawn = pixels(picture)
    less, none, more = (palette.rgb(colour) for colour in palette.diverging())
    assert drawn.shape == (3, 2, 3)
    assert tuple(drawn[0, 0]) == tuple(drawn[2, 1]) == less and tuple(drawn[1, 1]) == more
    # 0 lies between two of 256 steps.
    assert np.abs(drawn[0, 1].astype(int) - none).max() <= 2 and np.abs(drawn[2, 0].astype(int) - none).max() <= 2
    assert (picture["width"], picture["height"]) == (240, 220)
    svg = vl_convert.vegalite_to_svg(matrix.matrix(VALUES, x="to", y="from", title="M", rows=labels).to_json())
    assert (svg.count(">a<") == 2 and ">b&quot;<" in svg) or '>b"<' in svg


def test_the_description_is_made_once_and_what_fills_it_is_of_now():
    how = {"x": "to", "y": "from", "title": "M"}
    first = matrix.matrix(VALUES, rows=["a", "b", "c"], **how)
    second = matrix.matrix(np.vstack([VALUES * 40] * 9), rows=[f"row {i}" for i in range(27)], **how)
    assert_same(first, second, matrix._description.afresh(True, False, "to", "from", "M", "", True, True, 240, 220, False))
    for picture, end in ((first, 3.0), (second, 120.0)):
        scene = rendered(lambda picture=picture: picture)
        assert max(map(abs, numbers(scene))) <= end < 2.1 * max(map(abs, numbers(scene)))
        (image,) = (items[0] for items in marks(scene, "image"))
        assert len(pixels(image)) == len(picture.values[matrix.ROWS])
        assert tuple(pixels(image)[2, 1]) == palette.rgb(palette.diverging()[0]), "the largest has the last colour"


def test_several_in_one_chart_share_a_scale_or_have_their_own():
    @described
    def together(shared: bool) -> alt.HConcatChart:
        how = {"x": "", "y": "", "title": "", "rows": "names", "columns": ""}
        left = matrix.panel((3, 2), table="left", top="top", legend=True, **how)
        right = matrix.panel((3, 2), table="right", top="top" if shared else "right_top", **how)
        made = alt.hconcat(left, right).resolve_scale(color="shared" if shared else "independent", x="independent", y="independent")
        return made.add_params(*matrix.parameters("names", top="top"), *([] if shared else matrix.parameters(top="right_top")))

    for shared in (True, False):
        left = matrix.filling(VALUES, 3.0, table="left", name="top")
        right = matrix.filling(VALUES * 10, 3.0 if shared else None, table="right", name="top" if shared else "right_top")
        picture = Picture(together(shared), left[0] | right[0], left[1] | right[1] | {"names": ["x", "y", "z"]})
        scene = rendered(lambda picture=picture: picture)
        of_left, of_right = (pixels(items[0]) for items in marks(scene, "image"))
        assert np.array_equal(of_left, of_right) != shared, "of 10 times the numbers, on the same scale and on its own"
        assert max(numbers(scene)) == (2 if shared else 20), "ticks of a scale that ends at 3, and of one at 30"


def test_labels_stand_at_their_rows_as_many_as_there_is_room_for():
    for n, every in ((3, 1), (27, 2)):
        names = [f"t{i}" for i in range(n)]
        picture = matrix.matrix(np.ones((n, n)), x="", y="", title="", rows=names, columns=names)
        found = {item["text"]: item for items in _texts(rendered(lambda picture=picture: picture), "axis-label") for item in items}
        assert list(found) == names[::every]
        sides = _texts(rendered(lambda picture=picture: picture), "axis-label")
        across, down = sides if sides[0][0]["y"] == sides[0][-1]["y"] else sides[::-1]
        assert [item["x"] for item in across] == pytest.approx([(i + 0.5) * 240 / n for i in range(0, n, every)])
        assert [item["y"] for item in down] == pytest.approx([(i + 0.5) * 220 / n for i in range(0, n, every)])
        assert {item.get("angle", 0) for item in across} == {0 if n <= 5 else -55}


def test_nothing_but_nan_has_the_colour_of_zero():
    picture = matrix.matrix(np.full((2, 2), np.nan), x="", y="", title="")
    (image,) = (items[0] for items in marks(rendered(lambda: picture), "image"))
    assert np.abs(pixels(image).astype(int) - palette.rgb(palette.diverging()[1])).max() <= 2


def test_numbers_that_are_never_below_0_have_the_colours_of_weights_and_a_scale_from_0():
    values = np.array([[0.0, 0.25], [0.5, 1.0], [np.nan, 2.0]])
    for dark in (False, True):
        picture = matrix.matrix(values, x="", y="", title="", top=1.0, signed=False, dark=dark)
        scale = picture.spec()["layer"][1]["encoding"]["color"]["scale"]
        assert scale["range"] == palette.colours(dark) and scale["domainMin"] == 0 and "domainMid" not in scale
        scene = rendered(lambda picture=picture: picture)
        (image,) = (items[0] for items in marks(scene, "image"))
        expected = palette.table(dark)[(np.clip(np.nan_to_num(values), 0, 1) * 255).round().astype(int)]
        np.testing.assert_array_equal(pixels(image), expected)
        assert min(numbers(scene)) == 0 and max(numbers(scene)) == 1
