"""The words on the pages, in the language of whoever reads them. Every text that a viewer reads goes through `_`.

A word is translated when it is shown, never when a module is imported: one process serves viewers of several languages. A constant is
marked with `N_`, so that it is found for translation, and whoever shows it says `_(CONSTANT)`, or `_(CONSTANT).format(..)`. What `models` has to
say is a `models.words.Told`, which `_` takes as it is.

The language is that of a context (`speaking`): a job is asked for in one, and keeps it. Outside of any, it is what `ask_with` was given: the
dashboard knows its viewer. The catalogues are `locale/LANGUAGE.po`, which Babel reads; `make words` puts new messages into them.
"""

from __future__ import annotations

import contextlib
import contextvars
import gettext
import io
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from models.errors import ExplorerError
from models.words import Told

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "zh": "简体中文"}
"""What can be chosen, each in its own words."""
SOURCE = "en"
"""The language of the messages in the code."""

_spoken: contextvars.ContextVar[str | None] = contextvars.ContextVar("language", default=None)
_asked: Callable[[], str | None] = lambda: None  # noqa: E731


def N_(message: str) -> str:
    """The message as it is: a word that whoever shows it translates. `scripts.words` finds what is marked by this name."""
    return message


def _(message: str) -> str:
    """The message in the language that is spoken now; one of `models` with what was filled in, also where that is such a message itself."""
    if isinstance(message, Told):
        text = _(message.template)
        return text.format(**{name: _filled(value) for name, value in message.values.items()}) if message.values else text
    # For an empty message gettext gives what a catalogue says about itself.
    return translation(language()).gettext(message) if message else ""


def explained(error: ExplorerError) -> str:
    """What went wrong and what to do about it, in the language that is spoken now."""
    return f"{_(error.problem)} {_(error.advice)}".strip()


def language() -> str:
    """The language that `_` speaks: part of the key of whatever keeps translated words."""
    return _spoken.get() or _asked() or SOURCE


def ask_with(asked: Callable[[], str | None]) -> None:
    """Says who knows the language where no context does; None where that does not either."""
    global _asked
    _asked = asked


@contextlib.contextmanager
def speaking(which: str) -> Iterator[None]:
    """A block in which one language is spoken, in this context alone."""
    before = _spoken.set(which)
    try:
        yield
    finally:
        _spoken.reset(before)


def carried() -> contextvars.Context:
    """The context of now, with the language of now: what runs in it in another thread speaks the same."""
    with speaking(language()):
        return contextvars.copy_context()


def closest(wanted: str | None) -> str | None:
    """The language here that a name of one stands for, such as "zh-CN" or "zh_TW.UTF-8"; None where there is none."""
    name = (wanted or "").replace("_", "-").split("-")[0].split(".")[0].lower()
    return name if name in LANGUAGES else None


def of_shell() -> str:
    """The language of whoever runs the command line, by LANGUAGE, LC_ALL, LC_MESSAGES and LANG as gettext has them."""
    told = next((value for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return next(filter(None, map(closest, told.split(":"))), SOURCE)


@cache
def translation(which: str) -> gettext.NullTranslations:
    """The catalogue of a language; the messages themselves for the language of the code."""
    file = LOCALE / f"{which}.po"
    if which == SOURCE or not file.is_file():
        return gettext.NullTranslations()
    with file.open("rb") as source:
        found = read_po(source, locale=which)
    compiled = io.BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _filled(value: object) -> object:
    if isinstance(value, ExplorerError):
        return explained(value)
    if isinstance(value, Exception) and value.args and isinstance(value.args[0], Told):
        return _(value.args[0])
    return _(value) if isinstance(value, Told) else value
