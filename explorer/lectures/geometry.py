"""What Q14 draws of a table of positions: which part of its similarities, its periods, what one matrix explains, places on a globe."""

from __future__ import annotations

import numpy as np

from explorer.positions import tables

SHIFTS = (1, 2, 3, 5, 8, 13, 21, 34, 44)
"""How many positions further one matrix is asked to go."""
_COMPONENTS = 8
"""Of a table; with all of them, half of the positions would fit any matrix."""


def window(pos: int, k: int, positions: int, most: int) -> range:
    """Neighbouring positions, `most` of them where there are as many, with `pos` and `pos + k` in their midst, as far as the table goes."""
    shown = min(most, positions)
    start = 0 if pos + k < shown else pos - (shown - 1 - k) // 2
    start = min(max(start, 0), positions - shown)
    return range(start, start + shown)


def noise(values: np.ndarray) -> np.ndarray:
    """A table of the same size that nobody trained: what a similarity is worth is seen beside it."""
    return np.random.default_rng(0).standard_normal(values.shape)


def periods(values: np.ndarray) -> np.ndarray:
    """Positions in which each dimension of a table goes up and down once, by its strongest frequency, from shortest to longest."""
    strength = np.abs(np.fft.rfft(values - values.mean(axis=0), axis=0))[1:]
    return np.sort(len(values) / (1 + strength.argmax(axis=0)))


def explained(values: np.ndarray) -> dict[int, float]:
    """For each of `SHIFTS`, how much of the row k further one matrix finds from a row: share of the variance.

    The matrix is fitted by least squares on every second position, in the main components of the table, and held against the others. It is
    1 where one matrix fits all positions, and 0 where the mean of all rows is as good a guess.
    """
    at = tables.pca(values, min(_COMPONENTS, *values.shape))[0]
    found = {}
    for k in (k for k in SHIFTS if k < len(at) // 2):
        here, there = at[:-k], at[k:]
        matrix = np.linalg.lstsq(here[::2], there[::2], rcond=None)[0]
        missed = there[1::2] - here[1::2] @ matrix
        found[k] = 1 - float((missed**2).sum() / (there[1::2] ** 2).sum())
    return found


def places(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Two hands, in radians, read as a place on a globe: the angle of one and half the angle of the other, (positions, 2), degrees.

    Both are counted from 12 o'clock to either side, so that position 0 is where the equator meets longitude 0.
    """
    east, north = (np.degrees(np.angle(np.exp(1j * angle))) for angle in (longitude, latitude))
    return np.stack([east, north / 2], axis=1)


def beside(place: np.ndarray, between: float) -> np.ndarray:
    """The place of the same longitude, midway to where the line of positions comes by next, `between` degrees of latitude away."""
    east, north = place
    return np.array([east, north + (between / 2 if north < 60 else -between / 2)])
