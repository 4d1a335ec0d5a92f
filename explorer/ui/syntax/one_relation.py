"""All heads for one relation: which of them find it, and the way to the one that is looked at."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.charts.common import board
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.syntax import published
from explorer.syntax.names import meaning, way
from explorer.ui.common import address, chosen_head, pictures
from explorer.ui.common.head_button import head_button
from explorer.ui.common.markdown import escaped
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.syntax.treebank import Read


def draw(read: Read, relation: str, same: bool) -> Figure:
    """The board; a click on a cell chooses that head, and the button below it the best one."""
    values = read.found.accuracies(relation).max(0)
    sizes = (~np.isnan(values)).sum(1).tolist()
    head = chosen_head.among(sizes)
    if address.read("head") is None:
        chosen_head.complete(head)

    def picture(first: tuple[int, int], dark: bool, clickable: bool = True) -> Picture:
        how = {"title": _("found"), "diverging": False, "clickable": clickable, "removable": False, "width": 400, "height": 300, "dark": dark}
        return board.board([str(layer) for layer in range(len(sizes))], sizes, (), values=values, chosen=first, **how)

    said = f": {escaped(meaning(relation))}" if meaning(relation) else ""
    st.markdown(f"**{escaped(relation)}**{said} :small[{_('every head, the better of both directions, on all sentences')}]")
    pictures.clickable("relation_heads", (read.identity, relation), head, picture, chosen_head.picked_on_board)
    best = read.found.best(relation, same=same)
    with st.container(horizontal=True, vertical_alignment="center", key="heads_of_relation"):
        where = _("Layer {layer}, head {head}").format(layer=head[0], head=head[1])
        st.markdown(f"**{where}**: {values[head]:.1%}")
        st.button(
            _("Best: {layer}.{head}").format(layer=best.layer, head=best.head),
            key="choose_best",
            on_click=chosen_head.choose,
            args=(best.layer, best.head),
            disabled=head == (best.layer, best.head),
            icon=":material/star:",
        )
        st.space("stretch")
        st.page_link("pages/attention.py", label=_("Open"), icon=":material/open_in_new:")
    st.markdown(
        _(
            "Best: **{layer}.{head}**, {direction}: {accuracy:.0%} of {n} words ({low:.0%} to {high:.0%}). Offset {offset:+d}: {baseline:.0%}."
        ).format(**vars(best) | {"direction": way(best.direction)})
    )
    _published(read, relation, head)
    files = picture_files(lambda: picture(head, False, False))
    return Figure(_("Heads for {relation}").format(relation=escaped(relation)), "heads-of-relation", files)


def _published(read: Read, relation: str, chosen: tuple[int, int]) -> None:
    if read.model != published.MODEL:
        return
    for one in published.HEADS:
        if one.ud == relation:
            ours = float(np.nanmax(read.found.accuracies(relation)[:, one.layer, one.head]))
            message = _(
                "Published ({relation}, {source}): {layer}.{head} {theirs:.1f} %, offset {offset:.1f} %. That head here: {ours:.1%}."
            ).format(
                relation=one.relation,
                source=published.SOURCE,
                layer=one.layer,
                head=one.head,
                theirs=one.accuracy,
                offset=one.baseline,
                ours=ours,
            )
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(message, width="content")
                head_button(one.layer, one.head, chosen, f"published_{one.relation}")
