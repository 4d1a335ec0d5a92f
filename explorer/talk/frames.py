"""What a step of the course shows at each value of its controls, computed beforehand: a file for a browser has nothing that computes.

A *film* is all frames of one demo. Frames share descriptions and tables through a `Store`, so that what is the same is kept once.
"""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from explorer.charts.common.on_page import on_page
from explorer.charts.common.picture import Picture, rows
from explorer.i18n import LANGUAGES, SOURCE, _, speaking
from explorer.lectures import prose
from explorer.lectures.demo import Control, Demo, Measure, Models, Result, Settings
from explorer.lectures.words import Words, filled, read, whole
from models.errors import ExplorerError

MOST_FRAMES = 32
"""Of one demo: so many combinations of its controls can be moved in the file."""


@dataclass
class Store:
    """Descriptions and tables, each kept once and named by its number."""

    kept: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def put(self, what: object) -> int:
        """The number of something that JSON can say."""
        text = json.dumps(what, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        if text not in self.numbers:
            self.numbers[text] = len(self.kept)
            self.kept.append(text)
        return self.numbers[text]

    def picture(self, picture: Picture) -> dict[str, object]:
        """A picture, by the numbers of its parts."""
        spec = on_page(picture.spec())
        return self.specification({**spec, "datasets": {name: _columns(table) for name, table in spec["datasets"].items()}})

    def specification(self, spec: Mapping[str, object]) -> dict[str, object]:
        """The same for a specification that has its tables inside: columns, or rows."""
        rest = {name: part for name, part in spec.items() if name not in ("datasets", "description")}
        tables = {name: self.put(table) for name, table in spec.get("datasets", {}).items()}
        return {"spec": self.put(rest), "tables": tables, "aloud": spec.get("description", "")}


def _columns(table: object) -> object:
    # Names of columns once and not in each row; what stands inside of a description is rows already.
    return table if isinstance(table, list) else {"columns": list(table.columns), "rows": rows(table, "values")}


def moved(demo: Demo, stands: Settings, most: int = MOST_FRAMES) -> list[Control]:
    """The controls that can be moved in a file: the one that matters, and what else there is room for.

    Args:
        stands: what the controls of the step stand at; a value that a control does not offer leaves it where it is.
        most: frames of the demo.
    """
    found, frames = [], 1
    for control in sorted(demo.controls, key=lambda control: not control.main):
        offers = len(control.values) > 1 and control.chips is None and stands[control.name] in control.values
        # Another model is another demo: only where it is what the demo is about.
        if not offers or (control.model and not control.main):
            continue
        if control.main or frames * len(control.values) <= most:
            found.append(control)
            frames *= len(control.values)
    return found


def film(
    demo: Demo, given: Mapping[str, str], models: Models, store: Store, report: Callable[[float], None], most: int = MOST_FRAMES
) -> dict[str, object]:
    """All frames of a demo, in all languages.

    Args:
        given: settings of the step, by the names of controls.
        models: opens models.
        store: that the frames' pictures are put into.
        report: told the share done.
        most: combinations of controls that can be moved.

    Raises:
        ExplorerError: the demo cannot be computed where its controls stand. A value at which it cannot be is left out.
    """
    words = {language: read(demo.module, language) for language in LANGUAGES}
    stands = {language: demo.settings(words[language], given) for language in LANGUAGES}
    controls = moved(demo, stands[SOURCE], most)
    at = tuple(control.values.index(stands[SOURCE][control.name]) for control in controls)
    places = list(itertools.product(*(range(len(control.values)) for control in controls)))
    computed = lru_cache(maxsize=2)(lambda settings: demo.compute(models, **dict(settings)))
    frames = {}
    for done, place in enumerate(places, start=1):
        changed = {control.name: control.values[i] for control, i in zip(controls, place, strict=True)}
        try:
            frames[".".join(map(str, place))] = {
                language: _frame(demo, computed(tuple({**stands[language], **changed}.items())), words[language], language, store)
                for language in LANGUAGES
            }
        except ExplorerError:
            if place == at:
                raise
        report(done / len(places))
    return {
        "id": demo.id,
        "chapter": demo.chapter,
        "source": {language: _in(language, demo.source) for language in LANGUAGES},
        "first": list(demo.first),
        "at": list(at),
        "controls": [_control(control, words) for control in controls],
        "fixed": {language: _fixed(demo, controls, stands[language], words[language]) for language in LANGUAGES},
        "words": {language: _words(words[language]) for language in LANGUAGES},
        "frames": frames,
    }


def _frame(demo: Demo, result: Result, words: Words, language: str, store: Store) -> dict[str, object]:
    with speaking(language):
        shown = [store.picture(picture) for picture in demo.pictures(result, words, False)]
        more = [store.picture(picture) for picture in demo.more(result, words, False)] if demo.more else []
    return {
        "right": demo.right_option(result),
        "notice": noticed(words.notice, result.measures, result.said),
        "measures": table(result.measures, words.label),
        "show": shown,
        "more": more,
    }


def _in(language: str, text: str) -> str:
    with speaking(language):
        return _(text) if text else ""


def noticed(text: str, measures: Sequence[Measure], said: Mapping[str, str]) -> str:
    """A text as HTML, with what was measured filled in as text."""
    shown = {measure.name: whole(measure.shown) for measure in measures} | {name: html.escape(words) for name, words in said.items()}
    return filled(prose.paragraphs(text), shown)


def table(measures: Sequence[Measure], title: Callable[[str], str]) -> list[list[object]]:
    """Rows of numbers: title, value, what it is held against, whether it holds; None where nothing is expected."""
    return [[title(m.name), m.shown, m.against, None if m.expected is None else bool(m.holds)] for m in measures]


def _words(words: Words) -> dict[str, object]:
    return {
        "title": words.title,
        "question": prose.paragraphs(words.question),
        "options": {letter: prose.line(text) for letter, text in words.options.items()},
        "show": prose.paragraphs(words.show),
        "follow": prose.paragraphs(words.follow),
        "notes": prose.paragraphs(words.notes),
        "published": [list(row) for row in words.published],
    }


def _control(control: Control, words: Mapping[str, Words]) -> dict[str, object]:
    return {
        "name": control.name,
        "slider": control.is_slider,
        "title": {language: said.label(control.name) for language, said in words.items()},
        "values": {language: [control.shown(value, said) for value in control.values] for language, said in words.items()},
    }


def _fixed(demo: Demo, controls: Sequence[Control], stands: Settings, words: Words) -> list[list[str]]:
    """Title and value of each control that cannot be moved."""
    return [[words.label(one.name), one.shown(stands[one.name], words)] for one in demo.controls if one not in controls]
