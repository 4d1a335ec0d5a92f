"""The texts that the small language models learn from, and the ends of the books, which they never see."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError

HELD_OUT = 0.05
"""Share of every book, at its end, that is held out."""

_ARTICLE = re.compile(r"(?m)^(?= = [^=\n]+ = $)")
_SPELLING = (
    (re.compile(r" @([-,.])@ "), r"\1"),
    (re.compile(r' " ([^"\n]*?) "(?=\s|$)'), r' "\1"'),
    (re.compile(r"([(\[]) "), r"\1"),
    (re.compile(r" ([)\],.;:!?%]|'(?:s|re|ve|ll|d|m)\b|n't\b)"), r"\1"),
    (re.compile(r"(?m)^ +| +$"), ""),
    (re.compile(r"(?m)^(?:= ?)+(.*?)(?: ?=)+$"), r"\1"),
    (re.compile(r"\n{3,}"), "\n\n"),
)
_WRAPPED = re.compile(r"(?m)^(.{50,}?)[ \t]*\n(?=\S)")


@dataclass(frozen=True)
class Corpus:
    """What is trained on.

    Attributes:
        raw: the training part of WikiText-2 (Merity et al. 2017), to the byte.
        articles: the same articles, spelled as people type: no spaces before commas, no `@-@`, headings without `=`.
        books: the first 95 % of every book, with the lines of a paragraph joined.
        book_ends: the rest of every book, in the same spelling; nothing is trained on it.
    """

    raw: str
    articles: tuple[str, ...]
    books: tuple[str, ...]
    book_ends: tuple[str, ...]


def read(folder: Path) -> Corpus:
    """The corpus in `folder`/wikitext2 and `folder`/gutenberg.

    Raises:
        InputError: a file is missing.
    """
    raw = wikitext(folder, "train")
    files = sorted((folder / "gutenberg").glob("*.txt"))
    if not files:
        raise InputError(f"There are no books in {folder / 'gutenberg'}.", "Give the folder that holds gutenberg/*.txt with --data.")
    books = [joined(file.read_text(encoding="utf-8", errors="replace")) for file in files]
    ends = [int(len(book) * (1 - HELD_OUT)) for book in books]
    return Corpus(
        raw=raw,
        articles=tuple(as_typed(article) for article in _ARTICLE.split(raw) if article.strip()),
        books=tuple(book[:end] for book, end in zip(books, ends, strict=True)),
        book_ends=tuple(book[end:] for book, end in zip(books, ends, strict=True)),
    )


def wikitext(folder: Path, part: str) -> str:
    """A part of WikiText-2 ("train", "valid" or "test"), to the byte. Raises InputError where the file is missing."""
    file = folder / "wikitext2" / f"{part}.raw.gz"
    try:
        return gzip.decompress(file.read_bytes()).decode("utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error}.", "Give the folder that holds wikitext2/ with --data.") from error


def as_typed(text: str) -> str:
    """WikiText's spelling (` @-@ `, ` , `, `= Title =`) turned into what a person would type; lossy, for training only."""
    for pattern, into in _SPELLING:
        text = pattern.sub(into, text)
    return text.strip() + "\n"


def joined(text: str) -> str:
    """A book without the line breaks of its print: a break after 50 characters or more becomes a space, so verse keeps its lines."""
    return _WRAPPED.sub(r"\1 ", text.replace("\r\n", "\n"))
