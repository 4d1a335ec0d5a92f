"""Score against the share of heads removed, one line per order, with bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

COLUMNS = ("share", "removed", "score", "low", "high", "loss")
"""Of the table of an order: share (0 to 1) and number of heads removed, accuracy and its interval, mean loss in nats."""

_ROW, _LETTER, _WIDE = 15, 22, 700
"""Pixels: of a line of the published figures, and of their letters, above the drawing; and how wide one is that has two of them in a line."""
_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"]


def curves(
    lines: Mapping[str, pd.DataFrame],
    orders: Sequence[str],
    *,
    first: Mapping[str, pd.DataFrame] | None = None,
    what: str = "score",
    titles: tuple[str, str] | None = None,
    chance: float | None = None,
    landmarks: Sequence[tuple[float, str]] = (),
    width: int = 640,
    height: int = 340,
    dark: bool = False,
) -> Picture:
    """The chart.

    Args:
        lines: by order, a table as `COLUMNS`.
        orders: all orders there are, so that each keeps its colour.
        first: by order, the same on a part of the examples; drawn thin and dashed, without a band.
        what: "score" or "loss"; bands are drawn for the score.
        titles: what these two are called; accuracy and loss where None.
        chance: score of guessing, drawn as a dashed line.
        landmarks: share and text of published figures: vertical lines with letters, which are explained above the drawing.
        width, height: in pixels.
    """
    tables = {"lines": _joined(lines), "first": _joined(first or {}), "chance": pd.DataFrame({"score": [] if chance is None else [chance]})}
    shown = tuple(order for order in orders if order in lines or order in (first or {}))
    made = _description(
        tuple(orders), shown, what, titles or (_("accuracy"), _("loss, nats")), tuple(share for share, _text in landmarks), width, height, dark
    )
    aloud = _("A line for each order of removing heads: {names}.").format(names=", ".join(shown))
    drawn = [tables[name][column] for name, column in _drawn(what)]
    return Picture(made, tables, {"landmark_texts": [text for _share, text in landmarks], **data.span(*drawn)}, aloud)


def _drawn(what: str) -> list[tuple[str, str]]:
    """Tables and columns that stand along the axis."""
    if what == "loss":
        return [("lines", "loss"), ("first", "loss")]
    return [("lines", "low"), ("lines", "high"), ("lines", "score"), ("first", "score"), ("chance", "score")]


def _joined(lines: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    empty = pd.DataFrame(columns=list(COLUMNS), dtype=float).assign(order=pd.Series(dtype=str))
    tables = [table.assign(order=order) for order, table in lines.items() if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else empty


@described
def _description(
    orders: tuple[str, ...],
    shown: tuple[str, ...],
    what: str,
    titles: tuple[str, str],
    landmarks: tuple[float, ...],
    width: int,
    height: int,
    dark: bool,
) -> alt.LayerChart:
    scale = alt.Scale(domain=list(orders), range=list(palette.lines(dark))[: len(orders)])
    legend = alt.Legend(orient="bottom", direction="horizontal", values=list(shown), titleOrient="left", symbolOpacity=1)
    colour = alt.Color("order:N", title=_("order"), scale=scale, legend=legend)
    x = alt.X("share:Q", title=_("share of heads removed"), axis=alt.Axis(format="%", tickCount=10), scale=alt.Scale(domain=[0, 1]))
    title = titles[0] if what == "score" else titles[1]
    base, before = alt.Chart(alt.NamedData("lines")), alt.Chart(alt.NamedData("first"))
    layers = []
    if what == "score":
        layers.append(base.mark_area(opacity=0.15).encode(x=x, y=alt.Y("low:Q", title=title, scale=data.spanned()), y2="high:Q", color=colour))
    tips = [
        alt.Tooltip("order:N", title=_("order")),
        alt.Tooltip("removed:Q", title=_("heads removed")),
        alt.Tooltip("share:Q", title=_("share"), format=".0%"),
        alt.Tooltip("score:Q", title=titles[0], format=".4f"),
        alt.Tooltip("low:Q", title=_("from"), format=".4f"),
        alt.Tooltip("high:Q", title=_("to"), format=".4f"),
        alt.Tooltip("loss:Q", title=titles[1], format=".4f"),
    ]
    y = alt.Y(f"{what}:Q", title=title, scale=data.spanned())
    layers.append(before.mark_line(strokeWidth=1.5, strokeDash=[5, 4], opacity=0.8).encode(x=x, y=y, color=colour))
    layers.append(base.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour))
    # A shape beside the colour: not everybody tells six colours apart, and no projector does.
    shape = alt.Shape("order:N", title=_("order"), scale=alt.Scale(domain=list(orders), range=_SHAPES[: len(orders)]), legend=legend)
    layers.append(base.mark_point(filled=True, size=70).encode(x=x, y=y, color=colour, shape=shape, tooltip=tips))
    ink = palette.page(dark)[1]
    if what == "score":
        guess = alt.Chart(alt.NamedData("chance")).mark_rule(strokeDash=[4, 4], color=ink, opacity=0.6)
        layers.append(guess.encode(y=y))
    rules, texts = [], []
    # In a wide drawing two stand beside each other, and the lines get the room.
    across = 2 if width >= _WIDE else 1
    rows = -(-len(landmarks) // across)
    for i, share in enumerate(landmarks):
        mark = alt.Chart(data.columns(share=[share])).transform_calculate(caption=f"landmark_texts[{i}]")
        rules.append(mark.mark_rule(strokeDash=[2, 3], color=ink, opacity=0.7).encode(x="share:Q", tooltip=alt.Tooltip("caption:N", title=" ")))
        # The words stand where no line crosses them: above the drawing, one below the other, with the letter of their line.
        letter, how = chr(ord("a") + i), {"align": "left", "baseline": "middle", "color": ink}
        at_line = alt.Chart(data.columns(share=[share], letter=[letter])).mark_text(fontSize=12, fontWeight="bold", dy=-8, color=ink)
        texts.append(at_line.encode(x="share:Q", y=alt.value(0), text="letter:N"))
        row, left = alt.value(-_LETTER - _ROW * (rows - i // across - 0.5)), i % across * width / across
        of_row = alt.Chart(data.columns(letter=[letter])).mark_text(fontSize=12, fontWeight="bold", **how)
        texts.append(of_row.encode(x=alt.value(left), y=row, text="letter:N"))
        texts.append(mark.mark_text(fontSize=12, **how).encode(x=alt.value(left + 14), y=row, text="caption:N"))
    layers += [*rules, *texts]
    chart = alt.layer(*layers).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    return chart.add_params(*data.texts(landmark_texts=[]).values(), *data.SPAN)
