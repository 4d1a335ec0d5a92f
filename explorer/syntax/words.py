"""Attention between words from attention between pieces, as in Clark et al. 2019, section 4.1: to a word the sum, from a word the mean.

A word of Chinese is of one or more characters, and nothing stands between two words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from explorer.i18n import _
from explorer.reading import tokenised
from models import InputError, Model

_WITHOUT_SPACES = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
"""Characters of scripts that put no space between words, and their punctuation."""


class DroppedWordError(InputError):
    """A word of which a tokenizer makes no piece, as of a joiner or a soft hyphen alone."""


def pieces(model: Model, words: Sequence[str], *, spaced: bool = False) -> tuple[list[int], np.ndarray]:
    """The ids of a sentence's words, written as its script writes them, and which pieces make up each word.

    Args:
        model: whose tokenizer is asked.
        words: of the sentence.
        spaced: a space stands between any two words, also where their script has none.

    Returns:
        Ids as the model reads them, special tokens included; bool (words, ids).

    Raises:
        DroppedWordError: the tokenizer makes nothing of a word.
        InputError: a tokenizer that does not say where its pieces come from, or that cannot take the sentence.
    """
    if not model.tokenizer.is_fast:
        raise InputError(
            _("The tokenizer of {name} does not say where its pieces come from.").format(name=model.name), _("Choose another model.")
        )
    text, ends = joined(words, spaced=spaced)
    encoded = tokenised(model, text=text, return_offsets_mapping=True)
    belongs = np.zeros((len(words), len(encoded["input_ids"])), dtype=bool)
    for i, (start, end) in enumerate(encoded["offset_mapping"]):
        # A piece of a byte-level tokenizer begins with the space before its word, that of others ends with the space behind it: its last
        # character that is no space tells.
        last = len(text[:end].rstrip())
        if end > start:
            belongs[np.searchsorted(ends, last if last > start else end), i] = True
    if not belongs.any(1).all():
        word = words[int(np.argmin(belongs.any(1)))]
        problem = _("The tokenizer of {name} drops the word {word!r}.").format(name=model.name, word=word)
        raise DroppedWordError(problem, _("Choose another model."))
    return list(encoded["input_ids"]), belongs


def joined(words: Sequence[str], *, spaced: bool = False) -> tuple[str, list[int]]:
    """A sentence's words as their script writes them, or with a space between any two, and the place in that text at which each word ends."""
    text, ends = "", []
    for word in words:
        text += (" " if text and spaced else _between(text, word)) + word
        ends.append(len(text))
    return text, ends


def between_words(patterns: np.ndarray, belongs: np.ndarray) -> np.ndarray:
    """Attention between words: summed over the pieces of the key, mean over those of the query; special tokens are dropped.

    Args:
        patterns: (heads, pieces, pieces).
        belongs: bool (words, pieces).

    Returns:
        (heads, words, words); a row need not sum to 1.
    """
    member = belongs.astype(patterns.dtype)
    return (member / member.sum(1, keepdims=True)) @ patterns @ member.T


def _between(before: str, word: str) -> str:
    """What stands before a word: a space, but none beside a character of a script that has none."""
    return "" if not before or _WITHOUT_SPACES.match(before[-1]) or _WITHOUT_SPACES.match(word[:1]) else " "
