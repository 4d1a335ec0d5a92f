"""A claim on trial, for a file that computes nothing: what is said, and the verdict with its numbers, in every language."""

from __future__ import annotations

from explorer.claims import Verdict, claim
from explorer.claims.registry import words_of
from explorer.i18n import LANGUAGES, _, speaking
from explorer.lectures import prose
from explorer.lectures.demo import Models
from explorer.talk.frames import noticed, table


def judged(id_: str, models: Models) -> dict[str, object]:
    """The claim of an id. Raises ExplorerError where there is none, or it cannot be computed."""
    one = claim(id_)
    found = one.compute(models)
    made: dict[str, object] = {"id": one.id, "verdict": str(found.verdict), "sign": found.verdict.sign}
    for language in LANGUAGES:
        words = words_of(one, language)
        with speaking(language):
            options = {str(verdict): _(verdict.title) for verdict in Verdict}
        made[language] = {
            "claim": prose.paragraphs(words.claim),
            "options": options,
            "condition": words.condition,
            "found": noticed(words.found, found.measures, found.said),
            "measures": table(found.measures, words.label),
            "source": words.source,
        }
    return made
