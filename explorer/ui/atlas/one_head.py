"""The chosen head: its roles, the ways from it to other pages, heads like it, and what is known of it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.atlas import space
from explorer.atlas.atlas import Atlas, HeadName
from explorer.i18n import N_, _, language
from explorer.scores import published
from explorer.ui.atlas import by_text, numbers, rows, without
from explorer.ui.atlas.choices import title_of
from explorer.ui.atlas.source import opens
from explorer.ui.common import address
from explorer.ui.common.head_button import head_button
from explorer.ui.common.take_away import Figure
from explorer.ui.heads.roles import TITLES
from models import Model
from models.opening import catalogue

SHOWN = {"rows": N_("Rows"), "tokens": N_("Top tokens"), "distances": N_("Distances"), "metrics": N_("Metrics"), "texts": N_("By text")}


def draw(model: Model, atlas: Atlas, head: HeadName, relation: str | None) -> Figure | None:
    """The head beside all heads.

    Args:
        model: that is open.
        atlas: whose head it is.
        head: part, layer, head.
        relation: that is looked at, whose rows are shown first.
    """
    _part, layer, number = head
    roles = [_(TITLES[role]) for role in atlas.heads.loc[head, "roles"]]
    with st.container(horizontal=True, vertical_alignment="center", key="atlas_heading"):
        where = _("Layer {layer}, head {head}").format(layer=layer, head=number)
        st.markdown(f"**{where}** :small[{' · '.join(roles) or _('no role')}]")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="atlas_doors"):
        _doors(model, atlas, head)
    _published(atlas, head)
    without.draw(model, atlas, head)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="atlas_like"):
        st.caption(_("Heads like this one:"), width="content")
        for one in space.like(atlas, head, 4).itertuples():
            head_button(one.layer, one.head, (layer, number), "atlas_like")
    shown = address.choice(st.segmented_control, _("Of this head"), SHOWN, "atlas_shows", label_visibility="collapsed")
    if shown == "rows":
        return rows.draw(model, atlas, head, relation)
    if shown == "tokens":
        return numbers.tokens(atlas, head)
    if shown == "distances":
        return numbers.distances(atlas, head)
    return numbers.metrics(atlas, head) if shown == "metrics" else by_text.draw(model, atlas, head)


def _doors(model: Model, atlas: Atlas, head: HeadName) -> None:
    part, layer, number = head
    here = {"lang": language(), "model": opens(atlas, model), "layer": str(layer), "head": str(number)}
    if len(atlas.parts) > 1:
        here["part"] = part
    named = f"{part}.{layer}.{number}" if len(atlas.parts) > 1 else f"{layer}.{number}"
    doors = (
        ("attention", N_("Attention"), {}, ":material/grid_view:"),
        ("weights", N_("Weights"), {}, ":material/hub:"),
        ("prune", N_("Prune heads"), {"pruned": named}, ":material/content_cut:"),
        ("compare", N_("Compare"), {"compare": "pruned", "without": named}, ":material/compare:"),
    )
    for page, title, more, icon in doors:
        st.page_link(f"pages/{page}.py", label=_(title), icon=icon, query_params={**here, **more})


def _published(atlas: Atlas, head: HeadName) -> None:
    for figure in published.FIGURES.get(catalogue.resolve(atlas.model), ()):
        if (figure.layer, figure.head) == head[1:]:
            ours = atlas.heads.loc[head, figure.score]
            told = {"score": title_of(figure.score), "value": f"{figure.value:.3f}", "how": _(figure.how)}
            if np.isfinite(ours):
                st.caption(_("Published: {score} {value} ({how}); here {ours}.").format(ours=f"{ours:.3f}", **told))
            else:
                st.caption(_("Published: {score} {value} ({how}).").format(**told))
