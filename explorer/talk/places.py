"""A step from an address of the app, and the address of a step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from explorer.claims.registry import claim
from explorer.lectures.demo import STEPS
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from explorer.talk.talk import MINUTES, Step
from models import InputError
from models.words import told

START = "attention"
"""The page that an address without a page opens."""
PLAYER = "talk"
"""The page that plays words, and on which a lecture is made."""
COURSE, CLAIMS = "course", "claims"
PAGES = tuple(sorted(file.stem for file in (Path(__file__).parents[2] / "pages").glob("*.py") if file.stem != PLAYER))
"""Pages that a step can open, by the names of their files, which are their addresses."""
OWN = ("lang", "theme", "stage", "notes", "key", "join", PLAYER)
"""Names in an address that belong to the viewer, and not to what is shown."""


def step_of(address: str) -> Step:
    """The step that an address of the app shows, whether it was copied whole or from its path on.

    Raises:
        InputError: it is none of this app's, or names a demo, a claim or a setting that there is not.
    """
    parts = urlsplit(address.strip())
    page = parts.path.strip("/").split("/")[-1] or START
    if page not in PAGES:
        raise InputError(told("This is no address of a page."), told("Open the page, and copy what stands in the browser's address bar."))
    return step_at(page, dict(parse_qsl(parts.query)))


def step_at(page: str, shown: Mapping[str, str]) -> Step:
    """The same for the name of a page, and what stands in its address."""
    said = {name: value for name, value in shown.items() if name not in OWN and value}
    if page == COURSE and "demo" in said:
        return _step_of_demo(said)
    if page == CLAIMS and "claim" in said:
        claim(said["claim"])
    return Step("page", page, settings=said)


def _step_of_demo(said: Mapping[str, str]) -> Step:
    found = demo(said["demo"])
    step = said.get("step", STEPS[0])
    if step not in STEPS:
        raise InputError(told("a demo has no step {name}", name=step[:40]), told("It is one of {choices}.", choices=", ".join(STEPS)))
    words = read(found.module, "en")
    named = {control.name for control in found.controls}
    # On the page two demos may have controls of one name: each has the demo's before its own.
    before = f"{found.id.lower()}_"
    chosen = {name.removeprefix(before): value for name, value in said.items() if name.startswith(before) and name.removeprefix(before) in named}
    found.settings(words, chosen)
    return Step("demo", found.id, step, chosen, minutes=MINUTES[step])


def address_of(step: Step) -> tuple[str, dict[str, str]]:
    """The page that shows a step, and what stands in its address then; words are shown by the page on which a lecture is made."""
    if step.kind == "text":
        return PLAYER, {}
    if step.kind == "page":
        return step.name, dict(step.settings)
    controls = {f"{step.name.lower()}_{name}": value for name, value in step.settings.items()}
    return COURSE, {"demo": step.name, "step": step.step, **controls}
