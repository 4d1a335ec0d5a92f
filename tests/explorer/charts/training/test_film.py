import base64
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer import export
from explorer.charts.common import moving
from explorer.charts.training import film
from explorer.charts.training.film import Sheet, layout


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


def test_a_frame_is_a_picture_of_every_head_and_its_sheet_stays(tmp_path):
    sheet = Sheet(2, 3, ("a", "b"), ("c", "d", "e"))
    patterns = [np.random.default_rng(layer).dirichlet(np.ones(3), size=(3, 2)) for layer in range(2)]
    seen = [np.array([[True, False, True]] * 2)] * 2
    table = film.tables(sheet, patterns, seen)["heads"]
    assert table[["layer", "head"]].to_numpy().tolist() == [[layer, head] for layer in range(2) for head in range(3)]
    row = table.iloc[4]
    assert row["largest"] == patterns[1][1].max() == patterns[1][1][row["q"], row["k"]]
    picture = np.array(Image.open(io.BytesIO(base64.b64decode(row["png"]))).convert("RGB"))
    assert picture.shape == (2, 3, 3) and (picture[:, 1] == picture[0, 1]).all() and (picture[:, 0] != picture[0, 1]).any()
    assert film.description(sheet) is film.description(Sheet(2, 3, ("a", "b"), ("c", "d", "e")))
    png = export.picture(lambda: moving.standalone(film.description(sheet), {"heads": table}), "png")
    assert Image.open(io.BytesIO(png)).size[0] > 2 * 3 * sheet.layout.side
