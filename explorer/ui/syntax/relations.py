"""The best head for each dependency relation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.syntax.relations import accuracies
from explorer.i18n import _
from explorer.ui.common import address, pictures, stage
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.syntax.treebank import Read

_HALL = {"width": 720, "height": 300}
"""Room for the bars on the stage, in pixels."""


def chosen(table: pd.DataFrame) -> str:
    """The relation that the address names, as far as the table has it."""
    names = table["relation"].tolist()
    return address.word("relation", "obj" if "obj" in names else names[0], names)


def draw(read: Read, table: pd.DataFrame, same: bool) -> Figure:
    """All relations as bars; a click chooses one."""
    names = table["relation"].tolist()

    def picture(first: str, dark: bool, **room: int) -> Picture:
        return accuracies(table, chosen=first, dark=dark, **room)

    def picked(selection: Mapping[str, list]) -> str | None:
        points = selection.get("relation")
        if not points or "i" not in points[0]:
            return None
        found = names[int(points[0]["i"])]
        address.write(relation=found)
        return found

    st.caption(
        _(
            "Bar: best head, with its 95 % interval. Tick: best fixed offset. At the right: layer.head. A word's governor is the word that it "
            "depends on. Click a relation."
        )
    )
    pictures.clickable("relations", (read.identity, same), chosen(table), partial(picture, **stage.room(_HALL)), picked)
    csv = {"csv": lambda: export.table_csv(read.found.table(same=same), index=False)}
    return Figure(_("Relations"), "relations", picture_files(lambda: picture(chosen(table), False)) | csv)
