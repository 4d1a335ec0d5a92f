"""Heads that changed: a way from where each was to where it is, and names that lie on nothing."""

import numpy as np
import pytest

from explorer.charts.atlas.moved import _description, moved
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, names_lie_on_nothing, rendered

HEADS = [(layer, head) for layer in range(12) for head in range(12)]
TITLES = ("x", "y")


def two_atlases(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    before = rng.random((len(HEADS), 2))
    after = before + 0.1 * rng.normal(size=before.shape)
    return before, after, rng.random(len(HEADS))


def test_each_way_leads_from_where_a_head_was_to_where_it_is():
    before, after, change = two_atlases()
    after[5] = np.nan
    scene = rendered(lambda: moved(HEADS, before, after, change, titles=TITLES, chosen=(0, 1)))
    froms, points, rings = marks(scene, "symbol")
    (ways,) = marks(scene, "rule")
    assert len(froms) == len(points) == len(ways) == len(HEADS) - 1
    there = np.delete(np.arange(len(HEADS)), 5)
    every = np.concatenate([before[there], after[there]])
    share = (every - every.min(0)) / np.ptp(every, axis=0)
    lying = np.array([[item["x"], item["y"]] for item in [*froms, *points]])
    for axis in (0, 1):
        slope = np.polyfit(share[:, axis], lying[:, axis], 1)
        np.testing.assert_allclose(np.polyval(slope, share[:, axis]), lying[:, axis], atol=1e-6)
    for way, one, other in zip(ways, froms, points, strict=True):
        ends = {(round(way["x"], 3), round(way["y"], 3)), (round(way["x2"], 3), round(way["y2"], 3))}
        assert ends == {(round(item["x"], 3), round(item["y"], 3)) for item in (one, other)}
    assert [item["opacity"] for item in rings] == [int(head == (0, 1)) for head in (HEADS[i] for i in there)]


def test_no_name_lies_on_another_one_or_on_a_point_and_the_chosen_head_has_its_own():
    before, after, change = two_atlases()
    scene = rendered(lambda: moved(HEADS, before, after, change, titles=TITLES, chosen=(0, 1)))
    named, ground, alone = marks(scene, "text")
    froms, points, _rings = marks(scene, "symbol")
    assert 12 <= len(named) < len(HEADS)
    names_lie_on_nothing(named, [*froms, *points], 10)
    said = [item["text"] for item in named]
    assert ("0.1" in said) != ([item["text"] for item in alone] == ["0.1"]) and len(ground) == len(alone)


def test_the_head_that_changed_most_has_its_name_where_there_is_room_for_one():
    crowd, change = np.full((12, 2), 0.5), np.zeros(12)
    change[7] = 1.0
    scene = rendered(lambda: moved(HEADS[:12], crowd, crowd, change, titles=TITLES))
    named = next(iter(marks(scene, "text")))
    assert "0.7" in [item["text"] for item in named] and len(named) < 12


def test_other_heads_have_the_same_description():
    first, second = (moved(HEADS, *two_atlases(seed), titles=TITLES, chosen=chosen) for seed, chosen in ((0, None), (1, (3, 4))))
    assert_same(first, second, _description.afresh(TITLES, 600, 430, 10, False))


@pytest.mark.parametrize("n", [0, 1])
def test_no_head_and_a_single_one(n):
    before, after, change = (one[:n] for one in two_atlases())
    picture = moved(HEADS[:n], before, after, change, titles=TITLES)
    assert len(picture.tables["points"]) == n
    rendered(lambda: picture)
