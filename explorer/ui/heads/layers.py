"""Distance, entropy and sink mass by layer."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from explorer.charts.common.picture import Picture
from explorer.charts.heads.layers import by_layer
from explorer.i18n import _
from explorer.scores.definitions import BY_NAME
from explorer.ui.common import chosen_head, pictures, stage
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.heads.measured import Scored

_DESK, _HALL = {"width": 270, "height": 300}, {"width": 270, "height": 245}
"""Room for each of three pictures, in pixels: at a desk, and on the stage."""


def draw(scored: Scored) -> Figure:
    """A panel for each; a click on a point chooses a head."""
    values = scored.scores.values
    shown = {_(BY_NAME[name].title): values[name] for name in ("distance", "entropy") if not np.isnan(values[name]).all()}
    shown |= {_("sink: first or special tokens"): np.fmax(values["first"], values["special"])}

    def picture(chosen: tuple[int, int], dark: bool, **room: int) -> Picture:
        return by_layer(shown, chosen=chosen, dark=dark, **(room or _DESK))

    drawn = partial(picture, **stage.room(_HALL, desk=_DESK))
    with st.container(key="heads_layers"):
        pictures.clickable("heads_layers_chart", scored.identity, scored.chosen, drawn, chosen_head.picked)
    st.caption(_("Largest mean entropy that there could be on these texts: {most:.2f} nats.").format(most=scored.scores.most))
    return Figure(_("By layer"), "by-layer", picture_files(lambda: picture(scored.chosen, False)))
