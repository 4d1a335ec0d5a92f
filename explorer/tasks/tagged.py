"""Sentences whose words are labelled: CoNLL files (a word and its label a line), and JSON with a list of words and one of labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from explorer.i18n import _
from explorer.reading import half_character
from explorer.tasks import columns, tables, written
from explorer.tasks.examples import Asked, Examples, Labelled, Read
from explorer.tasks.formats import Format
from explorer.tasks.labels import bare
from models.errors import InputError

WORDS = ("tokens", "words", "text", "sentence")
LABELS = ("ner_tags", "tags", "labels", "label", "pos_tags", "upos", "chunk_tags", "ner")


def read(data: bytes | Path, name: str, asked: Asked) -> Examples:
    """Sentences of a file: JSON by its ending, else as CoNLL 2003 is written (Tjong Kim Sang & De Meulder 2003, section 2.2).

    In CoNLL files a blank line ends a sentence, a tab or spaces part the columns, the first is the word (the second, where the first counts
    them), and the last its label, unless `asked` names others by number. Comments are lines such as "# sent_id = 1", or those that begin
    with "# " among lines of other columns.

    Raises:
        InputError: naming the line of what is wrong.
    """
    suffix = Path(name).suffix.lower()
    if suffix in (".json", ".jsonl", ".ndjson"):
        return of_table(tables.table(data, name, wanted=asked.format), name, asked)
    text, encoding = tables.content(data, name, asked.format.encoding)
    blocks = list(written.blocks(text))
    if not blocks:
        raise InputError(_("{name} is empty.").format(name=name), _("Give a file with a word and its label on each line."))
    width = len(blocks[0][0][1])
    if width < 2:
        line, _fields = blocks[0][0]
        message = _("Line {line} has one column; a word and its label are wanted, with a tab or spaces between them.").format(line=line)
        raise InputError(message, _("Give a CoNLL file, or JSON with tokens and ner_tags."))
    names = tuple(_("column {number}").format(number=i + 1) for i in range(width))
    headed = written.names_columns(blocks[0][0][1]) if asked.format.header is None else asked.format.header
    if headed:
        names, blocks = tuple(blocks[0][0][1]), [block for block in (blocks[0][1:], *blocks[1:]) if block]
        if not blocks:
            raise InputError(_("{name} has a header, but no rows.").format(name=name), _("Give a file with a word and its label on each line."))
    counted = written.counted(blocks) and not asked.text
    word = columns.asked(names, asked.text) if asked.text else int(counted)
    # Of several the last, as where none has a name: parts of speech stand before what is asked for.
    called = width - 1 if names[-1].casefold() in LABELS else _first(names, LABELS, range(1, width))
    label = columns.asked(names, asked.label) if asked.label else width - 1 if called is None else called
    sentences = []
    for block in blocks:
        for line, fields in block:
            if len(fields) != width:
                message = _("Line {line} has {found} columns, and the first word of the file has {wanted}.")
                raise InputError(message.format(line=line, found=len(fields), wanted=width), _("Mend this line, or delete it."))
        sentences.append(_sentence(block[0][0], [fields[word] for _line, fields in block], [fields[label] for _line, fields in block]))
    notes = [_("A word and its label a line; a blank line ends a sentence.")]
    if headed:
        notes.append(_("The first line names the columns."))
    if counted:
        notes.append(_("The first column counts the words, and the second holds them."))
    told = {"text": str(word + 1), "label": str(label + 1)}
    how = Format(encoding, header=headed) if headed or asked.format.header is not None else Format(encoding)
    return _made(name, sentences, told, tuple(notes), Read(names, columns.Choice(word, label, None), how))


def of_table(table: tables.Table, name: str, asked: Asked) -> Examples:
    """Sentences of a table that holds a list of words and a list of labels in each row. Raises InputError by line."""
    lists = [i for i in range(len(table.names)) if all(isinstance(row[i], list) for row in table.rows)]
    word = columns.asked(table.names, asked.text) if asked.text else _first(table.names, WORDS, lists)
    label = columns.asked(table.names, asked.label) if asked.label else _first(table.names, LABELS, lists)
    if word is None or label is None:
        there = ", ".join(f'"{column}"' for column in table.names)
        message = _("{name} has no list of words and list of labels in each row; there are {columns}.").format(name=name, columns=there)
        raise InputError(message, _('Each row holds {"tokens": ["A", "word"], "ner_tags": ["O", "B-LOC"]}, or name the two columns.'))
    sentences = []
    for row, line in enumerate(table.lines):
        words, given = table.rows[row][word], table.rows[row][label]
        for column, values in ((word, words), (label, given)):
            if not isinstance(values, list):
                raise InputError(_("{where}: this is no list.").format(where=table.at(row, column)), _("Choose another column."))
        if len(words) != len(given):
            message = _("{word} {line}: {words} words, and {labels} labels.")
            raise InputError(
                message.format(word=table.row_word, line=line, words=len(words), labels=len(given)), _("Give a label for each word.")
            )
        sentences.append(_sentence(line, words, given))
    told = {"text": table.column(word), "label": table.column(label)}
    return _made(name, sentences, told, table.notes, Read(table.names, columns.Choice(word, label, None), table.format))


def _sentence(line: int, words: Sequence[object], given: Sequence[object]) -> Labelled:
    for what in (*words, *given):
        if isinstance(what, bool) or not isinstance(what, str | int) or not str(what).strip(" \t\r\n") or half_character(str(what)) is not None:
            message = _("Line {line}: {value!r:.40} is neither a word nor a label.").format(line=line, value=what)
            raise InputError(message, _("Mend it, or leave this sentence out."))
    said = tuple(str(word).strip(" \t\r\n") for word in words)
    if not said:
        raise InputError(_("Line {line}: a sentence without words.").format(line=line), _("Leave it out."))
    return Labelled(" ".join(said), None, labels=tuple(bare(str(label)) for label in given), words=said)


def _made(name: str, sentences: Sequence[Labelled], told: dict[str, str], notes: tuple[str, ...], how: Read) -> Examples:
    called = tuple(sorted({label for sentence in sentences for label in sentence.labels}))
    begun = sum(_begins_inside(before, label) for sentence in sentences for before, label in pairwise(("O", *sentence.labels)))
    if begun:
        said = _(
            "Labels that begin something with I-: {n} (IOB1, as CoNLL 2003 is published). A model that learnt to begin with B- is wrong there."
        )
        notes = (*notes, said.format(n=begun))
    return Examples(name, tuple(sentences), called, told, notes, how)


def _begins_inside(before: str, label: str) -> bool:
    """Whether a label says that a word is inside something that did not begin before it."""
    return label.startswith("I") and label[1:2] in ("", "-") and (before[1:] != label[1:] or before[:1] not in ("B", "I", "M"))


def _first(names: Sequence[str], wanted: Sequence[str], among: Sequence[int]) -> int | None:
    return next((i for want in wanted for i in among if names[i].casefold() == want), None)
