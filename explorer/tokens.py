"""Tokens that a person can read: the text behind each id, whatever alphabet the tokenizer writes it in."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from transformers import PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

_BYTES = {character: byte for byte, character in bytes_to_unicode().items()}
_ALPHABETS: WeakKeyDictionary[PreTrainedTokenizerBase, tuple[set[str], bool]] = WeakKeyDictionary()
"""Of each tokenizer its added tokens and whether it is byte-level; asking takes 10 ms for a large vocabulary."""
_WRITTEN_OUT = re.compile(r" ?<[0-9A-F]{2}(?: [0-9A-F]{2})*>")
_VISIBLE = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"})


def readable(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> list[str]:
    """The text of each token: " cat" and not "Ġcat" or "▁cat"; WordPiece keeps its mark, "##ing".

    A character that was split over several tokens cannot be shown by any of them: their bytes are written out, `<E2 98>`.
    """
    # Tables of embeddings are often longer than the vocabulary; a number without a token is shown as that.
    numbers = [int(i) for i in ids]
    pieces = [f"<{i}>" if piece is None else str(piece) for i, piece in zip(numbers, tokenizer.convert_ids_to_tokens(numbers), strict=True)]
    if tokenizer not in _ALPHABETS:
        _ALPHABETS[tokenizer] = ({str(token) for token in tokenizer.get_added_vocab()}, _is_byte_level(tokenizer))
    added, byte_level = _ALPHABETS[tokenizer]
    return [piece if piece in added else _piece(piece, byte_level) for piece in pieces]


def framing(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids of the tokens that frame a text: all special ones but [UNK] and [MASK], which stand for words of it.

    Where one token is both, as in GPT-2, whose only special token begins and ends texts, it frames them.
    """
    ends = {getattr(tokenizer, f"{name}_token_id", None) for name in ("bos", "eos", "cls", "sep")}
    words = {tokenizer.unk_token_id, getattr(tokenizer, "mask_token_id", None)} - ends
    return set(tokenizer.all_special_ids) - words


def labels(tokens: Sequence[str]) -> list[str]:
    """Tokens for an axis: no space around them, and white space made visible where there is nothing else."""
    return [token.strip() if token.strip() else (token.translate(_VISIBLE) or "∅") for token in tokens]


def written_out(tokens: Sequence[str]) -> list[str]:
    """Tokens for a table, all white space made visible: the space before a word tells it from a piece of one, and a cell is never empty."""
    return [token.translate(_VISIBLE) or "∅" for token in tokens]


def is_bytes(token: str) -> bool:
    """Whether a readable token is a part of a character, written as its bytes."""
    return bool(_WRITTEN_OUT.fullmatch(token))


def _piece(piece: str, byte_level: bool) -> str:
    if byte_level:
        if not all(character in _BYTES for character in piece):
            return piece
        data = bytes(_BYTES[character] for character in piece)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return f"<{data.hex(' ').upper()}>"
    if len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
        return f"<{piece[3:5]}>"
    return piece.replace("▁", " ").replace("</w>", "")


def _is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return hasattr(tokenizer, "byte_decoder")
    # The decoder may be missing, and the alphabet is the same.
    said = json.loads(backend.to_str())
    return "ByteLevel" in json.dumps([said.get(part) for part in ("decoder", "pre_tokenizer", "normalizer")])
