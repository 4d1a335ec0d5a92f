"""The words on the pages. Every text that a viewer reads goes through `_`, so that translations can be added without touching code."""

import gettext
from pathlib import Path

_ = gettext.translation("explorer", Path(__file__).parent / "locale", fallback=True).gettext


def language() -> str:
    """The language that `_` speaks: part of the key of whatever keeps translated words. English is the only one so far."""
    return "en"
