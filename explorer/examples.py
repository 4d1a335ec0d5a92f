"""Texts that show something about attention, each with what to look for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from explorer.i18n import N_

_CHAPTER = Path(__file__).parent / "tasks" / "texts" / "chapter.txt"


@dataclass(frozen=True)
class Example:
    """A text, what it is called in the list, and what to look for; `pair` is for models that take two texts.

    Title and what to look for are translated where they are shown; the texts stay as they are.
    """

    title: str
    text: str
    look: str
    pair: str = ""


SENTENCES: tuple[Example, ...] = (
    Example(N_("A plain sentence"), "The cat sat on the mat because it was warm.", N_("one head per row, one job per head")),
    Example(
        N_("bank, by the river"),
        "She sat on the bank of the river and watched the boats drift by.",
        N_("who tells bank what it means?"),
    ),
    Example(
        N_("bank, with money"),
        "She went to the bank to ask for a loan and open an account.",
        N_("compare with the river: the same word, other neighbours"),
    ),
    Example(
        N_("A pronoun, too big"),
        "The trophy does not fit in the suitcase because it is too big.",
        N_("where does it look, trophy or suitcase?"),
    ),
    Example(
        N_("A pronoun, too small"),
        "The trophy does not fit in the suitcase because it is too small.",
        N_("one word changed: does any head follow?"),
    ),
    Example(
        N_("Nested clauses"),
        "The keys that the man who owns the shops lost were found by a child.",
        N_("the verb were belongs to keys, far away"),
    ),
    Example(
        N_("Repetition"),
        "Red lamp, blue chair, green table. Red lamp, blue chair, green",
        N_("induction heads look at what came after the last time"),
    ),
    Example(
        N_("A question and an answer"),
        "Where did the children play?",
        N_("heads that cross between the two texts"),
        "They played in the garden behind the old house.",
    ),
    Example(
        N_("Two sentences that agree"),
        "A woman is playing the violin on a stage.",
        N_("which words find their partner?"),
        "Somebody performs music in front of people.",
    ),
    Example(
        N_("Program code"),
        "def mean(values):\n    total = sum(values)\n    return total / len(values)",
        N_("brackets, and names that come back"),
    ),
    Example(
        N_("Negation"),
        "I do not think this film is bad, but nobody would call it good.",
        N_("what do not and nobody touch?"),
    ),
    Example(N_("我爱你"), "我爱你", N_("word order: compare with the next one")),
    Example(N_("你爱我"), "你爱我", N_("the same three characters, another meaning")),
    Example(
        N_("Unusual words"),
        "The otorhinolaryngologist mispronounced antidisestablishmentarianism 🙂.",
        N_("words in pieces: how do the pieces find each other?"),
    ),
)
CHAPTER = Example(
    N_("A chapter of a book"),
    _CHAPTER.read_text(encoding="utf-8").strip(),
    N_("the button and the compass come back pages later: find them, and the farthest edges"),
)
"""A long text, written for this project: some 3,500 tokens."""
EXAMPLES = (*SENTENCES, CHAPTER)
"""All that the list of examples offers."""
