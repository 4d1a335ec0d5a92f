"""JSON objects as rows: one a line, or all in one array."""

from __future__ import annotations

import json
from collections.abc import Iterator

from explorer.i18n import _
from explorer.tasks import columns
from explorer.tasks.formats import lines
from models.errors import InputError

MAX_KEYS = 1000
"""Keys that all objects together may have. Every row has a place for each, so a new key in every line would fill the memory."""
_SPACE = " \t\r\n"


def objects(text: str) -> Iterator[tuple[int, dict]]:
    """Each object with the line on which it begins, from 1.

    Raises:
        InputError: broken JSON, something other than an object, a key twice, on a line that is named.
    """
    if text.lstrip(_SPACE).startswith("["):
        yield from _in_array(text)
        return
    for number, line in lines(text):
        if line.strip():
            yield number, _object(_loaded(line, number), number)


def rows(text: str, name: str) -> tuple[tuple[str, ...], list[list[object]], list[int]]:
    """Names of all keys, in the order in which they come first; values, None where an object lacks a key; and the lines.

    Raises:
        InputError: as `objects`; no keys, or too many.
    """
    found, names = [], {}
    for number, one in objects(text):
        one = _flat(one)
        found.append((number, one))
        names.update(dict.fromkeys(one))
        if len(names) > MAX_KEYS:
            message = _("Line {line}: with this one, the objects of {name} have more than {most:,} different keys.")
            raise InputError(message.format(line=number, name=name, most=MAX_KEYS), _("Give every object the same few keys."))
    if not names:
        raise InputError(_("{name} holds no fields.").format(name=name), _('Each line reads {"label": 1, "sentence": ".."}.'))
    return tuple(names), [[one.get(key) for key in names] for _number, one in found], [number for number, _one in found]


def _flat(one: dict) -> dict:
    """An object in which a text and its translations are fields: {"translation": {"en": ..}} has a field "translation.en"."""
    flat: dict[str, object] = {}
    for key, value in one.items():
        spoken = isinstance(value, dict) and columns.are_translations(key, tuple(value)) and all(isinstance(of, str) for of in value.values())
        flat |= {f"{key}.{inner}": of for inner, of in value.items()} if spoken else {key: value}
    return flat


def _in_array(text: str) -> Iterator[tuple[int, dict]]:
    decoder = json.JSONDecoder(object_pairs_hook=_once)
    at, line, counted = text.index("[") + 1, 1, 0
    first = True
    while True:
        at = _after_space(text, at)
        line, counted = line + _breaks(text, counted, at), at
        if text[at : at + 1] == "]":
            break
        if not first:
            if text[at : at + 1] != ",":
                raise InputError(_("Line {line}: a comma or ] is missing.").format(line=line), _advice())
            at = _after_space(text, at + 1)
            line, counted = line + _breaks(text, counted, at), at
        try:
            found, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            wrong = line + _breaks(text, counted, error.pos)
            raise InputError(_("Line {line}, character {at}: {why}.").format(line=wrong, at=error.colno, why=error.msg), _advice()) from error
        except (ValueError, RecursionError) as error:
            raise _unreadable(error, line) from error
        yield line, _object(found, line)
        first = False
    rest = _after_space(text, at + 1)
    if rest < len(text):
        message = _("Line {line}: the array is closed, and something follows.").format(line=line + _breaks(text, counted, rest))
        raise InputError(message, _advice())


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _breaks(text: str, start: int, end: int) -> int:
    """Ends of lines between two places; a carriage return and a line feed are one."""
    return text.count("\n", start, end) + text.count("\r", start, end) - text.count("\r\n", start, end)


def _loaded(line: str, number: int) -> object:
    try:
        return json.loads(line, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InputError(_("Line {line}, character {at}: {why}.").format(line=number, at=error.colno, why=error.msg), _advice()) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(error, number) from error


def _object(found: object, number: int) -> dict:
    if not isinstance(found, dict):
        raise InputError(_("Line {line} is JSON, but not an object.").format(line=number), _advice())
    return found


def _unreadable(error: Exception, number: int) -> InputError:
    if isinstance(error, _TwiceError):
        return InputError(_('Line {line} holds the key "{key}" twice.').format(line=number, key=error.key), _("Rename one of them."))
    return InputError(_("Line {line} is not readable JSON: {why}.").format(line=number, why=str(error)[:100]), _advice())


def _advice() -> str:
    return _('Each line must hold one JSON object, such as {"label": 1, "sentence": ".."}; or one array holds them all.')


class _TwiceError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _once(pairs: list[tuple[str, object]]) -> dict:
    found: dict = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(key)
        found[key] = value
    return found
