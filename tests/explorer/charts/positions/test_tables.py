"""Position tables: the cloud is turned as rotation matrices say, curves are those of the diagonals."""

import numpy as np
import pytest

from explorer.charts.positions import tables as charts
from explorer.positions import tables
from models.toy.positions import sinusoids
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import drawn, marks, rendered

VALUES = sinusoids(40, 16).numpy()
COSINE = tables.similarity(VALUES).cosine
COMPONENTS, SHARES = tables.pca(VALUES)


@pytest.mark.parametrize(("turn", "tilt"), [(0, 0), (30, 20), (90, 0), (200, -75), (360, 90)])
def test_the_cloud_turns(turn, tilt):
    scene = drawn(charts.picture(VALUES, COSINE, COMPONENTS, SHARES), turn=turn, tilt=tilt)
    plane, space = [items for items in marks(scene, "symbol") if len(items) == 40]
    points = COMPONENTS / np.abs(COMPONENTS).max()
    assert [item["x"] for item in plane] == pytest.approx(((points[:, 0] + 1.05) / 2.1 * charts.SIDE).tolist(), abs=1e-4)
    a, b = np.radians(turn), np.radians(tilt)
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    turned = points @ about_y.T @ about_x.T
    seen = turned[:, :2] / (1 - turned[:, 2:] / 5)
    assert [item["x"] for item in space] == pytest.approx(((seen[:, 0] + 1.5) / 3 * charts.SIDE).tolist(), abs=1e-4)
    assert [item["y"] for item in space] == pytest.approx(((1.5 - seen[:, 1]) / 3 * charts.SIDE).tolist(), abs=1e-4)


def test_similarity_by_offset():
    found = charts.mean_by_offset(COSINE)
    for offset in (0, 1, 7, 39):
        values = [COSINE[i, i + offset] for i in range(40 - offset)]
        np.testing.assert_allclose(found[offset], [np.mean(values), min(values), max(values)], atol=1e-6)
    # Of sinusoids only the offset counts.
    np.testing.assert_allclose(found[:, 1], found[:, 2], atol=1e-5)


def test_biases_are_a_line_for_each_head():
    values = np.arange(12.0).reshape(3, 4)
    lines = list(marks(rendered(lambda: charts.biases(values, np.arange(-3, 1))), "line"))
    assert sorted(len(items) for items in lines) == [4, 4, 4]


def test_a_long_table_draws_every_second_point():
    long = sinusoids(500, 16).numpy()
    scene = drawn(charts.picture(long, tables.similarity(long).cosine, *tables.pca(long)))
    assert {len(items) for items in marks(scene, "symbol") if len(items) > 10} == {250}


def test_beside_large_cosines_the_others_show_the_same_in_less_room():
    desk, hall = (drawn(charts.picture(VALUES, COSINE, COMPONENTS, SHARES, **room)) for room in ({}, {"side": 90, "large": 250}))
    words, points = [], []
    for scene, side in ((desk, charts.SIDE), (hall, 90)):
        words.append(sorted(item["text"] for items in marks(scene, "text") for item in items))
        points.append([[(item["x"] / side, item["y"] / side) for item in items] for items in marks(scene, "symbol") if len(items) == 40])
    assert words[0] == words[1] and len(words[0]) == 2
    np.testing.assert_allclose(*points, atol=1e-6)
    assert sorted((item["width"], item["height"]) for items in marks(hall, "image") for item in items) == [(120, 90), (250, 250)]


def test_the_description_is_made_once_and_what_is_in_it_is_of_now():
    other = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    pictures = [charts.picture(values, tables.similarity(values).cosine, *tables.pca(values)) for values in (VALUES, other)]
    assert_same(*pictures, charts._description.afresh(charts.SIDE, 0, False))
    texts = [item["text"] for items in marks(drawn(pictures[1]), "text") for item in items]
    assert f"component 1 ({tables.pca(other)[1][0]:.0%})" in texts
    biases = [charts.biases(np.arange(n).reshape(2, -1).astype(float), np.arange(n // 2)) for n in (6, 10)]
    assert_same(*biases, charts._biases_description.afresh(560, 330, False))
