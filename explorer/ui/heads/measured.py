"""What is known of all heads: their scores, and, once that was computed, what roles compare them with."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from explorer.capture import Capture
from explorer.i18n import _
from explorer.jobs import DONE, JOBS, Report
from explorer.scores import roles
from explorer.scores.definitions import ALL, REPEATED
from explorer.scores.measure import HeadScores, on_captures, on_texts
from explorer.ui.common import chosen_head, jobs
from explorer.ui.common.markdown import explained
from explorer.ui.common.parts import PARTS
from explorer.ui.common.sidebar import Chosen
from explorer.ui.heads import baselines
from explorer.ui.heads.source import Source
from models import Model
from models.errors import ExplorerError

_PLACE = "head scores"
_AT_ONCE = 1_000_000
"""Weights of a text up to which its scores are computed while the page is drawn; more take longer than a moment."""


@dataclass(frozen=True, eq=False)
class Scored:
    """All heads of one part on some texts, with all that the page draws them from.

    Attributes:
        identity: of the scores; no two have the same.
        title: of model, texts and part, for a viewer.
        number: of the model.
        capture: the text of the page, on which one head is shown.
        source: the texts that were scored.
        scores: those on repeated tokens are among them once they are known.
        recipe: lines of Python for these scores.
    """

    identity: tuple[Hashable, ...]
    title: str
    number: int
    capture: Capture
    source: Source
    scores: HeadScores
    recipe: str

    @property
    def part(self) -> str:
        """Encoder, decoder or cross."""
        return self.scores.part

    @property
    def sizes(self) -> list[int]:
        """Heads of each layer."""
        return (~np.isnan(self.scores.values["confidence"])).sum(1).tolist()

    @property
    def heads(self) -> list[tuple[int, int]]:
        """Layer and head of each."""
        return [(layer, head) for layer, n in enumerate(self.sizes) for head in range(n)]

    @property
    def chosen(self) -> tuple[int, int]:
        """The head that is looked at."""
        return chosen_head.among(self.sizes)

    @property
    def titles(self) -> dict[str, str]:
        """Titles, by name, of the scores that can be chosen: those that there are, and those on repeated tokens, which come later."""
        there = {name for name, values in self.scores.values.items() if not np.isnan(values).all()}
        if len(self.capture.parts) == 1:
            there |= {score.name for score in REPEATED}
        return {score.name: score.title for score in ALL if score.name in there}


def scored(chosen: Chosen, source: Source, part: str) -> jobs.Kept[Scored] | None:
    """The scores; those that were shown before while they are computed. None where there is nothing to show; the page says why."""
    model, captured = chosen.model, chosen.capture
    identity = (model.number, source.key, part)
    title = chosen.title if source.captured else f"{model.short_name}: {source.title} ({len(source.texts)})"
    title += f" ({_(PARTS[part])})" if len(captured.parts) > 1 else ""
    try:
        scores = _scores(model, captured, source, part, identity)
    except ExplorerError as error:
        st.warning(explained(error), icon=":material/edit:")
        return None
    found = None
    if scores is not None:
        if (of_model := baselines.known(model.number)) is not None:
            scores = scores.with_(dict(of_model.repeated))
        found = Scored(identity, title, model.number, captured, source, scores, recipe(chosen, source, part))
    return jobs.kept(_PLACE, identity, title, found)


def known(shown: Scored) -> roles.Known | None:
    """What roles follow from, where it was computed already."""
    job = JOBS.find(_key(shown))
    return job.result if job is not None and job.state == DONE else None


def compare(model: Model, shown: Scored) -> roles.Known | None:
    """The same, computed now: None while that goes on, and where the viewer stopped it; the page says so. Nothing else waits for it."""
    of_model = baselines.computed(model)
    if of_model is None:
        return None
    texts, part, scores = shown.source.texts, shown.part, shown.scores
    try:
        return jobs.computed(
            _key(shown),
            _("Comparing with random weights and shuffled tokens"),
            lambda report: roles.compared(model, scores, texts, part, of_model, report),
            replaces="head roles",
            moment=0,
        )
    except ExplorerError as error:
        st.warning(explained(error), icon=":material/edit:")
        return None


def recipe(chosen: Chosen, source: Source, part: str) -> str:
    """Lines of Python for the scores."""
    load, read = chosen.lines
    lines = [
        "import explorer, models" if source.captured else "import models",
        "from explorer.scores import families",
        "from explorer.scores import roles",
        "",
        load,
        *([read, "texts = [captured]"] if source.captured else ["texts = [..]  # your texts"]),
        f"known = roles.known(model, texts, {part!r})",
        "print(known.scores.table(), known.roles())",
        f"print(families.of_texts(model, texts, {part!r}).distance)",
    ]
    return "\n".join(lines)


def _scores(model: Model, captured: Capture, source: Source, part: str, identity: tuple) -> HeadScores | None:
    key = (_PLACE, *identity)
    if not source.captured:
        return jobs.computed(key, _("Scoring all heads"), lambda report: on_texts(model, source.texts, part, report), replaces=_PLACE)

    def on_capture(report: Report | None = None) -> HeadScores:
        return captured.derived.get_or_compute(key, lambda: on_captures([captured], part))

    if captured.n_weights(part) <= _AT_ONCE or key in captured.derived:
        # Scores of many texts that were asked for before are not wanted any more.
        jobs.set_aside(_PLACE)
        return on_capture()
    return jobs.computed(key, _("Scoring all heads"), on_capture, replaces=_PLACE)


def _key(shown: Scored) -> tuple:
    return ("head roles", *shown.identity)
