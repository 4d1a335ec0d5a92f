"""Which task, on which examples: what the pages about pruning share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import streamlit as st

from explorer import export
from explorer.ablation.replacements import METHODS
from explorer.ablation.results import TaskResults
from explorer.i18n import _
from explorer.tasks import choose, data
from explorer.tasks.data import Examples
from explorer.ui.common.session import escaped, explained
from models import InputError, Model, ModelError

KINDS = {"classify": _("Classes"), "masked": _("Masked words"), "next": _("Next words"), "exact": _("Its own task")}
SOURCES = {"own": _("Our own"), "file": _("A file"), "hub": _("From the hub")}
REMOVALS = {"zero": _("zero"), "mean": _("its mean"), "resample": _("another example's"), "uniform": _("uniform attention")}
LIMIT = 284
"""Examples at first; all of the project's own sentences."""


@dataclass(frozen=True)
class TaskChoice:
    """A task that can be scored, and how heads are removed."""

    model: Model
    kind: str
    examples: Examples
    results: TaskResults
    method: str


@st.cache_resource(max_entries=8, show_spinner=False)
def _possible(number: int, _model: Model) -> list[str]:
    return choose.possible(_model)


@st.cache_resource(max_entries=12, show_spinner=False)
def _results_of(number: int, kind: str, digest: str, _model: Model, _examples: Examples) -> TaskResults:
    return TaskResults(choose.make(kind, _model, _examples))


@st.cache_data(max_entries=8, show_spinner=False)
def _from_hub(name: str, limit: int, kind: str) -> Examples:
    return data.hub(name, limit=limit, **choose.label_search(kind))


def choose_task(model: Model, *, removing: bool = True) -> TaskChoice | None:
    """The row of choices; None where there is nothing to score, and the reason is on the page.

    Args:
        model: whose task.
        removing: whether heads are removed, so that it matters what takes their place.
    """
    kinds = _possible(model.number, model)
    if not kinds:
        st.warning(
            _("{name} has no head that predicts anything: no classes, no masked words, no next words.").format(name=escaped(model.name)),
            icon=":material/info:",
        )
        return None
    kind = st.segmented_control(_("Task"), kinds, default=kinds[0], format_func=KINDS.get, key="task", bind="query-params", required=True)
    kind = kind if kind in kinds else kinds[0]
    source = st.selectbox(_("Examples"), SOURCES, format_func=SOURCES.get, key="source", width=140, persist_state="session")
    limit = st.number_input(_("At most"), 2, 100_000, LIMIT, step=100, key="limit", bind="query-params", width=130, persist_state="session")
    method = METHODS[0]
    if removing:
        method = st.selectbox(
            _("Removed output becomes"), METHODS, format_func=REMOVALS.get, key="method", bind="query-params", width=190, persist_state="session"
        )
    try:
        examples = _examples(model, kind, source, limit)
        if examples is None:
            return None
        examples = replace(examples, examples=examples.examples[:limit])
        digest = hashlib.sha256(repr((examples.examples, examples.labels)).encode()).hexdigest()
        results = _results_of(model.number, kind, digest, model, examples)
    except (InputError, ModelError) as error:
        st.error(explained(error), icon=":material/error:")
        return None
    return TaskChoice(model, kind, examples, results, method)


def _examples(model: Model, kind: str, source: str, limit: int) -> Examples | None:
    if source == "own":
        return choose.built_in(kind, model)
    if source == "hub":
        name = st.text_input(_("Data set"), "stanfordnlp/sst2", key="data_set", bind="query-params", width=220)
        with st.spinner(_("Fetching {name}").format(name=name)):
            return _from_hub(name.strip(), limit, kind)
    given = st.file_uploader(
        _("CSV, TSV, JSONL or text"), ["csv", "tsv", "jsonl", "json", "txt"], key="file", help=_("The commonest header: label, sentence.")
    )
    return None if given is None else data.read(given.getvalue(), given.name, **choose.label_search(kind))


def setup_lines(choice: TaskChoice) -> list[str]:
    """Lines of Python that open the model and make the task; `models` and `choose` are imported above them."""
    return [
        export.load_line(choice.model.name),
        f"task = choose.make({choice.kind!r}, model, choose.built_in({choice.kind!r}, model))  # or choose.named('file.csv', {choice.kind!r})",
    ]


def describe(choice: TaskChoice) -> None:
    """What the examples are, and what a viewer should know about them."""
    columns = ", ".join(f"{what}: {name}" for what, name in dict(choice.examples.columns).items())
    parts = [
        choice.examples.name,
        _("{n} examples").format(n=len(choice.results.task)),
        columns,
        *choice.examples.notes,
        *choice.results.task.notes,
    ]
    st.caption(escaped(" · ".join(filter(None, parts))))
