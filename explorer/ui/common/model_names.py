"""How the choices of a model call it."""

from __future__ import annotations

from explorer.i18n import LANGUAGES, _, speaking
from explorer.ui.common import session
from models import CATALOGUE

_BY_NAME = {entry.name: entry for entry in CATALOGUE}


def names() -> list[str]:
    """Names that a choice of a model offers: those of this session first."""
    return [*session.kept(), *_BY_NAME]


def title(name: str) -> str:
    """How a model is called in a choice; one that has to be fetched is marked."""
    entry = _BY_NAME.get(name)
    if entry is None:
        return name
    return _(entry.title) if entry.bundled else _("{title} (online)").format(title=_(entry.title))


def named(word: str) -> str:
    """The model that a word of a choice stands for: a title of the catalogue, in any language, is that model; all else is a name already.

    The choice takes new words. A browser that has not drawn another language yet sends the title of the old one back: that would be one.
    """
    if word in _BY_NAME:
        return word
    for which in LANGUAGES:
        with speaking(which):
            for name in _BY_NAME:
                if title(name) == word:
                    return name
    return word
