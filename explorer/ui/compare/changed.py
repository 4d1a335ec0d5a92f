"""Which heads changed between two sides, and how one of them did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common import board
from explorer.charts.common.matrix import matrix
from explorer.charts.common.picture import Picture
from explorer.charts.compare import side_by_side
from explorer.compare import comparison
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.ui.common import address, chosen_head, jobs, pictures, stage
from explorer.ui.common.head_button import head_button
from explorer.ui.common.markdown import escaped, shortened
from explorer.ui.common.parts import PARTS
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.compare import recipe
from explorer.ui.compare.second import Other

MEASURES = {"total": N_("attention moved"), "divergence": N_("Jensen-Shannon divergence, nats")}
SHOWN = {"all": N_("Side by side"), "difference": N_("Difference"), "one": N_("First"), "other": N_("Second")}
TOKENS = 40
"""Aligned tokens that a map shows, the first ones."""
LISTED = 6
_DESK, _HALL = {"width": 200, "height": 250}, {"width": 170, "height": 150}
"""Room for the board's cells, in pixels: at a desk, and on the stage, where the maps stand beside it."""
_MAPS_HALL = {"width": 128, "most": 165, "named": False}
"""Width of each of three maps, the height that they have at most, and whether one by itself has a name at its axis."""
_ALONE, _ALONE_HIGH = 420, 245
"""Width of one map by itself, and the height that it has at most: low enough for a window of 1024 x 768, and a larger one makes it larger."""
_TOP = 0.02
"""The scale of a difference ends here at least: what is smaller is no change that anybody should look for."""


@dataclass(frozen=True)
class Sides:
    """Two sides, and the part of each that is compared."""

    chosen: Chosen
    other: Other
    part: str

    @property
    def parts(self) -> tuple[str, str]:
        """Of the first side, and of the second: the same one where it has it."""
        theirs = self.other.captured.parts
        return self.part, self.part if self.part in theirs else theirs[0]

    @property
    def identity(self) -> tuple:
        """Of what is compared."""
        return self.chosen.capture.number, self.other.captured.number, *self.parts

    @property
    def title(self) -> str:
        """For a viewer."""
        part = f" ({_(PARTS[self.part])})" if len(self.chosen.capture.parts) > 1 else ""
        return f"{self.chosen.title} → {shortened(self.other.name)}{part}"


@dataclass(frozen=True)
class Compared:
    """Two sides, measured.

    Attributes:
        sides: which.
        changes: of each head.
        rows, columns: queries and keys that belong together.
    """

    sides: Sides
    changes: comparison.Changes
    rows: comparison.Aligned
    columns: comparison.Aligned

    @property
    def identity(self) -> tuple:
        """Of what was measured."""
        return self.sides.identity

    def maps(self, head: tuple[int, int]) -> dict[str, np.ndarray]:
        """One head on each side, (query, key)."""
        (one, other), (layer, number) = self.sides.parts, head
        return {
            "one": self.sides.chosen.capture.pattern(layer, number, one),
            "other": self.sides.other.captured.pattern(layer, number, other),
        }

    def ranked(self, measure: str) -> list[tuple[int, int]]:
        """Heads, the one that changed most first."""
        values = getattr(self.changes, measure)
        return sorted(self.changes.ranked, key=lambda head: -values[head])


def compared(sides: Sides) -> Compared | None:
    """Measures; None while it is computed.

    Raises:
        ExplorerError: the two cannot be compared.
    """

    def work(report: Report) -> Compared:
        (part, theirs), (one, other) = sides.parts, (sides.chosen.capture, sides.other.captured)
        changes = comparison.changes(one, other, part, theirs)
        report(0.7)
        rows = comparison.align(one.queries(part), other.queries(theirs))
        same = one.queries(part) is one.keys(part) and other.queries(theirs) is other.keys(theirs)
        return Compared(sides, changes, rows, rows if same else comparison.align(one.keys(part), other.keys(theirs)))

    key = ("compared", *sides.identity)
    return jobs.computed(key, _("Comparing"), work, replaces="compared")


def draw(found: Compared) -> tuple[list[Figure], str]:
    """Which heads changed, and how the chosen one did."""
    left, right = st.columns([5, 13], gap="small")
    with left, st.container(border=True, key="changed_heads"):
        measure = address.choice(st.selectbox, _("Change of a head"), MEASURES, "measure")
        ranked = found.ranked(measure)
        head = looked_at(found, ranked)
        _board(found, measure, head)
        st.caption(_("Changed most; a click opens one:"))
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="changed_most"):
            values = getattr(found.changes, measure)
            for layer, number in ranked[:LISTED]:
                head_button(layer, number, head, "changed_most", f"{values[layer, number]:.2f}")
    with right, st.container(border=True, key="changed_head"):
        title = _("Layer {layer}, head {head}").format(layer=head[0], head=head[1])
        shown = address.choice(st.segmented_control, title, SHOWN, "compared")
        pictures.draw(map_picture(found, head, shown, is_dark(), **stage.room(_MAPS_HALL)), "compared_map")
    chosen_head.complete(head)
    one, other = found.sides.chosen.capture.queries(found.sides.parts[0]), found.sides.other.captured.queries(found.sides.parts[1])
    st.caption(
        _(
            "Tokens that belong together stand for each other; “a | b” is first and second. {rows} of {n} and {m} tokens are paired. Nothing is "
            "renormalised; what goes to unpaired tokens counts as one more key of a row."
        ).format(rows=len(found.rows), n=len(one), m=len(other))
        + (_(" The map shows the first {n}.").format(n=TOKENS) if len(found.rows) > TOKENS else "")
    )
    return _figures(found, measure, head, shown), recipe.whole(found.sides.chosen, found.sides.other.lines, found.sides.parts, head)


def looked_at(found: Compared, ranked: list[tuple[int, int]]) -> tuple[int, int]:
    """The head that other pages look at where both sides have it; at first the one that changed most.

    Layer 0, head 0 is where all pages begin, and nobody's choice unless this page's own address says so.
    """
    head = chosen_head.numbered(found.sides.chosen.capture, found.sides.parts[0])
    named = "layer" in st.query_params or head != (0, 0)
    return head if named and head in ranked else ranked[0]


def heads_picture(found: Compared, measure: str, chosen: tuple[int, int] | None, dark: bool, **room: int) -> Picture:
    """The change of each head, as a board; `room` for its cells in pixels."""
    values = getattr(found.changes, measure)
    sizes = (~np.isnan(values)).sum(1).tolist()
    how = {"title": _(MEASURES[measure]), "diverging": False, "clickable": chosen is not None, "removable": False, "chosen": chosen, "dark": dark}
    return board.board([str(i) for i in range(len(sizes))], sizes, (), values=values, compact=True, **(room or _DESK), **how)


def map_picture(found: Compared, head: tuple[int, int], shown: str, dark: bool, width: int = 160, most: int = 308, named: bool = True) -> Picture:
    """One head, of the tokens that belong together: both sides and their difference, or one of the three.

    Args:
        width: of each of three maps; most: their height at most, in pixels.
        named: where there is one, its axis has a name.
    """
    both, rows, columns = found.maps(head), found.rows, found.columns
    maps = {
        "one": both["one"][np.ix_(list(rows.one), list(columns.one))],
        "other": both["other"][np.ix_(list(rows.other), list(columns.other))],
        "difference": comparison.difference(both["one"], both["other"], rows, columns),
    }
    maps = {name: values[:TOKENS, :TOKENS] for name, values in maps.items()}
    top = max(_TOP, float(np.abs(maps["difference"]).max()))
    names = {"rows": rows.labels[:TOKENS], "columns": columns.labels[:TOKENS]}
    height = min(most, max(150, 30 * len(names["rows"])))
    if shown == "all":
        return side_by_side.maps(**maps, **names, top=top, width=width, height=height, dark=dark)
    look = _("second minus first: orange where there is more") if shown == "difference" else _("of the paired tokens")
    how = {"x": _("attended to") if named else "", "y": "", "title": _(SHOWN[shown]), "look": look}
    how |= {"top": top, "signed": True} if shown == "difference" else {"top": 1.0, "signed": False}
    return matrix(maps[shown], **how, **names, width=_ALONE, height=min(_ALONE_HIGH, height), dark=dark)


def heading(sides: Sides) -> str:
    """What is compared with what, as Markdown."""
    return f"{escaped(shortened(sides.chosen.text))} :gray[→] {escaped(shortened(sides.other.name))}"


def _board(found: Compared, measure: str, head: tuple[int, int]) -> None:
    def picture(first: tuple[int, int], dark: bool) -> Picture:
        return heads_picture(found, measure, first, dark, **room)

    room = stage.room(_HALL, desk=_DESK)
    pictures.clickable("changed", (*found.identity, measure), head, picture, chosen_head.picked_on_board)


def _figures(found: Compared, measure: str, head: tuple[int, int], shown: str) -> list[Figure]:
    def table() -> bytes:
        ranked = found.ranked(measure)
        rows = [{"layer": at[0], "head": at[1], "total": found.changes.total[at], "divergence": found.changes.divergence[at]} for at in ranked]
        return export.table_csv(pd.DataFrame(rows), index=False)

    def maps() -> bytes:
        both = found.maps(head)
        return export.packed(difference=comparison.difference(both["one"], both["other"], found.rows, found.columns), **both)

    heads = picture_files(lambda: heads_picture(found, measure, None, False)) | {"csv": table}
    return [
        Figure(_("Heads by change"), "changes", heads),
        Figure(_("This map"), "difference", picture_files(lambda: map_picture(found, head, shown, False)) | {"npz": maps}),
    ]
