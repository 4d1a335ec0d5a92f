"""Heads over layers, joined where one reads what another writes.

A click on a line comes back as selection "edge" with the fields kind and from_layer, from_head, layer, head; a click on a head as "at", with
layer, head and writes, which is 1 for a head of another part that only writes.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import N_, _

KINDS = {"q": N_("queries read (Q)"), "k": N_("keys read (K)"), "v": N_("values read (V)")}
"""What of the upper head reads what the lower one writes."""
_GAP = 0.5
"""Between two parts, in layers."""
_DASHES = {"q": [6, 3], "k": [1, 0], "v": [2, 3]}
_EDGE = ("kind", "from_layer", "from_head", "layer", "head")

Row = tuple[str, tuple[int, int], tuple[int, int], float]
"""Kind, writer, reader, value."""


def graph(
    sizes: Sequence[int],
    edges: Sequence[Row],
    *,
    writers: Sequence[int] = (),
    names: tuple[str, str] = ("", ""),
    chosen: tuple[int, int] | None = None,
    edge: tuple[str, tuple[int, int], tuple[int, int]] | None = None,
    clickable: bool = True,
    width: int = 620,
    height: int = 400,
    dark: bool = False,
) -> Picture:
    """The graph.

    Args:
        sizes: heads of each layer.
        edges: kind, writer, reader and value; the strongest first.
        writers: heads of each layer of another part, drawn above, whose heads write; none where those write that read.
        names: of the part that writes, and of the one that reads, where they are two.
        chosen: the head that carries a ring at first.
        edge: kind, writer and reader of the line that stands out at first.
        clickable: False for a picture only.
        width, height: in pixels.
    """
    both = [(layer, head, writes) for writes, of in ((1, writers), (0, sizes)) for layer, n in enumerate(of) for head in range(n)]
    nodes = pd.DataFrame(both, columns=["layer", "head", "writes"])
    lines = pd.DataFrame([(kind, *below, *above, value) for kind, below, above, value in reversed(edges)], columns=[*_EDGE, "value"])
    lines = lines.astype({"value": float} | dict.fromkeys(_EDGE[1:], int))
    values = {"top": max((value for *_names, value in edges), default=1.0)}
    if clickable:
        values["at"] = [{"layer": chosen[0], "head": chosen[1], "writes": 0}] if chosen else NOTHING
        values["edge"] = [dict(zip(_EDGE, (edge[0], *edge[1], *edge[2]), strict=True))] if edge else NOTHING
    aloud = ""
    if edges:
        kind, below, above, value = edges[0]
        aloud = _("Strongest: {above} reads {below}, {kind}, {value}.").format(
            above=_name(names[1], above), below=_name(names[0], below), kind=_(KINDS[kind]), value=f"{value:+.3f}"
        )
    layers, heads = (len(writers), len(sizes)), max((*writers, *sizes))
    return Picture(_description(layers, heads, names, clickable, width, height, dark), {"nodes": nodes, "edges": lines}, values, aloud)


def _name(part: str, head: tuple[int, int]) -> str:
    return f"{part} {head[0]}.{head[1]}".strip()


@described
def _description(
    layers: tuple[int, int], heads: int, parts: tuple[str, str], clickable: bool, width: int, height: int, dark: bool
) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    # Layers of another part that writes stand above those of the one that reads.
    first = layers[0] + _GAP if layers[0] else 0
    rows = [*range(layers[0]), *(first + layer for layer in range(layers[1]))]
    down = alt.Scale(domain=[-0.4, rows[-1] + 0.4], reverse=True, nice=False)
    across = alt.Scale(domain=[-0.6, heads - 0.4], nice=False)
    axis = {"format": "d", "grid": False, "ticks": False, "domain": False}
    x = {"title": _("head"), "scale": across, "axis": alt.Axis(values=list(range(heads)), orient="top", **axis)}
    named = {"labelExpr": f"datum.value < {first} ? of[0] + ' ' + datum.value : of[1] + ' ' + (datum.value - {first})"} if first else {}
    y = {"title": None if first else _("layer"), "scale": down, "axis": alt.Axis(values=rows, **axis, **named)}
    of = alt.param(name="of", value=list(parts))
    lines = alt.Chart(alt.NamedData("edges")).transform_calculate(
        writer="trim(of[0] + ' ' + datum.from_layer + '.' + datum.from_head)",
        reader="trim(of[1] + ' ' + datum.layer + '.' + datum.head)",
        way="ways[datum.kind]",
        row=f"datum.layer + {first}",
    )
    place = {"x": alt.X("from_head:Q", **x), "x2": "head:Q", "y": alt.Y("from_layer:Q", **y), "y2": "row:Q"}
    tips = [
        alt.Tooltip("way:N", title=_("way")),
        alt.Tooltip("reader:N", title=_("reads")),
        alt.Tooltip("writer:N", title=_("what is written by")),
    ]
    tips += [alt.Tooltip("value:Q", title=_("above random"), format="+.4f")]
    kinds = list(KINDS)
    names = alt.Legend(title=None, orient="bottom", offset=8, labelExpr="ways[datum.value]", labelLimit=260, symbolSize=400, symbolStrokeWidth=3)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=list(palette.lines(dark))[:3]), legend=names)
    dash = alt.StrokeDash("kind:N", scale=alt.Scale(domain=kinds, range=[_DASHES[kind] for kind in kinds]), legend=names)
    pick = alt.selection_point(name="edge", fields=list(_EDGE), toggle=False, clear=False, empty=False)
    at = alt.selection_point(name="at", fields=["layer", "head", "writes"], toggle=False, clear=False, empty=False)
    top = alt.param(name="top", value=1.0)
    ways = alt.param(name="ways", value={kind: _(title) for kind, title in KINDS.items()})
    thick = alt.Size("value:Q", scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef("top"), range=[0.6, 6]), legend=None)
    drawn = lines.mark_rule(opacity=0.85, aria=False).encode(**place, color=colour, strokeDash=dash, size=thick)
    layers_ = [drawn]
    if clickable:
        # A line is too thin to be hit: what is clicked is a wide one that nobody sees, above it.
        marked = lines.mark_rule(stroke=palette.frame(dark), strokeWidth=9, aria=False)
        marked = marked.encode(**place, opacity=alt.condition(pick, alt.value(0.45), alt.value(0)))
        caught = lines.mark_rule(strokeWidth=12, opacity=0.001, stroke=ink, cursor="pointer").encode(**place, tooltip=tips).add_params(pick)
        layers_ = [marked, drawn, caught]
    dots = alt.Chart(alt.NamedData("nodes")).transform_calculate(
        name="datum.layer + '.' + datum.head",
        row=f"datum.layer + (datum.writes ? 0 : {first})",
        said="trim(of[datum.writes ? 0 : 1] + ' ' + datum.layer + '.' + datum.head)",
    )
    spot = {"x": alt.X("head:Q", **x), "y": alt.Y("row:Q", **y)}
    round_ = {"filled": True, "size": 520, "color": palette.page(dark)[0], "stroke": ink, "strokeWidth": 1, "cursor": "pointer", "opacity": 1}
    points = dots.mark_point(**round_).encode(**spot, tooltip=[alt.Tooltip("said:N", title=_("head"))], description="said:N")
    written = dots.mark_text(fontSize=11, color=ink, aria=False, cursor="pointer").encode(**spot, text="name:N")
    layers_ += [points, written]
    if clickable:
        layers_[-2] = points.add_params(at)
        rings = dots.mark_point(size=760, filled=False, stroke=palette.frame(dark), strokeWidth=3, aria=False)
        layers_.append(rings.encode(**spot, opacity=alt.condition(at, alt.value(1), alt.value(0))))
        written.encoding.tooltip = [alt.Tooltip("said:N", title=_("head"))]
    chart = alt.layer(*layers_).add_params(top, ways, of)
    chart = chart.properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    return chart.configure_view(stroke=None)
