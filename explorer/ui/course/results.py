"""What a demo computes: a job, kept by its settings, so that a step forward and back computes nothing again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import streamlit as st

from explorer.i18n import _, language
from explorer.jobs import Report
from explorer.lectures import Demo, Result, shipped
from explorer.lectures.demo import Value
from explorer.lectures.words import read
from explorer.ui.common import jobs
from explorer.ui.common.open_models import OPEN
from models import Model, load
from models.opening import catalogue
from models.stopping import look

MOMENT_S = 1.2
"""Seconds that a step waits for its numbers before it shows how far they are."""


def opened(name: str) -> Model:
    """A model for a demo, shared with all pages and kept open by the same rules."""
    look()
    full = catalogue.resolve(name)
    key = ("course", full)
    if (model := OPEN.get(key)) is None:
        model = load(full, "cpu", "auto")
        OPEN.put(key, model)
    return model


def of(demo: Demo, settings: Mapping[str, Value]) -> Result | None:
    """The result at these settings; None while it is computed, and the page shows how far it is. Raises ExplorerError."""
    key, title, work = _asked(demo, settings)
    return jobs.computed(key, title, work, replaces="lecture", moment=MOMENT_S)


def ahead(demo: Demo, settings: Mapping[str, Value]) -> None:
    """Begins with the result while the class still thinks of the question: the next step then shows it at once."""
    key, title, work = _asked(demo, settings)
    jobs.ahead(key, title, work, replaces="lecture")


def _asked(demo: Demo, settings: Mapping[str, Value]) -> tuple[Hashable, str, Callable[[Report], Result]]:
    here = computed_here(demo)
    key = ("lecture", demo.id, tuple(sorted(settings.items())), None if here is None else id(here))
    title = f"{demo.id} {read(demo.module, language()).title}"

    def work(report: Report) -> Result:
        with shipped.instead(demo.module, here):
            return demo.compute(opened, **settings)

    return key, title, work


def compute_here(demo: Demo) -> None:
    """Computes the shipped data of a demo anew, as a job; `of` goes by them from then on."""
    found = jobs.computed(
        ("lecture data", demo.id),
        _("Computing {demo} here").format(demo=demo.id),
        lambda report: shipped.made(demo, report),
        replaces="lecture data",
    )
    if found is not None:
        _here()[demo.id] = found


def computed_here(demo: Demo) -> shipped.Shipped | None:
    """Data that this viewer computed here; None where the shipped ones are shown."""
    return _here().get(demo.id)


def _here() -> dict[str, shipped.Shipped]:
    return st.session_state.setdefault("_lectures_computed", {})
