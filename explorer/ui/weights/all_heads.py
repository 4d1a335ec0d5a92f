"""A number of each head, by its weights alone, as a board."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common import board
from explorer.charts.common.picture import Picture
from explorer.i18n import N_, _
from explorer.ui.common import address, pictures
from explorer.ui.common.markdown import explained
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.weights import choice
from explorer.ui.weights.read import Read

MEASURES = {"copying": N_("copies"), "previous": N_("the token before"), "induction": N_("induction")}
SAID = {
    "copying": N_(
        "Eigenvalues of W_E W_V W_O W_U, logits above the mean word: 1 if what a head attends to becomes likelier, -1 if less likely "
        "(Elhage et al. 2021, *Copying heads*)."
    ),
    "previous": N_("The weight on the token before that positions alone would give, mean over the first positions."),
    "induction": N_("The most that keys read of a head that looks at the token before: composition above random times its weight there."),
}


def draw(read: Read, head: choice.Head) -> Figure | None:
    """The board; a click chooses a head."""
    name = address.choice(st.segmented_control, _("All heads"), MEASURES, "measure", label_visibility="collapsed")
    found = read.survey
    shown = {"copying": found.copying, "previous": found.distances and found.distances.previous, "induction": found.induction}[name]
    st.caption(_(SAID[name]))
    if shown is None:
        st.info(explained(found.no_words) if name == "copying" else _("Attention from one text to another knows no distance between them."))
        return None
    signed = name == "copying"
    rows = [str(layer) for layer in range(len(found.sizes))]

    def picture(chosen: tuple[int, int], dark: bool, clickable: bool = True) -> Picture:
        how = {"title": _(MEASURES[name]), "diverging": signed, "clickable": clickable, "removable": False, "dark": dark}
        return board.board(rows, found.sizes, (), values=shown, chosen=chosen, width=330, height=215, **how)

    pictures.clickable("weights_board", (read.identity, name), head, picture, choice.picked_on_board)
    table = pd.DataFrame(np.asarray(shown)).rename_axis("layer")
    files = picture_files(lambda: picture(head, False, False)) | {"csv": lambda: export.table_csv(table)}
    return Figure(_(MEASURES[name]), name, files)
