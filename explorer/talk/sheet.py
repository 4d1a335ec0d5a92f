"""The exercises of a chapter as a page to print, with and without answers."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from explorer.i18n import _, language
from explorer.lectures import prose
from explorer.lectures.exercises import EXERCISES, texts
from explorer.lectures.registry import chapter_title


def sheet(chapter: int, answers: bool) -> str:
    """HTML, in the language that is spoken now.

    Args:
        chapter: its number.
        answers: whether the answers, as computed, and the way to them stand there; else there is room to write.
    """
    exercises = []
    for text, asked in zip(texts(chapter, language()), EXERCISES[chapter], strict=True):
        rows = [(text.labels[answer.name], f"{answer.compute():,.10g}" if answers else "", _allowed(answer.tolerance)) for answer in asked]
        exercises.append({"question": prose.paragraphs(text.question), "rows": rows, "way": prose.paragraphs(text.way) if answers else ""})
    template = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined).get_template("sheet.html")
    return template.render(
        language=language(),
        title=chapter_title(chapter),
        heading=_("Answers") if answers else _("Exercises"),
        name=_("Name"),
        way=_("The way"),
        answers=answers,
        exercises=exercises,
    )


def _allowed(tolerance: float) -> str:
    return _("{share} allowed").format(share=f"± {tolerance:.1%}") if tolerance else _("exact")
