"""What of a text a model cannot read: characters that it has no token for, and a bundled model that has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from explorer.reading import TOKENISING, Tokens
from explorer.tokens import is_bytes
from models import Model
from models.opening import catalogue

UNKNOWN, BYTES = "unknown", "bytes"
"""A token that stands for whatever the model does not know, and one that is a part of a character."""
_MOST = 400
"""Different characters that are looked at, of a long text."""


@dataclass(frozen=True)
class Unread:
    """What became of the characters of a text.

    Attributes:
        kinds: of each token: UNKNOWN, BYTES, or "" for one that can be read.
        unknown: characters that the model reads as its unknown token.
        in_bytes: characters that it reads in pieces of their bytes.
    """

    kinds: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    in_bytes: tuple[str, ...] = ()


def unread(model: Model, tokens: Tokens, text: str) -> Unread:
    """Which tokens cannot be read, and which characters of the text they come from.

    Args:
        model: whose tokenizer made the tokens.
        tokens: of the text, framed or not.
        text: what was typed.
    """
    tokenizer = model.tokenizer
    kinds = tuple(
        UNKNOWN if number == tokenizer.unk_token_id and not special else BYTES if is_bytes(shown) else ""
        for number, shown, special in zip(tokens.ids, tokens.text, tokens.special, strict=True)
    )
    if not any(kinds):
        return Unread(kinds)
    with TOKENISING:
        of = {character: kind_of(tokenizer, character) for character in _characters(text)}
    return Unread(kinds, *(tuple(character for character, kind in of.items() if kind == which) for which in (UNKNOWN, BYTES)))


def kind_of(tokenizer: PreTrainedTokenizerBase, character: str) -> str:
    """How a tokenizer takes one character that stands alone: UNKNOWN, BYTES or ""."""
    ids = tokenizer(character, add_special_tokens=False, verbose=False)["input_ids"]
    if not ids:  # what a tokenizer drops, such as a joiner, is no token of any kind
        return ""
    if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids:
        return UNKNOWN
    # A piece that marks the beginning of a word may come before it.
    return BYTES if len(ids) > 1 and all(character not in token for token in tokenizer.batch_decode([[i] for i in ids])) else ""


def who_reads(characters: Iterable[str], but: str = "", kinds: Collection[str] = ()) -> str:
    """The name of a bundled model that has a token for each of these characters; "" where there is none.

    Args:
        characters: that somebody wants to be read.
        but: name of the model that cannot.
        kinds: that a model may be of; () for any.
    """
    wanted = tuple(dict.fromkeys(characters))
    fit = [entry for entry in catalogue.CATALOGUE if entry.bundled and entry.name != but and (not kinds or entry.kind in kinds)]
    names = [entry.name for entry in fit if _folder(entry.name)]
    return next((name for name in names if wanted and all(kind_of(_tokenizer(name), character) == "" for character in wanted)), "")


def _characters(text: str) -> list[str]:
    return list(dict.fromkeys(character for character in text if not character.isspace()))[:_MOST]


def _folder(name: str) -> Path | None:
    """Where the tokenizer of a bundled model lies; None for adapters, which have none of their own."""
    folder = catalogue.bundled_folder(name)
    return folder if folder and (folder / "tokenizer.json").is_file() else None


@lru_cache(maxsize=8)
def _tokenizer(name: str) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(_folder(name), local_files_only=True)
