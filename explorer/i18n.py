"""The words on the pages. Every text that a viewer reads goes through `_`, so that translations can be added without touching code.

A word is translated when it is shown, never when a module is imported: one process serves viewers of several languages. A constant is
marked with `N_`, so that it is found for translation, and whoever shows it says `_(CONSTANT)`, or `_(CONSTANT).format(..)`. So far there is
one language for the whole process.
"""

import gettext
from pathlib import Path

_spoken = gettext.translation("explorer", Path(__file__).parent / "locale", fallback=True)
"""The translation that `_` speaks now; a test puts another one here."""


def N_(message: str) -> str:
    """The message as it is: a word that whoever shows it translates. Babel finds what is marked by this name."""
    return message


def _(message: str) -> str:
    """The message in the language that is spoken now, also where this function was imported before that was decided."""
    # For an empty message gettext gives what a catalogue says about itself.
    return _spoken.gettext(message) if message else ""


def language() -> str:
    """The language that `_` speaks: part of the key of whatever keeps translated words. English is the only one so far."""
    return _spoken.info().get("language", "en")
