"""Finding in a long text: the tokens of a word, and the strongest and the farthest edges of a head, in blocks of rows and never n x n at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from explorer.capture import Capture
from explorer.reading import Tokens
from explorer.tiles import rows_of
from explorer.views import crop

MOST = 40
"""Edges of a list."""
LEAST_WEIGHT = 0.1
"""What an edge carries at least to count as far: of the faint ones there is always one that goes all the way."""
_BLOCK = 4 * 2**20
"""Weights of a block of rows."""
_IDEOGRAPHS = 0x2E80


@dataclass(frozen=True)
class Edge:
    """One weight: from a query to a key, positions in the text."""

    query: int
    key: int
    weight: float

    @property
    def distance(self) -> int:
        """Tokens between them, forward or back."""
        return abs(self.query - self.key)


@dataclass(frozen=True)
class Edges:
    """The edges of a head that stand out: `strongest` by weight, `farthest` by distance among those of `LEAST_WEIGHT` or more."""

    strongest: tuple[Edge, ...]
    farthest: tuple[Edge, ...]


def edges(
    captured: Capture,
    layer: int,
    head: str,
    part: str | None = None,
    *,
    special: str = "raw",
    pair: str = "all",
    most: int = MOST,
    least: float = LEAST_WEIGHT,
    report: Callable[[float], None] = lambda share: None,
) -> Edges:
    """The edges that stand out.

    Where a text attends to itself, edges of a token to itself are left out, and in a decoder those to its first token, on which most heads
    rest where they have nothing to do (Xiao et al. 2023, "attention sinks").

    Args:
        captured: the text.
        layer, part: of its sites.
        head: a number, "mean" or "max".
        special, pair: what else is left out, as in `explorer.views.crop`.
        most: length of each list.
        least: weight of a far edge.
        report: told the share that is done; it may raise, to stop.

    Raises:
        IndexError: there is no such head.
    """
    part = captured.parts[0] if part is None else part
    cut = crop(captured.queries(part), captured.keys(part), special=special, pair=pair)
    step = max(1, _BLOCK // max(1, len(captured.keys(part))))
    strong, far = (np.zeros((0, 3)), np.zeros((0, 3)))
    for start in range(0, len(cut.rows), step):
        rows = cut.rows[start : start + step]
        first = int(rows[0])
        weights = replace(cut, rows=rows - first).of(rows_of(captured, layer, head, part, slice(first, int(rows[-1]) + 1)))
        if part != "cross":
            weights = np.where(rows[:, None] == cut.columns[None], 0, weights)
        if part == "decoder":
            weights = np.where(cut.columns[None] == 0, 0, weights)
        strong = _best(np.concatenate([strong, _listed(weights, _largest(weights, most), rows, cut.columns)]), most, by_distance=False)
        far = _best(np.concatenate([far, _listed(weights, np.flatnonzero(weights >= least), rows, cut.columns)]), most, by_distance=True)
        report(min(1.0, (start + step) / len(cut.rows)))
    return Edges(*(tuple(Edge(int(q), int(k), float(w)) for q, k, w in found) for found in (strong, far)))


def _largest(weights: np.ndarray, most: int) -> np.ndarray:
    """Places of the largest ones above 0, counted through; of equal ones the first."""
    if weights.size <= most:
        return np.flatnonzero(weights > 0)
    last = max(float(np.partition(weights, -most, axis=None)[-most]), np.finfo(np.float32).tiny)
    return np.concatenate([np.flatnonzero(weights > last), np.flatnonzero(weights == last)[:most]])


def _listed(weights: np.ndarray, places: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    r, c = np.unravel_index(places, weights.shape)
    return np.stack([rows[r], columns[c], weights[r, c]], axis=1)


def _best(found: np.ndarray, most: int, by_distance: bool) -> np.ndarray:
    """The first ones, (n, 3): by weight, or by distance and then by weight; equal ones in the order of the text."""
    distance = -np.abs(found[:, 0] - found[:, 1])
    order = np.lexsort((found[:, 1], found[:, 0], -found[:, 2], distance) if by_distance else (found[:, 1], found[:, 0], -found[:, 2]))
    return found[order[:most]]


def occurrences(tokens: Tokens, word: str) -> list[tuple[int, int]]:
    """Where a word, or several, stand in a text: first token and last + 1, in its order. Case does not matter.

    Where the text has it as a whole word anywhere, parts of longer words are left out.
    """
    wanted = " ".join(word.split()).lower()
    if not wanted:
        return []
    text, owners = _joined(tokens)
    found = [match.start() for match in re.finditer(re.escape(wanted), text)]
    whole = [at for at in found if not _inside(text, at, at + len(wanted))]
    return list(dict.fromkeys((owners[at], owners[at + len(wanted) - 1] + 1) for at in whole or found))


def _joined(tokens: Tokens) -> tuple[str, list[int]]:
    """The text that tokens make, in small letters and with single spaces, and of each character the token that it belongs to."""
    spaced = any(piece[:1].isspace() for piece in tokens.text)
    text, owners = [], []
    for i, (piece, special) in enumerate(zip(tokens.text, tokens.special, strict=True)):
        goes_on = piece.startswith("##") and len(piece) > 2
        piece = (piece[2:] if goes_on else piece).lower()
        # Tokenizers that drop spaces leave them to be guessed: between words, and not between characters of Chinese.
        if special or (not spaced and not goes_on and text and _letters(text[-1], piece[:1])):
            piece = f" {piece}"
        for character in piece:
            character = " " if character.isspace() else character
            if character == " " and (not text or text[-1] == " "):
                continue
            # Some letters are two in small: each belongs to the same token.
            text.append(character)
            owners.append(i)
    return "".join(text), owners


def _letters(before: str, after: str) -> bool:
    return before.isalnum() and after.isalnum() and ord(before) < _IDEOGRAPHS and ord(after) < _IDEOGRAPHS


def _inside(text: str, start: int, end: int) -> bool:
    """Whether a match is a part of a longer word."""
    before = start > 0 and _letters(text[start - 1], text[start])
    return before or (end < len(text) and _letters(text[end - 1], text[end]))
