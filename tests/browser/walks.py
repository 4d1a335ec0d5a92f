"""Long walks by the clicker: each in one language every time, and in the others with --thorough."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import pytest

from explorer.i18n import LANGUAGES

What = TypeVar("What")


def in_turn(walks: Iterable[What], first: str = "en") -> list:
    """Each walk with each language, for `parametrize`. Every time one is tried that changes from walk to walk, for the first it is `first`."""
    languages = sorted(LANGUAGES, key=lambda language: language != first)
    found = []
    for i, walk in enumerate(walks):
        for language in LANGUAGES:
            every_time = language == languages[i % len(languages)]
            found.append(pytest.param(walk, language, marks=() if every_time else pytest.mark.thorough))
    return found
