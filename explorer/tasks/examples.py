"""Examples of a task as values: what each holds, what was said about a file, and how it was read."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from explorer.tasks import columns
from explorer.tasks.formats import Format


@dataclass(frozen=True)
class Labelled:
    """One example.

    Attributes:
        text: what the model reads.
        label: number of its class, or None where there is none.
        pair: a second text; "" where there is none.
        kind: what is special about it ("negation", "irony", ..); "" where nobody said.
        labels: names of all labels that it carries, where it may carry several; or the label of each of its words.
        value: the number that it is labelled with; None where there is none.
        words: of a sentence whose words are labelled; the text is these, with spaces between them.
    """

    text: str
    label: int | None
    pair: str = ""
    kind: str = ""
    labels: tuple[str, ...] = ()
    value: float | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What somebody says about a file; whatever is None is guessed.

    Attributes:
        text, label, pair: a column by name or by number from 1; "" for no label or no pair.
        format: encoding, separator, quotes, header.
        classes: (class of the examples, class of the model by name or number), for all classes or none; "" leaves the rows of one out.
    """

    text: str | None = None
    label: str | None = None
    pair: str | None = None
    format: Format = field(default_factory=Format)
    classes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Read:
    """How a file was read.

    Attributes:
        names: of its columns.
        choice: which of them is what; None where that could not be told.
        format: encoding, separator, quotes, header.
    """

    names: tuple[str, ...]
    choice: columns.Choice | None
    format: Format | None


@dataclass(frozen=True)
class Examples:
    """The examples of a task.

    Attributes:
        name: where they come from, for a viewer.
        examples: in the order of the file.
        labels: names of the classes, by number; empty where nothing is labelled.
        columns: what was taken for what, e.g. {"text": '"sentence" (2)', "label": '"label" (1)'}.
        notes: what a viewer should know.
        read: how the file was read; None for what came from elsewhere.
        classes: the model's class of each class here, by name or number, where somebody chose it.
        unsaid: labels that were taken for none ("-", "-1"), so that their rows are left out; where they are classes, somebody can say so.
    """

    name: str
    examples: tuple[Labelled, ...]
    labels: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    read: Read | None = None
    classes: tuple[tuple[str, str], ...] = ()
    unsaid: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.examples)

    def first(self, n: int | None) -> Examples:
        """The first n of them; all where None."""
        return dataclasses.replace(self, examples=self.examples[:n])
