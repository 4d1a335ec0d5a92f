"""Commands of a lecturer's own lecture: `lectures export`, `lectures plan`, `lectures sheet`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from explorer.cli.shared import bar
from explorer.i18n import _, language
from explorer.lectures import CHAPTERS
from explorer.lectures.demo import Models
from explorer.lectures.registry import chapter_title
from explorer.talk import Talk, of_chapter, opened, saved
from explorer.talk.export import exported
from explorer.talk.frames import MOST_FRAMES
from explorer.talk.sheet import sheet
from models import InputError
from models.atomic import put_text
from models.words import told


def add(inner: argparse._SubParsersAction, opener: Callable[[], Models]) -> None:
    """Adds the commands to `python -m explorer lectures`; `opener` makes what opens models."""
    one = inner.add_parser("plan", help=_("write a chapter of the course as a lecture, to be changed and exported"))
    one.add_argument("chapter", type=int, metavar="CHAPTER", choices=list(CHAPTERS), help=_("its number"))
    one.add_argument("--out", type=Path, required=True, metavar="LECTURE.json", help=_("file to write"))
    one.set_defaults(run=_plan)

    one = inner.add_parser("export", help=_("write a lecture as one HTML file that plays without Python and without a network"))
    one.add_argument("lecture", metavar="LECTURE.json", help=_("a lecture that was saved, or the number of a chapter"))
    one.add_argument("--out", type=Path, required=True, metavar="TALK.html", help=_("file to write"))
    one.add_argument(
        "--frames",
        type=int,
        default=MOST_FRAMES,
        metavar="N",
        help=_("combinations of controls that can be moved in each demo, at least those of the one that matters; default: {n}").format(
            n=MOST_FRAMES
        ),
    )
    one.set_defaults(run=lambda given: _export(given, opener()))

    one = inner.add_parser("sheet", help=_("write the exercises of a chapter as a page to print"))
    one.add_argument("chapter", type=int, metavar="CHAPTER", choices=list(CHAPTERS), help=_("its number"))
    one.add_argument("--answers", action="store_true", help=_("with the answers and the way to them"))
    one.add_argument("--out", type=Path, required=True, metavar="SHEET.html", help=_("file to write"))
    one.set_defaults(run=_sheet)


def _plan(given: argparse.Namespace) -> int:
    _write(given.out, saved(_chapter(given.chapter)))
    return 0


def _export(given: argparse.Namespace, models: Models) -> int:
    if not given.out.parent.is_dir():
        # Said before minutes are spent on what cannot be kept.
        raise InputError(told("There is no folder {folder}.", folder=given.out.parent), told("Make it first, or name another."))
    talk = _chapter(int(given.lecture)) if given.lecture in map(str, CHAPTERS) else _read(Path(given.lecture))
    with bar(talk.title or "lecture") as tell:
        text = exported(talk, models, tell, given.frames)
    _write(given.out, text)
    return 0


def _sheet(given: argparse.Namespace) -> int:
    _write(given.out, sheet(given.chapter, given.answers))
    return 0


def _chapter(number: int) -> Talk:
    return of_chapter(number, chapter_title(number))


def _read(file: Path) -> Talk:
    try:
        return opened(file.read_bytes())
    except OSError as error:
        raise InputError(told("{file} cannot be read: {why}.", file=file, why=error.strerror), told("Name a lecture that was saved.")) from error


def _write(file: Path, text: str) -> None:
    put_text(file, text)
    print(f"{file} ({language()}): {file.stat().st_size / 1e6:,.2f} MB")
