"""What a demo says: one Markdown file for each language, of the same parts.

    # Title

    ## Ask
    The question.

    - A: an option
    - B: another

    ## Show
    What to do, and what to look at.

    ## Notice
    Two or three sentences; {variance} stands for the measure of that name as it was measured, and {A} for the letter that this option has on
    the screen, where options are shuffled.

    ## Follow
    The next question.

    ## Notes
    For the speaker alone.

    ## Published
    - BLEU with 8 heads | 25.8 | Vaswani et al. 2017

    ## Labels
    - d_k: width of a head

Headings are names of parts, the same in every language; labels are titles of controls, measures, axes and series. *Published* may be
missing: figures of others, which stand beside what is measured here and are no measures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "words"
PARTS = ("Ask", "Show", "Notice", "Follow", "Notes", "Labels")
MAY_BE_MISSING = ("Published",)
_ITEM = re.compile(r"^- ([\w.=+-]+): (.+)$")
_NAMED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Words:
    """The words of one demo in one language.

    Attributes:
        title: of the demo.
        question: what the class is asked.
        options: what it may choose from, by letter.
        show, notice, follow, notes: Markdown.
        labels: by name.
        published: figures of others: what, how much, who says so.
    """

    title: str
    question: str
    options: Mapping[str, str]
    show: str
    notice: str
    follow: str
    notes: str
    labels: Mapping[str, str]
    published: tuple[tuple[str, str, str], ...] = ()

    def label(self, name: str) -> str:
        """A title; the name itself where there is none."""
        return self.labels.get(name, name)

    def noticed(self, said: Mapping[str, str]) -> str:
        """The notice, with what was measured filled in."""
        return filled(self.notice, said)


def whole(number: str) -> str:
    """A number as it is written within a sentence: no line ends within 1.0e-06 (a word joiner keeps what follows the hyphen beside it)."""
    return number.replace("e-", "e-\u2060")


def filled(text: str, said: Mapping[str, str]) -> str:
    """A text with what was measured filled in; braces that are no name of it stay as they are, as in a formula."""
    return _NAMED.sub(lambda found: said.get(found[1], found[0]), text)


@cache
def read(module: str, language: str) -> Words:
    """The words of a demo, by the name of its module.

    Raises:
        ValueError: a part is missing, unknown or twice there.
    """
    return parsed((FOLDER / language / f"{module}.md").read_text(encoding="utf-8"), f"{language}/{module}.md")


def parsed(text: str, name: str = "") -> Words:
    """The words in a Markdown text; `name` is for errors. Raises ValueError."""
    head, *rest = re.split(r"(?m)^## ", text)
    parts: dict[str, str] = {}
    for part in rest:
        heading, _line, body = part.partition("\n")
        if heading.strip() not in PARTS + MAY_BE_MISSING or heading.strip() in parts:
            raise ValueError(f"{name}: part {heading.strip()!r}")
        parts[heading.strip()] = body.strip()
    if missing := [part for part in PARTS if not parts.get(part)]:
        raise ValueError(f"{name}: no {', '.join(missing)}")
    asked = parts["Ask"].splitlines()
    options = items(asked)
    question = "\n".join(line for line in asked if not _ITEM.match(line)).strip()
    title = head.strip().removeprefix("#").strip()
    texts = (parts[part] for part in ("Show", "Notice", "Follow", "Notes"))
    return Words(title, question, options, *texts, items(parts["Labels"].splitlines()), _published(parts.get("Published", ""), name))


def _published(text: str, name: str) -> tuple[tuple[str, str, str], ...]:
    rows = [tuple(cell.strip() for cell in line.removeprefix("- ").split("|")) for line in text.splitlines() if line.strip()]
    if any(len(row) != 3 or not all(row) for row in rows):
        raise ValueError(f"{name}: a published figure is '- what | how much | who'")
    return tuple(rows)


def items(lines: list[str]) -> dict[str, str]:
    """Texts by name, of the lines "- name: text"."""
    return {found[1]: found[2].strip() for line in lines if (found := _ITEM.match(line.strip()))}
