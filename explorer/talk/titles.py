"""What a step is called, in the language that is spoken now."""

from __future__ import annotations

from explorer.i18n import N_, _, language
from explorer.lectures.registry import STEP_TITLES, demo
from explorer.lectures.words import read
from explorer.talk.talk import Step

PAGE_TITLES = {
    "attention": N_("Attention"),
    "heads": N_("Know every head"),
    "atlas": N_("Atlas"),
    "syntax": N_("Syntax"),
    "weights": N_("What the weights say"),
    "beyond": N_("Beyond the weights"),
    "compare": N_("Compare"),
    "generate": N_("Generate"),
    "prune": N_("Prune heads"),
    "importance": N_("Which heads matter"),
    "course": N_("Course"),
    "claims": N_("Claims on trial"),
    "talk": N_("Your lecture"),
    "training": N_("Training lab"),
    "softmax": N_("Softmax laboratory"),
    "positions": N_("Positions laboratory"),
}
"""How pages are called, in the navigation as well."""
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
    found = step.title or first or (_(PAGE_TITLES.get(step.name, step.name)) if step.kind == "page" else _("Words"))
    return found if len(found) <= _MOST else f"{found[: _MOST - 1]}…"
