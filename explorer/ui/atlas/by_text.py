"""The roles of one head by text and by corpus, and where the two disagree."""

from __future__ import annotations

import streamlit as st

from explorer.atlas.atlas import Atlas, HeadName
from explorer.i18n import _
from explorer.scores.roles import ROLES
from explorer.tokens import labels
from explorer.ui.atlas.rows import door, read, sides
from explorer.ui.common.markdown import escaped, shortened
from explorer.ui.common.take_away import Figure
from models import Model

AGREES = 0.5
"""A head that has a role on the whole corpus has it on at least this share of the texts, or the two disagree; and the other way round."""


def draw(model: Model, atlas: Atlas, head: HeadName) -> Figure:
    """A line a role: whether the whole corpus gives it, on how many texts alone it would be given, and a text that says otherwise."""
    line, lines = atlas.heads.loc[head], []
    for role in ROLES:
        texts, held = int(line[f"{role.name}_texts"]), int(line[f"{role.name}_texts_on"])
        if not texts:
            continue
        corpus = role.name in line["roles"]
        share = held / texts
        lines.append((role, corpus, held, texts, corpus != (share >= AGREES), int(line[f"{role.name}_{'off' if corpus else 'on'}"])))
    for role, corpus, held, texts, apart, other in lines:
        with st.container(horizontal=True, vertical_alignment="center", key=f"by_text_{role.name}"):
            icon = ":material/priority_high:" if apart else ":material/check:" if corpus else ":material/remove:"
            whole = _("the corpus says yes") if corpus else _("the corpus says no")
            st.markdown(
                f"{icon} **{_(role.title)}** :small[{whole} · {_('{held} of {texts} texts alone say yes').format(held=held, texts=texts)}]"
            )
            if other >= 0 and 0 < held < texts:
                tokens = " ".join(labels(read(atlas, other, sides(head)[0])[0]))
                where = door(model, atlas, head, other)
                if where is not None:
                    label = _("otherwise here: {text}").format(text=escaped(shortened(tokens, 44)))
                    st.page_link("pages/attention.py", label=label, icon=":material/open_in_new:", query_params=where)
    st.caption(
        _(
            "Induction and duplicate tokens are decided by repeated random tokens for the corpus, and by weights on the text for each text. "
            "Roles of the corpus also have to beat the same network with random weights."
        )
    )
    table = "role,corpus,texts_on,texts\n" + "".join(f"{role.name},{corpus},{held},{texts}\n" for role, corpus, held, texts, *_rest in lines)
    return Figure(_("Roles by text"), f"roles-{head[1]}-{head[2]}", {"csv": lambda: table.encode()})
