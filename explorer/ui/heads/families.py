"""Heads that attend alike lie close together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.common.scatter import scatter
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.scores import families, roles
from explorer.ui.common import address, chosen_head, jobs, pictures, stage
from explorer.ui.common.head_button import head_button
from explorer.ui.common.markdown import explained
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.heads import score_scatter
from explorer.ui.heads.measured import Scored
from explorer.ui.heads.roles import first_of_each
from models import Model
from models.errors import ExplorerError

COLOURINGS = {"layer": N_("by layer"), "role": N_("by role")}
TEXTS = 20
"""Of several texts, so many are used for the distance of all pairs of heads."""
_MEASURED = 0.8
"""Share of the work that measuring takes; laying out takes the rest."""


@dataclass(frozen=True, eq=False)
class _LaidOut:
    """Distances of heads, their points in the plane (heads, 2), and how well these keep the distances."""

    scored: Scored
    found: families.Families
    points: np.ndarray
    stress: float


def choose_colouring() -> str:
    """Draws the choice of what colours a point."""
    return address.choice(st.segmented_control, _("Coloured"), COLOURINGS, "coloured")


def draw(model: Model | None, scored: Scored, known: roles.Known | None, colouring: str) -> Figure | None:
    """The points; a click chooses a head.

    Args:
        model: that was scored; None where older scores are shown while new ones are computed.
        scored: its heads.
        known: what roles follow from; None while that is computed.
        colouring: of `COLOURINGS`.
    """
    try:
        made = None if model is None else _computed(model, scored)
    except ExplorerError as error:
        st.warning(explained(error), icon=":material/edit:")
        return None
    shown = jobs.kept("head families", scored.identity, scored.title, made)
    if shown is None:
        return None
    made = shown.what
    of, found, chosen = made.scored, made.found, made.scored.chosen
    groups: list[str] = []
    if colouring == "role" and known is not None and of.identity == scored.identity:
        first = first_of_each(of, known)
        groups = [first.get(head, _("none")) for head in found.heads]
    elif colouring == "role":
        st.caption(_("Coloured by layer until the roles are known."))

    def picture(chosen: tuple[int, int], dark: bool, **room: int) -> Picture:
        how = {"titles": None, "groups": groups, "chosen": chosen, "dark": dark}
        return scatter(found.heads, made.points[:, 0], made.points[:, 1], **how, **room)

    drawn = partial(picture, **stage.room(score_scatter.HALL, desk=score_scatter.DESK))
    pictures.clickable("heads_families", (of.identity, tuple(groups)), chosen, drawn, chosen_head.picked)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="closest_heads"):
        st.markdown(_("Closest to {layer}.{head}:").format(layer=chosen[0], head=chosen[1]), width="content")
        for (layer, head), distance in found.nearest(chosen):
            head_button(layer, head, chosen, "closest", f"{distance:.2f}")
    st.caption(
        _(
            "Distance: root of the Jensen-Shannon divergence of two heads' rows, mean over {rows:,} rows; 0 to {most:.2f}. Laid out by "
            "multidimensional scaling as in Clark et al. 2019, section 6; stress {stress:.2f} (0 is perfect, .2 poor)."
        ).format(rows=found.rows, most=np.log(2) ** 0.5, stress=made.stress)
    )
    if not shown.fresh:  # what is taken away is of now
        return None
    heads = [f"{layer}.{head}" for layer, head in found.heads]
    table = pd.DataFrame(found.distance, index=heads, columns=heads)
    files = picture_files(lambda: picture(of.chosen, False)) | {"csv": lambda: export.table_csv(table)}
    return Figure(_("Families"), "families", files)


def _computed(model: Model, scored: Scored) -> _LaidOut | None:
    texts, part = scored.source.texts[:TEXTS], scored.part

    def work(report: Report) -> _LaidOut:
        found = families.of_texts(model, texts, part, lambda share: report(_MEASURED * share))
        points, stress = found.layout()
        return _LaidOut(scored, found, points, stress)

    return jobs.computed(("head families", *scored.identity), _("Comparing all heads"), work, replaces="head families")
