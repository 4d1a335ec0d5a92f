"""Direct contributions: what each head and each feed-forward layer adds to one logit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.beyond.contributions import waterfall
from explorer.charts.common import board
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.jobs import Report
from explorer.lens import contributions as parts
from explorer.lens.layers import checked
from explorer.ui.beyond.frame import Frame
from explorer.ui.common import address, chosen_head, jobs, pictures, stage
from explorer.ui.common.head_button import head_button
from explorer.ui.common.markdown import escaped
from explorer.ui.common.offer import instead
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from models.errors import ExplorerError

LISTED, LISTED_HALL = 5, 3
"""Heads that are listed, the strongest ones, at a desk and on the stage; the chosen one is added where it is not among them."""
_BARS_HALL = {"width": 290, "row": 14}
_BOARD, _BOARD_HALL = {"width": 400, "height": 180, "compact": True}, {"width": 330, "height": 120, "compact": True}
_BOARD_FILE = {"width": 400, "height": 200}
"""Room at a desk, on the stage, where bars and board stand beside each other, and in a file, in pixels. On a page the heads that are listed
below are to be seen without a scroll."""


@dataclass(frozen=True)
class Asked:
    """One logit of one text.

    Attributes:
        chosen: whose text.
        at: the token at which the logit is read; it is masked in an encoder.
        number: the vocabulary id; the likeliest where None.
        against: another id whose logit is subtracted.
    """

    chosen: Chosen
    at: int
    number: int | None = None
    against: int | None = None

    @property
    def masked(self) -> bool:
        """Whether the token is masked first."""
        return self.chosen.model.kind == "encoder"

    @property
    def identity(self) -> tuple:
        """Of the logit."""
        return self.chosen.model.number, self.chosen.capture.number, self.at, self.number, self.against

    @property
    def title(self) -> str:
        """For a viewer."""
        which = "" if self.number is None else f" · {self.number}" + ("" if self.against is None else f" - {self.against}")
        return f"{self.chosen.title} · {self.at} {self.chosen.capture.source.labels[self.at]}{which}"


@dataclass(frozen=True)
class Shown:
    """A logit, taken apart."""

    asked: Asked
    found: parts.Contributions


def draw(chosen: Chosen, frame: Frame) -> tuple[list[Figure], str] | None:
    """Controls into the frame, the sum as bars, the heads as a board, the strongest heads; None where this model predicts no words, and
    while there is nothing yet."""
    try:
        checked(chosen.model)
        asked, found = _chosen_logit(chosen, frame)
    except ExplorerError as error:
        instead(error, ("decoder", "encoder"), "parts")
        return None
    with frame.words:
        kept = jobs.kept("contributions", asked.identity, asked.title, None if found is None else Shown(asked, found))
        if kept is None:
            return None
        shown = kept.what
        st.markdown(
            _("Logit of **{name}**: {logit:.3f}. The parts add up to {total:.3f}; deviation {deviation:.1e}.").format(
                name=escaped(shown.found.name.strip() or repr(shown.found.name)),
                logit=shown.found.logit,
                total=shown.found.total,
                deviation=shown.found.deviation,
            )
        )
    captured = shown.asked.chosen.capture
    head = chosen_head.numbered(captured, captured.parts[0])
    left, right = st.columns([10, 9], gap="small")
    with left, st.container(border=True, key="parts_bars"):
        pictures.draw(bars(shown.found, is_dark(), **stage.room(_BARS_HALL)), "parts_bars_chart")
    with right, st.container(border=True, key="parts_heads"):
        _board(shown, head)
        _strongest(shown, head)
    st.caption(
        _(
            "Direct: by the residual connections, the norms and the output head, with each norm's scale as it was for the whole (Elhage et al. "
            "2021). What a part does by way of later heads and layers is not in it, so removing a head may change the logit by another amount."
        )
    )
    return _figures(shown.found), recipe(shown.asked)


def bars(found: parts.Contributions, dark: bool, width: int = 370, row: int = 23) -> Picture:
    """The sum, from the embedding upwards; `width`, and the height of a row at most, in pixels."""
    names, values = sums(found)
    return waterfall(names, values, total=_("logit"), width=width, height=min(480, row * (len(names) + 1)), dark=dark)


def sums(found: parts.Contributions) -> tuple[list[str], list[float]]:
    """The parts of the sum: names, and what each adds."""
    names, values = [_("embedding")], [found.embedding]
    for i in range(len(found.heads)):
        names += [_("layer {n}, heads").format(n=i), _("layer {n}, feed-forward").format(n=i)]
        values += [float(np.nansum(found.heads[i])), float(found.feed_forward[i])]
    return [*names, _("biases")], [*values, found.biases]


def heads(found: parts.Contributions, chosen: tuple[int, int] | None, dark: bool, **room: int) -> Picture:
    """What each head adds, as a board; `room` for its cells in pixels."""
    sizes = [int((~np.isnan(row)).sum()) for row in found.heads]
    how = {"title": _("adds"), "clickable": chosen is not None, "removable": False, "chosen": chosen, "dark": dark}
    return board.board([str(i) for i in range(len(sizes))], sizes, (), values=found.heads, **how, **(room or _BOARD_FILE))


def recipe(asked: Asked) -> str:
    """Lines of Python for the sum."""
    chosen = asked.chosen
    more = (f", against={asked.against}" if asked.against is not None else "") + (", masked=True" if asked.masked else "")
    lines = [
        "import explorer, models",
        "from explorer.lens import contributions",
        "",
        *chosen.lines,
        f"found = contributions.contributions(model, captured, {asked.at}, {asked.number}{more})",
        "print(found.heads, found.feed_forward, found.embedding, found.biases)",
        "print(found.total, found.logit)",
    ]
    return "\n".join(lines)


def _chosen_logit(chosen: Chosen, frame: Frame) -> tuple[Asked, parts.Contributions | None]:
    """What is asked for, and the answer; None while it is computed."""
    labels, masks = chosen.capture.source.labels, chosen.model.kind == "encoder"
    positions = range(len(labels))
    with frame.controls:
        at = address.entry(
            st.selectbox,
            _("Masked token") if masks else _("Next after"),
            "parts_at",
            max(0, len(labels) - (2 if masks else 1)),
            address.among(positions),
            options=list(positions),
            format_func=lambda i: f"{i} {labels[i]}",
            width=150,
        )
        asked = Asked(chosen, at)
        likeliest = _found(asked, frame)
        if likeliest is None:
            return asked, None
        options = {number: f"{name.strip() or repr(name)} {chance:.1%}" for number, name, chance in likeliest.best}
        how = {"format_func": options.get, "width": 175}
        first = likeliest.number
        number = address.entry(st.selectbox, _("Logit of"), "parts_number", first, address.among(options), options=list(options), **how)
        others = [other for other in options if other != number]
        how |= {"options": others, "placeholder": _("nothing")}
        against = address.entry(st.selectbox, _("Minus that of"), "parts_against", None, address.among(others), **how)
    asked = Asked(chosen, at, number, against)
    return asked, likeliest if number == first and against is None else _found(asked, frame)


def _found(asked: Asked, frame: Frame) -> parts.Contributions | None:
    def work(report: Report) -> parts.Contributions:
        how = {"against": asked.against, "masked": asked.masked}
        return parts.contributions(asked.chosen.model, asked.chosen.capture, asked.at, asked.number, **how)

    key = ("contributions", asked.chosen.model.number, asked.chosen.capture.number, asked.at, asked.number, asked.against)
    with frame.progress:
        return jobs.computed(key, _("Taking the logit apart"), work, replaces="beyond")


def _board(shown: Shown, head: tuple[int, int]) -> None:
    room = stage.room(_BOARD_HALL, desk=_BOARD)
    if not stage.is_on():
        st.caption(_("layers down, heads across, both from 0"))
    pictures.clickable(
        "parts_board", shown.asked.identity, head, lambda first, dark: heads(shown.found, first, dark, **room), chosen_head.picked_on_board
    )


def _strongest(shown: Shown, chosen: tuple[int, int]) -> None:
    """The heads that add or take most, and where they look; a click on one opens it."""
    found, captured = shown.found, shown.asked.chosen.capture
    hall = stage.is_on()
    order = np.argsort(-np.nan_to_num(np.abs(found.heads)), axis=None)[: LISTED_HALL if hall else LISTED]
    listed = [tuple(int(i) for i in np.unravel_index(flat, found.heads.shape)) for flat in order]
    keys = captured.keys().labels
    with st.container(key="strongest", gap=None):
        if not hall:
            st.caption(_("The heads that add or take most, and where they look; a click opens one."))
        for layer, head in [*listed, *([chosen] if chosen not in listed and np.isfinite(found.heads[chosen]) else [])]:
            weights = captured.pattern(layer, head)[found.at]
            most = np.argsort(-weights)[:3]
            looks = ", ".join(f"{escaped(keys[i])} {weights[i]:.2f}" for i in most)
            with st.container(horizontal=True, vertical_alignment="center"):
                head_button(layer, head, chosen, "strongest", f"{found.heads[layer, head]:+.3f}", width=112)
                st.markdown(f"{_('looks at')} {looks}")


def _figures(found: parts.Contributions) -> list[Figure]:
    def table() -> bytes:
        names, values = sums(found)
        return export.table_csv(pd.DataFrame({"part": names, "adds": values}), index=False)

    def matrix() -> bytes:
        return export.table_csv(pd.DataFrame(found.heads).rename_axis("layer"))

    return [
        Figure(_("The sum"), "contributions", picture_files(lambda: bars(found, False)) | {"csv": table}),
        Figure(_("Heads"), "contributions-heads", picture_files(lambda: heads(found, None, False)) | {"csv": matrix}),
    ]
