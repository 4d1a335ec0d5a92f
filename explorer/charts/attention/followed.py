"""One token through all layers: its row in every head, and the keys that each layer looks at most."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.heatmap import rectangles, weight_colour
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.follow import TOP, Followed
from explorer.i18n import _

_GAP = 5
"""Pixels between two layers."""
_LEAST, _LOWEST, _MOST = 3.0, 2.0, 16.0
"""Pixels that the row of a head is high: at least, at least where it has to be low, and at most."""
_FRAMED = 5
"""Pixels from one line of the chosen head's frame to the other, at least."""
_LETTERS, _SMALL = 13, 12
"""Pixels from one label of a head to the next, at least, and the height of its letters."""
_MANY = 6_000
"""Rectangles from which a browser paints them on a canvas."""


def rows(
    followed: Followed,
    chosen: tuple[int, str],
    *,
    turns: bool = True,
    top: float = 1.0,
    gamma: float = 1.0,
    width: int = 450,
    height: int = 430,
    low: bool = False,
    dark: bool = False,
) -> Picture:
    """A row per head, layers apart from each other. Clicks come back as selection "head" with the fields layer and head.

    Args:
        followed: the token.
        chosen: layer and head that carry the frame at first; a summary over heads carries none.
        turns: a click on a token comes back, too, as selection "token" with the field q, its position in the text.
        top: the weight that gets the last colour.
        gamma: exponent of the colour scale; below 1 it lifts small weights.
        width, height: room for the cells, in pixels.
        low: rows may be lower, and there is no scale of the colours below them: for a stage, whose letters make everything larger.
    """
    heads = tuple(len(layer.weights) for layer in followed.layers)
    weights = np.concatenate([layer.weights for layer in followed.layers])
    visible = np.concatenate([np.broadcast_to(layer.visible, layer.weights.shape) for layer in followed.layers])
    layer_of = np.repeat(np.arange(len(heads)), heads)
    head_of = np.concatenate([np.arange(n) for n in heads])
    cells = rectangles(weights, visible, range(len(weights))).drop(columns="q")
    cells["layer"], cells["head"] = layer_of[cells["r"]], head_of[cells["r"]]
    tokens = pd.DataFrame({"c": np.arange(len(followed.keys)), "q": followed.keys})
    values = {
        "head": [{"layer": chosen[0], "head": int(chosen[1])}] if chosen[1].isdigit() else NOTHING,
        "top": max(float(top), 1e-6),
        "followed": followed.query if turns else -1,
        "key_tokens": list(followed.labels),
        "key_names": [f"{label} ({i})" for label, i in zip(followed.labels, followed.keys, strict=True)],
    }
    made = _rows(heads, len(followed.keys), bool(visible.all()), len(cells) > _MANY, turns, gamma, width, height, low, dark)
    return Picture(made, {"cells": cells, "tokens": tokens}, values)


@described
def _rows(
    heads: tuple[int, ...], n: int, all_visible: bool, many: bool, turns: bool, gamma: float, width: int, height: int, low: bool, dark: bool
) -> alt.LayerChart:
    total = sum(heads)
    high = min(_MOST, max(_LOWEST if low else _LEAST, (height - _GAP * (len(heads) - 1)) / max(total, 1)))
    starts = [sum(heads[:layer]) * high + layer * _GAP for layer in range(len(heads))]
    height = round(total * high + _GAP * (len(heads) - 1))
    ink = palette.page(dark)[1]
    # A click is meant for a row or for a token: each selection hears its own marks, and the frame stays where it is on a click on a token.
    pick = alt.selection_point(name="head", fields=["layer", "head"], on=_on("head"), toggle=False, clear=False, empty=False)
    follow = alt.selection_point(name="token", fields=["q"], on=_on("q"), toggle=False, clear=False, empty=False)
    x = alt.X("c:Q", scale=alt.Scale(domain=[0, n], nice=False), axis=None)
    y = alt.Y("up:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
    base = alt.Chart(alt.NamedData("cells")).transform_calculate(
        up=f"datum.r * {high} + datum.layer * {_GAP}",
        down=f"(datum.r + 1) * {high} + datum.layer * {_GAP}",
        name=data.sentence(_("layer {layer}, head {head}")),
        to="datum.c + 1 < datum.end ? key_names[datum.c] + ' … ' + key_names[datum.end - 1] : key_names[datum.c]",
    )
    cells = base.mark_rect(cursor="pointer").encode(
        x=x,
        x2="end:Q",
        y=y,
        y2="down:Q",
        color=weight_colour(gamma, width, dark, legend=not low),
        tooltip=[
            alt.Tooltip("name:N", title=_("where")),
            alt.Tooltip("to:N", title=_("to (position)")),
            alt.Tooltip("w:Q", title=_("weight"), format=".4f"),
        ],
    )
    every = [(layer, head, starts[layer] + head * high) for layer, n_heads in enumerate(heads) for head in range(n_heads)]
    bands = alt.Chart(data.columns(layer=[at[0] for at in every], head=[at[1] for at in every], up=[at[2] for at in every]))
    # Where a row is as low as the frame's own lines, the frame stands around it, so that its colours are seen.
    around = max(0.0, (_FRAMED - high) / 2)
    ends = {"above": f"datum.up - {around}", "below": f"datum.up + {high + around}"}
    bands = bands.transform_calculate(**ends, middle=f"datum.up + {high / 2}", name="datum.layer + '.' + datum.head")
    frames = bands.mark_rect(filled=False, stroke=palette.frame(dark), strokeWidth=2, aria=False).encode(
        x=alt.value(0),
        x2=alt.value(width),
        y=alt.Y("above:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None),
        y2="below:Q",
        opacity=alt.condition(pick, alt.value(1), alt.value(0)),
    )
    middle = alt.Y("middle:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
    # The chosen head is named whatever is left out beside it.
    apart = max(1, int(np.ceil(_LETTERS / high)))
    some = bands.transform_filter(f"datum.head % {apart} === 0").mark_text(align="right", fontSize=_SMALL, color=ink, cursor="pointer")
    some = some.encode(x=alt.value(-5), y=middle, text="head:Q", opacity=alt.condition(pick, alt.value(0), alt.value(1)))
    some = some.encode(tooltip=alt.Tooltip("name:N", title=_("layer.head")))
    name = bands.mark_text(align="left", fontSize=12, fontWeight="bold", color=palette.frame(dark), aria=False)
    name = name.encode(x=alt.value(width + 5), y=middle, text="name:N", opacity=alt.condition(pick, alt.value(1), alt.value(0)))
    layers = alt.Chart(
        data.columns(layer=list(range(len(heads))), middle=[start + n_heads * high / 2 for start, n_heads in zip(starts, heads, strict=True)])
    )
    layers = layers.mark_text(align="right", fontSize=13, fontWeight="bold", color=ink).encode(x=alt.value(-26), y=middle, text="layer:Q")
    tokens = alt.Chart(alt.NamedData("tokens")).transform_calculate(token="key_tokens[datum.c]", name="key_names[datum.c]")
    tilted = n > 6
    tokens = tokens.mark_text(
        align="left" if tilted else "center",
        baseline="middle" if tilted else "bottom",
        angle=305 if tilted else 0,
        limit=90,
        fontSize=float(min(12, max(11, width / max(n, 1) * 0.8))),
        cursor="pointer" if turns else "default",
    ).encode(
        x=alt.X("at:Q", scale=alt.Scale(domain=[0, n], nice=False), axis=None),
        y=alt.value(-7),
        text="token:N",
        color=alt.condition("datum.q === followed", alt.value(palette.frame(dark)), alt.value(ink)),
        **({"tooltip": alt.Tooltip("name:N", title=_("follow"))} if turns else {}),
    )
    tokens = tokens.transform_calculate(at="datum.c + 0.5")
    heard = cells.add_params(pick, *([follow] if turns else []))
    return (
        alt.layer(heard, frames, some, name, layers, tokens)
        .add_params(*data.texts(key_tokens=[], key_names=[]).values(), alt.param(name="top", value=1.0), alt.param(name="followed", value=-1))
        .properties(
            width=width,
            height=height,
            autosize=data.PAD,
            usermeta=data.render(_MANY if many else 0),
            title=alt.TitleParams(_("↓ layer, head"), anchor="start", dx=-48, dy=22, fontSize=12, fontWeight="normal"),
        )
        .configure_view(stroke=None, fill=palette.page(dark)[0] if all_visible else palette.masked(dark))
    )


def _on(field: str) -> str:
    """A click on a mark whose row has this field. A filter of Vega's knows the event, and not `datum`."""
    return f"click[event.item && event.item.datum && event.item.datum.{field} >= 0]"


def tops(followed: Followed, chosen: int, *, turns: bool = True, width: int = 420, height: int = 190, dark: bool = False) -> Picture:
    """Of each layer the keys that get most over its heads, as bars. Clicks come back as selection "token" with the field q.

    Args:
        followed: the token, with all of its keys.
        chosen: the layer that is marked.
        turns: a click on a bar comes back.
        width, height: room for the bars, in pixels.
    """
    found = [(layer.layer, place, *best) for layer in followed.layers for place, best in enumerate(layer.top())]
    table = pd.DataFrame(found, columns=["layer", "place", "key", "w"])
    tokens = [f"{followed.labels[key]}" for key in table["key"]]
    names = [f"{followed.labels[key]} ({followed.keys[key]})" for key in table["key"]]
    table["q"] = followed.keys[table["key"].to_numpy(int)]
    table["n"] = np.arange(len(table))
    values = {"top_tokens": tokens, "top_names": names, "largest": max(float(table["w"].max()) if len(table) else 0.0, 1e-6)}
    made = _tops(len(followed.layers), turns, width, height, dark)
    return Picture(made, {"tops": table.drop(columns="key")}, {**values, "chosen_layer": int(chosen)})


@described
def _tops(n_layers: int, turns: bool, width: int, height: int, dark: bool) -> alt.LayerChart:
    high, wide = min(34, max(17, height // n_layers)), width / TOP
    ink, pointer = palette.page(dark)[1], {"cursor": "pointer" if turns else "default"}
    follow = alt.selection_point(name="token", fields=["q"], on=_on("q"), toggle=False, clear=False, empty=False)
    scale = alt.Scale(domain=[n_layers * high, 0], nice=False)
    base = alt.Chart(alt.NamedData("tops")).transform_calculate(
        token="top_tokens[datum.n]",
        name="top_names[datum.n]",
        up=f"datum.layer * {high} + 1",
        down=f"(datum.layer + 1) * {high} - 1",
        middle=f"(datum.layer + 0.5) * {high}",
        left=f"datum.place * {wide}",
        # Never so short that the hand of a person misses it.
        right=f"datum.place * {wide} + max(3, {wide - 8} * datum.w / largest)",
        begin=f"datum.place * {wide} + 5",
        end=f"datum.place * {wide} + {wide - 12}",
    )
    tips = [
        alt.Tooltip("layer:Q", title=_("layer")),
        alt.Tooltip("name:N", title=_("to (position)")),
        alt.Tooltip("w:Q", title=_("mean over heads"), format=".4f"),
    ]
    across = alt.Scale(domain=[0, width], nice=False)
    y = alt.Y("up:Q", scale=scale, axis=None)
    middle = alt.Y("middle:Q", scale=scale, axis=None)
    bars = base.mark_rect(color=palette.colours(dark)[1 if dark else 2], cornerRadius=2, **pointer).encode(
        x=alt.X("left:Q", scale=across, axis=None), x2="right:Q", y=y, y2="down:Q", tooltip=tips
    )
    words = {"color": ink, "fontSize": 12, "baseline": "middle", **pointer}
    tokens = base.mark_text(align="left", limit=wide - 55, **words).encode(
        x=alt.X("begin:Q", scale=across), y=middle, text="token:N", tooltip=tips
    )
    weights = base.mark_text(align="right", fontWeight="bold", **words).encode(
        x=alt.X("end:Q", scale=across), y=middle, text=alt.Text("w:Q", format=".2f"), tooltip=tips
    )
    layers = alt.Chart(data.columns(layer=list(range(n_layers)))).transform_calculate(
        middle=f"(datum.layer + 0.5) * {high}", up=f"datum.layer * {high}", down=f"(datum.layer + 1) * {high}"
    )
    mark = "datum.layer === chosen_layer"
    labels = layers.mark_text(align="right", fontSize=13, fontWeight="bold").encode(
        x=alt.value(-8), y=middle, text="layer:Q", color=alt.condition(mark, alt.value(palette.frame(dark)), alt.value(ink))
    )
    frame = layers.transform_filter(mark).mark_rect(filled=False, stroke=palette.frame(dark), strokeWidth=2, aria=False)
    frame = frame.encode(x=alt.value(-3), x2=alt.value(width), y=y, y2="down:Q")
    return (
        alt.layer(bars.add_params(follow) if turns else bars, tokens, weights, labels, frame)
        .add_params(*data.texts(top_tokens=[], top_names=[]).values())
        .add_params(alt.param(name="largest", value=1.0), alt.param(name="chosen_layer", value=0))
        .properties(width=width, height=n_layers * high, autosize=data.PAD, usermeta=data.render(0))
        .configure_view(stroke=None)
    )
