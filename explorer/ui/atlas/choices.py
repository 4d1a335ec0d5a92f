"""View, metrics and colours, and heads that are looked for."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.atlas import find, space
from explorer.atlas.atlas import Atlas
from explorer.i18n import N_, _
from explorer.scores.definitions import BY_NAME
from explorer.ui.common import address, stage
from explorer.ui.common.markdown import explained
from explorer.ui.common.parts import PARTS
from explorer.ui.heads.roles import TITLES
from models.errors import InputError

VIEWS = {
    "metrics": N_("Two metrics"),
    "pca": N_("Map (PCA)"),
    "tsne": N_("Map (t-SNE)"),
    "relations": N_("Relations"),
    "changed": N_("Changed"),
}
COLOURS = {"layer": N_("layer"), "role": N_("role"), "cluster": N_("cluster")}
_TITLES = {name: score.title for name, score in BY_NAME.items()} | {"norm": N_("length of the output")}
NO_ROLE = N_("no role")
EXAMPLES = ("previous > .5 and distance < 3", "first > .5", "role = induction", "distance > 10 and confidence > .3")


def size(height: int = 390, on_stage: int = 155) -> dict[str, int]:
    """Of the picture of all heads, by its height at a desk and on a stage, where it stands beside the chosen head: what a click opens has to be
    seen."""
    return {"width": 310, "height": on_stage, "letters": 12} if stage.is_on() else {"width": 500, "height": height, "letters": 12}


def title_of(metric: str) -> str:
    """A metric for a viewer."""
    return _(_TITLES[metric])


def part(atlas: Atlas) -> str:
    """Draws the choice of a part where there are several, in few words and, on a stage, small: with all others it is one row."""
    if len(atlas.parts) == 1:
        return atlas.parts[0]
    names = {one: PARTS[one] if one != "cross" else N_("cross") for one in atlas.parts}
    if stage.is_on():
        return address.choice(st.selectbox, _("Attention"), names, "part", width=130)
    return address.choice(st.segmented_control, _("Attention"), names, "part")


def metric(atlas: Atlas, part: str, label: str, name: str, first: str) -> str:
    """Draws the choice of a metric, whose name stands in the address under `name`."""
    titles = {one: _TITLES[one] for one in atlas.metrics_in(part)}
    return address.choice(st.selectbox, label, titles, name, first, width=190)


def groups(atlas: Atlas, part: str) -> list[str]:
    """Draws the choice of what colours heads; the group of each, nothing for layers."""
    which = address.choice(st.selectbox, _("Colour"), COLOURS, "atlas_colour", width=120)
    if which == "layer":
        return []
    if which == "cluster":
        return [_("cluster {n}").format(n=n) for n in space.clusters(atlas, part)]
    return [_(TITLES[roles[0]]) if len(roles) else _(NO_ROLE) for roles in atlas.heads.loc[part]["roles"]]


def roles_in_order() -> list[str]:
    """Names of the groups by role, in the order that gives them their colours."""
    return [*(_(title) for title in TITLES.values()), _(NO_ROLE)]


def looked_for(atlas: Atlas, part: str) -> np.ndarray | None:
    """Draws the field for conditions; which heads they hold for, bool (heads,). None where nobody looks for any."""
    text = address.entry(
        st.text_input,
        _("Find heads"),
        "find_head",
        "",
        placeholder=EXAMPLES[0],
        help=_("Conditions on metrics, with and between them: {examples}. Metrics: {names}.").format(
            examples="; ".join(f"`{one}`" for one in EXAMPLES), names=", ".join(f"`{one}`" for one in atlas.metrics_in(part))
        ),
        max_chars=300,
        width=280,
    )
    if not text.strip():
        return None
    try:
        return find.heads(atlas.heads.loc[part], text)
    except InputError as error:
        st.caption(f":material/edit: {explained(error)}")
        return None
