"""Which task, on which examples: what the pages about pruning share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from explorer import export
from explorer.ablation.replacements import METHODS
from explorer.ablation.results import TaskResults
from explorer.bounded import BoundedCache
from explorer.i18n import N_, _, language
from explorer.jobs import Report
from explorer.tasks import choose, data
from explorer.tasks.classify import labels_of
from explorer.tasks.data import Asked, Examples
from explorer.ui.common import address, file_choice, jobs
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.open_models import OPEN
from models import InputError, Model, ModelError

KINDS = {
    "classify": N_("One label"),
    "multilabel": N_("Several labels"),
    "tokens": N_("Labels of words"),
    "regression": N_("A number"),
    "masked": N_("Masked words"),
    "next": N_("Next words"),
    "exact": N_("Its own task"),
}
SOURCES = {"own": N_("Our own"), "file": N_("A file"), "hub": N_("From the hub")}
REMOVALS = {"zero": N_("zero"), "mean": N_("its mean"), "resample": N_("another example's"), "uniform": N_("uniform attention")}
LIMIT = 284
"""Examples at first; all of the project's own sentences."""
_MOST = 12
"""Tasks whose results are kept, of all viewers together."""
_RESULTS: BoundedCache[TaskResults] = BoundedCache(_MOST, lambda results: 1)
_POSSIBLE: BoundedCache[list[str]] = BoundedCache(64, lambda kinds: 1)
OPEN.forget_with_model(_RESULTS, _POSSIBLE)


@dataclass(frozen=True)
class TaskChoice:
    """A task that can be scored, and how heads are removed.

    Attributes:
        model: whose task.
        kind: of task.
        examples: as they were read.
        results: what is known of the task already, shared by all viewers.
        method: what takes the place of a removed output.
        key: of whatever is computed from model, kind and examples.
        name: of the file or data set; None for our own.
        asked: what the viewer said about it.
    """

    model: Model
    kind: str
    examples: Examples
    results: TaskResults
    method: str
    key: tuple
    name: str | None
    asked: Asked


def choose_task(model: Model, *, removing: bool = True) -> TaskChoice | None:
    """The rows of choices; None where there is nothing to score yet, and the reason is on the page.

    Args:
        model: whose task.
        removing: whether heads are removed, so that it matters what takes their place.
    """
    kinds = _POSSIBLE.get_or_compute((model.number,), lambda: choose.possible(model))
    if not kinds:
        st.warning(
            _(
                "{name} has no head whose answers can be scored here: no classes or labels, no number, no masked or next words. Spans of an "
                "answer (question answering) are not scored. Choose a classifier or a language model for this page; the pages under Look show "
                "this model, too."
            ).format(name=escaped(model.name)),
            icon=":material/info:",
        )
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", key="task_controls"):
        kind = address.choice(st.segmented_control, _("Task"), {kind: KINDS[kind] for kind in kinds}, "task")
        sources = SOURCES if kind in choose.OWN else {source: title for source, title in SOURCES.items() if source != "own"}
        source = address.choice(st.selectbox, _("Examples"), sources, "source", width=140)
        limit = address.number_input(_("At most"), 2, 100_000, LIMIT, step=100, key="limit", width=130, persist_state="session")
        method = METHODS[0]
        if removing:
            method = address.choice(st.selectbox, _("Removed output becomes"), REMOVALS, "method", width=190)
    # A row of its own: what is given and how it was read has room there, whatever stands above.
    with st.container(horizontal=True, vertical_alignment="center", key="task_examples"):
        return _chosen(model, kind, source, limit, method)


def _chosen(model: Model, kind: str, source: str, limit: int, method: str) -> TaskChoice | None:
    """The examples as they were read; None while that lasts, and where they cannot be."""
    known, examples = "", None
    try:
        known, name, examples = _examples(model, kind, source, limit)
        if examples is None:
            return None
        examples = examples.first(limit)
        # A task has notes for the viewer.
        key = (model.number, kind, _digest(examples), language())

        def work(report: Report) -> TaskResults:
            return _RESULTS.get_or_compute(key, lambda: TaskResults(choose.make(kind, model, examples)))

        results = _RESULTS.get(key) or jobs.computed(("task", *key), _("Reading the examples"), work, replaces="task", moment=1.0)
    except (InputError, ModelError) as error:
        if known and examples is not None and examples.labels:
            file_choice.classes_of(known, kind, examples, labels_of(model), None)
        st.error(explained(error), icon=":material/error:")
        return None
    if results is None:
        return None
    if known and examples.labels:
        file_choice.classes_of(known, kind, examples, results.task.labels, results.task.match)
    _opened()[key[:3]] = examples.name
    return TaskChoice(model, kind, examples, results, method, key, name, file_choice.said(known))


def known(model: Model) -> list[tuple[str, TaskResults]]:
    """What has been scored with a model: name of the examples, and results. Of other viewers' tasks those on the project's own examples alone."""
    found = {}
    for key in _RESULTS:
        number, kind, digest, _language = key
        if number != model.number:
            continue
        name = _opened().get(key[:3])
        if name is None and kind in choose.OWN:
            own = choose.built_in(kind, model).first(LIMIT)
            name = own.name if _digest(own) == digest else None
        if name is not None and (results := _RESULTS.get(key)) is not None:
            # The same task in two languages has the same numbers, once both are known.
            found.setdefault(key[:3], []).append((f"{_(KINDS[kind])}, {name}", results))
    return [one for ones in found.values() for one in ones]


def _opened() -> dict[tuple, str]:
    """Names of the examples of the tasks that this viewer has chosen."""
    return st.session_state.setdefault("_opened_tasks", {})


def _digest(examples: Examples) -> str:
    return hashlib.sha256(repr((examples.examples, examples.labels, examples.classes, examples.unsaid)).encode()).hexdigest()


def _examples(model: Model, kind: str, source: str, limit: int) -> tuple[str, str | None, Examples | None]:
    """By what the viewer's words about the examples are kept ("" for our own), their name for `choose.named`, and the examples."""
    if source == "own":
        return "", None, choose.built_in(kind, model)
    if source == "hub":
        name = st.text_input(_("Data set"), "stanfordnlp/sst2", key="data_set", bind="query-params", width=220).strip()
        asked = file_choice.said(name)

        def fetch(report: Report) -> Examples:
            return data.hub(name, limit=limit, progress=report, **choose.told(kind, asked))

        found = jobs.computed(("hub", name, limit, kind, asked, language()), _("Fetching {name}").format(name=name), fetch, replaces="hub")
        if found is not None:
            file_choice.columns_of(name, kind, found)
        return name, choose.HUB + name, found
    given = file_choice.upload("file", kind)
    if given is None:
        return "", None, None
    return given.digest, given.name, file_choice.examples_of(given, kind)


def setup_lines(choice: TaskChoice) -> list[str]:
    """Lines of Python that open the model and make the task; `models` and `choose` are imported above them."""
    if choice.name is None:
        examples = f"choose.built_in({choice.kind!r}, model)"
    else:
        examples = f"choose.named({choice.name!r}, {choice.kind!r}, model{file_choice.as_code(choice.asked)})"
    part = f".first({len(choice.examples)})"
    return [export.load_line(choice.model), f"task = choose.make({choice.kind!r}, model, {examples}{part})"]


def describe(choice: TaskChoice) -> None:
    """What the examples are, and what a viewer should know about them."""
    parts = [
        choice.examples.name,
        _("{n} examples").format(n=len(choice.results.task)),
        file_choice.taken(choice.examples),
        *choice.examples.notes,
        *choice.results.task.notes,
    ]
    st.caption(escaped(" · ".join(filter(None, parts))))
