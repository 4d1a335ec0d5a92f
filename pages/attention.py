"""The attention page: every head of a model on one text, and one head beside it, token by token."""

import streamlit as st

from explorer.i18n import _
from explorer.ui import address, head_grid, head_panel
from explorer.ui.session import plain
from explorer.ui.sidebar import Chosen, sidebar

PARTS = {"encoder": _("encoder"), "decoder": _("decoder"), "cross": _("cross: decoder to encoder")}


def header(chosen: Chosen) -> None:
    model, captured = chosen.model, chosen.capture
    layers = " + ".join(str(len(model.sites_in(part))) for part in model.parts if part != "cross")
    heads = sorted({site.heads for site in model.sites})
    shape = f"{layers} {_('layers')} × {'–'.join(map(str, dict.fromkeys([heads[0], heads[-1]])))} {_('heads')}"
    sizes = [len(tokens) for tokens in captured.sides.values()] if captured else []
    tokens = f"{' + '.join(map(str, sizes))} {_('tokens')}" if sizes else ""
    where = f"{model.device} {str(model.dtype).removeprefix('torch.')}"
    st.markdown(f"#### {_('Attention')} :small[{plain(' · '.join(filter(None, [model.name, shape, tokens, where])))}]")
    for note in captured.notes if captured else ():
        st.caption(f":material/content_cut: {plain(note)}")


@st.fragment
def explorer_of(chosen: Chosen) -> None:
    captured = chosen.capture
    part = captured.parts[0]
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        if len(captured.parts) > 1:
            part = st.segmented_control(
                _("Attention"), captured.parts, default=part, format_func=PARTS.get, key="part", bind="query-params", required=True
            )
        how = head_panel.controls(captured, part)
        st.space("stretch")
        downloads = st.container(width="content")
    place = head_grid.current(captured, part)
    grid, panel = st.columns([10, 11], gap="small")
    with grid, st.container(key="head_grid", border=True):
        st.caption(_("All heads. Click one, or use the arrow keys."))
        top = head_panel.largest(captured, part, how)
        head_grid.draw(captured, part, place, dark=how.dark, top=top)
    below = grid.container()
    with panel, st.container(key="head_panel", border=True):
        head_grid.neighbours(captured, part, place)
        head_panel.draw(chosen, part, place, how, downloads, below)
    address.write(layer=place[0], head=place[1])


chosen = sidebar()
header(chosen)
if chosen.capture is not None:
    explorer_of(chosen)
