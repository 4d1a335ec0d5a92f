"""What a step is called, in the language that is spoken now."""

from __future__ import annotations

from explorer.i18n import _, language
from explorer.lectures.registry import STEP_TITLES, demo
from explorer.lectures.words import read
from explorer.talk.talk import Step

_MOST = 60


def title_of(step: Step) -> str:
    """One line: the question and its step, the name of a page, or the title of words."""
    if step.kind == "demo":
        return f"{short(step)} · {read(demo(step.name).module, language()).title}"
    return short(step)


def short(step: Step) -> str:
    """A few letters, for a chip."""
    if step.kind == "demo":
        return f"{step.name} {_(STEP_TITLES[step.step])}"
    if step.kind == "page" and step.settings.get("claim"):
        return step.settings["claim"].upper()
    first = next((line.strip("# ") for line in step.text.splitlines() if line.strip("# ")), "")
    found = step.title or first or (step.name if step.kind == "page" else _("Words"))
    return found if len(found) <= _MOST else f"{found[: _MOST - 1]}…"
