"""Heads by the relations that they find: how often the largest weight of a word's row lies on the word that it belongs to."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
import streamlit as st

from explorer.atlas.atlas import Atlas
from explorer.atlas.edges import DIRECTIONS
from explorer.charts.common.picture import Picture
from explorer.charts.common.scatter import scatter
from explorer.i18n import _
from explorer.syntax.names import MEANINGS, title, way
from explorer.ui.atlas import choices
from explorer.ui.common import address, chosen_head, pictures
from explorer.ui.common.head_button import head_button
from explorer.ui.common.take_away import Figure, picture_files

_BEST, _LEAST = 3, 5
"""Heads that are named, those whose rows are kept; rows that a relation needs to be offered, in a direction too."""


def choose(atlas: Atlas, part: str) -> str | None:
    """Draws the choice of a relation; None where the corpus is no treebank, and the page says so."""
    table = atlas.edges
    table = table[(table["part"] == part) & (table["due"] >= _LEAST)]
    if table.empty:
        st.caption(_("Nobody drew trees for these texts. An atlas of a CoNLL-U file knows relations."))
        return None
    names = table.drop_duplicates("relation").sort_values("due", ascending=False)["relation"].tolist()
    names = sorted(names, key=lambda name: list(MEANINGS).index(name) if name in MEANINGS else len(MEANINGS))
    return address.entry(st.selectbox, _("Relation"), "relation", names[0], address.among(names), options=names, format_func=title, width=260)


def shares(atlas: Atlas, part: str, relation: str) -> pd.DataFrame:
    """By (layer, head): of each direction the share of rows that are right, and how many there are."""
    table = atlas.edges
    table = table[(table["part"] == part) & (table["relation"] == relation)].copy()
    table["share"] = table["found"] / table["due"]
    found = table.pivot(index=["layer", "head"], columns="direction", values=["share", "due"])
    return found.reindex(columns=pd.MultiIndex.from_product([["share", "due"], DIRECTIONS]))


def draw(atlas: Atlas, identity: Hashable, part: str, chosen: tuple[int, int], relation: str) -> Figure:
    """The heads by both directions, and the best ones as buttons; a click chooses one."""
    table = shares(atlas, part, relation)
    heads = [(int(layer), int(head)) for layer, head in table.index]
    given = [table["share", direction].to_numpy(float) for direction in DIRECTIONS]
    # Behind a causal mask one direction may never be seen.
    x, y = (values if np.isfinite(values).any() else np.zeros(len(heads)) for values in given)
    size = choices.size(345)
    titles = (way(DIRECTIONS[0]), way(DIRECTIONS[1]))

    def picture(first: tuple[int, int], dark: bool) -> Picture:
        return scatter(heads, x, y, titles=titles, chosen=first, **size, dark=dark)

    for direction, values in zip(DIRECTIONS, given, strict=True):
        if not np.nan_to_num(table["due", direction].max()) >= _LEAST:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"best_{DIRECTIONS.index(direction)}"):
            st.caption(
                _("{direction}, best of {n} rows:").format(direction=way(direction), n=int(table["due", direction].max())), width="content"
            )
            for i in np.argsort(-np.nan_to_num(values), kind="stable")[:_BEST]:
                head_button(*heads[i], chosen, f"atlas_best_{DIRECTIONS.index(direction)}", f"{values[i]:.0%}")
    pictures.clickable("atlas_relations", (identity, part, relation, *size.values()), chosen, picture, chosen_head.picked)
    return Figure(_("Relations"), f"relation-{relation}", picture_files(lambda: picture(chosen, False)))
