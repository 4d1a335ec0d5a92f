"""Every head as a point: two metrics, or a map of all of them; those that were looked for stand out, and are named below."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import streamlit as st

from explorer.atlas import space
from explorer.atlas.atlas import Atlas
from explorer.bounded import BoundedCache
from explorer.charts.common.picture import Picture
from explorer.charts.common.scatter import scatter
from explorer.i18n import _
from explorer.ui.atlas import choices
from explorer.ui.common import chosen_head, pictures
from explorer.ui.common.head_button import head_button
from explorer.ui.common.take_away import Figure, picture_files

_MOST = 14
_LAYOUTS: BoundedCache[np.ndarray] = BoundedCache(2**22)
"""Places of heads on maps; t-SNE takes a moment."""


def draw(
    atlas: Atlas,
    identity: Hashable,
    part: str,
    chosen: tuple[int, int],
    *,
    view: str,
    axes: tuple[str, str],
    groups: Sequence[str],
    found: np.ndarray | None,
) -> Figure:
    """The points; a click chooses a head.

    Args:
        atlas: whose heads.
        identity: of it.
        part, chosen: which heads, and which of them is looked at.
        view: of `choices.VIEWS`: "metrics", "pca" or "tsne".
        axes: names of the metrics, where the view is of two.
        groups: of each head, what colours it; by layer where empty.
        found: which heads were looked for.
    """
    table = atlas.heads.loc[part]
    heads = [(int(layer), int(head)) for layer, head in table.index]
    if view == "metrics":
        places, titles = table[list(axes)].to_numpy(float), (choices.title_of(axes[0]), choices.title_of(axes[1]))
    else:
        places, titles = _LAYOUTS.get_or_compute((identity, part, view), lambda: space.layout(atlas, part, view)), None
    # A map has neither names of axes below it nor a choice of them above: its room is its own.
    size = choices.size() if view == "metrics" else (choices.size(440, 260) if found is None else choices.size(390, 235))
    at = {"x": places[:, 0], "y": places[:, -1], "titles": titles}

    def picture(first: tuple[int, int], dark: bool) -> Picture:
        return scatter(heads, **at, groups=groups, order=choices.roles_in_order(), found=found, chosen=first, **size, dark=dark)

    drawn = (identity, part, view, axes, tuple(groups), None if found is None else found.tobytes(), *size.values())
    pictures.clickable("atlas_points", drawn, chosen, picture, chosen_head.picked)
    if found is not None:
        _named([head for head, held in zip(heads, found, strict=True) if held], chosen, len(heads))
    return Figure(_("All heads"), f"heads-{view}", picture_files(lambda: picture(chosen, False)))


def _named(heads: Sequence[tuple[int, int]], chosen: tuple[int, int], n: int) -> None:
    """Heads as buttons, under a line with how many of `n` they are."""
    st.caption(_("Heads that were found: {n} of {all}.").format(n=len(heads), all=n))
    with st.container(horizontal=True, key="found_heads", gap="xsmall"):
        for layer, head in heads[:_MOST]:
            head_button(layer, head, chosen, "atlas_found")
        if len(heads) > _MOST:
            st.caption(_("and {n} more").format(n=len(heads) - _MOST))
