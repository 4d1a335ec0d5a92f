"""Numbers of one head: tokens by mass and by lift, distances, and its metrics among those of all others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer.atlas.atlas import Atlas, HeadName
from explorer.atlas.sums import OFFSETS
from explorer.charts.atlas.distances import distances as distances_chart
from explorer.charts.atlas.strip import strip
from explorer.charts.common.picture import Picture
from explorer.i18n import N_, _
from explorer.tokens import written_out
from explorer.ui.atlas.choices import title_of
from explorer.ui.common import address, pictures, stage
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files

BY = {"mass": N_("most weight"), "lift": N_("more than their frequency")}
_SIDES = {
    "key": N_("Looked at"),
    "query": N_("Looking"),
}

_STAGE = {"width": 320, "height": 150}
"""Room for a chart on a stage, where it stands beside the picture of all heads, in pixels."""


def tokens(atlas: Atlas, head: HeadName) -> Figure:
    """Key tokens by the weight that they get, query tokens by the weight that they do not let rest; or both against their frequency."""
    by = address.choice(st.segmented_control, _("Tokens by"), BY, "tokens_by")
    table = atlas.tokens(head)
    for column, side in zip(st.columns(2), ("query", "key"), strict=True):
        with column:
            found = table[(table["side"] == side) & (table["by"] == by)]
            st.caption(f"**{_(_SIDES[side])}**")
            shown = pd.DataFrame({_("token"): written_out(found["token"].tolist()), _("share"): found["share"], _("lift"): found["lift"]})
            # Two tables share the panel, so that each has to do with few pixels, or its last column is cut: in a small window it is.
            shown[_("times")] = found["count"]
            how = {
                _("token"): st.column_config.TextColumn(width=56),
                _("share"): st.column_config.NumberColumn(format="percent", width=52),
                _("times"): st.column_config.NumberColumn(width=42),
                _("lift"): st.column_config.NumberColumn(format="%.1f", width=38),
            }
            st.dataframe(shown, hide_index=True, height=330, column_config=how)
    st.caption(
        _(
            "Share: of the weight that all tokens get; on the side of those that look, of the weight that goes neither to special tokens nor, "
            "where only what came before is seen, to the first. Lift: that share over the token's share of the texts."
        )
    )
    return Figure(_("Tokens of this head"), f"tokens-{head[1]}-{head[2]}", {"csv": lambda: table.to_csv(index=False).encode()})


def distances(atlas: Atlas, head: HeadName) -> Figure | None:
    """How far it looks, beside the mean of all heads of its part."""
    table = atlas.distances(head)
    if table.empty:
        st.caption(_("Queries and keys are tokens of two texts: there is no distance between them."))
        return None
    everyone = atlas.distances_of(head[0])
    bins = sorted({(int(low), int(high)) for low, high in zip(everyone["low"], everyone["high"], strict=True)})
    n = len(atlas.heads.loc[head[0]])
    own = {(one.low, one.high): one.share for one in table.itertuples()}
    mean = {edges: float(share) / n for edges, share in everyone.groupby(["low", "high"])["share"].sum().items()}

    names = [called(low, high) for low, high in bins]

    def picture(dark: bool, **room: int) -> Picture:
        return distances_chart(names, [own.get(edges, 0.0) for edges in bins], [mean.get(edges, 0.0) for edges in bins], dark=dark, **room)

    pictures.draw(picture(is_dark(), **(_STAGE if stage.is_on() else {})), "atlas_distances")
    st.caption(_("Bars: this head. Ticks: the mean of all heads."))
    return Figure(_("Distances of this head"), f"distances-{head[1]}-{head[2]}", picture_files(lambda: picture(False)))


def called(low: int, high: int) -> str:
    """A bin of signed distances for a viewer: a number, or in words from where to where; the outermost ones also hold what is farther."""
    if low == high:
        return str(low)
    near, far = sorted((abs(low), abs(high)))
    if far >= OFFSETS[-1]:
        return (_("over {n} back") if low < 0 else _("over {n} on")).format(n=f"{near - 1:,}")
    return (_("{near} to {far} back") if low < 0 else _("{near} to {far} on")).format(near=f"{near:,}", far=f"{far:,}")


def metrics(atlas: Atlas, head: HeadName) -> Figure:
    """Each metric among those of all heads; its spread over texts stands in the table below."""
    part = atlas.heads.loc[head[0]]
    names = atlas.metrics_in(head[0])
    heads = [(int(layer), int(number)) for layer, number in part.index]
    values, at = part[names].to_numpy(float), heads.index(head[1:])
    titles = [title_of(name) for name in names]

    def picture(dark: bool) -> Picture:
        return strip(heads, values, titles, at, dark=dark)

    pictures.draw(picture(is_dark()), "atlas_strip")
    line = part.loc[head[1:]]
    spread = [line[f"{name}_sd"] if f"{name}_sd" in part else np.nan for name in names]
    shown = pd.DataFrame({_("metric"): titles, _("mean"): values[at], _("spread over texts"): spread})
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(shown, hide_index=True, height=180, column_config={_("mean"): number, _("spread over texts"): number})
    return Figure(_("Metrics of this head"), f"metrics-{head[1]}-{head[2]}", picture_files(lambda: picture(False)))
