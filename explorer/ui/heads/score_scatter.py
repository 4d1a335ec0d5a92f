"""Two scores of all heads, one against the other."""

from __future__ import annotations

from functools import partial

import numpy as np

from explorer.charts.common.picture import Picture
from explorer.charts.common.scatter import scatter
from explorer.i18n import _
from explorer.scores.definitions import BY_NAME
from explorer.ui.common import chosen_head, pictures, stage
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.heads import score_choice
from explorer.ui.heads.measured import Scored

DESK, HALL = {"width": 490, "height": 325, "letters": 12}, {"width": 800, "height": 212, "letters": 12}
"""Room for the points, and the height of their names, in pixels: in a window of 1024 x 768, with which they grow, and on the stage."""


def draw(scored: Scored, x: str, y: str) -> Figure | None:
    """The points; a click chooses a head."""
    both = [score_choice.values(scored, name) for name in dict.fromkeys((x, y))]
    if any(values is None for values in both):
        return None
    heads = scored.heads
    at = [np.array([values[head] for head in heads]) for values in (both[0], both[-1])]
    titles = _(BY_NAME[x].title), _(BY_NAME[y].title)

    def picture(chosen: tuple[int, int], dark: bool, **room: int) -> Picture:
        return scatter(heads, *at, titles=titles, chosen=chosen, dark=dark, **room)

    drawn = partial(picture, **stage.room(HALL, desk=DESK))
    pictures.clickable("heads_scatter", (scored.identity, x, y), scored.chosen, drawn, chosen_head.picked)
    return Figure(_("Scatter"), f"{x}-{y}", picture_files(lambda: picture(scored.chosen, False)))
