"""The commands of the course: list, run, compute, pictures; and what `talks` adds to them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from explorer.cli import talks
from explorer.cli.shared import bar, for_json, write_json
from explorer.i18n import LANGUAGES, _, language
from explorer.lectures import CHAPTERS, Demo, demo, demos, shipped, thumbnails
from explorer.lectures.demo import STEPS, Measure, Models, Result, Value
from explorer.lectures.words import read
from models import InputError, load
from models.words import told


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the commands to the parser of `python -m explorer`."""
    lectures = commands.add_parser("lectures", help=_("the demos of the course: list them, run them, compute what they ship"))
    inner = lectures.add_subparsers(title=_("commands"), required=True, metavar="COMMAND")

    one = inner.add_parser("list", help=_("list the demos"))
    one.add_argument("--json", type=Path, metavar="OUT", help=_("file to write"))
    one.set_defaults(run=_list)

    one = inner.add_parser("run", help=_("run a demo, or all, and say whether its measures hold"))
    one.add_argument("demo", metavar="Q", help=_("a question, such as Q3, or all"))
    one.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=_("a control of the demo; the others are as at first"))
    one.add_argument("--json", type=Path, metavar="OUT", help=_("file to write"))
    one.set_defaults(run=_run)

    one = inner.add_parser("compute", help=_("compute the data that demos ship; what is there stays unless it is named"))
    one.add_argument("demos", nargs="*", metavar="Q", help=_("questions; all that are missing where there are none"))
    one.set_defaults(run=_compute)

    one = inner.add_parser("pictures", help=_("draw the small pictures of the contents"))
    one.add_argument("demos", nargs="*", metavar="Q", help=_("questions; all where there are none"))
    one.set_defaults(run=_pictures)

    talks.add(inner, _opener)


def _opener() -> Models:
    return cache(lambda name: load(name, "cpu"))


def _list(given: argparse.Namespace) -> int:
    if given.json:
        models = _opener()
        made = []
        with bar("lectures") as tell:
            for one in demos():
                made.append(_about(one, models))
                tell(len(made) / len(demos()))
        write_json(given.json, made, ensure_ascii=False)
    for one in demos():
        print(f"{one.id:<5} {one.chapter}  {read(one.module, language()).title}")
    return 0


def _about(one: Demo, models: Models) -> dict[str, object]:
    said = {which: read(one.module, which) for which in LANGUAGES}
    defaults = one.defaults(said["en"])
    # What is measured is known when it has been: a demo measures what its controls ask for.
    measures = one.compute(models, **defaults).measures
    return {
        "id": one.id,
        "chapter": {"number": one.chapter, "title": CHAPTERS[one.chapter]},
        "title": {which: of.title for which, of in said.items()},
        "steps": list(STEPS),
        "controls": {control.name: {"values": list(control.values), "default": defaults[control.name]} for control in one.controls},
        "door": {"page": one.door.page, "settings": dict(one.door.settings), "carried": dict(one.door.carried)},
        "measures": {measure.name: {which: of.label(measure.name) for which, of in said.items()} for measure in measures},
        "ships_data": one.make is not None,
    }


def _run(given: argparse.Namespace) -> int:
    if given.demo.lower() == "all" and given.set:
        raise InputError(told("--set is for one demo."), told("Name it, such as Q3."))
    wanted = demos() if given.demo.lower() == "all" else [demo(given.demo)]
    pairs = [word.partition("=") for word in given.set]
    if bad := [name for name, equals, _value in pairs if not equals]:
        raise InputError(told("{word} is no setting.", word=bad[0]), told("Write NAME=VALUE."))
    models, made = _opener(), []
    for one in wanted:
        settings = one.settings(read(one.module, language()), {name: value for name, _equals, value in pairs})
        result = one.compute(models, **settings)
        made.append(_measured(one, settings, result))
        _print(one, result)
    if given.json:
        write_json(given.json, made if given.demo.lower() == "all" else made[0], ensure_ascii=False)
    return int(any(not measure["holds"] for one in made for measure in one["measures"]))


def _measured(one: Demo, settings: dict[str, Value], result: Result) -> dict[str, object]:
    return {"id": one.id, "settings": settings, "right": one.right_option(result), "measures": measured(result.measures)}


def measured(measures: Iterable[Measure]) -> list[dict[str, object]]:
    """Numbers and what they must be, for JSON."""
    return [
        {
            "name": measure.name,
            "value": for_json(measure.value),
            "relation": measure.relation,
            "expected": None if measure.expected is None else for_json(measure.expected),
            "tolerance": measure.tolerance,
            "holds": bool(measure.holds),
        }
        for measure in measures
    ]


def _print(one: Demo, result: Result) -> None:
    words = read(one.module, language())
    print(f"{one.id} {words.title}")
    print_measures(result.measures, words.label)


def print_measures(measures: Iterable[Measure], title: Callable[[str], str]) -> None:
    """A line for each number: whether it holds, its title, its value, and what it is held against."""
    for measure in measures:
        against = "" if measure.expected is None else f"  {measure.relation} {measure.expected:g}"
        print(f"  {'ok ' if measure.holds else 'NOT'}  {title(measure.name)}: {measure.shown}{against}")


def _compute(given: argparse.Namespace) -> int:
    wanted = [demo(id_) for id_ in given.demos] or [one for one in demos() if not (shipped.FOLDER / f"{one.module}.json").is_file()]
    for one in wanted:
        if one.make is None:
            continue
        with bar(one.id) as tell:
            file = shipped.write(one, tell)
        print(f"{file}: {file.stat().st_size / 1000:,.0f} kB")
    return 0


def _pictures(given: argparse.Namespace) -> int:
    models = _opener()
    for one in [demo(id_) for id_ in given.demos] or demos():
        print(thumbnails.write(one, models))
    return 0
