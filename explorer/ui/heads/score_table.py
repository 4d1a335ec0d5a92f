"""All scores of all heads as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from explorer import export
from explorer.i18n import _
from explorer.scores.definitions import ALL
from explorer.ui.common import chosen_head
from explorer.ui.common.take_away import Figure
from explorer.ui.heads.measured import Scored


def draw(scored: Scored) -> Figure:
    """A click on a title sorts, a click on a line chooses the head; the line of the chosen head is marked."""
    table = scored.scores.table()
    number = st.column_config.NumberColumn
    titles = {score.name: number(_(score.title), format="%.3f", help=f"{_(score.meaning)} {score.source}") for score in ALL}
    titles |= {"layer": number(_("layer")), "head": number(_("head"))}
    chosen = scored.chosen
    # The marked line is the viewer's own after a click. Where the choice or the table changes otherwise, the table is a new one.
    kept = st.session_state.setdefault("_heads_table", {"number": 0})
    if kept.get("of") != scored.identity or kept.get("chosen") != chosen:
        kept.update(of=scored.identity, chosen=chosen, first=scored.heads.index(chosen), number=kept["number"] + 1)
    key = f"heads_table_{kept['number']}"

    def picked() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            kept["chosen"] = (int(table["layer"].iloc[rows[0]]), int(table["head"].iloc[rows[0]]))
            chosen_head.choose(*kept["chosen"])

    st.dataframe(
        table,
        hide_index=True,
        column_config=titles,
        height=470,
        key=key,
        on_select=picked,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [kept["first"]]}},
    )
    return Figure(_("All scores"), "head-scores", {"csv": lambda: _csv(table)})


def _csv(table: pd.DataFrame) -> bytes:
    return export.table_csv(table, index=False)
