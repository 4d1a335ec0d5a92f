"""Position tables of the loaded model in the views of the sinusoids; T5's biases by distance."""

from __future__ import annotations

import altair as alt
import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.common.sliders import Standalone
from explorer.charts.positions import tables as charts
from explorer.i18n import _
from explorer.positions import tables
from explorer.ui.common import sliders
from explorer.ui.common.session import escaped, explained, is_dark
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import Figure, picture_files, take_away
from models import Model
from models.errors import ExplorerError
from models.toy.positions import sinusoids

OF = {"model": _("of the model"), "sinusoids": _("sinusoids of that size")}


@st.cache_resource(max_entries=16, show_spinner=False)
def _known(number: int, _model: Model) -> tuple[str, tables.Table | None]:
    """Kept, as it runs the model."""
    return tables.kind_and_table(_model)


@st.cache_data(max_entries=16, show_spinner=False)
def _views(number: int, of: str, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    components, shares = tables.pca(values)
    return tables.similarity(values).cosine, components, shares


def draw(row: DeltaGenerator, downloads: DeltaGenerator) -> None:
    """Controls into the row, the pictures, and the menu of downloads."""
    model = choose_model()
    kind, table = _known(model.number, model)
    try:
        figure = _table(model, kind, table, row) if table is not None else _biases(model, row)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return
    with downloads:
        take_away([figure], _recipe(model, table is not None))


def _table(model: Model, kind: str, table: tables.Table, row: DeltaGenerator) -> Figure:
    with row:
        of = st.segmented_control(_("Table"), OF, default="model", format_func=OF.get, key="table_of", bind="query-params", required=True)
    values = table.values if of == "model" else sinusoids(*table.values.shape).numpy()
    cosine, components, shares = _views(model.number, of, values)

    def description(dark: bool) -> dict[str, object]:
        return charts.description(values, cosine, components, shares, dark=dark)

    n, width = values.shape
    st.markdown(
        _("**{name}**: {kind}. {n} positions × {width} dimensions, {parameters}; three components explain {share:.0%} of the variance.").format(
            name=escaped(model.name),
            kind=tables.SAID[kind if of == "model" else tables.SINUSOIDAL],
            n=n,
            width=width,
            parameters=_("{n:,} parameters").format(n=n * width) if of == "model" and table.learned else _("0 parameters"),
            share=shares.sum(),
        )
    )
    sliders.draw(description(is_dark()), "table")
    files = picture_files(lambda: Standalone(description(False))) | {
        "npz": lambda: export.packed(values=values, cosine=cosine, components=components)
    }
    return Figure(_("Position table"), "positions", files)


def _biases(model: Model, row: DeltaGenerator) -> Figure:
    with row:
        part = "encoder"
        if model.kind == "encoder-decoder":
            part = st.segmented_control(_("Part"), ["encoder", "decoder"], default="encoder", key="bias_of", bind="query-params", required=True)
    found = tables.relative_buckets(model, part)

    def chart(dark: bool) -> alt.Chart:
        return charts.biases(found.values, found.offsets, width=760, height=420, dark=dark)

    st.markdown(
        _("**{name}**: {kind}. {buckets} buckets for each head.").format(
            name=escaped(model.name), kind=tables.SAID[tables.RELATIVE], buckets=found.buckets
        )
    )
    with st.container(key="biases"):
        st.altair_chart(chart(is_dark()), key="biases_chart", width="content")
    files = picture_files(lambda: chart(False)) | {"npz": lambda: export.packed(values=found.values, offsets=found.offsets)}
    return Figure(_("Biases by distance"), "relative-positions", files)


def _recipe(model: Model, has_table: bool) -> str:
    lines = ["import models", "from explorer.positions import tables", "", export.load_line(model.name)]
    if has_table:
        lines += ["table = tables.added(model)", "print(table.values.shape, tables.similarity(table.values).cosine, tables.pca(table.values))"]
    else:
        lines += ["print(tables.relative_buckets(model))"]
    return "\n".join(lines)
