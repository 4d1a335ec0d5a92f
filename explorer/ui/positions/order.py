"""Tokens in another order: chips to drag, and what the model makes of it with its positions and without."""

from __future__ import annotations

import random

import altair as alt
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.positions import order as charts
from explorer.i18n import _
from explorer.positions import order
from explorer.reading import read
from explorer.ui.common.session import escaped, explained, is_dark
from explorer.ui.common.sidebar import choose_model, text_box
from explorer.ui.common.sortable import chips
from explorer.ui.common.take_away import Figure, picture_files, take_away
from models import Model, load
from models.errors import ExplorerError

EXAMPLES = ("The dog bites the man.", "我爱你", "Time flies like an arrow.")
MODELS = {
    "sidebar": _("the model of the sidebar"),
    "order": _("toy, trained with positions"),
    "order-without-positions": _("toy, trained without positions"),
}


@st.cache_resource(show_spinner=False)
def _toy(name: str) -> Model:
    return load(order.trained_toys()[name], device="cpu")


def draw(row: DeltaGenerator, downloads: DeltaGenerator) -> None:
    """Controls into the row, chips, pictures, and the menu of downloads."""
    with row:
        name = st.selectbox(_("Read by"), MODELS, format_func=MODELS.get, key="order_model", bind="query-params", width=240)
        on = st.toggle(_("position information"), True, key="order_positions", bind="query-params")
    if name == "sidebar":
        model = choose_model()
        with st.sidebar:
            text = text_box(EXAMPLES[0])
            st.pills(_("Examples"), EXAMPLES, key="order_example", on_change=_example)
    else:
        model, text = _toy(name), "我爱你"
    try:
        _drawn(model, text, on, downloads)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")


def _drawn(model: Model, text: str, on: bool, downloads: DeltaGenerator) -> None:
    tokens = read(model, text)
    free = tokens.free
    labels = [tokens.labels[i] for i in free]
    asked = (model.number, text)
    if st.session_state.get("_ordered", ((), []))[0] != asked:
        # At first the other way round: something is to be seen at once.
        st.session_state["_ordered"] = (asked, list(range(len(free)))[::-1])
    current = st.session_state["_ordered"][1]

    def put(new: list[int]) -> None:
        st.session_state["_ordered"] = (asked, new)

    with st.container(horizontal=True, vertical_alignment="center", key="order_row"):
        with st.container(key="chips"):
            chips(labels, current, f"chips_{model.number}_{hash(text)}", put)
        ahead = list(range(len(free)))
        st.button(_("Original"), on_click=put, args=(ahead,), key="order_original", disabled=current == ahead)
        st.button(_("Reverse"), on_click=put, args=(current[::-1],), key="order_reverse")
        st.button(_("Shuffle"), on_click=lambda: put(random.sample(ahead, len(ahead))), key="order_shuffle")
    found = order.permuted(model, text, current, on)

    def chart(dark: bool) -> alt.HConcatChart:
        shown = [tokens.labels[i] for i in found.order]
        height = min(330, max(150, 34 * len(shown)))
        return charts.outputs(found.moved, found.after, shown, scale=found.scale, height=height, dark=dark)

    with st.container(key="order_picture"):
        st.altair_chart(chart(is_dark()), key="order_chart", width="content")
    if found.max < 1e-4 * max(1.0, found.scale):
        verdict = _("Equivariant: the outputs moved with their tokens, and changed in nothing else.")
    else:
        verdict = _("Not equivariant: in another order, tokens get other outputs.")
    message = _("Largest |f(PX) − P f(X)|: **{deviation:.1e}**, beside outputs up to {scale:.2f}. {verdict}")
    st.markdown(message.format(deviation=found.max, scale=found.scale, verdict=verdict))
    if found.order_in_mask and not on:
        st.caption(escaped(found.order_in_mask))
    st.caption(
        _(
            "Attention(PX) = P Attention(X) is equivariance; invariance would leave the outputs where they were. Special tokens stay in place. "
            "A chip's small number is its place in the text."
        )
    )
    files = picture_files(lambda: chart(False)) | {"npz": lambda: export.packed(before=found.before, after=found.after, order=found.order)}
    with downloads:
        take_away([Figure(_("Outputs in both orders"), "order", files)], _recipe(model, text, current, on))


def _example() -> None:
    if chosen := st.session_state["order_example"]:
        st.session_state["text"] = chosen


def _recipe(model: Model, text: str, new: list[int], on: bool) -> str:
    lines = [
        "import models",
        "from explorer.positions import order",
        "",
        export.load_line(model.name),
        f"found = order.permuted(model, {text!r}, {new}, positions={on})",
        "print(found.max, found.deviation)",
    ]
    return "\n".join(lines)
