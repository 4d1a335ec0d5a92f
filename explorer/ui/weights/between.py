"""Of an encoder-decoder: which heads of other parts the heads of this part read, as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from explorer import export
from explorer.i18n import N_, _
from explorer.ui.common.parts import PARTS
from explorer.ui.common.take_away import Figure
from explorer.ui.weights.read import Read

SIDES = {"q": N_("queries (Q)"), "k": N_("keys (K)"), "v": N_("values (V)")}
_HEIGHT = 180


def draw(read: Read, kinds: tuple[str, ...], most: int) -> list[Figure]:
    """The strongest of them; nothing where a part reads only itself.

    Args:
        read: all heads of the part.
        kinds: of the lines that are wanted.
        most: how many.
    """
    if not read.survey.between:
        return []
    rows = []
    for found in read.survey.between:
        for edge in found.edges(kinds, most=most):
            names = [f"{one[0]}.{one[1]}" for one in (edge.writer, edge.reader)]
            rows.append((edge.value, _(PARTS[found.writers]), names[0], names[1], _(SIDES[edge.kind])))
    rows = sorted(rows, key=lambda row: -row[0])[:most]
    columns = [_("above random"), _("part that writes"), _("its head"), _("head that reads"), _("with its")]
    table = pd.DataFrame(rows, columns=columns)
    st.markdown(f":small[{_('Heads of other parts that these read, strongest first; the drawing has those of one part alone')}]")
    how = {columns[0]: st.column_config.NumberColumn(format="%+.3f", width="small")}
    st.dataframe(table, hide_index=True, height=_HEIGHT, column_config=how, key="weights_between")
    return [Figure(_("Between parts"), "between", {"csv": lambda: export.table_csv(table, index=False)})]
