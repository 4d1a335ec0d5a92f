"""Where the names of points stand: none on another name, and none on a point."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

_LETTER, _GAP = 0.62, 2.0
"""Width of a digit in heights of a letter, on the safe side; pixels that are left free around a name."""


def places(
    points: np.ndarray,
    names: Sequence[str],
    room: tuple[float, float],
    letters: float,
    radius: float,
    ring: float,
    first: Sequence[int] = (),
) -> np.ndarray:
    """How far the middle of each name lies from the middle of its point. A name for which there is no place is left out.

    Names are placed one after the other, each where it lies on nothing that is there already: above its point first, then around it. So the
    same points have the same places always; they are kept, as a page draws the same points again and again.

    Args:
        points: (m, 2) pixels from the upper left corner.
        names: of the first n of them.
        room: width and height of the picture, in pixels.
        letters: height of letters, in pixels.
        radius: of a point, in pixels.
        ring: radius of what is drawn around a chosen point, in pixels; its own name keeps off it.
        first: points that have the first choice; the others follow as they stand.

    Returns:
        (n, 2) pixels to the right and down, not to be written to; nan where a name is left out.
    """
    return _placed(np.asarray(points, float).tobytes(), tuple(names), tuple(room), letters, radius, ring, tuple(first))


@lru_cache(maxsize=64)
def _placed(
    of_points: bytes, names: tuple[str, ...], room: tuple[float, ...], letters: float, radius: float, ring: float, first: tuple[int, ...]
) -> np.ndarray:
    points = np.frombuffer(of_points).reshape(-1, 2)
    found = np.full((len(names), 2), np.nan)
    halves = np.array([[_LETTER * letters * len(name) / 2, letters / 2] for name in names]).reshape(-1, 2) + _GAP / 2
    boxes = np.empty((0, 4))
    rest = set(first)
    for i in [*dict.fromkeys(first), *(i for i in range(len(names)) if i not in rest)]:
        for shift in _around(*halves[i], ring):
            middle = points[i] + shift
            low, high = middle - halves[i], middle + halves[i]
            if (low < 0).any() or (high > room).any() or _touches(low, high, points, radius):
                continue
            if ((boxes[:, :2] < high) & (boxes[:, 2:] > low)).all(1).any():
                continue
            found[i] = shift
            boxes = np.vstack([boxes, [*low, *high]])
            break
    found.flags.writeable = False
    return found


def outermost(points: np.ndarray) -> list[int]:
    """The points that a reader looks for first, those farthest from the middle of all, farthest first.

    Args:
        points: (n, 2).
    """
    if not len(points):
        return []
    spread = np.ptp(points, axis=0)
    away = (points - np.median(points, axis=0)) / np.where(spread > 0, spread, 1)
    return np.argsort(-np.linalg.norm(away, axis=1), kind="stable").tolist()


def _around(wide: float, high: float, ring: float) -> list[tuple[float, float]]:
    """Places of a name of such half sizes around its point, the best first."""
    up, side, corner = ring + high, ring + wide, 0.71 * ring
    return [
        (0, -up),
        (0, up),
        (side, 0),
        (-side, 0),
        *((x * (corner + wide), y * (corner + high)) for y in (-1, 1) for x in (1, -1)),
    ]


def _touches(low: np.ndarray, high: np.ndarray, points: np.ndarray, radius: float) -> bool:
    """Whether a box lies on any of the points."""
    away = points - np.clip(points, low, high)
    return bool((np.einsum("ij,ij->i", away, away) < (radius - 0.01) ** 2).any())
