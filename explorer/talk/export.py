"""A lecture as one HTML file: pictures whose controls move, both languages, keys, notes. It plays from a memory stick, without Python and
without a network: the file carries the browser's part of Vega, and a Content-Security-Policy keeps it from asking anybody for anything."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from explorer.i18n import LANGUAGES, N_, _, language, speaking
from explorer.lectures import prose
from explorer.lectures.demo import Models
from explorer.lectures.registry import CHAPTERS, STEP_TITLES, demo
from explorer.talk.file import unplayable
from explorer.talk.frames import MOST_FRAMES, Store, film
from explorer.talk.places import address_of
from explorer.talk.talk import Step, Talk
from explorer.talk.verdicts import judged
from models import InputError
from models.errors import ExplorerError
from models.words import told

_HERE = Path(__file__).parent
_SAYS = {
    "chapter": N_("Chapter"),
    "back": N_("Back"),
    "next": N_("Next"),
    "reset": N_("Reset"),
    "notes": N_("Notes"),
    "language": N_("Language"),
    "legend": N_("★ the usual first answer  ✓ what was measured"),
    "hands": N_("How many hands? Click an option, or press its letter."),
    "missing": N_("This cannot be computed here: {values}."),
    "fixed": N_("as computed"),
    "nothing": N_("There are no notes for this step."),
    "page": N_("Taken from the page {page} on {when}."),
    "no_picture": N_("What stands on this page is played by the app alone: {address}"),
    "black": N_("Black screen"),
    "keys": N_("Keys"),
    "contents": N_("Contents"),
    "test": N_("Put it to the test"),
    "computed": N_("✓ what was computed"),
}
"""Words of the player; each is in the file in every language."""
KEYS = (
    ("→ · ← · Page Down · Page Up", N_("the next step; the step before")),
    ("a · b · c · d", N_("one more hand for this option")),
    ("r", N_("controls as at first")),
    ("n", N_("the speaker's notes, in a second window")),
    ("l", N_("the other language")),
    ("f", N_("full screen")),
    (".", N_("black screen")),
    ("0", N_("contents")),
    ("?", N_("these keys")),
)


def exported(talk: Talk, models: Models, report: Callable[[float], None] = lambda _share: None, most: int = MOST_FRAMES) -> str:
    """The text of the file, in whose language it begins.

    Args:
        models: opens models.
        report: told the share done.
        most: combinations of its controls that can be moved in each demo; each is computed beforehand.

    Raises:
        InputError: there is no step, or one of them cannot be computed; the error names it.
    """
    if not talk.steps:
        raise InputError(told("This lecture has no step."), told("Add one first."))
    store, films, steps = Store(), {}, []
    kinds = list(dict.fromkeys(_film_of(step) for step in talk.steps if step.kind == "demo"))
    for number, step in enumerate(talk.steps, start=1):
        named = {"kind": step.kind, "notes": prose.paragraphs(step.notes), "minutes": step.minutes}
        if step.kind == "demo":
            wanted = _film_of(step)
            at = kinds.index(wanted)
            if wanted not in films:
                try:
                    films[wanted] = film(
                        demo(step.name),
                        step.settings,
                        models,
                        store,
                        lambda share, at=at: report((at + share) / len(kinds)),
                        most,
                    )
                except ExplorerError as error:
                    raise unplayable(number, error.problem, error.advice) from error
            steps.append({**named, "film": at, "step": step.step})
        elif step.kind == "page":
            steps.append({**named, **_page(step, number, store, models)})
        else:
            steps.append({**named, "title": step.title, "text": prose.paragraphs(step.text)})
    data = {
        "title": talk.title,
        "language": language(),
        "languages": list(LANGUAGES),
        "says": {which: _said(which) for which in LANGUAGES},
        "steps": steps,
        "films": [films[kind] for kind in kinds],
    }
    report(1.0)
    return _rendered(talk, data, store)


def _film_of(step: Step) -> tuple:
    return step.name, tuple(sorted(step.settings.items()))


def _page(step: Step, number: int, store: Store, models: Models) -> dict[str, object]:
    page, settings = address_of(step)
    if page == "claims" and "claim" in settings:
        try:
            return {"title": settings["claim"].upper(), "claim": judged(settings["claim"], models), "shown": settings.get("shown") == "1"}
        except ExplorerError as error:
            raise unplayable(number, error.problem, error.advice) from error
    return {
        "title": step.title or page,
        "page": page,
        "settings": [f"{name}: {value}" for name, value in settings.items()],
        "taken": step.taken,
        "dark": step.dark,
        "pictures": [store.specification(spec) for spec in step.pictures],
    }


def _said(which: str) -> dict[str, object]:
    with speaking(which):
        words = {name: _(message) for name, message in _SAYS.items()}
        return {
            **words,
            "steps": {step: _(title) for step, title in STEP_TITLES.items()},
            "chapters": {number: _(title) for number, title in CHAPTERS.items()},
            "all_keys": [[key, _(what)] for key, what in KEYS],
        }


def _rendered(talk: Talk, data: dict[str, object], store: Store) -> str:
    template = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined).get_template("template.html")
    # "<" inside of a script could end it.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    kept = ("[" + ",".join(store.kept) + "]").replace("<", "\\u003c")
    return template.render(
        language=language(),
        title=talk.title or _("Lecture"),
        made=datetime.date.today().isoformat(),
        css=(_HERE / "talk.css").read_text(encoding="utf-8"),
        js=(_HERE / "talk.js").read_text(encoding="utf-8"),
        vega=vl_convert.javascript_bundle(),
        data=text,
        store=kept,
    )
