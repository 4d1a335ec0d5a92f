"""Texts that show something about attention, each with what to look for."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.i18n import _


@dataclass(frozen=True)
class Example:
    """A text, what it is called in the list, and what to look for; `pair` is for models that take two texts."""

    title: str
    text: str
    look: str
    pair: str = ""


EXAMPLES: tuple[Example, ...] = (
    Example(_("A plain sentence"), "The cat sat on the mat because it was warm.", _("one head per row, one job per head")),
    Example(
        _("bank, by the river"),
        "She sat on the bank of the river and watched the boats drift by.",
        _("who tells bank what it means?"),
    ),
    Example(
        _("bank, with money"),
        "She went to the bank to ask for a loan and open an account.",
        _("compare with the river: the same word, other neighbours"),
    ),
    Example(
        _("A pronoun, too big"),
        "The trophy does not fit in the suitcase because it is too big.",
        _("where does it look, trophy or suitcase?"),
    ),
    Example(
        _("A pronoun, too small"),
        "The trophy does not fit in the suitcase because it is too small.",
        _("one word changed: does any head follow?"),
    ),
    Example(
        _("Nested clauses"),
        "The keys that the man who owns the shops lost were found by a child.",
        _("the verb were belongs to keys, far away"),
    ),
    Example(
        _("Repetition"),
        "Red lamp, blue chair, green table. Red lamp, blue chair, green",
        _("induction heads look at what came after the last time"),
    ),
    Example(
        _("A question and an answer"),
        "Where did the children play?",
        _("heads that cross between the two texts"),
        "They played in the garden behind the old house.",
    ),
    Example(
        _("Two sentences that agree"),
        "A woman is playing the violin on a stage.",
        _("which words find their partner?"),
        "Somebody performs music in front of people.",
    ),
    Example(
        _("Program code"),
        "def mean(values):\n    total = sum(values)\n    return total / len(values)",
        _("brackets, and names that come back"),
    ),
    Example(
        _("Negation"),
        "I do not think this film is bad, but nobody would call it good.",
        _("what do not and nobody touch?"),
    ),
    Example(_("我爱你"), "我爱你", _("word order: compare with the next one")),
    Example(_("你爱我"), "你爱我", _("the same three characters, another meaning")),
    Example(
        _("Unusual words"),
        "The otorhinolaryngologist mispronounced antidisestablishmentarianism 🙂.",
        _("words in pieces: how do the pieces find each other?"),
    ),
)
