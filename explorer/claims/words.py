"""What is said of claims: one Markdown file for each topic and language, of the same parts.

    # Title of the topic

    ## C1
    The claim, as it is heard.

    - found: Two or three sentences; {largest} stands for the measure of that name as it was measured.
    - condition: when it holds, for a claim that holds only then
    - source: paper, section
    - largest: title of a measure

*condition* and *source* may be missing; all names that are not `found`, `condition` or `source` are titles of measures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from explorer.lectures.words import filled, items

FOLDER = Path(__file__).parent / "words"
PARTS = ("found", "condition", "source")


@dataclass(frozen=True)
class Words:
    """The words of one claim in one language.

    Attributes:
        claim: as it is heard.
        found: what the computation says, with placeholders.
        condition: when it holds; empty for a claim that holds always or never.
        source: paper, section; empty where the computation says all.
        labels: titles of measures, by name.
    """

    claim: str
    found: str
    condition: str
    source: str
    labels: Mapping[str, str]

    def label(self, name: str) -> str:
        """A title; the name itself where there is none."""
        return self.labels.get(name, name)

    def explained(self, said: Mapping[str, str]) -> str:
        """What was found, with what was measured filled in."""
        return filled(self.found, said)


@cache
def read(topic: str, language: str) -> tuple[str, dict[str, Words]]:
    """Title of a topic, and the words of its claims by their ids.

    Raises:
        ValueError: a claim is there twice, or says nothing.
    """
    name = f"{language}/{topic}.md"
    head, *rest = re.split(r"(?m)^## ", (FOLDER / name).read_text(encoding="utf-8"))
    made: dict[str, Words] = {}
    for part in rest:
        id_, _line, body = part.partition("\n")
        lines = body.strip().splitlines()
        named = items(lines)
        claim = "\n".join(line for line in lines if not line.startswith("- ")).strip()
        if id_.strip() in made or not claim or not named.get("found"):
            raise ValueError(f"{name}: {id_.strip()!r}")
        labels = {key: text for key, text in named.items() if key not in PARTS}
        made[id_.strip()] = Words(claim, named["found"], named.get("condition", ""), named.get("source", ""), labels)
    return head.strip().removeprefix("#").strip(), made
