"""Sentences for a viewer that remember what they are made of, so that whoever shows them can say them in another language.

`models` knows no languages. It says `told("There is no folder {folder}.", folder=path)`, which is the English sentence, a string like any other;
`explorer.i18n._` finds the sentence before anything was filled in, translates that, and fills it again.
"""

from __future__ import annotations


class Told(str):
    """An English sentence.

    Attributes:
        template: the sentence with names in braces, as translators see it.
        values: what stands in their place.
    """

    template: str
    values: dict[str, object]

    def __reduce__(self) -> tuple:
        return _again, (self.template, self.values)


def told(template: str, /, **values: object) -> Told:
    """The sentence with values filled in, by the rules of `str.format`; without values it is marked for translation and stays as it is."""
    found = Told(template.format(**values) if values else template)
    found.template, found.values = template, values
    return found


def _again(template: str, values: dict[str, object]) -> Told:
    return told(template, **values)
