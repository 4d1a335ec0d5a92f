"""What one head's weights say: pairs that it would match, what it makes of what it attends to, distance alone, singular directions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.weights.distance import by_distance
from explorer.i18n import N_, _, language
from explorer.tokens import written_out
from explorer.ui.common import pictures, stage
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.weights import one_token
from explorer.ui.weights.read import Read, one
from explorer.weights import head as reading
from explorer.weights.head import Direction
from explorer.weights.one import OneHead
from explorer.weights.opened import NOTES, Weights
from explorer.weights.pairs import Pairs

LOOKS = {"match": N_("What it matches (QK)"), "write": N_("What it writes (OV)"), "directions": N_("Singular directions")}
_HEIGHT = 330
_DISTANCE_HALL = {"width": 110, "height": 130}
"""Room for the curve on the stage, in pixels: it stands beside the pairs of its head, or below them where another head stands beside."""
_NUMBER_HALL, _END_HALL = 60, 170
"""Widths of columns on the stage, in pixels: one end of a direction says nothing without the other, and both are seen."""


def draw(read: Read, layer: int, head: int, look: str, slot: str, role: str = "", token: int | None = None, distance: int = 0) -> list[Figure]:
    """A head in one look; returns what can be taken away.

    Args:
        read: all heads of the part.
        layer, head: which.
        look: of `LOOKS`.
        slot: name of the place on the page.
        role: what it is beside another one.
        token: the id of the token that the viewer typed.
        distance: tokens between query and key, where positions turn them.
    """
    # Beside another head its title says what it does there, which is true of no head that stood here before.
    kept = one(read, layer, head, look, slot, distance, alone=not role)
    # What another model's head stood in this place is not among these heads.
    if kept is None or kept.identity[: len(read.identity)] != read.identity:
        return []
    of = kept.what
    with st.container(horizontal=True, vertical_alignment="center"):
        where = _("Layer {layer}, head {head}").format(layer=of.layer, head=of.head)
        numbers = _numbers(read, of)
        st.markdown(f"**{where}** :small[{' · '.join([role, *numbers] if role else numbers)}]")
        if not role:
            st.space("stretch")
            # Other pages open another model at first.
            here = {"lang": language(), "model": read.weights.model.name, "layer": str(of.layer), "head": str(of.head)}
            if len(read.weights.model.parts) > 1:
                here["part"] = of.part
            st.page_link("pages/attention.py", label=_("Its attention"), icon=":material/grid_view:", query_params=here)
            st.page_link("pages/atlas.py", label=_("Its rows in texts"), icon=":material/travel_explore:", query_params=here)
            st.page_link("pages/heads.py", label=_("Beside all heads"), icon=":material/scoreboard:", query_params=here)
    if look == "match":
        figures = _match(read, of, slot, wide=not role)
    elif look == "write":
        figures = _write(read, of, slot, token, wide=not role)
    else:
        figures = _directions(read, of)
    for note in of.notes:
        st.caption(f":material/info: {_(NOTES[note])}")
    return figures


def name_of(weights: Weights, of: OneHead) -> str:
    """For files: heads of two parts may have one number, and stand beside each other."""
    part = f"{of.part}-" if len(weights.model.parts) > 1 else ""
    return f"{part}layer{of.layer}-head{of.head}"


def _apart(distance: int) -> str:
    return _("the key {n} before the query").format(n=distance)


def _numbers(read: Read, of: OneHead) -> list[str]:
    found, at, said = read.survey, (of.layer, of.head), []
    if found.copying is not None:
        said.append(_("copying {value:+.2f}").format(value=found.copying[at]))
    if found.distances is not None:
        said.append(_("token before {value:.2f}").format(value=found.distances.previous[at]))
    return said


def _match(read: Read, of: OneHead, slot: str, wide: bool) -> list[Figure]:
    if of.matched is None:
        st.info(explained(of.no_scores))
        return []
    places = st.columns(2, gap="small") if wide else (st.container(), st.container())
    with places[0]:
        title = _("Pairs of tokens that it would match most")
        st.markdown(f":small[{title if not of.distance else f'{title} · {_apart(of.distance)}'}]")
        figures = [_pairs(read.weights, of, of.matched, (_("query"), _("key"), _("score")), "matched")]
    distances = read.survey.distances
    with places[1]:
        st.markdown(f":small[{_('By distance alone, whatever the tokens; thin lines are the other heads of its layer')}]")
        if distances is None:
            st.caption(_("Attention from one text to another knows no distance between them."))
            return figures
        curves = distances.curves[of.layer]
        centred = curves - np.nanmean(curves, axis=1, keepdims=True)

        def picture(dark: bool, **room: int) -> Picture:
            return by_distance(distances.offsets, centred, of.head, dark=dark, **({"width": 430 if wide else 380, "height": 220} | room))

        pictures.draw(picture(is_dark(), **stage.room(_DISTANCE_HALL)), f"weights_distance_{slot}")
    table = pd.DataFrame({"offset": distances.offsets, "score": curves[of.head]})
    files = picture_files(lambda: picture(False)) | {"csv": lambda: export.table_csv(table, index=False)}
    return [*figures, Figure(_("By distance"), f"distance-{name_of(read.weights, of)}", files)]


def _write(read: Read, of: OneHead, slot: str, token: int | None, wide: bool) -> list[Figure]:
    if of.moved is None:
        st.info(explained(of.no_words))
        return []
    told = ""
    if of.copied is not None:
        names = written_out(reading.named(read.weights, of.copied.ids))
        most = ", ".join(f'"{name}" ({value:+.2f})' for name, value in zip(names, of.copied.values, strict=True))
        told = _("Of all tokens, attended to, {share} make themselves likelier than the mean word; most of all: {tokens}.")
        told = told.format(share=f"{of.copied.share:.0%}", tokens=escaped(most))
    # On a stage it would take a third of the window: there it stands below the tokens.
    hall = stage.is_on()
    if told and not hall:
        st.caption(told)
    places = st.columns([9, 11], gap="small") if wide else (st.container(), st.container())
    with places[0]:
        st.markdown(f":small[{_('Tokens, attended to, and the word that each makes likeliest')}]")
        figures = [_pairs(read.weights, of, of.moved, (_("attended to"), _("likelier"), _("logit")), "moved")]
    if not wide and told and hall:
        st.caption(told)
    with places[1]:
        figures += one_token.draw(read, of, token, slot, wide)
    if wide and told and hall:
        st.caption(told)
    return figures


def _directions(read: Read, of: OneHead) -> list[Figure]:
    figures = []
    for name, title, ends, found, error in (
        ("matching", _("What is matched (QK)"), (_("query"), _("key")), of.matching, of.no_scores),
        ("moving", _("What is moved (OV)"), (_("attended to"), _("likelier")), of.moving, of.no_words),
    ):
        st.markdown(f":small[{title}]")
        if error is not None:
            st.info(explained(error))
            continue
        table = _table(read, found, ends)
        how = {_("share"): st.column_config.NumberColumn(format="percent", width="small")}
        if stage.is_on():
            how[_("direction")] = st.column_config.TextColumn(width=_NUMBER_HALL)
            how |= {end: st.column_config.TextColumn(width=_END_HALL) for end in ends}
        st.dataframe(table, hide_index=True, column_config=how)
        figures.append(Figure(title, f"{name}-{name_of(read.weights, of)}", {"csv": lambda table=table: export.table_csv(table, index=False)}))
    st.caption(_("Both ends of a direction go together: tokens at one end with those at the same end. Share of the sum of squares."))
    return figures


def _table(read: Read, found: list[Direction], ends: tuple[str, str]) -> pd.DataFrame:
    rows = []
    for number, one_ in enumerate(found):
        for sign, left, right in (("+", one_.left, one_.right), ("-", one_.left_away, one_.right_away)):
            names = [" ".join(written_out(reading.named(read.weights, ids))) for ids in (left, right)]
            rows.append((f"{number} {sign}", one_.share, *names))
    return pd.DataFrame(rows, columns=[_("direction"), _("share"), *ends])


def _pairs(weights: Weights, of: OneHead, pairs: Pairs, titles: tuple[str, str, str], name: str) -> Figure:
    left, right = (written_out(reading.named(weights, ids)) for ids in (pairs.rows, pairs.columns))
    table = pd.DataFrame({titles[0]: left, titles[1]: right, titles[2]: pairs.values})
    how = {titles[2]: st.column_config.NumberColumn(format="%.2f", width="small")}
    st.dataframe(table, hide_index=True, height=_HEIGHT, column_config=how)
    files = {"csv": lambda: export.table_csv(table, index=False)}
    return Figure(f"{titles[0]}, {titles[1]}", f"{name}-{name_of(weights, of)}", files)
