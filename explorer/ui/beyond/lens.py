"""The logit lens: what each layer would predict at each token, and how one word comes up through the layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.beyond import lens as charts
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.jobs import Report
from explorer.lens import layers
from explorer.tokens import readable
from explorer.ui.beyond.frame import Frame
from explorer.ui.common import address, jobs, pictures, stage
from explorer.ui.common.markdown import escaped
from explorer.ui.common.offer import instead
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from models.errors import ExplorerError

SHARES = ("chances", "chance")
"""Colours that are probabilities."""
_HALL = {"most": 168}
"""Height of the grid on the stage, in pixels."""
_CELL, _CELL_HALL = ({"width": 130}, {}), ({"width": 158, "down": 14}, {"width": 174, "height": 48})
"""Room for the candidates of a cell and for the way of one, at a desk and on the stage, where they stand beside the grid, too."""
_FIRST_HALL = 5
"""Candidates on the stage."""


@dataclass(frozen=True)
class Shown:
    """One text, read layer by layer.

    Attributes:
        chosen: whose text.
        masked: the token that was masked first.
        lens: what was read.
        followed: readable, the word whose way is followed at each token.
    """

    chosen: Chosen
    masked: int | None
    lens: layers.Lens
    followed: tuple[str, ...]

    @property
    def rows(self) -> list[str]:
        """Names of the rows."""
        return [_("embedding"), *(str(i) for i in range(len(self.lens.chance) - 1))]


def draw(chosen: Chosen, frame: Frame) -> tuple[list[Figure], str] | None:
    """Controls into the frame, the grid, and one cell of it; None where this model has no words to predict, and while there is nothing yet."""
    with frame.controls:
        colour = address.choice(st.selectbox, _("Colour"), charts.TITLES, "lens_colour", width=300)
        masked = _masked(chosen)
    try:
        with frame.progress:
            found = _found(chosen, masked)
    except ExplorerError as error:
        instead(error, ("decoder", "encoder"), "lens")
        return None
    with frame.words:
        st.caption(_("What each layer would predict at each token. Click a cell."))
        at = "" if masked is None else f", {_('masked')}: {masked}"
        kept = jobs.kept("lens", _identity(chosen, masked), chosen.title + at, found)
    if kept is None:
        return None
    shown: Shown = kept.what
    cell = _cell(shown.lens)
    left, right = st.columns([29, 11], gap="small")
    with left, st.container(border=True, key="lens_grid"):
        _grid(shown, colour, cell)
    with right, st.container(border=True, key="lens_cell"):
        _one_cell(shown, cell)
    st.caption(
        _(
            "Each cell: the states after that layer, read by the model's own output head with its norm computed anew (nostalgebraist 2020). "
            "Early layers were not trained to be read this way: an odd word there is no error."
        )
    )
    files = picture_files(lambda: picture(shown, colour, cell, False)) | {"csv": lambda: export.table_csv(table(shown), index=False)}
    return [Figure(_("Logit lens"), "logit-lens", files)], recipe(shown)


def picture(shown: Shown, colour: str, pinned: tuple[int, int], dark: bool, most: int = 420, down: int = 45) -> Picture:
    """The grid of all layers and tokens; height of all at most, and of a row, in pixels: at 1024 x 768 it ends within the window."""
    found = shown.lens
    return charts.grid(
        [[at[0].strip() or repr(at[0]) for at in row] for row in found.words],
        found.chances[..., 0] if colour == "chances" else getattr(found, colour),
        found.labels,
        shown.rows,
        title=_(charts.TITLES[colour]),
        share=colour in SHARES,
        pinned=pinned,
        width=650,
        height=min(most, down * len(shown.rows)),
        dark=dark,
    )


def table(shown: Shown) -> pd.DataFrame:
    """A line per layer and token."""
    found = shown.lens
    return pd.DataFrame(
        [
            {"layer": name, "token": found.labels[c], "word": found.words[r][c][0], "probability": found.chances[r, c, 0]}
            | {what: getattr(found, what)[r, c] for what in ("chance", "rank", "entropy", "divergence")}
            for r, name in enumerate(shown.rows)
            for c in range(len(found.labels))
        ]
    )


def recipe(shown: Shown) -> str:
    """Lines of Python for the grid."""
    chosen, masked = shown.chosen, f", masked={shown.masked}" if shown.masked is not None else ""
    lines = [
        "import explorer, models",
        "from explorer.lens import layers",
        "",
        *chosen.lines,
        f"found = layers.lens(model, captured{masked})",
        "print(found.words, found.chances, found.rank, found.divergence)",
    ]
    return "\n".join(lines)


def _masked(chosen: Chosen) -> int | None:
    if chosen.model.kind != "encoder" or chosen.model.tokenizer.mask_token_id is None:
        return None
    labels = chosen.capture.source.labels
    how = {"options": list(range(len(labels))), "format_func": lambda i: f"{i} {labels[i]}", "placeholder": _("none"), "width": 150}
    return address.entry(st.selectbox, _("Masked token"), "lens_masked", None, address.among(range(len(labels))), **how)


def _found(chosen: Chosen, masked: int | None) -> Shown | None:
    layers.checked(chosen.model)

    def work(report: Report) -> Shown:
        found = layers.lens(chosen.model, chosen.capture, masked=masked, k=8, progress=report)
        return Shown(chosen, masked, found, tuple(readable(chosen.model.tokenizer, found.chosen.tolist())))

    return jobs.computed(("lens", *_identity(chosen, masked)), _("Reading the layers"), work, replaces="beyond")


def _identity(chosen: Chosen, masked: int | None) -> tuple:
    return chosen.model.number, chosen.capture.number, masked


def _cell(found: layers.Lens) -> tuple[int, int]:
    """Row and token that are looked at, by the address; at first the last token after the last layer."""
    n_rows, n = found.chance.shape
    return address.number("lens_row", n_rows - 1, n_rows), address.number("lens_token", n - 1, n)


def _grid(shown: Shown, colour: str, cell: tuple[int, int]) -> None:
    def picked(selection: Mapping[str, list]) -> tuple[int, int] | None:
        points = selection.get("cell")
        if not points:
            return None
        # A click on a token or on a layer at the margin leaves the other as it was; the frame, which the browser lost then, is drawn anew.
        row, token = points[0].get("r"), points[0].get("c")
        now = (cell[0] if row is None else int(row), cell[1] if token is None else int(token))
        address.write(lens_row=now[0], lens_token=now[1])
        return now if None not in (row, token) else None

    # The numbers of what was read, not of the text that is on its way.
    identity = _identity(shown.chosen, shown.masked)
    room = stage.room(_HALL)
    pictures.clickable("lens", (*identity, colour), cell, lambda first, dark: picture(shown, colour, first, dark, **room), picked)


def _one_cell(shown: Shown, cell: tuple[int, int]) -> None:
    """The candidates of one cell, and the way of the model's own choice through the layers."""
    found, (row, token) = shown.lens, cell
    where = _("after layer {n}").format(n=shown.rows[row]) if row else shown.rows[0]
    st.markdown(_("**At {token}**, {where}").format(token=escaped(found.labels[token]), where=where))
    most, (bars, way) = (_FIRST_HALL, _CELL_HALL) if stage.is_on() else (None, _CELL)
    words = [word.strip() or repr(word) for word in found.words[row][token][:most]]
    pictures.draw(charts.candidates(words, found.chances[row, token][:most], **bars, dark=is_dark()), "lens_candidates")
    word, rank = shown.followed[token], int(found.rank[row, token]) + 1
    st.markdown(_("The model's own choice, “**{word}**”, has rank {rank:,} here.").format(word=escaped(word.strip() or repr(word)), rank=rank))
    rows = [_("emb"), *shown.rows[1:]]
    pictures.draw(charts.course(found.chance[:, token], found.rank[:, token], rows, **way, dark=is_dark()), "lens_course")
