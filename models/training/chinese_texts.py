"""The Chinese texts that zh-mini and translate-mini learn from, and the sentences that both never see."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError

PAIRS, PROSE = "tatoeba_en_zh.tsv", "luxun.txt"
HELD_OUT, CHECKED = 0.025, 0.01
"""Shares of the English sentences that are held out, and that settings are chosen on; the same ones in every run."""
PROSE_HELD_OUT = 0.05
"""Share of each collection of Lu Xun, at its end, that is held out."""

# What an editor wrote about where and when a piece was printed first, and where quotations are from.
_NOTE = re.compile(r"^本书(所收|于)|^本篇|未另发表|^注：|^〔")
_MARK = re.compile(r"〔[0-9０-９]+〕")
_WIDE = str.maketrans("!?,;:", "！？，；：")
"""Some who write Chinese type the punctuation of English."""


_PART = re.compile(r"[^。！？；，、：…]*[。！？；，、：…]+[」』”’）]*|[^。！？；，、：…]+$")


@dataclass(frozen=True)
class Pairs:
    """English sentences and their Chinese, in three parts that share no sentence of either language.

    Attributes:
        train: what is learned from.
        checked: what settings are chosen on.
        held_out: what figures are from; nothing is learned from it or chosen on it.
    """

    train: tuple[tuple[str, str], ...]
    checked: tuple[tuple[str, str], ...]
    held_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Prose:
    """Paragraphs of Lu Xun (1881-1936), and the ends of his collections, which nothing is learned from."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]


def pairs(folder: Path) -> Pairs:
    """The sentence pairs of Tatoeba: english<TAB>chinese<TAB>attribution.

    A sentence goes to a part by its own hash, so that a longer file moves none of them. What says the same in one of the two languages goes
    together: where one English sentence is held out, all its translations are, and no pair with one of these is learned from.

    Raises:
        InputError: the file is missing, or has no pairs.
    """
    split = [[unicodedata.normalize("NFC", part).strip() for part in line.split("\t")[:2]] for line in _lines(folder / PAIRS)]
    rows = list(dict.fromkeys((row[0], row[1].translate(_WIDE)) for row in split if len(row) == 2 and all(row)))
    if not rows:
        raise InputError(f"There are no sentence pairs in {folder / PAIRS}.", "Give the folder that holds it with --data.")
    held = [row for row in rows if _at(row[0]) < HELD_OUT]
    seen = {_key(sentence) for row in held for sentence in row}
    apart = [row for row in rows if HELD_OUT <= _at(row[0]) < HELD_OUT + CHECKED and not seen & {_key(part) for part in row}]
    seen |= {_key(sentence) for row in apart for sentence in row}
    return Pairs(tuple(row for row in rows if not seen & {_key(part) for part in row}), tuple(apart), tuple(held))


def prose(folder: Path) -> Prose:
    """Lu Xun's paragraphs: a paragraph a line, `# title` before each collection; what looks like an editor's note is left out.

    Raises:
        InputError: the file is missing, or has no paragraphs.
    """
    collections: list[list[str]] = []
    for line in _lines(folder / PROSE):
        if line.startswith("# ") or not collections:
            collections.append([])
        if line.strip() and not line.startswith("# ") and not _NOTE.search(line):
            collections[-1].append(_MARK.sub("", unicodedata.normalize("NFC", line).strip()))
    ends = [(part, round(len(part) * (1 - PROSE_HELD_OUT))) for part in collections]
    found = Prose(tuple(text for part, end in ends for text in part[:end]), tuple(text for part, end in ends for text in part[end:]))
    if not found.train:
        raise InputError(f"There are no paragraphs in {folder / PROSE}.", "Give the folder that holds it with --data.")
    return found


def pieces(paragraph: str, longest: int) -> list[str]:
    """A paragraph in pieces of at most so many characters, which end where a sentence or a part of one ends if they can."""
    parts, piece = [], ""
    for part in _PART.findall(paragraph):
        if piece and len(piece) + len(part) > longest:
            parts.append(piece)
            piece = ""
        piece += part
    return [cut[i : i + longest] for cut in [*parts, piece] for i in range(0, len(cut), longest)]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Give the folder that holds it with --data.") from error


def _key(sentence: str) -> str:
    """A sentence without what does not make it another one: case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", sentence.casefold())


def _at(sentence: str) -> float:
    """A number from 0 to 1 that belongs to this sentence."""
    return int.from_bytes(hashlib.sha256(_key(sentence).encode()).digest()[:6]) / 2**48
