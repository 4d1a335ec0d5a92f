"""One score of all heads, as a board."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from explorer import export
from explorer.charts.common import board
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.scores.definitions import BY_NAME
from explorer.ui.common import chosen_head, pictures, stage
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.heads import score_choice
from explorer.ui.heads.measured import Scored

_DESK, _HALL = {"width": 560, "height": 400}, {"width": 792, "height": 168, "largest": 66}
"""Room for the cells, in pixels: at a desk, and on the stage."""


def draw(scored: Scored, name: str) -> Figure | None:
    """The board; a click chooses a head."""
    values = score_choice.values(scored, name)
    if values is None:
        return None
    signed = bool(np.nanmin(values) < 0)
    rows = [str(layer) for layer in range(len(scored.sizes))]

    def picture(chosen: tuple[int, int], dark: bool, clickable: bool = True, **room: int) -> Picture:
        how = {"title": _(BY_NAME[name].title), "diverging": signed, "clickable": clickable, "removable": False, "dark": dark}
        return board.board(rows, scored.sizes, (), values=values, chosen=chosen, **(room or _DESK), **how)

    room = stage.room(_HALL, desk=_DESK)
    drawn = partial(picture, **room)
    pictures.clickable("heads_map", (scored.identity, name), scored.chosen, drawn, chosen_head.picked_on_board)
    table = pd.DataFrame(values).rename_axis("layer")
    files = picture_files(lambda: picture(scored.chosen, False, False)) | {"csv": lambda: export.table_csv(table)}
    return Figure(_(BY_NAME[name].title), name, files)
