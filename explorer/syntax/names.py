"""What relations between words, and the directions in which heads find them, are called for a viewer.

Grammar calls the word that another one depends on its head. Here a head attends, so that word is a governor on pages and in pictures; in
files, which others read, the directions keep the names that they have always had.
"""

from __future__ import annotations

from explorer.i18n import N_, _

_WAYS = {"dependent to head": N_("dependent to governor"), "head to dependent": N_("governor to dependent")}
DIRECTIONS = tuple(_WAYS)
"""What the word that a word depends on is called in files: its head."""
MEANINGS = {
    "obj": N_("the verb's object"),
    "nsubj": N_("the verb's subject"),
    "nsubj:pass": N_("the subject of a passive verb"),
    "amod": N_("an adjective of a noun"),
    "det": N_("the article of a noun"),
    "case": N_("a preposition"),
    "advmod": N_("an adverb"),
    "nmod": N_("a noun of a noun"),
    "nmod:poss": N_("whose it is"),
    "obl": N_("where, when and how"),
    "aux": N_("an auxiliary verb"),
    "conj": N_("the second of two"),
    "cc": N_("and, or, but"),
    "mark": N_("that, because, if"),
    "compound": N_("a compound"),
    "acl": N_("a clause that describes a noun"),
    "advcl": N_("a clause that says when or why"),
    "ccomp": N_("a clause as the verb's object"),
    "csubj": N_("a clause as the verb's subject"),
    "xcomp": N_("a clause without a subject of its own"),
    "cop": N_("a form of to be"),
    "iobj": N_("to whom it is given"),
    "nummod": N_("a number of a noun"),
    "clf": N_("a measure word"),
}
"""Relations of Universal Dependencies, most of them without subtypes."""


def way(direction: str) -> str:
    """A direction (`DIRECTIONS`) in the viewer's language."""
    return _(_WAYS[direction])


def meaning(relation: str) -> str:
    """What a relation stands for, in the viewer's language: that of its type where its subtype has none; empty where nobody has said it."""
    found = MEANINGS.get(relation, MEANINGS.get(relation.partition(":")[0]))
    return _(found) if found else ""


def title(relation: str) -> str:
    """A relation with its meaning."""
    said = meaning(relation)
    return f"{relation}: {said}" if said else relation
