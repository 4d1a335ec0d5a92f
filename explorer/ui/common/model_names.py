"""How the choices of a model call it."""

from __future__ import annotations

from explorer.i18n import _
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
