"""What a demo is made of."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from explorer.charts.common.picture import Picture
from explorer.lectures.words import Words
from models import InputError, Model
from models.words import told

STEPS = ("ask", "show", "notice", "follow")
"""A question is asked, the class commits itself; something is shown; the guess is held against the number; the next question follows."""

Models = Callable[[str], Model]
"""Opens a model by its name; whoever runs a demo says how, and keeps what is open."""
Value = int | float | str
_RELATIONS = {"equals": "=", "below": "<", "above": ">", "at most": "≤", "at least": "≥"}
_NOTHING = re.compile(r"-0(\.0*)?%?")
"""Rounded to nothing from below: no reader expects a sign there."""
Settings = Mapping[str, Value]
"""What the controls of a demo stand at, by their names."""


@dataclass(frozen=True)
class Control:
    """Something a lecturer moves.

    Attributes:
        name: in the address and in `compute`; the words of the demo hold its title under the same name.
        values: what it can stand at, in order; numbers make a slider, words make a choice, whose titles are labels `NAME.VALUE` of the
            demo where it has them. None at all make a field for a text.
        default: where it stands at first. The default of a text is the label `NAME.default`, so that each language has its own.
        free: a field for a text, where `values` are offered: one click, for a lecturer who does not want to type. Where it stands at first
            is `default`, or else as for a text.
        main: whether it is the one that matters, drawn large; one a demo.
        model: whether its values are names of models; the model that the viewer has open is offered, too.
        chips: for an order that is dragged: `chips(models, settings)` gives the texts of the chips, by number, and the order in which the
            settings have them. The control can then also stand at such an order, "2.0.1" for the third chip first.
    """

    name: str
    values: tuple[Value, ...] = ()
    default: Value = ""
    main: bool = False
    model: bool = False
    free: bool = False
    chips: Callable[[Models, Settings], tuple[Sequence[str], list[int]]] | None = None

    @property
    def is_text(self) -> bool:
        return self.free or not self.values

    @property
    def is_slider(self) -> bool:
        return not self.is_text and all(isinstance(value, int | float) for value in self.values)

    def parsed(self, word: str) -> Value | None:
        """The value that a word of an address or of the shell stands for; None for none."""
        if self.free:
            return word if word.strip() else None
        if self.is_text or (self.chips is not None and ordered(word) is not None):
            return word
        found = next((value for value in self.values if str(value) == word), None)
        return word if found is None and self.model and word else found

    def shown(self, value: Value, words: Words) -> str:
        """A value as a viewer reads it."""
        return f"{value:,}" if isinstance(value, int) else words.labels.get(f"{self.name}.{value}", str(value))


def positive(word: str, otherwise: InputError) -> float:
    """A number above 0 and below a million that was typed; raises `otherwise` for anything else."""
    try:
        value = float(word)
    except ValueError:
        raise otherwise from None
    if not 0 < value < 1e6:
        raise otherwise
    return value


def ordered(word: str) -> list[int] | None:
    """The order that a word such as "2.0.1" stands for; None for none."""
    numbers = [int(part) for part in word.split(".") if part.isascii() and part.isdigit() and len(part) < 5]
    return numbers if sorted(numbers) == list(range(word.count(".") + 1)) else None


@dataclass(frozen=True)
class Measure:
    """A number that a demo measured, and what it must be.

    Attributes:
        name: its title is the label of the same name in the demo's words.
        value: as measured.
        expected: what it is held against; None where the syllabus claims nothing.
        relation: "equals" within `tolerance`, "below" or "above" the expected number; "at least" and "at most" allow it to be reached.
        tolerance: largest deviation from what is expected.
        format: of the value, as `format` takes it.
    """

    name: str
    value: float
    expected: float | None = None
    relation: str = "equals"
    tolerance: float = 0.0
    format: str = ",.4g"

    @property
    def deviation(self) -> float:
        """How far the value is from what is expected; nan where nothing is."""
        return math.nan if self.expected is None else abs(self.value - self.expected)

    @property
    def holds(self) -> bool:
        if self.expected is None:
            return math.isfinite(self.value)
        return {
            "equals": self.deviation <= self.tolerance,
            "below": self.value < self.expected,
            "above": self.value > self.expected,
            "at most": self.value <= self.expected,
            "at least": self.value >= self.expected,
        }[self.relation]

    @property
    def shown(self) -> str:
        """The value as a page writes it; of nothing at all, no power of ten is written."""
        return self._written(self.value)

    @property
    def against(self) -> str:
        """What it is held against, and how far from it: "= 1 (Δ 2e-08)"; empty where the syllabus claims nothing."""
        if self.expected is None:
            return ""
        text = f"{_RELATIONS[self.relation]} {self._written(self.expected) if self.expected else 0}"
        exact = self.relation != "equals" or not self.expected or not self.deviation
        # Millions of bytes are counted, not written in powers of ten.
        far = format(self.deviation, ",.0f" if self.deviation >= 1000 else ".2g")
        return text if exact else f"{text} (Δ {far})"

    def _written(self, number: float) -> str:
        if number == 0 and self.format.endswith("e"):
            return format(number, "g")
        # A count may be held against a rounded figure such as 4.83e9, which is no integer to Python.
        text = format(round(number) if self.format.endswith("d") else number, self.format)
        return text.removeprefix("-") if _NOTHING.fullmatch(text) else text


@dataclass(frozen=True, eq=False)
class Result:
    """What `compute` found.

    Attributes:
        measures: numbers, in the order in which they are read.
        data: whatever the pictures are drawn from, by name.
        said: more words that the notice fills in, by name; such as names of tokens.
        picks: the control that a click on a row of a picture sets to the row's number (`charts.lectures.grid`, argument of the same name); empty
            for none.
        opens: the model whose heads a click on a picture opens (`charts.lectures.grid`, argument of the same name); empty for none.
    """

    measures: tuple[Measure, ...]
    data: Mapping[str, object] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    opens: str = ""
    picks: str = ""

    def __getitem__(self, name: str) -> float:
        """The value of a measure."""
        return next(measure.value for measure in self.measures if measure.name == name)


@dataclass(frozen=True)
class Door:
    """The page of the explorer that shows the same on a viewer's own text and model.

    Attributes:
        page: its file in `pages/`, without ending.
        settings: what stands in its address then.
        carried: what controls of the demo stand at goes along: the name in the address by the name of the control.
        translated: what else follows from where the controls stand, where the page has other words for it: an address from settings.
    """

    page: str
    settings: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, str] = field(default_factory=dict)
    translated: Callable[[Settings], Mapping[str, str]] = lambda chosen: {}

    def address(self, chosen: Settings) -> dict[str, str]:
        """What stands in the page's address, where the controls stand at `chosen`."""
        carried = {name: str(chosen[control]) for control, name in self.carried.items()}
        return {**self.settings, **carried, **self.translated(chosen)}


@dataclass(frozen=True)
class Demo:
    """One question of the course.

    Attributes:
        id: of the syllabus, such as "Q9b".
        module: name of the module and of its files of words, such as "q09b_roles".
        chapter: from 1.
        compute: `compute(models, **settings)`; deterministic: the same settings give the same result, but for measured times.
        pictures: `pictures(result, words, dark)`, at most three. Two or three stand side by side: `explorer.charts.lectures.SIZES` has
            the room of each.
        right: the option that is right, or, where the measurement decides, a function of the result that says which.
        door: where the same is seen on one's own text.
        controls: the one that matters first.
        first: letters of the options that students really gave first, or of the usual belief.
        make: for what takes longer: `make(report)` computes what `compute` reads back (`explorer.lectures.shipped`).
        more: as `pictures`, for those that are seen with the notice.
        small: the number of the picture that the contents show small.
        source: papers.
    """

    id: str
    module: str
    chapter: int
    compute: Callable[..., Result]
    pictures: Callable[[Result, Words, bool], Sequence[Picture]]
    right: str | Callable[[Result], str]
    door: Door
    controls: tuple[Control, ...] = ()
    first: str = "A"
    make: Callable[[Callable[[float], None]], Mapping[str, object]] | None = None
    more: Callable[[Result, Words, bool], Sequence[Picture]] | None = None
    small: int = 0
    source: str = ""

    def right_option(self, result: Result) -> str:
        """The letter of the option that is right."""
        return self.right if isinstance(self.right, str) else self.right(result)

    def defaults(self, words: Words) -> dict[str, Value]:
        """Where the controls stand at first, in the language of the words."""
        return {c.name: words.label(f"{c.name}.default") if c.is_text and not c.default else c.default for c in self.controls}

    def settings(self, words: Words, given: Mapping[str, str]) -> dict[str, Value]:
        """All settings, from words for some of them.

        Raises:
            InputError: a name that is no control's, or a value that it cannot stand at.
        """
        made, named = self.defaults(words), {control.name: control for control in self.controls}
        for name, word in given.items():
            if name not in named:
                raise InputError(
                    told("{demo} has no control {name}.", demo=self.id, name=name), told("It has {names}.", names=", ".join(named) or "-")
                )
            value = named[name].parsed(word)
            if value is None:
                raise InputError(
                    told("{name} cannot be {value}.", name=name, value=word),
                    told("It is one of {choices}.", choices=", ".join(map(str, named[name].values))),
                )
            made[name] = value
        return made
