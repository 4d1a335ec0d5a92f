import base64
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer import export
from explorer.charts.common import palette
from explorer.charts.common.picture import Picture
from explorer.charts.training import film
from explorer.charts.training.film import layout
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, rendered


@given(st.integers(1, 6), st.integers(1, 12), st.lists(st.text("abc", min_size=1, max_size=8), min_size=2, max_size=20))
def test_all_heads_fit_and_none_covers_another(layers, heads, tokens):
    at = layout(layers, heads, tokens, tokens, 900, 900)
    corners = [at.place(layer, head) for layer in range(layers) for head in range(heads)]
    assert len(set(corners)) == layers * heads
    assert max(x for x, _y in corners) + at.side + at.left <= 900 and max(y for _x, y in corners) + at.side + at.top <= 900
    for i, (x, y) in enumerate(corners):
        assert not any(abs(x - u) < at.side and abs(y - v) < at.side for u, v in corners[i + 1 :])


def test_one_row_is_wrapped_where_that_makes_pictures_larger():
    assert layout(1, 4, ["a"], ["a"], 500, 500).across == 2
    assert layout(1, 4, ["a"], ["a"], 500, 150).across == 4


def frame(seed: int, keys: tuple[str, ...] = ("c", "d", "e"), **how) -> Picture:
    draw = np.random.default_rng(seed)
    patterns = [draw.dirichlet(np.ones(3), size=(3, 2)) for _layer in range(2)]
    seen = [np.array([[True, False, True]] * 2)] * 2
    return film.film(patterns, seen, ("a", "b"), keys, **how)


def test_a_frame_is_a_picture_of_every_head():
    made = frame(0)
    table = made.tables["heads"]
    assert table[["layer", "head"]].to_numpy().tolist() == [[layer, head] for layer in range(2) for head in range(3)]
    row, draw = table.iloc[4], np.random.default_rng(0)
    weights = [draw.dirichlet(np.ones(3), size=(3, 2)) for _layer in range(2)][1][1]
    assert row["largest"] == weights.max() == weights[row["q"], row["k"]]
    picture = np.array(Image.open(io.BytesIO(base64.b64decode(row["png"]))).convert("RGB"))
    assert picture.shape == (2, 3, 3) and (picture[:, 1] == picture[0, 1]).all() and (picture[:, 0] != picture[0, 1]).any()
    png = export.picture(lambda: made, "png")
    assert Image.open(io.BytesIO(png)).size[0] > 2 * 3 * layout(2, 3, "ab", "cde", 600, 540).side


def test_the_description_is_made_once_and_what_is_in_it_is_of_now():
    first, second = frame(0), frame(1, ("x", "y", "z"), selected=(1, 2))
    at = layout(2, 3, "ab", "xyz", 600, 540)
    assert_same(first, second, film._description.afresh(2, 3, at, 2, 3, False, False))
    for picture, chosen in ((first, (0, 0)), (second, (1, 2))):
        scene = rendered(lambda picture=picture: picture)
        table = picture.tables["heads"]
        (images,) = marks(scene, "image")
        assert [item["url"].split(",")[1] for item in images] == table["png"].tolist()
        (frames,) = marks(scene, "rect")
        assert [i for i, item in enumerate(frames) if item["stroke"] == palette.frame()] == [3 * chosen[0] + chosen[1]]
        queries, keys = (picture.values[name] for name in ("query_tokens", "key_tokens"))
        said = [item["description"] for item in images]
        assert all(f"{queries[row.q]} → {keys[row.k]}" in one for one, row in zip(said, table.itertuples(), strict=True))
