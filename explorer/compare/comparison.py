"""Two captures side by side: which tokens belong together, how a map changed, and which heads changed most.

Two texts, two models, or one model before and after heads were removed; it does not matter which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from explorer.capture import Capture
from explorer.compare import divergence
from explorer.i18n import _
from explorer.reading import Tokens
from models import InputError

_ALIKE = 50_000
"""Pairs of equal tokens that two texts may have; two texts of 1,024 tokens of a language have about 15,000."""
_TABLE = 4_000_000
"""Numbers of a table that may be filled: for two texts of 2,000 tokens."""


@dataclass(frozen=True)
class Aligned:
    """Tokens of two sides that belong together, in their order.

    Attributes:
        one, other: their numbers on each side.
        labels: readable; "cat | dog" where a token stands in for another.
        same: whether both sides have the same token.
    """

    one: tuple[int, ...]
    other: tuple[int, ...]
    labels: tuple[str, ...]
    same: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.one)


def align(one: Tokens, other: Tokens) -> Aligned:
    """Finds tokens that belong together: the same ones, and stretches of one length that stand in for each other.

    Case, spaces and the mark of WordPiece do not count, so that two tokenizers can be compared.
    """
    texts = [[_normalised(text) for text in side.text] for side in (one, other)]
    pairs, begin = [], (0, 0)
    for match in (*_matched(*texts), (len(one), len(other))):
        gap = [range(start, end) for start, end in zip(begin, match, strict=True)]
        if len(gap[0]) == len(gap[1]):
            pairs += [(a, b, False) for a, b in zip(*gap, strict=True)]
        if match != (len(one), len(other)):
            pairs.append((*match, True))
        begin = match[0] + 1, match[1] + 1
    labels = tuple(one.labels[a] if same else f"{one.labels[a]} | {other.labels[b]}" for a, b, same in pairs)
    return Aligned(tuple(a for a, _b, _s in pairs), tuple(b for _a, b, _s in pairs), labels, tuple(same for _a, _b, same in pairs))


def _matched(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """Numbers of tokens that are the same on both sides, in order: the longest stretch first, and so on to its left and right.

    Where few tokens come again and again that takes very long; there it is one longest common subsequence (Wagner & Fischer 1974).
    """
    mine, theirs = Counter(one), Counter(other)
    alike = sum(times * theirs[token] for token, times in mine.items())
    if alike <= _ALIKE or len(one) * len(other) > _TABLE:
        blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
        return [(block.a + k, block.b + k) for block in blocks for k in range(block.size)]
    number = {token: i for i, token in enumerate({*one, *other})}
    left, right = (np.array([number[token] for token in side]) for side in (one, other))
    # Row i holds how many of the first i tokens are in the first 0, 1, .. tokens of the other side, in order.
    longest = np.zeros((len(left) + 1, len(right) + 1), np.int32)
    for i, token in enumerate(left):
        longest[i + 1, 1:] = np.maximum.accumulate(np.maximum(longest[i, 1:], longest[i, :-1] + (right == token)))
    found, i, j = [], len(left), len(right)
    while i and j:
        if longest[i, j] == longest[i - 1, j]:
            i -= 1
        elif longest[i, j] == longest[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append((i, j))
    return found[::-1]


def difference(one: np.ndarray, other: np.ndarray, rows: Aligned, columns: Aligned) -> np.ndarray:
    """`other` minus `one` where tokens belong together, (aligned queries, aligned keys). Nothing is renormalised: a row need not sum to 0."""
    return _crop(other, rows.other, columns.other) - _crop(one, rows.one, columns.one)


@dataclass(frozen=True, eq=False)
class Changes:
    """How much each head changed.

    Attributes:
        divergence: Jensen-Shannon divergence of its rows, mean over aligned queries, in nats (0 to log 2), (layers, heads); nan where
            one side has no such head. What goes to keys without a partner counts as one more key.
        total: half the sum of absolute differences, the same way: the share of attention that moved (0 to 1).
    """

    divergence: np.ndarray
    total: np.ndarray

    @property
    def ranked(self) -> list[tuple[int, int]]:
        """(layer, head), the one that changed most first."""
        order = np.argsort(-np.nan_to_num(self.divergence, nan=-1), axis=None, kind="stable")
        found = [tuple(int(i) for i in np.unravel_index(at, self.divergence.shape)) for at in order]
        return [head for head in found if np.isfinite(self.divergence[head])]


def changes(one: Capture, other: Capture, part: str | None = None, other_part: str | None = None) -> Changes:
    """How much each head changed from one capture to the other, for heads that have the same layer and number in both.

    Rows and columns of the two maps are matched by their tokens (`align`); only matched queries are compared. The weight that a query
    gives to keys without a partner is added up into one more key on each side, so that both rows still sum to 1.

    Args:
        one, other: two texts, two models, or one model with some heads switched off. Layers whose numbers of heads differ are left out.
        part: of `one`: "encoder", "decoder" or "cross"; its first where None.
        other_part: of `other`; its first where None.

    Raises:
        InputError: nothing aligns, or the two have no layer with the same number of heads.
    """
    rows = align(one.queries(part), other.queries(other_part))
    same = one.queries(part) is one.keys(part) and other.queries(other_part) is other.keys(other_part)
    columns = rows if same else align(one.keys(part), other.keys(other_part))
    if not rows or not columns:
        raise InputError(_("The two texts have no token in common."), _("Compare texts that differ in some words only."))
    pairs = list(zip(one.sites(part), other.sites(other_part), strict=False))
    if not any(a.heads == b.heads > 0 for a, b in pairs):
        raise InputError(_("The two models have no layer with the same number of heads."), _("Compare them head by head."))
    shape = (len(pairs), max(min(a.heads, b.heads) for a, b in pairs))
    found = Changes(np.full(shape, np.nan), np.full(shape, np.nan))
    for layer, (a, b) in enumerate(pairs):
        if a.heads != b.heads:
            continue
        before = _with_rest(one.patterns(layer, part), rows.one, columns.one)
        after = _with_rest(other.patterns(layer, other_part), rows.other, columns.other)
        found.divergence[layer, : a.heads] = divergence.rows(before, after).mean(-1)
        found.total[layer, : a.heads] = np.abs(after - before).sum(-1).mean(-1) / 2
    return found


def _with_rest(patterns: np.ndarray, rows: Sequence[int], columns: Sequence[int]) -> np.ndarray:
    """(heads, rows, columns + 1): what goes elsewhere is the last one."""
    kept = _crop(patterns, rows, columns).astype(np.float64)
    return np.concatenate([kept, np.maximum(1 - kept.sum(-1, keepdims=True), 0)], axis=-1)


def _crop(map_: np.ndarray, rows: Sequence[int], columns: Sequence[int]) -> np.ndarray:
    return map_[..., list(rows), :][..., list(columns)]


def _normalised(text: str) -> str:
    return text.strip().removeprefix("##").casefold()
