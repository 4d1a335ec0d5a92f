"""What a class reads when something was measured: the guesses, and a table of the numbers."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Iterable, Mapping

from explorer.claims import Finding
from explorer.i18n import _
from explorer.lectures import Measure, Result
from explorer.lectures.words import whole
from explorer.ui.common.markdown import escaped
from explorer.ui.course import hands


def guesses(
    options: Mapping[str, str], counted: Mapping[str, int], right: str, note: str, first: str = "", only: Collection[str] | None = None
) -> str:
    """The options in this order, how many hands each had, and which is right.

    Args:
        options: what each says.
        counted: hands by option.
        right: the option that is.
        note: the last line.
        first: letters of options that students usually give first.
        only: the options that are shown; all where None.
    """
    most = max(counted.values(), default=0)
    rows = []
    for at, (option, words) in enumerate(options.items()):
        if only is not None and option not in only:
            continue
        marks = ("right" if option == right else "other", "★ " if option in first else "", "✓" if option == right else "")
        rows.append(
            f'<div class="guess {marks[0]}"><b>{hands.letter(at)}</b><span>{marks[1]}{html.escape(words)}</span>'
            f"{_bar(counted.get(option, 0), most) if most else ''}<b>{marks[2]}</b></div>"
        )
    return f'<div class="course-guesses{" counted" if most else ""}">{"".join(rows)}<small>{html.escape(note)}</small></div>'


def _bar(n: int, most: int) -> str:
    return f'<i><s style="width:{100 * n / most:.0f}%"></s></i><b>{n or ""}</b>'


def signs() -> str:
    """What the signs beside options mean."""
    return _("★ the usual first answer  ✓ what was measured")


def filling(found: Result | Finding) -> dict[str, str]:
    """What stands for the placeholders of a text in Markdown: numbers as they are shown, and words as they are."""
    return {measure.name: whole(measure.shown) for measure in found.measures} | {name: escaped(text) for name, text in found.said.items()}


def measures(found: Iterable[Measure], title: Callable[[str], str], published: Iterable[tuple[str, str, str]] = ()) -> str:
    """Numbers with what they are held against; figures of others below them."""
    rows = [_row(title(measure.name), measure) for measure in found]
    rows += [
        f'<div class="published"><span>{html.escape(what)}</span><b>{html.escape(much)}</b><span>{html.escape(who)}</span><span></span></div>'
        for what, much, who in published
    ]
    return f'<div class="course-measures">{"".join(rows)}</div>'


def _row(title: str, measure: Measure) -> str:
    title = html.escape(title)
    if measure.expected is None:
        return f"<div><span>{title}</span><b>{measure.shown}</b><span></span><span></span></div>"
    mark, sign = ("holds", "✓") if measure.holds else ("fails", "✗")
    cells = f"<span>{title}</span><b>{measure.shown}</b><span>{measure.against}</span><span>{sign}</span>"
    return f'<div class="{mark}">{cells}</div>'
