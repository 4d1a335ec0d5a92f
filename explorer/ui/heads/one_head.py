"""The chosen head: its roles, its scores, its map on the text of the sidebar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.common import heatmap
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.scores.definitions import ALL
from explorer.scores.roles import Known
from explorer.ui.common import pictures
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.heads.measured import Scored
from explorer.ui.heads.roles import titles_of

_TOKENS = 40
"""So many are shown of a long text."""
_WIDTH, _HEIGHT = 200, 200
"""Room for the cells of its map, in pixels: with the tokens beside them, as wide as the column, so that no letter is made smaller."""


def heading(scored: Scored, known: Known | None) -> None:
    """Which head it is, which roles it has, and the way to the page that shows it token by token."""
    layer, head = scored.chosen
    held = _("roles: not known yet")
    if known is not None:
        held = " · ".join(titles_of(scored, known, (layer, head))) or _("no role")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        where = _("Layer {layer}, head {head}").format(layer=layer, head=head)
        st.markdown(f"**{where}** :small[{held}]")
        st.space("stretch")
        st.page_link("pages/weights.py", label=_("Weights"), icon=":material/hub:")
        st.page_link("pages/attention.py", label=_("Open"), icon=":material/open_in_new:")


def draw(scored: Scored, known: Known | None) -> Figure:
    """The head beside all heads."""
    heading(scored, known)
    (layer, head), captured, part = scored.chosen, scored.capture, scored.part
    weights, visible = captured.pattern(layer, head, part), captured.visible(layer, part)

    def picture(dark: bool) -> Picture:
        shown = slice(0, _TOKENS)
        labels = captured.queries(part).labels[shown], captured.keys(part).labels[shown]
        return heatmap.heatmap(weights[shown, shown], visible[shown, shown], *labels, width=_WIDTH, height=_HEIGHT, dark=dark)

    pictures.draw(picture(is_dark()), "heads_one")
    values = [(_(score.title), float(scored.scores.values[score.name][layer, head])) for score in ALL if score.name in scored.scores.values]
    table = pd.DataFrame([row for row in values if not np.isnan(row[1])], columns=[_("score"), _("value")])
    # Values first: in a narrow window what does not fit is the end of a long name.
    how = {"column_order": (_("value"), _("score")), "column_config": {_("value"): st.column_config.NumberColumn(format="%.3f")}}
    st.dataframe(table, hide_index=True, height=215, **how)
    return Figure(_("This head"), f"layer{layer}-head{head}", picture_files(lambda: picture(False)))
