"""Position tables of the loaded model in the views of the sinusoids; T5's biases by distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.positions import tables as charts
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.positions import tables
from explorer.ui.common import address, jobs, pictures, sliders, stage
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import Figure, picture_files, take_away
from models import Model
from models.errors import ExplorerError
from models.toy.positions import sinusoids

OF = {"model": N_("of the model"), "sinusoids": N_("sinusoids of that size")}
_PRINTED = "print(values.shape, tables.similarity(values).cosine, tables.pca(values))"
_LINES = {
    "model": f"values = tables.added(model).values\n{_PRINTED}",
    "sinusoids": f"from models.toy.positions import sinusoids\nvalues = sinusoids(*tables.added(model).values.shape).numpy()\n{_PRINTED}",
}
"""Lines of Python for each of `OF`."""
_HALL = {"side": 100, "large": 270}
"""Sides of the squares on the stage, in pixels: one large picture, and the others two by two."""
_DESK = {"side": 142}
"""Two rows of pictures, and the axes of the lower one, end with a window of 1024 x 768."""
_BIASES, _BIASES_HALL = {"width": 760, "height": 420}, {"width": 760, "height": 300}
PARTS = {"encoder": N_("encoder"), "decoder": N_("decoder")}


@dataclass(frozen=True, eq=False)
class _Views:
    """A table, and what is drawn of it; see `charts.picture`."""

    kind: str
    parameters: int
    values: np.ndarray
    cosine: np.ndarray
    components: np.ndarray
    shares: np.ndarray

    def picture(self, dark: bool, **room: int) -> Picture:
        return charts.picture(self.values, self.cosine, self.components, self.shares, **room, dark=dark)


def draw(row: DeltaGenerator, downloads: DeltaGenerator) -> None:
    """Controls into the row, the pictures, and the menu of downloads."""
    model = choose_model()
    try:
        title, key = _("Looking for the positions of {model}").format(model=model.short_name), ("position table", model.number)
        known = jobs.computed(key, title, lambda report: tables.kind_and_table(model), replaces="position_table")
        if known is None:
            return
        kind, table = known
        made = _table(model, kind, table, row) if table is not None else _biases(model, row)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return
    if made is not None:
        figure, recipe = made
        with downloads:
            take_away([figure], recipe)


def _table(model: Model, kind: str, table: tables.Table, row: DeltaGenerator) -> tuple[Figure, str] | None:
    with row:
        of = address.choice(st.segmented_control, _("Table"), OF, "table_of")

    def work(report: Report) -> _Views:
        values = table.values if of == "model" else sinusoids(*table.values.shape).numpy()
        components, shares = tables.pca(values)
        report(0.7)
        parameters = values.size if of == "model" and table.learned else 0
        return _Views(kind if of == "model" else tables.SINUSOIDAL, parameters, values, tables.similarity(values).cosine, components, shares)

    found = jobs.computed(("table views", model.number, of), _("Similarities and components"), work, replaces="table_views")
    shown = jobs.kept("table", (model.number, of), f"{model.short_name}, {_(OF[of])}", found and (model.name, found, _recipe(model, _LINES[of])))
    if shown is None:
        return None
    name, views, recipe = shown.what
    n, width = views.values.shape
    st.markdown(
        _("**{name}**: {kind}. {n} positions × {width} dimensions, {parameters}; three components explain {share:.0%} of the variance.").format(
            name=escaped(name),
            kind=_(tables.SAID[views.kind]),
            n=n,
            width=width,
            parameters=_("{n:,} parameters").format(n=views.parameters),
            share=views.shares.sum(),
        )
    )
    sliders.draw(views.picture(is_dark(), **stage.room(_HALL, _DESK)), "table")
    arrays = {"values": views.values, "cosine": views.cosine, "components": views.components}
    files = picture_files(lambda: views.picture(False)) | {"npz": lambda: export.packed(**arrays)}
    return Figure(_("Position table"), "positions", files), recipe


def _biases(model: Model, row: DeltaGenerator) -> tuple[Figure, str] | None:
    part = "encoder"
    if model.kind == "encoder-decoder":
        with row:
            part = address.choice(st.segmented_control, _("Part"), PARTS, "bias_of")

    def work(report: Report) -> tables.RelativeBias:
        return tables.relative_buckets(model, part)

    found = jobs.computed(("biases by distance", model.number, part), _("Biases by distance"), work, replaces="biases")
    recipe = _recipe(model, f"print(tables.relative_buckets(model, {part!r}))")
    shown = jobs.kept("biases", (model.number, part), f"{model.short_name}, {_(PARTS[part])}", found and (model.name, found, recipe))
    if shown is None:
        return None
    name, biases, recipe = shown.what

    def picture(dark: bool, **room: int) -> Picture:
        return charts.biases(biases.values, biases.offsets, **(room or _BIASES), dark=dark)

    st.markdown(
        _("**{name}**: {kind}. {buckets} buckets for each head.").format(
            name=escaped(name), kind=_(tables.SAID[tables.RELATIVE]), buckets=biases.buckets
        )
    )
    with st.container(key="biases"):
        pictures.draw(picture(is_dark(), **stage.room(_BIASES_HALL)), "biases_chart")
    files = picture_files(lambda: picture(False)) | {"npz": lambda: export.packed(values=biases.values, offsets=biases.offsets)}
    return Figure(_("Biases by distance"), "relative-positions", files), recipe


def _recipe(model: Model, lines: str) -> str:
    return "\n".join(["import models", "from explorer.positions import tables", "", export.load_line(model), lines])
