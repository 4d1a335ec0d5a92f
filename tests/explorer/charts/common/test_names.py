"""Names of points: none on another one, none on a point."""

import numpy as np
import pytest

from explorer.charts.common.names import _placed, outermost, places

ROOM, LETTERS, RADIUS, RING = (300, 200), 10, 7.4, 13


def boxes(points, names, shifts):
    """Left, top, right, bottom of the names that are shown, as wide as digits are."""
    halves = np.array([[0.56 * LETTERS * len(name) / 2, LETTERS / 2] for name in names])
    return np.hstack([points + shifts - halves, points + shifts + halves])[~np.isnan(shifts[:, 0])]


@pytest.mark.parametrize("n", [1, 20, 144, 500])
def test_no_name_lies_on_another_one_or_on_a_point(n):
    points = 20 + np.random.default_rng(n).random((n, 2)) * (260, 160)
    names = [f"{i // 12}.{i % 12}" for i in range(n)]
    shifts = places(points, names, ROOM, LETTERS, RADIUS, RING, outermost(points))
    found = boxes(points, names, shifts)
    assert len(found) >= min(n, 12)
    assert (found[:, :2] >= 0).all() and (found[:, 2:] <= ROOM).all()
    for i, box in enumerate(found):
        others = np.delete(found, i, axis=0)
        assert not ((others[:, :2] < box[2:]) & (others[:, 2:] > box[:2])).all(1).any()
        nearest = np.clip(points, box[:2], box[2:])
        assert np.linalg.norm(points - nearest, axis=1).min() >= RADIUS - 0.1


def test_names_that_have_room_stand_above_their_points_and_always_there():
    points = np.array([[50.0, 50.0], [150.0, 100.0]])
    shifts = places(points, ["0.1", "1.0"], ROOM, LETTERS, RADIUS, RING)
    assert (shifts[:, 0] == 0).all() and (shifts[:, 1] < -RING).all()
    assert (places(points, ["0.1", "1.0"], ROOM, LETTERS, RADIUS, RING) == shifts).all()


def test_the_outermost_comes_first():
    points = np.array([[0.0, 0.0], [1.0, 1.0], [10.0, 0.5], [1.1, 0.9]])
    assert outermost(points)[0] == 2 and sorted(outermost(points)) == [0, 1, 2, 3]
    assert outermost(np.empty((0, 2))) == []


def test_what_is_kept_is_of_these_points_and_names():
    names, draw = ["0.0", "0.1", "1.11"], np.random.default_rng(0)
    several = [20 + draw.random((3, 2)) * (60, 40) for _points in range(3)]
    for points in [*several, *several, several[0] + [3, 0]]:
        for first in ((), (2,)):
            kept = places(points, names, ROOM, LETTERS, RADIUS, RING, first)
            np.testing.assert_array_equal(kept, _placed.__wrapped__(points.tobytes(), names, ROOM, LETTERS, RADIUS, RING, first))
            with pytest.raises(ValueError, match="read-only"):
                kept[0] = 0
