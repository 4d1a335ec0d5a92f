"""Which class of a model each class of the examples is: by number, by name, by what the names mean, or by order, which is a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transformers import PretrainedConfig

from explorer.i18n import _
from explorer.tasks.examples import Examples
from explorer.tasks.labels import SCALES, SIGNS, bare, number_of, sign
from models.errors import InputError


@dataclass(frozen=True)
class Match:
    """For every class of the examples, the number of the model's class.

    Attributes:
        classes: numbers of the model's classes, in the order of the examples' classes.
        how: "name", "meaning" or "number" (certain enough), "shifted" or "order" (a guess), "chosen" (somebody said so).
    """

    classes: tuple[int, ...]
    how: str

    def note(self, given: Sequence[str], known: Sequence[str]) -> str | None:
        """The match for a viewer; None where the names are the same."""
        if self.how == "name":
            return None
        notes = {
            "meaning": _("Classes were matched by what they are called: {pairs}."),
            "number": _("Labels are the numbers of the model's classes: {pairs}."),
            "shifted": _("The model's classes were counted from 1: {pairs}."),
            "order": _("Classes were matched by their order, which is a guess: {pairs}."),
            "chosen": _("Classes were matched as chosen: {pairs}."),
        }
        pairs = [f"{mine} = {known[number]}" for mine, number in zip(given, self.classes, strict=True)]
        return notes[self.how].format(pairs=", ".join(pairs[:6]) + (", .." if len(pairs) > 6 else ""))


def match(given: Sequence[str], known: Sequence[str], chosen: Mapping[str, str] | None = None, *, by_order: bool = True) -> Match:
    """Matches classes.

    Integers, and LABEL_n, are numbers of the model's own classes. Only where they start at 1 and end at as many as the model has are they
    counted from 1, as stars are; and where each class has a number in its name ("1 star"), they are these. Words are matched by name, else
    by their place on a scale that is known (bad, good and NEGATIVE, POSITIVE); else by order, as long as none of them is the name of a
    class.

    Args:
        given: names of the examples' classes, by number.
        known: names of the model's, by number.
        chosen: what somebody says: the model's class, by name or number, of every class of the examples; not to be guessed then.
        by_order: whether the order is a guess where nothing else matches; of many labels of which a file holds some, it is none.

    Raises:
        InputError: more or other classes than the model has, or a choice that names none of them.
    """
    if chosen:
        return Match(tuple(_chosen(name, known, chosen) for name in given), "chosen")
    for key, how in ((str, "name"), (_key, "name"), (_loosely, "meaning")):
        # Some models tell B from b, or a-b from a b: then only what is written as theirs is one of theirs.
        names = {key(name): i for i, name in enumerate(known)}
        if len(names) == len(known) and all(key(name) in names for name in given):
            return Match(tuple(names[key(name)] for name in given), how)
    numbers = [number_of(name) for name in given]
    if all(number is not None for number in numbers):
        return _by_number([number for number in numbers if number is not None], given, known)
    scaled = _by_meaning(given, known)
    if scaled is not None:
        return scaled
    theirs = {_key(name) for name in known}
    strange = [name for name in given if _key(name) not in theirs]
    if not by_order or len(strange) < len(given) or len(given) > len(known):
        raise _mismatch(strange, known)
    return Match(tuple(range(len(given))), "order")


def alike(given: Sequence[str], known: Sequence[str]) -> dict[str, int]:
    """The number of the model's class of each name that is exactly the name of one, also where the others fit none."""
    theirs = [_key(name) for name in known]
    return {name: theirs.index(_key(name)) for name in given if theirs.count(_key(name)) == 1}


def class_names(config: PretrainedConfig) -> tuple[str, ...]:
    """What a configuration calls its classes, in their order; LABEL_2 where it has no name for one.

    Names are those of `id2label`. People leave it as it was made (LABEL_0, LABEL_1) and write theirs into `label2id` alone, count from 1, or
    write numbers.
    """
    names, n = dict(config.id2label or {}), config.num_labels
    if names.keys() == set(range(1, n + 1)):
        names = {number - 1: name for number, name in names.items()}
    called = [f"LABEL_{i}" if names.get(i) in (None, "") else str(names[i]) for i in range(n)]
    if called == [f"LABEL_{i}" for i in range(n)]:
        said = {int(number): str(name) for name, number in (config.label2id or {}).items() if str(number).isdecimal()}
        called = [said.get(i, name) for i, name in enumerate(called)] if said.keys() == set(range(n)) else called
    return tuple(called)


def contradiction(config: PretrainedConfig) -> str:
    """Where a configuration calls one class by two names, for a viewer; "" where it does not."""
    for i, name in enumerate(class_names(config)):
        other = [str(given) for given, number in (config.label2id or {}).items() if str(number) == str(i)]
        # Several names may stand for one class, and LABEL_0 is no name.
        if other and name not in other and not any(one.startswith("LABEL_") for one in (name, *other)):
            message = _('The model\'s config.json calls class {number} "{name}" in id2label, which is followed, and "{other}" in label2id.')
            return message.format(number=i, name=name, other=other[0])
    return ""


def fitted(
    examples: Examples, known: Sequence[str], config: PretrainedConfig | None = None, *, by_order: bool = True
) -> tuple[Match, dict[str, int], tuple[str, ...]]:
    """`match` for the classes of examples: the match, the number of the model's class by each name, and what a viewer should know of it.

    `config` is the model's, where the names come from there. Raises InputError, as `match` does, and where -1 may be a class or none.
    """
    if "-1" in examples.unsaid and not examples.classes and len(known) == len(examples.labels) + 1:
        # As numbers of the model's classes, all the others may be one off.
        message = _(
            "Rows with the label -1 would be left out as having none, but with it there are as many labels as the model has classes: {n}."
        )
        advice = _("Say which of the model's classes each label is, -1 too; or that the rows of -1 are left out.")
        raise InputError(message.format(n=len(known)), advice)
    found = match(examples.labels, known, dict(examples.classes), by_order=by_order)
    notes = (found.note(examples.labels, known), contradiction(config) if config else "")
    return found, dict(zip(examples.labels, found.classes, strict=True)), tuple(note for note in notes if note)


def _chosen(name: str, known: Sequence[str], chosen: Mapping[str, str]) -> int:
    if name not in chosen:
        raise InputError(_('No class of the model was chosen for "{name}".').format(name=name), _("Choose one for each class."))
    wanted = chosen[name].strip()
    if not wanted:
        raise InputError(_("All rows are left out."), _("Choose a class of the model for at least one label."))
    found = [i for key in (str, _key) for i, called in enumerate(known) if key(called) == key(wanted)]
    if not found and wanted.isdecimal() and len(wanted) < 6 and int(wanted) < len(known):
        found = [int(wanted)]
    if not found:
        raise _mismatch([wanted], known)
    return found[0]


def _by_number(numbers: list[int], given: Sequence[str], known: Sequence[str]) -> Match:
    if min(numbers) >= 0 and max(numbers) < len(known):
        counted = [re.findall(r"\d+", name) for name in known]
        said = [int(found[0]) for found in counted if len(found) == 1 and len(found[0]) < 6]
        if len(set(said)) == len(known) and set(numbers) <= set(said) and 0 not in numbers:
            # "1 star" is what 1 means, also where nobody gave all the stars that there are.
            places = tuple(said.index(number) for number in numbers)
            return Match(places, "number" if places == tuple(numbers) else "meaning")
        return Match(tuple(numbers), "number")
    if min(numbers) >= 1 and max(numbers) == len(known):
        return Match(tuple(number - 1 for number in numbers), "shifted")
    if min(numbers) < 0 and len(numbers) == len(known):
        # -1 (and 0) and 1 are what sentiment is often written as.
        words = {(-1, 1): ("negative", "positive"), (-1, 0, 1): ("negative", "neutral", "positive")}.get(tuple(numbers))
        return (words and _by_meaning(words, known)) or Match(tuple(range(len(numbers))), "order")
    raise _mismatch([name for name, number in zip(given, numbers, strict=True) if not 0 <= number < len(known)], known)


def _by_meaning(given: Sequence[str], known: Sequence[str]) -> Match | None:
    mine, theirs = [sign(_key(name)) for name in given], [sign(_key(name)) for name in known]
    for one in (*SCALES, *SIGNS):
        for other in (*SCALES, *SIGNS):
            if len(one) == len(other) and set(mine) <= set(one) and set(theirs) == set(other):
                return Match(tuple(theirs.index(other[one.index(name)]) for name in mine), "meaning")
    return None


def _mismatch(strange: Sequence[str], known: Sequence[str]) -> InputError:
    message = _("The model has no class {strange}; it has {known}.")
    advice = _("Say which of the model's classes each label is, or choose another column.")
    return InputError(message.format(strange=_some(strange), known=_some(known)), advice)


def _some(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names[:6]) + (", .." if len(names) > 6 else "")


def _key(name: str) -> str:
    return bare(name).casefold().removeprefix("label_")


def _loosely(name: str) -> str:
    """A name however its words are put together: "not relevant", "not-relevant", "Not_Relevant"."""
    return re.sub(r"[\s_\-/.]+", "", _key(name))
