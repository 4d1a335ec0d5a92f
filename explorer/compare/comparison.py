"""Two captures side by side: which tokens belong together, how a map changed, and which heads changed most.

Two texts, two models, or one model before and after heads were removed; it does not matter which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from explorer.capture import Capture
from explorer.compare import divergence
from explorer.i18n import _
from explorer.reading import Tokens
from models import InputError


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
    matcher = SequenceMatcher(None, [_normalised(text) for text in one.text], [_normalised(text) for text in other.text], autojunk=False)
    pairs = []
    for what, i, i_end, j, j_end in matcher.get_opcodes():
        if what == "equal" or (what == "replace" and i_end - i == j_end - j):
            pairs += [(a, b, what == "equal") for a, b in zip(range(i, i_end), range(j, j_end), strict=True)]
    labels = tuple(one.labels[a] if same else f"{one.labels[a]} | {other.labels[b]}" for a, b, same in pairs)
    return Aligned(tuple(a for a, _b, _s in pairs), tuple(b for _a, b, _s in pairs), labels, tuple(same for _a, _b, same in pairs))


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
    rows, columns = align(one.queries(part), other.queries(other_part)), align(one.keys(part), other.keys(other_part))
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
