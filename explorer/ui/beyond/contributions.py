"""Direct contributions: what each head and each feed-forward layer adds to one logit."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.beyond.contributions import waterfall
from explorer.charts.common import board
from explorer.i18n import _
from explorer.lens import contributions as parts
from explorer.lens.layers import checked
from explorer.ui.common.offer import instead
from explorer.ui.common.session import MAX_TOKENS, escaped, is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from models.errors import ExplorerError

LISTED = 6


def draw(chosen: Chosen, row: DeltaGenerator) -> tuple[list[Figure], str] | None:
    """Controls into a row, the sum as bars, the heads as a board, the strongest heads; None where this model predicts no words."""
    try:
        checked(chosen.model)
        masks = chosen.model.kind == "encoder"
        labels = chosen.capture.queries().labels
        with row:
            at = st.selectbox(
                _("Masked token") if masks else _("Next after"),
                range(len(labels)),
                max(0, len(labels) - (2 if masks else 1)),
                format_func=lambda i: f"{i} {labels[i]}",
                key="parts_at",
                bind="query-params",
                width=170,
            )
            first = _found(chosen, at, None, None, masks)
            options = {number: f"{name.strip() or repr(name)} {chance:.1%}" for number, name, chance in first.best}
            asked = f"{chosen.capture.number}_{at}"
            number = st.selectbox(_("Logit of"), options, format_func=options.get, key=f"parts_number_{asked}", width=190)
            others = [other for other in options if other != number]
            against = st.selectbox(
                _("Minus that of"), others, None, format_func=options.get, placeholder=_("nothing"), key=f"parts_against_{asked}", width=190
            )
        found = _found(chosen, at, number, against, masks)
    except ExplorerError as error:
        instead(error, ("decoder", "encoder"), "parts")
        return None
    st.markdown(
        _("Logit of **{name}**: {logit:.3f}. The parts add up to {total:.3f}; deviation {deviation:.1e}.").format(
            name=escaped(found.name.strip() or repr(found.name)), logit=found.logit, total=found.total, deviation=found.deviation
        )
    )
    layers = [str(i) for i in range(len(found.heads))]
    names, values = [_("embedding")], [found.embedding]
    for i, layer in enumerate(layers):
        names += [_("layer {n}, heads").format(n=layer), _("layer {n}, feed-forward").format(n=layer)]
        values += [float(np.nansum(found.heads[i])), float(found.feed_forward[i])]
    names.append(_("biases"))
    values.append(found.biases)

    def bars(dark: bool) -> alt.LayerChart:
        return waterfall(names, values, total=_("logit"), width=370, height=min(480, 26 * (len(names) + 1)), dark=dark)

    def heads(dark: bool) -> alt.LayerChart:
        sizes = [int((~np.isnan(row)).sum()) for row in found.heads]
        how = {"title": _("adds"), "clickable": False, "width": 400, "height": 216, "dark": dark}
        return board.board(layers, sizes, (), values=found.heads, **how)

    left, right = st.columns([10, 9], gap="small")
    with left, st.container(border=True, key="parts_bars"):
        st.altair_chart(bars(is_dark()), key="parts_bars_chart", width="content")
    with right, st.container(border=True, key="parts_heads"):
        st.altair_chart(heads(is_dark()), key="parts_heads_chart", width="content")
        _strongest(chosen, found)
    st.caption(
        _(
            "Direct: by the residual connections, the norms and the output head, with each norm's scale as it was for the whole (Elhage et al. "
            "2021). What a part does by way of later heads and layers is not in it, so removing a head may change the logit by another amount."
        )
    )
    table = pd.DataFrame({"part": names, "adds": values})
    matrix = pd.DataFrame(found.heads).rename_axis("layer")
    figures = [
        Figure(
            _("The sum"), "contributions", picture_files(lambda: bars(False)) | {"csv": lambda: table.to_csv(index=False).encode("utf-8-sig")}
        ),
        Figure(_("Heads"), "contributions-heads", picture_files(lambda: heads(False)) | {"csv": lambda: matrix.to_csv().encode()}),
    ]
    return figures, _recipe(chosen, at, number, against, masks)


def _strongest(chosen: Chosen, found: parts.Contributions) -> None:
    """The heads that add or take most, and where they look."""
    order = np.argsort(-np.nan_to_num(np.abs(found.heads)), axis=None)[:LISTED]
    rows = []
    keys = chosen.capture.keys().labels
    for flat in order:
        layer, head = (int(i) for i in np.unravel_index(flat, found.heads.shape))
        weights = chosen.capture.pattern(layer, head)[found.at]
        most = np.argsort(-weights)[:3]
        looks = ", ".join(f"{keys[i]} {weights[i]:.2f}" for i in most)
        rows.append({_("head"): f"{layer}.{head}", _("adds"): float(found.heads[layer, head]), _("looks at"): looks})
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=36 * (len(rows) + 1), column_config={_("adds"): st.column_config.NumberColumn(format="%+.3f")}
    )


def _found(chosen: Chosen, at: int, number: int | None, against: int | None, masked: bool) -> parts.Contributions:
    key, known = ("parts", at, number, against), chosen.capture.derived
    if key not in known:
        known[key] = parts.contributions(chosen.model, chosen.capture, at, number, against=against, masked=masked)
    return known[key]


def _recipe(chosen: Chosen, at: int, number: int, against: int | None, masked: bool) -> str:
    more = (f", against={against}" if against is not None else "") + (", masked=True" if masked else "")
    lines = [
        "import explorer, models",
        "from explorer.lens import contributions",
        "",
        export.load_line(chosen.model.name),
        export.capture_line(chosen.text, chosen.pair, chosen.target, MAX_TOKENS),
        f"found = contributions.contributions(model, captured, {at}, {number}{more})",
        "print(found.heads, found.feed_forward, found.embedding, found.biases)",
        "print(found.total, found.logit)",
    ]
    return "\n".join(lines)
