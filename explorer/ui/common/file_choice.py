"""How a file of examples was read: what was guessed is shown, and each of it can be said otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import streamlit as st

from explorer.i18n import N_, _
from explorer.tasks import choose, data, tables
from explorer.tasks.data import Asked, Examples
from explorer.tasks.formats import ENCODINGS, SEPARATORS, Format
from explorer.tasks.matching import Match, alike
from explorer.ui.common import uploads
from explorer.ui.common.markdown import labelled
from explorer.ui.common.uploads import Upload
from models import InputError

ENDINGS = ["csv", "tsv", "jsonl", "json", "txt", *(ending.removeprefix(".") for ending in tables.OF_WORDS)]
_OF_WORDS = ["conll", "bio", "iob", "txt", "tsv", "jsonl", "json"]
ROLES = {"text": N_("Texts"), "label": N_("Labels"), "pair": N_("Second texts")}
COLUMNS = {"text": N_("text"), "label": N_("label"), "pair": N_("second text")}
"""What a column of examples was taken for."""
_SEPARATORS = {",": N_("comma ,"), ";": N_("semicolon ;"), "\t": N_("tab"), "|": N_("bar |")}
_QUOTING = {True: N_("enclose a field"), False: N_("are characters of it")}
_HEADER = {True: N_("names the columns"), False: N_("is an example")}
_LEAVE = -1
"""Stands among the numbers of the model's classes for none: the rows of that label are left out."""
_MOST_CLASSES = 12
"""Classes that are matched by hand; more of them are a matter for the shell."""
_SAMPLES = {
    "class": ("sample.csv", "label,sentence\nnegative,The plot goes nowhere.\npositive,A warm and clever film.\n"),
    "many": ("sample.csv", 'sentence,labels\n"What a day, I could sing!","joy, surprise"\nIt rains again.,\n'),
    "number": ("sample.csv", "sentence1,sentence2,score\nA man sings.,Somebody sings.,4.2\nA man sings.,The shop is closed.,0.1\n"),
    "words": ("sample.conll", "Ada B-PER\nlives O\nin O\nParis B-LOC\n. O\n\nIt O\nrains O\n. O\n"),
}
"""A name and a content, for each kind of answers (`explorer.tasks.answers`)."""


def said(name: str) -> Asked:
    """What the viewer has said of a file or a data set in this session."""
    return _all_said().get(name, Asked())


def as_code(asked: Asked) -> str:
    """What was said about a file, as a further argument in Python, where `choose` is imported; "" where all was guessed."""
    words = [f"{what}={said!r}" for what, said in vars(asked).items() if what != "format" and said not in (None, ())]
    of = [f"{what}={said!r}" for what, said in vars(asked.format).items() if said is not None]
    words += [f"format=choose.Format({', '.join(of)})"] if of else []
    return f", choose.Asked({', '.join(words)})" if words else ""


def taken(examples: Examples) -> str:
    """Which columns of a file were taken for what, for a viewer."""
    return " · ".join(_("{what}: {name}").format(what=_(COLUMNS[what]), name=name) for what, name in dict(examples.columns).items())


def upload(key: str, kind: str = "next") -> Upload | None:
    """Draws the choice of a file for a kind of task, and says what may be in it as long as there is none."""
    answers = choose.TASKS[kind].answers
    help = _("Columns are found by their names or by what is in them, and can be chosen then.")
    if answers == "words":
        given = uploads.uploaded(_("CoNLL, JSON or JSONL"), _OF_WORDS, key, help)
    else:
        given = uploads.uploaded(_("CSV, TSV, JSON, JSONL or text"), ENDINGS, key, help)
    if given is None:
        st.caption(_may_hold(answers))
        name, content = _SAMPLES[answers or "class"]
        st.download_button(_("A sample file"), content, name, "text/plain", icon=":material/download:", key=f"{key}_sample")
    return given


def _may_hold(answers: str | None) -> str:
    """What may be in a file."""
    if answers == "words":
        return _(
            "A word and its label on each line, with a tab or spaces between them, and a blank line after each sentence (CoNLL); "
            'or JSON with {"tokens": [..], "ner_tags": [..]} in each line.'
        )
    labelled = {
        "class": _("for classes one of labels (label, class, sentiment, ..)"),
        "many": _("one of labels with commas between them, or one of 0 and 1 for each label"),
        "number": _("one of numbers (score, label, ..)"),
    }
    return _(
        "One column of texts (called sentence, text, review, ..), {labelled}, and perhaps one of second texts (sentence2, hypothesis, ..). "
        "Any encoding and separator; a text file has one text per line."
    ).format(labelled=labelled.get(answers, labelled["class"]))


def examples_of(given: Upload, kind: str) -> Examples:
    """The examples of a file, and the panel in which it is said how the file is read; it is drawn for a file that cannot be read, too.

    Raises:
        InputError: naming line and column of what is wrong.
    """
    asked = said(given.digest)
    try:
        found = uploads.parsed(given, repr((kind, asked)), lambda content, name: data.read(content, name, **choose.told(kind, asked)))
    except InputError:
        table = None
        with suppress(InputError):
            how = repr(("table", asked.format))
            table = uploads.parsed(given, how, lambda content, name: tables.table(content, name, (), asked.format))
        _panel(given.digest, kind, None if table is None else data.Read(table.names, None, table.format), asked)
        raise
    _panel(given.digest, kind, found.read, asked)
    return found


def columns_of(name: str, kind: str, found: Examples) -> None:
    """The same panel for a data set of the hub, whose format is known."""
    _panel(name, kind, found.read, said(name))


def classes_of(name: str, kind: str, examples: Examples, known: Sequence[str], match: Match | None) -> None:
    """Which of the model's classes each class of the examples is; open where it could not be told.

    Args:
        name: of the file or data set, as for `said`.
        kind: of task; the rows of a label can be left out where each has one.
        examples: whose classes they are.
        known: names of the model's classes.
        match: what was taken; None where nothing fits.
    """
    given = examples.labels
    if len(given) > _MOST_CLASSES:
        return
    chosen = dict(said(name).classes)
    numbers = {label: _number(theirs, known) for label, theirs in chosen.items()}
    # Numbers beside a -1 may be one off from those of the model's classes.
    now = ({} if "-1" in examples.unsaid else alike(given, known)) | {label: number for label, number in numbers.items() if number is not None}
    if match is not None:
        now = dict(zip(given, match.classes, strict=True))
    leaves = [_LEAVE] if choose.TASKS[kind].answers == "class" else []
    out = [label for label, theirs in chosen.items() if leaves and not theirs] + [label for label in examples.unsaid if label not in chosen]
    with st.popover(_("Classes"), icon=":material/label:"):
        st.caption(_("Which of the model's classes each label is."))
        for label in dict.fromkeys((*given, *out)):
            at = _LEAVE if label in out else now.get(label)
            _box(
                *(name, "class", labelled(label), [*range(len(known)), *leaves], at),
                title=lambda i: _("leave these rows out") if i == _LEAVE else f"{known[i]} ({i})",
                said=partial(_say_class, name, label, now),
                of=label,
            )
        if len(given) == len(known) == 2 and match is not None:
            swapped = {label: 1 - number for label, number in now.items()} | {label: _LEAVE for label in out if label in chosen}
            st.button(_("Swap"), icon=":material/swap_vert:", key=_key(name, "swap"), on_click=_say_classes, args=(name, swapped))
        st.button(_("Guess again"), key=_key(name, "classes"), disabled=not chosen, on_click=_say_classes, args=(name, {}))


def _panel(name: str, kind: str, read: data.Read | None, asked: Asked) -> None:
    with st.popover(_("How it was read"), icon=":material/table:"):
        if read is not None:
            _columns(name, kind, read, asked)
        format = None if read is None else read.format
        if format is None or format.separator is not None:
            parted = [*SEPARATORS, *([format.separator] if format and format.separator not in SEPARATORS else [])]
            _of_format(name, "separator", _("Separator"), parted, format, lambda one: _(_SEPARATORS.get(one, one)))
            _of_format(name, "quoting", _("Double quotes"), [True, False], format, lambda one: _(_QUOTING[one]))
            _of_format(name, "header", _("The first row"), [True, False], format, lambda one: _(_HEADER[one]))
        if format is not None or read is None:
            known = [*ENCODINGS, *([format.encoding] if format and format.encoding not in ENCODINGS else [])]
            _of_format(name, "encoding", _("Encoding"), known, format, str)
        st.button(_("Guess again"), key=_key(name, "guess"), disabled=asked == Asked(), on_click=_all_said().pop, args=(name, None))


def _columns(name: str, kind: str, read: data.Read, asked: Asked) -> None:
    roles = [role for role in ROLES if role != "label" or choose.TASKS[kind].answers]
    for role in roles:
        wanted = getattr(asked, role)
        taken = getattr(read.choice, role) if read.choice is not None else int(wanted) - 1 if wanted else None
        none = [None] if role == "pair" else []
        _box(
            *(name, role, _(ROLES[role]), [*none, *range(len(read.names))], taken),
            title=lambda i: _("none") if i is None else f"{read.names[i]} ({i + 1})",
            said=partial(_say_column, name, role),
            empty=_("none") if role == "pair" else _("choose one"),
        )


def _of_format(name: str, what: str, label: str, options: Sequence, found: Format | None, title: Callable[[object], str]) -> None:
    now = getattr(said(name).format if found is None else found, what)
    _box(name, what, label, options, now, title=title, said=partial(_say_format, name, what))


def _box(
    name: str,
    what: str,
    label: str,
    options: Sequence,
    now: object,
    *,
    title: Callable[[object], str],
    said: Callable[[object], None],
    of: str = "",
    empty: str = "",
) -> None:
    """A box that stands at what was taken, and tells `said` what a person chooses instead.

    It stands in a popover. While that is closed, the browser does not hear that the page put the box to something else: it keeps what was chosen
    there last, and sends it along with whatever is done next, which would count as chosen again. So a box that is put to something
    else is a new one, and what the browser still holds of the old one is of no box any more.

    Args:
        name: of the file or data set.
        what: is chosen; with `of`, the class that it is chosen for.
        label, options, title: of the box.
        now: one of the options; anything else leaves the box empty.
        said: is told the choice.
        of: see `what`.
        empty: stands in an empty box.
    """
    kept: dict[tuple, tuple[int, object]] = st.session_state.setdefault("_boxes_of_files", {})
    place, now = (name, what, of), now if now in options else None
    number, before = kept.get(place, (0, now))
    if st.session_state.get(_key(*place, str(number)), before) != now:
        number += 1
    kept[place] = number, now
    key = _key(*place, str(number))
    st.selectbox(
        *(label, options, None if now is None else options.index(now), title, key),
        placeholder=empty or _("choose one"),
        on_change=lambda: said(st.session_state[key]),
    )


def _all_said() -> dict[str, Asked]:
    return st.session_state.setdefault("_said_of_files", {})


def _key(name: str, *what: str) -> str:
    return "_".join(("reading", name, *what))


def _say_column(name: str, role: str, chosen: int | None) -> None:
    _all_said()[name] = replace(said(name), **{role: "" if chosen is None else str(chosen + 1)})


def _say_format(name: str, what: str, chosen: object) -> None:
    # Other rows have other columns, and other labels.
    _all_said()[name] = Asked(format=replace(said(name).format, **{what: chosen}))


def _say_class(name: str, label: str, now: Mapping[str, int], chosen: int) -> None:
    before = {key: str(value) for key, value in now.items()} | dict(said(name).classes)
    _say_classes(name, before | {label: chosen})


def _say_classes(name: str, classes: Mapping[str, int | str]) -> None:
    told = tuple((label, "" if number == _LEAVE else str(number)) for label, number in classes.items())
    _all_said()[name] = replace(said(name), classes=told)


def _number(of: str | None, known: Sequence[str]) -> int | None:
    return int(of) if of is not None and of.isdecimal() and int(of) < len(known) else None
