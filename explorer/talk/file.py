"""The file that a lecture is saved to: JSON with a version, checked when it is opened. A file is another's until it has been checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields

from explorer.lectures.demo import STEPS
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from explorer.talk.places import PAGES
from explorer.talk.talk import KINDS, Step, Talk
from models import InputError
from models.errors import ExplorerError
from models.words import told

KEY = "attention_explorer_lecture"
VERSION = 1
MOST_STEPS = 500
MOST_BYTES = 50 * 2**20
LONGEST = 20_000
"""Characters of a text, of notes, of a setting."""
LONGEST_SETTING = 500_000
"""Of a setting: a text that is looked at may be long."""
LONGEST_MINUTES = 600
_DEEPEST = 60
"""Levels of a picture's description."""


def saved(talk: Talk) -> str:
    """The text of the file.

    Raises:
        InputError: it is more than `opened` would take.
    """
    if len(talk.steps) > MOST_STEPS:
        raise InputError(
            told("This lecture has {steps} steps; a file of a lecture has at most {most}.", steps=len(talk.steps), most=MOST_STEPS),
            told("Take some steps out, or make two lectures of it."),
        )
    steps = [{name: value for name, value in asdict(step).items() if value or name == "minutes"} for step in talk.steps]
    text = json.dumps({KEY: VERSION, "title": talk.title, "steps": steps}, ensure_ascii=False, indent=1, default=list)
    if (size := len(text.encode())) > MOST_BYTES:
        raise InputError(
            told(
                "The pictures of this lecture take {size} MB; a file of a lecture has at most {most}.",
                size=size // 2**20,
                most=MOST_BYTES // 2**20,
            ),
            told("Take some steps out, or make two lectures of it."),
        )
    return text


def opened(data: bytes) -> Talk:
    """The lecture in a file.

    Raises:
        InputError: it is none, or a step of it is not one that this version plays; the error names the step.
    """
    if len(data) > MOST_BYTES:
        raise InputError(told("This file has more than {most} MB.", most=MOST_BYTES // 2**20), told("A lecture has at most that."))
    try:
        found = json.loads(data.decode("utf-8-sig"))
        # JSON can name halves of characters, which nothing here can write.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or KEY not in found:
        raise InputError(told("This file is no lecture."), told("Open a file that was saved on this page."))
    if found[KEY] != VERSION:
        raise InputError(
            told("This lecture is of version {version}, this app reads version {known}.", version=str(found[KEY])[:20], known=VERSION),
            told("Open it with the version of the app that saved it."),
        )
    steps = found.get("steps")
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise InputError(told("This lecture has no list of steps."), told("It has at most {most}.", most=MOST_STEPS))
    return Talk(_text(found.get("title", ""), 0, "title"), tuple(_step(step, number) for number, step in enumerate(steps, start=1)))


def _step(given: object, number: int) -> Step:
    names = {one.name for one in fields(Step)}
    if not isinstance(given, dict) or given.get("kind") not in KINDS:
        raise _refused(number, told("it is neither a demo, nor a page, nor a text"))
    if unknown := sorted(set(given) - names):
        raise _refused(number, told("it has a part {name}, which this version does not know", name=unknown[0][:40]))
    texts = {name: _text(given.get(name, ""), number, name) for name in ("name", "step", "title", "text", "notes", "taken")}
    settings = given.get("settings", {})
    if not isinstance(settings, dict):
        raise _refused(number, told("its settings are no names with values"))
    chosen = {_text(name, number, "settings"): _text(value, number, name, LONGEST_SETTING) for name, value in settings.items()}
    minutes = given.get("minutes", 0)
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 <= minutes <= LONGEST_MINUTES:
        raise _refused(number, told("its minutes are no number from 0 to {most}", most=LONGEST_MINUTES))
    pictures = given.get("pictures", [])
    if not isinstance(pictures, list) or not all(isinstance(one, dict) for one in pictures) or any(map(_asks_for_more, pictures)):
        raise _refused(number, told("its pictures are none that this app saved"))
    step = Step(given["kind"], settings=chosen, minutes=float(minutes), pictures=tuple(pictures), dark=given.get("dark") is True, **texts)
    _check(step, number)
    return step


def _check(step: Step, number: int) -> None:
    """Whether what a step names is there."""
    if step.kind == "page" and step.name not in PAGES:
        raise _refused(number, told("there is no page {name}", name=step.name[:40]))
    if step.kind == "demo":
        if step.step not in STEPS:
            raise _refused(number, told("a demo has no step {name}", name=step.step[:40]))
        try:
            found = demo(step.name)
            found.settings(read(found.module, "en"), step.settings)
        except ExplorerError as error:
            raise unplayable(number, error.problem, told("Mend the file, or open another.")) from error


def unplayable(number: int, why: str, advice: str) -> InputError:
    """The error of a step, by its number from 1; `why` is a sentence."""
    return InputError(told("Step {number} of this lecture cannot be played. {why}", number=number, why=why), advice)


def _text(value: object, number: int, name: str, most: int = LONGEST) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise _refused(number, told("{name} is no text of at most {most} characters", name=str(name)[:40], most=most))
    return value


def _asks_for_more(node: object, deep: int = 0) -> bool:
    """Whether a specification names something outside of itself. Pictures that stand there as text ("data:") are its own, and so are columns.
    A number that no browser reads, and more levels than a picture has, are none of this app either."""
    if deep > _DEEPEST or (isinstance(node, float) and not math.isfinite(node)):
        return True
    if isinstance(node, Mapping):
        return any(name == "href" or (name == "url" and not _is_inside(value)) or _asks_for_more(value, deep + 1) for name, value in node.items())
    return isinstance(node, list | tuple) and any(_asks_for_more(one, deep + 1) for one in node)


def _is_inside(value: object) -> bool:
    return set(value) <= {"field", "type"} if isinstance(value, Mapping) else str(value).startswith("data:image/")


def _refused(number: int, why: str) -> InputError:
    if number == 0:
        return InputError(told("This lecture cannot be opened: {why}.", why=why), told("Mend the file, or open another."))
    return InputError(
        told("Step {number} of this lecture cannot be played: {why}.", number=number, why=why), told("Mend the file, or open another.")
    )
