"""Q14 against loops over single numbers."""

import json
import math

import numpy as np
import pytest

from explorer.lectures import demo, geometry, q14_sinusoids
from explorer.lectures.words import read
from models.opening.catalogue import SHIPPED
from tests.explorer.charts import scene


def _code(position: int, width: int = 512) -> np.ndarray:
    """A row of the table, one number after the other, in Python's own floats."""
    made = []
    for pair in range(width // 2):
        angle = position / 10000 ** (2 * pair / width)
        made += [math.sin(angle), math.cos(angle)]
    return np.array(made)


@pytest.fixture(scope="module")
def table():
    return np.array([_code(position) for position in range(1010)])


@pytest.mark.parametrize("k", [0, 5, 44])
def test_one_matrix_takes_every_position_k_further(opener, table, k):
    result = demo("Q14").compute(opener, k=k)
    assert result["deviation"] < 1e-11
    # A pair as a complex number cos + i sin, turned by a product.
    for position in (0, 1, 37, 900):
        turned = q14_sinusoids.turn(k) @ table[position]
        for pair in (0, 1, 100, 255):
            number = complex(table[position][2 * pair + 1], table[position][2 * pair]) * np.exp(1j * k / 10000 ** (2 * pair / 512))
            assert np.allclose([turned[2 * pair], turned[2 * pair + 1]], [number.imag, number.real], atol=1e-12)


def test_the_dot_product_depends_on_the_offset_alone(opener, table):
    result = demo("Q14").compute(opener, k=5)
    found = [sum(a * b for a, b in zip(table[p], table[p + 5], strict=True)) for p in range(1000)]
    assert abs((max(found) - min(found)) - result["offset"]) < 1e-10 and max(found) - min(found) < 1e-10


def test_wavelengths_hands_and_the_first_rise(opener, table):
    result = demo("Q14").compute(opener)
    assert abs(result["fastest"] - 6.283185307) < 1e-6 and abs(result["slowest"] - 60_611.5) < 0.1

    def apart(position: int, pair: int) -> float:
        turns = position / 10000 ** (2 * pair / 512) / (2 * math.pi)
        return abs(turns - round(turns)) * 2 * math.pi

    first = [p for p in range(1, 1000) if apart(p, 0) < 0.01]
    assert first == [333, 377, 710] and result["one_hand"] == 3 and [int(result.said[f"same_{i}"]) for i in (1, 2, 3)] == first
    assert result["all_hands"] == sum(all(apart(p, pair) < 0.01 for pair in range(256)) for p in range(1, 1000)) == 0
    alike = [float(table[0] @ table[j]) for j in range(60)]
    assert result["rise"] == next(j for j in range(59) if alike[j + 1] > alike[j]) == 43


@pytest.mark.parametrize("name", ["bert-mini", "gpt2-mini"])
def test_a_learned_table_is_that_of_the_model(opener, name):
    result = demo("Q14").compute(opener, table=name)
    network = opener(name).network
    weight = next(w for n, w in network.named_parameters() if n.endswith(("position_embeddings.weight", "wpe.weight")))
    assert result["learned"] == weight.shape[0] * weight.shape[1] and result["parameters"] == 0
    assert np.array_equal(result.data["values"], weight.detach().numpy())


def test_trained_toys_are_those_that_come_with_the_project(opener):
    result = demo("Q14").compute(opener)
    readings = json.loads((SHIPPED / "extrapolation" / "curves.json").read_text(encoding="utf-8"))["readings"]
    for kind in ("sinusoidal", "learned"):
        found = [r["accuracy"] for r in readings if r["scheme"] == kind and r["length"] == 32]
        assert abs(result[f"trained_{kind}"] - sum(found) / len(found)) < 1e-9


def test_hands_are_drawn_where_the_position_says(opener):
    one, words = demo("Q14"), read("q14_sinusoids", "en")
    drawn = one.pictures(one.compute(opener, pos=3, k=8), words, False)[0].tables["hands"]
    assert np.allclose(drawn["turn"][:2], np.degrees([3 % (2 * math.pi), 11 % (2 * math.pi)]))
    assert np.hypot(drawn["x2"] - drawn["x"], drawn["y2"] - drawn["y"]).std() < 1e-9


@pytest.mark.parametrize("view", q14_sinusoids.VIEWS)
@pytest.mark.parametrize("table_", ["sinusoids", "gpt2-mini"])
def test_every_view_is_of_the_table_that_is_asked_for(opener, view, table_):
    one, words = demo("Q14"), read("q14_sinusoids", "en")
    picture = one.pictures(one.compute(opener, view=view, table=table_), words, False)[1]
    assert max(len(rows) for rows in picture.tables.values()) > 1
    if view == "matrix":
        values = picture.tables["cells"].pivot(index="r", columns="c", values="value").to_numpy()
        of = opener(table_).network.transformer.wpe.weight.detach().numpy() if table_ != "sinusoids" else np.array([_code(p) for p in range(24)])
        assert np.allclose(values, of[:24, :48], atol=1e-6)
    if view == "similarity" and table_ != "sinusoids":
        rows = opener(table_).network.transformer.wpe.weight.detach().double().numpy()
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        mean = np.mean([rows[p] @ rows[p + 7] for p in range(len(rows) - 7)])
        drawn = picture.tables["points"].query("series == @table_")
        assert abs(drawn["y"].iloc[7] - mean) < 1e-5


def _drawn(opener, dark=False, **settings):
    """The picture beside the clocks."""
    one = demo("Q14")
    return one.pictures(one.compute(opener, **settings), read("q14_sinusoids", "en"), dark)[1]


def _title(picture):
    return picture.description["title"]["text"]


def _rows(opener, name):
    """The table of a model as a list of rows, in Python's own floats."""
    weights = opener(name).network.named_parameters()
    return next(w for n, w in weights if n.endswith(("position_embeddings.weight", "wpe.weight"))).detach().double().numpy()


def _cosine(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True)) / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))


@pytest.mark.parametrize(("name", "pos", "k"), [("sinusoids", 4, 5), ("sinusoids", 100, 21), ("gpt2-mini", 44, 13), ("bert-mini", 4, 5)])
def test_the_similarity_matrix_holds_cosines_and_marks_the_pair(opener, table, name, pos, k):
    picture = _drawn(opener, view="alike", table=name, pos=pos, k=k)
    rows = table if name == "sinusoids" else _rows(opener, name)
    values = picture.tables["cells"].pivot(index="r", columns="c", values="value").to_numpy()
    assert values.shape == (48, 48) and _title(picture).endswith(name)
    # The names of rows say which positions they are.
    at, named = next((i, int(text)) for i, text in enumerate(picture.values["rows"]) if text)
    first = named - at
    for r, c in ((0, 0), (0, 47), (13, 5), (40, 41)):
        assert abs(values[r, c] - _cosine(rows[first + r], rows[first + c])) < 1e-5
    assert {(first + r, first + c) for r, c in picture.tables["marked"].to_numpy().tolist()} == {(pos, pos + k), (pos + k, pos)}
    if name == "sinusoids":
        assert all(np.ptp(np.diagonal(values, k)) < 1e-12 for k in range(48))


def test_a_pair_that_a_table_does_not_have_is_not_marked(opener):
    assert not len(_drawn(opener, view="alike", table="gpt2-mini", pos=333).tables["marked"])
    assert geometry.window(333, 5, 256, 48) == range(208, 256) and geometry.window(4, 5, 1000, 48) == range(48)
    for pos, k in ((47, 1), (44, 44), (710, 44), (8, 44)):
        shown = geometry.window(pos, k, 1000, 48)
        assert len(shown) == 48 and pos in shown and pos + k in shown
    assert geometry.window(10, 5, 20, 48) == range(20)


@pytest.mark.parametrize("name", ["gpt2-mini", "bert-mini"])
def test_a_random_table_of_the_same_size_is_beside_a_learned_one(opener, name):
    points = _drawn(opener, view="similarity", table=name).tables["points"]
    assert list(dict.fromkeys(points["series"])) == ["sinusoids", name, "random, untrained"]
    rows = np.random.default_rng(0).standard_normal(_rows(opener, name).shape)
    mean = np.mean([_cosine(rows[p], rows[p + 9]) for p in range(len(rows) - 9)])
    drawn = points[points["series"] == "random, untrained"]["y"].to_numpy()
    assert abs(drawn[9] - mean) < 1e-9 and np.abs(drawn[1:]).max() < 0.1 < points[points["series"] == name]["y"].iloc[1]
    assert set(_drawn(opener, view="similarity").tables["points"]["series"]) == {"sinusoids"}


def test_what_one_matrix_explains(opener):
    """Against the normal equations, in components from the covariance."""
    rows = _rows(opener, "bert-mini")
    vectors = np.linalg.eigh(np.cov(rows.T))[1][:, ::-1][:, :8]
    at, k = (rows - rows.mean(axis=0)) @ vectors, 5
    here, there = at[:-k], at[k:]
    matrix = np.linalg.solve(here[::2].T @ here[::2], here[::2].T @ there[::2])
    missed = sum(float(((there[p] - here[p] @ matrix) ** 2).sum()) for p in range(1, len(here), 2))
    share = 1 - missed / sum(float((there[p] ** 2).sum()) for p in range(1, len(here), 2))
    picture = _drawn(opener, view="turn", table="bert-mini", k=k)
    drawn = picture.tables["points"].query("x == @k").set_index("series")["y"]
    assert abs(drawn["bert-mini"] - share) < 1e-4 and "bert-mini" in _title(picture)
    assert drawn["sinusoids"] > 0.95 > drawn["bert-mini"] > 0.5 > 0.1 > drawn["random, untrained"]
    assert picture.tables["rules"]["x"].tolist() == [5]
    assert "inusoids" in _title(_drawn(opener, view="turn"))


def test_the_strongest_period_of_a_dimension(opener):
    at = np.arange(240)
    made = np.stack([np.sin(2 * np.pi * at / period) + 3 for period in (24, 6, 120)], axis=1)
    assert np.allclose(geometry.periods(made), [6, 24, 120])
    rows = _rows(opener, "gpt2-mini")

    def strongest(column):
        n, centred = len(column), column - column.mean()
        sums = [abs(sum(x * np.exp(-2j * math.pi * f * p / n) for p, x in enumerate(centred))) for f in range(1, n // 2 + 1)]
        return n / (1 + sums.index(max(sums)))

    drawn = _drawn(opener, view="wavelengths", table="gpt2-mini").tables["points"].set_index("series")["y"]
    assert strongest(rows[:, 3]) in drawn["gpt2-mini"].to_numpy() and drawn["gpt2-mini"].is_monotonic_increasing
    assert len(drawn["gpt2-mini"]) == rows.shape[1] == len(drawn["sinusoids"])
    assert np.allclose(drawn["sinusoids"].iloc[[0, 1, 40]], [2 * math.pi, 2 * math.pi, 2 * math.pi * 10000 ** (40 / rows.shape[1])])


def _place(p):
    """Longitude and latitude, by turns of the two hands."""
    turns = [p / (2 * math.pi * 10000 ** (2 * pair / 512)) for pair in (60, 110)]
    east, north = (360 * (turn - math.floor(turn + 0.5)) for turn in turns)
    return east, north / 2


def _far(one, other):
    """Degrees between two places."""
    (a, b), (c, d) = ([math.radians(x) for x in place] for place in (one, other))
    return math.degrees(math.acos(max(-1, min(1, math.sin(b) * math.sin(d) + math.cos(b) * math.cos(d) * math.cos(a - c)))))


@pytest.mark.parametrize("pos", next(control.values for control in demo("Q14").controls if control.main))
def test_no_position_is_where_another_second_number_would_lead(opener, pos):
    marked = _drawn(opener, view="globe", pos=pos, k=5).tables["marked"][["longitude", "latitude"]].to_numpy()
    assert np.allclose(marked[0], _place(pos), atol=1e-6) and np.allclose(marked[1], _place(pos + 5), atol=1e-6)
    assert abs(marked[2][0] - marked[0][0]) < 1e-9 and abs(marked[2][1]) < 90
    assert min(_far(marked[2], _place(p)) for p in range(1000)) > 8


def test_positions_are_dots_on_the_map_and_a_step_moves_both_numbers(opener):
    picture = _drawn(opener, view="globe", pos=200, k=8)
    dots = picture.tables["places"]
    assert len(dots) == 329 and {200, 208} <= set(dots["at"]) and "inusoids" in _title(picture)
    for at in (0, 100, 328):
        assert np.allclose(dots[["longitude", "latitude"]].iloc[at], _place(dots["at"].iloc[at]), atol=1e-6)
    steps = np.diff(dots[["longitude", "latitude"]].to_numpy(), axis=0)
    assert np.allclose(steps[:, 0] % 360, 360 / (2 * math.pi * 10000 ** (120 / 512))) and (np.abs(steps[:, 1]) > 0.5).all()
    symbols = [item for items in scene.marks(scene.rendered(lambda: picture), "symbol") for item in items]
    assert len(symbols) == 329 + 3
    assert not _drawn(opener, view="globe", pos=4, k=5).tables["marked"].equals(picture.tables["marked"])


@pytest.mark.parametrize("name", ["sinusoids", "bert-mini"])
def test_the_cloud_is_turned_about_its_upright_axis(opener, name):
    picture = _drawn(opener, view="space", table=name, pos=8, k=5)
    assert _title(picture).endswith(name)
    points = picture.tables["points"]
    rows = np.array([_code(p) for p in range(256)])[:128] if name == "sinusoids" else _rows(opener, name)[:128]
    # Distances in space are those of the components, whatever their signs.
    left, values, _right = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    own, drawn = left[:, :3] * values[:3], points[["a", "b", "c"]].to_numpy()
    scale = np.linalg.norm(drawn[0] - drawn[90]) / np.linalg.norm(own[0] - own[90])
    for p, q in ((1, 2), (40, 120), (0, 127)):
        assert abs(np.linalg.norm(drawn[p] - drawn[q]) - scale * np.linalg.norm(own[p] - own[q])) < 1e-3 * scale
    assert picture.tables["marked"]["at"].tolist() == [8, 13]
    tilt = math.radians(20)
    for turn in (0, 90, 225):
        items = [item for items in scene.marks(scene.drawn(picture, turn=turn), "symbol") for item in items]
        assert len(items) == 128 + 2
        angle = math.radians(turn)
        for p in (0, 64, 127):
            a, b, c = drawn[p]
            deep = a * math.sin(angle) + b * math.cos(angle)
            across, up = a * math.cos(angle) - b * math.sin(angle), c * math.cos(tilt) + deep * math.sin(tilt)
            assert abs(items[p]["x"] - (200 + across)) < 0.01 and abs(items[p]["y"] - (125 - up)) < 0.01
        assert all(0 < item["x"] < 400 and 0 < item["y"] < 250 for item in items), "nothing leaves the picture"


def test_every_title_says_which_table_is_drawn(opener):
    for view in q14_sinusoids.VIEWS:
        for name in ("sinusoids", "gpt2-mini"):
            title = _title(_drawn(opener, view=view, table=name)).lower()
            # A place on a globe is found by hands, and a learned table has none.
            assert (name if view != "globe" else "sinusoids") in title, (view, name)
