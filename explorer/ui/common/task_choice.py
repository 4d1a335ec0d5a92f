"""Which task, on which examples: what the pages about pruning share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import streamlit as st

from explorer import export
from explorer.ablation.replacements import METHODS
from explorer.ablation.results import TaskResults
from explorer.bounded import BoundedCache
from explorer.i18n import N_, _, language
from explorer.jobs import Report
from explorer.tasks import choose, data
from explorer.tasks.data import Examples
from explorer.ui.common import address, jobs, uploads
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.open_models import OPEN
from models import InputError, Model, ModelError

KINDS = {"classify": N_("Classes"), "masked": N_("Masked words"), "next": N_("Next words"), "exact": N_("Its own task")}
SOURCES = {"own": N_("Our own"), "file": N_("A file"), "hub": N_("From the hub")}
REMOVALS = {"zero": N_("zero"), "mean": N_("its mean"), "resample": N_("another example's"), "uniform": N_("uniform attention")}
COLUMNS = {"text": N_("text"), "label": N_("label"), "pair": N_("second text")}
"""What a column of examples was taken for."""
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
    """

    model: Model
    kind: str
    examples: Examples
    results: TaskResults
    method: str
    key: tuple


def choose_task(model: Model, *, removing: bool = True) -> TaskChoice | None:
    """The row of choices; None where there is nothing to score yet, and the reason is on the page.

    Args:
        model: whose task.
        removing: whether heads are removed, so that it matters what takes their place.
    """
    kinds = _POSSIBLE.get_or_compute((model.number,), lambda: choose.possible(model))
    if not kinds:
        st.warning(
            _("{name} has no head that predicts anything: no classes, no masked words, no next words.").format(name=escaped(model.name)),
            icon=":material/info:",
        )
        return None
    kind = address.choice(st.segmented_control, _("Task"), {kind: KINDS[kind] for kind in kinds}, "task")
    source = address.choice(st.selectbox, _("Examples"), SOURCES, "source", width=140)
    limit = address.number_input(_("At most"), 2, 100_000, LIMIT, step=100, key="limit", width=130, persist_state="session")
    method = METHODS[0]
    if removing:
        method = address.choice(st.selectbox, _("Removed output becomes"), REMOVALS, "method", width=190)
    try:
        examples = _examples(model, kind, source, limit)
        if examples is None:
            return None
        examples = replace(examples, examples=examples.examples[:limit])
        digest = hashlib.sha256(repr((examples.examples, examples.labels)).encode()).hexdigest()
        # A task has notes for the viewer.
        key = (model.number, kind, digest, language())

        def work(report: Report) -> TaskResults:
            return _RESULTS.get_or_compute(key, lambda: TaskResults(choose.make(kind, model, examples)))

        results = _RESULTS.get(key) or jobs.computed(("task", *key), _("Reading the examples"), work, replaces="task", moment=1.0)
    except (InputError, ModelError) as error:
        st.error(explained(error), icon=":material/error:")
        return None
    return None if results is None else TaskChoice(model, kind, examples, results, method, key)


def _examples(model: Model, kind: str, source: str, limit: int) -> Examples | None:
    if source == "own":
        return choose.built_in(kind, model)
    if source == "hub":
        name = st.text_input(_("Data set"), "stanfordnlp/sst2", key="data_set", bind="query-params", width=220).strip()

        def fetch(report: Report) -> Examples:
            return data.hub(name, limit=limit, **choose.label_search(kind))

        return jobs.computed(("hub", name, limit, kind, language()), _("Fetching {name}").format(name=name), fetch, replaces="hub")
    given = uploads.uploaded(
        _("CSV, TSV, JSONL or text"), ["csv", "tsv", "jsonl", "json", "txt"], "file", _("The commonest header: label, sentence.")
    )
    if given is None:
        return None
    return uploads.parsed(given, kind, lambda content, name: data.read(content, name, **choose.label_search(kind)))


def setup_lines(choice: TaskChoice) -> list[str]:
    """Lines of Python that open the model and make the task; `models` and `choose` are imported above them."""
    return [
        export.load_line(choice.model.name),
        f"task = choose.make({choice.kind!r}, model, choose.built_in({choice.kind!r}, model))  # or choose.named('file.csv', {choice.kind!r})",
    ]


def describe(choice: TaskChoice) -> None:
    """What the examples are, and what a viewer should know about them."""
    columns = ", ".join(f"{_(COLUMNS[what])}: {name}" for what, name in dict(choice.examples.columns).items())
    parts = [
        choice.examples.name,
        _("{n} examples").format(n=len(choice.results.task)),
        columns,
        *choice.examples.notes,
        *choice.results.task.notes,
    ]
    st.caption(escaped(" · ".join(filter(None, parts))))
