"""Rows of a table made into examples: texts, second texts, and what they are labelled with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from explorer.i18n import _
from explorer.reading import half_character
from explorer.tasks import columns, labels, tables, tagged
from explorer.tasks.answers import gathered, look_like, numbers, several, vectors
from explorer.tasks.examples import Asked, Examples, Labelled, Read
from models.errors import InputError


def of_table(
    table: tables.Table, name: str, asked: Asked, answers: str | None = None, known: Mapping[str, Sequence[str]] | None = None
) -> Examples:
    """A table as examples.

    Args:
        table: of texts, and perhaps answers.
        name: of the file or data set, for a viewer.
        asked: what is not to be guessed.
        answers: which kind a task needs, of `answers.KINDS`; where None, classes where there are any.
        known: names of classes by column, where who holds the data knows them.

    Raises:
        InputError: no column of texts or of answers, or a cell that is none, named by line and column.
    """
    known = known or {}
    if answers == "words":
        made = tagged.of_table(_with_names(table, known), name, asked)
    else:
        if answers == "many":
            table, asked = gathered(table, asked)
        choice = _choice(table, name, asked, answers)
        names = None if choice.label is None else known.get(table.names[choice.label])
        unsaid: tuple[str, ...] = ()
        if answers == "class":
            table, unsaid = _with_labels(table, choice, names, asked)
        made = _examples(table, name, choice, answers, names)
        if answers in (None, "class") and names is None and not asked.label:
            made = _called(made, table, choice)
        if answers == "class":
            made = dataclasses.replace(_without(made, {one for one, theirs in asked.classes if not theirs}), unsaid=unsaid)
    return dataclasses.replace(made, classes=asked.classes)


def _choice(table: tables.Table, name: str, asked: Asked, answers: str | None) -> columns.Choice:
    choice = columns.choose(table.names, table.rows, asked.text, asked.label, asked.pair, lambda values: look_like(values, answers or "class"))
    if answers and choice.label is None and table.of_words:
        message = _("{name} holds words and what each is labelled with (CoNLL), and no label of a whole text.").format(name=name)
        raise InputError(message, _("Choose a model that labels words, or give a file with a text and its label in each row."))
    if answers and choice.label is None:
        if len(table.names) == 1:
            message = _("{name} has only one column, {column}; a column of labels is needed beside it ({word} {line}).")
        else:
            message = _("{name} has no column of labels that could be told from its name or its values ({word} {line}).")
        where = {"column": table.column(0), "word": table.row_word.lower(), "line": table.lines[0]}
        advice = _('Call it "label", and the texts "sentence".')
        if table.format and table.format.separator:
            separator = {"\t": _("a tab")}.get(table.format.separator, table.format.separator)
            advice = _('Call it "label", and the texts "sentence", or say which separator parts the columns (taken was: {separator}).').format(
                separator=separator
            )
        raise InputError(message.format(name=name, **where), advice)
    return choice


def _with_labels(table: tables.Table, choice: columns.Choice, names: Sequence[str] | None, asked: Asked) -> tuple[tables.Table, tuple[str, ...]]:
    """The rows that carry a label, where some do, and how the others say that they have none; these are counted in a note."""
    values = table.values(choice.label)
    without = [value is None or value == -1 for value in values] if names else labels.unlabelled(values)
    if not names and {one for one, _theirs in asked.classes} & {"-", "-1"}:
        return table, ()
    # A column of sentiment has -1 as a class; beside classes that have names, "-" says nothing there either.
    if not names and columns.is_signed(table.names[choice.label]) and any(labels.is_number(str(value)) for value in values):
        return table, ()
    if not any(without) or all(without):
        return table, ()
    note = _("Left out, as they say that they have no label: {n} of {all}.").format(n=sum(without), all=len(without))
    notes, unsaid = (*table.notes, note), () if names else ("-",)
    if not names and any(labels.is_number(str(value)) for value in values):
        notes, unsaid = (*notes, _("They have -1, which the hub writes for no label; where it is a class, say which.")), ("-1",)
    kept = [row for row, none in enumerate(without) if not none]
    rows, numbers = [table.rows[row] for row in kept], [table.lines[row] for row in kept]
    return dataclasses.replace(table, rows=rows, lines=numbers, notes=notes), unsaid


def _without(examples: Examples, left: set[str]) -> Examples:
    """The examples but for those of classes that somebody leaves out, which are counted in a note; all where none would be left."""
    kept = [i for i, name in enumerate(examples.labels) if name not in left]
    rows = [example for example in examples.examples if example.label is None or example.label in kept]
    if not rows or len(kept) == len(examples.labels):
        return examples
    rows = [example if example.label is None else dataclasses.replace(example, label=kept.index(example.label)) for example in rows]
    out = ", ".join(f'"{name}"' for name in examples.labels if name in left)
    note = _("Left out as chosen, labels {names}: {n} of {all}.").format(names=out, n=len(examples) - len(rows), all=len(examples))
    names = tuple(examples.labels[i] for i in kept)
    return dataclasses.replace(examples, examples=tuple(rows), labels=names, notes=(*examples.notes, note))


def _called(examples: Examples, table: tables.Table, choice: columns.Choice) -> Examples:
    """The examples with names for numbers of classes, where a column beside them says what each is called (label, label_text)."""
    beside = columns.names_of(table.names, choice)
    if beside is None or [labels.number_of(name) for name in examples.labels] != list(range(len(examples.labels))):
        return examples
    words = [str(value).strip() for value in table.values(beside)]
    called = sorted({(example.label, word) for example, word in zip(examples.examples, words, strict=True)})
    names = tuple(word for _number, word in called)
    # One name for each number, or they say something else.
    if "" in names or len({word.casefold() for word in names}) < len(names) or len(names) != len(examples.labels):
        return examples
    pairs = ", ".join(f"{number} = {word}" for number, word in called[:6]) + (", .." if len(called) > 6 else "")
    message = _("What the numbers in {numbers} mean was read in {names}: {pairs}.")
    note = message.format(numbers=table.column(choice.label), names=table.column(beside), pairs=pairs)
    return dataclasses.replace(examples, labels=names, notes=(*examples.notes, note))


def _examples(table: tables.Table, name: str, choice: columns.Choice, answers: str | None, names: Sequence[str] | None) -> Examples:
    texts = [_text(table, row, choice.text) for row in range(len(table.rows))]
    pairs = [""] * len(texts) if choice.pair is None else [_text(table, row, choice.pair) for row in range(len(texts))]
    notes = list(table.notes)
    made: list[dict[str, object]] = [{"label": None} for _text in texts]
    called: tuple[str, ...] = ()
    if choice.label is not None:
        made, called = _answered(table, choice.label, answers or "class", names)
        if answers == "many" and vectors(table.values(choice.label)) is not None:
            notes.append(_("Lists of 0 and 1 were read as one place for each label, by its number."))
    unlabelled = sum(one == {"label": None} for one in made)
    if choice.label is not None and unlabelled:
        notes.append(_("{n} examples carry no label.").format(n=unlabelled))
    roles = {"text": choice.text, "label": choice.label, "pair": choice.pair}
    told = {role: table.column(column) for role, column in roles.items() if column is not None}
    notes += [_("The column of {role} was guessed by its values.").format(role=role) for role in choice.guessed if len(table.names) > 1]
    examples = tuple(Labelled(text=text, pair=pair, **{"label": None, **answer}) for text, pair, answer in zip(texts, pairs, made, strict=True))
    return Examples(name, examples, called, told, tuple(notes), Read(table.names, choice, table.format))


def _answered(table: tables.Table, column: int, answers: str, names: Sequence[str] | None) -> tuple[list[dict[str, object]], tuple[str, ...]]:
    """What each row is labelled with, as fields of `Labelled`, and the names of the classes."""
    values = table.values(column)

    def where(row: int) -> str:
        return table.at(row, column)

    if answers == "number":
        return [{"value": value} for value in numbers(values, where)], ()
    if answers == "many":
        names = names and [labels.bare(one) for one in names]
        found = several([_named(value, names) for value in values] if names else values, where)
        return [{"labels": carried} for carried in found], tuple(names or sorted({label for carried in found for label in carried}))
    if names is not None:
        return [{"label": number} for number in _numbered(table, column, names)], tuple(names)
    classes = labels.classes(values, where)
    return [{"label": number} for number in classes.labels], classes.names


def _with_names(table: tables.Table, known: Mapping[str, Sequence[str]]) -> tables.Table:
    """Lists of numbers of classes as lists of their names, where these are known."""
    rows = [[_named(value, known.get(name, ())) for name, value in zip(table.names, row, strict=True)] for row in table.rows]
    return dataclasses.replace(table, rows=rows)


def _named(value: object, names: Sequence[str]) -> object:
    """Numbers of classes as their names; anything else as it is."""
    known = isinstance(value, list) and all(isinstance(one, int) and 0 <= one < len(names) for one in value)
    return [names[one] for one in value] if known else value


def _text(table: tables.Table, row: int, column: int) -> str:
    value, where = table.rows[row][column], table.at(row, column)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise InputError(_("{where}: the text is missing.").format(where=where), _("Fill it in, or delete the row."))
    if not isinstance(value, str):
        raise InputError(_("{where}: {value!r:.40} is not a text.").format(where=where, value=value), _("Choose the column of texts."))
    at = half_character(value)
    if at is not None:  # JSON can write one: "\ud83d"
        message = _("{where}: half of a character (U+{code:04X}).").format(where=where, code=ord(value[at]))
        raise InputError(message, _("Write the whole character."))
    return value


def _numbered(table: tables.Table, column: int, names: Sequence[str]) -> list[int | None]:
    """Class numbers whose names the hub knows; -1 is its sign for a label that is kept secret."""
    numbers: list[int | None] = []
    for row, value in enumerate(table.values(column)):
        if value is not None and not (isinstance(value, int) and -1 <= value < len(names)):
            message = _("{where}: {value!r:.40} is none of the {n} classes.")
            raise InputError(message.format(where=table.at(row, column), value=value, n=len(names)), _("Choose another column."))
        numbers.append(None if value is None or value < 0 else value)
    return numbers
