"""What a kept row looks at most: the previous token, what followed an earlier copy, a special token, .."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.i18n import N_
from explorer.scores import masks
from explorer.scores.hits import punctuation

KINDS = {
    "special": N_("a special token"),
    "induction": N_("what followed an earlier copy (induction)"),
    "duplicate": N_("an earlier copy of itself"),
    "first": N_("the first token"),
    "previous": N_("the previous token"),
    "next": N_("the next token"),
    "same": N_("itself"),
    "punctuation": N_("punctuation"),
    "other": N_("another word"),
}
"""The first that is true of a row is said of it."""
_MASKS = {
    "induction": masks.induction,
    "duplicate": masks.duplicate_token,
    "first": masks.first_token,
    "previous": masks.previous_token,
    "next": masks.next_token,
    "same": masks.same_token,
}


def kinds_of(row: int, key: int, tokens: Sequence[str], special: Sequence[bool], square: bool = True) -> tuple[str, ...]:
    """All of `KINDS` that are true, the first of which is said: in the second row the first token is the previous one, too.

    Args:
        row: token that looks.
        key: token that it looks at most.
        tokens: that are looked at, readable.
        special: which of them are special.
        square: whether the row is one of these tokens; else only special tokens, punctuation and others are told apart.
    """
    found = ["special"] if special[key] else []
    if square:
        number_of = {word: i for i, word in enumerate(tokens)}
        numbers, one = [number_of[token] for token in tokens], slice(row, row + 1)
        found += [name for name, mask in _MASKS.items() if mask(numbers, one)[0, key]]
    if punctuation(tokens)[key]:
        found.append("punctuation")
    return tuple(found) or ("other",)


def kind_of(row: int, key: int, tokens: Sequence[str], special: Sequence[bool], square: bool = True) -> str:
    """The first of `kinds_of`."""
    return kinds_of(row, key, tokens, special, square)[0]
