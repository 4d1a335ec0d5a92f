"""The attention page: every head of a model on one text, and one head beside it, token by token; or one token through all heads."""

import streamlit as st

from explorer import export
from explorer.i18n import _
from explorer.ui.attention import bertviz_view, head_grid, head_panel, one_token
from explorer.ui.attention.controls import controls
from explorer.ui.common import chosen_head
from explorer.ui.common.markdown import escaped
from explorer.ui.common.parts import part_of
from explorer.ui.common.sidebar import Chosen, sidebar
from explorer.ui.common.take_away import Figure, picture_files, take_away


def header(chosen: Chosen) -> None:
    model, captured = chosen.model, chosen.capture
    layers = " + ".join(str(len(model.sites_in(part))) for part in model.parts if part != "cross")
    heads = sorted({site.heads for site in model.sites})
    each = "–".join(map(str, dict.fromkeys([heads[0], heads[-1]])))
    shape = _("{layers} layers × {heads} heads").format(layers=layers, heads=each)
    sizes = [len(tokens) for tokens in captured.sides.values()] if captured else []
    tokens = f"{' + '.join(map(str, sizes))} {_('tokens')}" if sizes else ""
    name = model.short_name
    where = f"{model.device} {str(model.dtype).removeprefix('torch.')}"
    st.markdown(f"#### {_('Attention')} :small[{escaped(' · '.join(filter(None, [name, shape, tokens, where])))}]")
    for note in captured.notes if captured else ():
        st.caption(f":material/content_cut: {escaped(note)}")


@st.fragment
def explorer_of(chosen: Chosen) -> None:
    captured = chosen.capture
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        part = part_of(captured, short=True)
        how = controls(captured, part)
        st.space("stretch")
        downloads = st.container(width="content")
    choice = chosen_head.current(captured, part)
    if how.view == "model":
        with st.container(key="head_panel", border=True):
            figure = bertviz_view.whole_model(captured, part, choice, how, head_panel.choose_windows(captured, part))
        figures, lines = [figure] if figure else [], head_panel.recipe(chosen, part, choice, how)
    elif how.view == "token":
        figures, lines = one_token.draw(chosen, part, choice, how)
    else:
        grid, panel = st.columns([11, 10], gap="small")
        beside, under = grid.columns([5, 6], gap="small") if head_grid.stands_beside(captured, part) else (grid, grid)
        every, below = beside.container(key="head_grid", border=True), under.container(key="pinned", border=True)
        # The head first: on a click it is what changes, and it need not wait for the grid.
        with panel, st.container(key="head_panel", border=True):
            head_grid.neighbours(captured, part, choice)
            figures = head_panel.draw(captured, part, choice, how, below)
            st.page_link("pages/weights.py", label=_("What its weights say"), icon=":material/hub:")
        with every:
            st.caption(_("All heads. Click one, or use the arrow keys."))
            head_grid.draw(captured, part, choice, how, chosen.title)
        lines = head_panel.recipe(chosen, part, choice, how)
    heads = picture_files(lambda: head_grid.picture(captured, part, choice, how, False))
    if sum(map(captured.n_weights, captured.parts)) <= export.MOST_WEIGHTS:
        heads |= {"npz": lambda: export.npz(captured)}
    chosen_head.complete(choice)
    with downloads:
        everything = [*figures, Figure(_("All heads"), "all-heads", heads)]
        take_away(everything, lines, chosen.linked, {"text": chosen.text})


chosen = sidebar(most=None)
header(chosen)
if chosen.capture is not None:
    explorer_of(chosen)
