"""Every head over a corpus: all of them at once, heads that do something, rows that show what one does, heads that changed."""

import streamlit as st

from explorer.atlas.atlas import Atlas
from explorer.i18n import _
from explorer.ui.atlas import against, all_heads, choices, fills, one_head, other_texts, relations, rows, source
from explorer.ui.atlas.source import Source
from explorer.ui.common import address, chosen_head, jobs
from explorer.ui.common.markdown import escaped
from explorer.ui.common.sidebar import choose_model
from explorer.ui.common.take_away import Figure, take_away
from models import Model


def drawn(atlas: Atlas, identity: tuple, of: Source | None, part: str, chosen: tuple[int, int], view: str) -> tuple[Figure | None, str | None]:
    """All heads in one view, with its own controls; and the relation that is looked at. `of` is None where an older atlas is still shown."""
    if view == "relations":
        relation = relations.choose(atlas, part)
        return (None if relation is None else relations.draw(atlas, identity, part, chosen, relation)), relation
    second = None
    with st.container(horizontal=True, vertical_alignment="bottom", key="atlas_controls"):
        axes = ("", "")
        if view in ("metrics", "changed"):
            axes = tuple(
                choices.metric(atlas, part, title, name, first)
                for title, name, first in ((_("Metric"), "x", "previous" if part != "cross" else "confidence"), (_("against"), "y", "entropy"))
            )
        if view == "changed":
            if of is not None:
                second = against.choose(atlas, of, chosen, part)
        else:
            groups = choices.groups(atlas, part)
            found = choices.looked_for(atlas, part)
    if view == "changed":
        return (None if second is None else against.draw(atlas, second, identity, part, chosen, axes)), None
    return all_heads.draw(atlas, identity, part, chosen, view=view, axes=axes, groups=groups, found=found), None


@st.fragment
def heads(model: Model) -> None:
    st.html(rows.STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        view = address.choice(st.segmented_control, _("Shown"), choices.VIEWS, "atlas_view")
        of = source.choose(model)
        parts = st.container(width="content")
        st.space("stretch")
        downloads = st.container(width="content")
    made = source.opened(of) if of is not None else None
    if made is not None:
        of = source.as_read(of, made)
        other_texts.remember(of)
    title = "" if of is None else f"{model.short_name}: {_(of.corpus.name) if of.corpus is not None else of.folder.name}"
    kept = jobs.kept(source.PLACE, of.identity if of is not None else None, title, None if made is None else (made, of))
    if kept is None:
        return
    (atlas, origin), identity = kept.what, (kept.identity,)
    with parts:
        part = choices.part(atlas)
    chosen = chosen_head.among(atlas.sizes(part))
    fills.tell(atlas)
    left, right = st.columns([13, 9], gap="small")
    with left, st.container(border=True, key="atlas_all"):
        figure, relation = drawn(atlas, identity, of if kept.fresh else None, part, chosen, view)
    with right, st.container(border=True, key="atlas_one"):
        figures = [figure, one_head.draw(model, atlas, (part, *chosen), relation)]
    source.describe(atlas, origin)
    table = Figure(_("All heads, as a table"), "heads", {"csv": lambda: atlas.heads.to_csv().encode()})
    with downloads:
        take_away([*(one for one in figures if one), table], origin.recipe)
    chosen_head.complete(chosen)


model = choose_model()
st.markdown(f"#### {_('Atlas')} :small[{escaped(model.name)}]")
heads(model)
