"""Tokens in another order: chips to drag, and what the model makes of it with its positions and without."""

from __future__ import annotations

import random
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.capture import Capture
from explorer.charts.common.picture import Picture
from explorer.charts.positions import order as charts
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.positions import order
from explorer.reading import read
from explorer.ui.common import address, jobs, long_texts, pictures, session, stage
from explorer.ui.common.markdown import escaped, explained, shortened
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import sidebar
from explorer.ui.common.sortable import chips
from explorer.ui.common.take_away import Figure, picture_files, take_away
from models import Model
from models.errors import ExplorerError

EXAMPLES = ("The dog bites the man.", "我爱你", "Time flies like an arrow.")
TOY_TEXT = "我爱你"
MODELS = {
    "sidebar": N_("the model of the sidebar"),
    "order": N_("toy, trained with positions"),
    "order-without-positions": N_("toy, trained without positions"),
}

_HALL, _DESK = {"most": 200}, {"most": 255}
"""How high a picture of many tokens becomes, in pixels: its axis ends with the window, of 768 pixels at a desk."""


@dataclass(frozen=True)
class _Read:
    """A text as a model has read it, and the lines of Python that do so."""

    captured: Capture
    model: Model
    text: str
    recipe: tuple[str, ...]


def draw(row: DeltaGenerator, downloads: DeltaGenerator) -> None:
    """Controls into the row, chips, pictures, and the menu of downloads."""
    with row:
        name = address.choice(st.selectbox, _("Read by"), MODELS, "order_model", width=240)
        on = st.toggle(_("position information"), True, key="order_positions", bind="query-params")
    try:
        found = _of_sidebar(row) if name == "sidebar" else _of_toy(str(order.trained_toys()[name]))
        if found is not None:
            _drawn(found, on, downloads)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")


def _of_sidebar(row: DeltaGenerator) -> _Read | None:
    chosen = sidebar()
    with row:
        st.pills(_("Short texts"), EXAMPLES, label_visibility="collapsed", key="order_example", on_change=_example)
    if chosen.capture is None:
        return None
    return _Read(chosen.capture, chosen.model, chosen.text, chosen.lines)


def _of_toy(folder: str) -> _Read | None:
    asked = (folder, "cpu", "auto")
    model = session.open_model(*asked, slot="order_toy")
    ran = session.run_text(model, asked, TOY_TEXT, "", "", slot="order_text")
    return None if ran is None else _Read(ran[0], model, TOY_TEXT, (export.load_line(folder), export.capture_line(TOY_TEXT)))


def _drawn(of: _Read, on: bool, downloads: DeltaGenerator) -> None:
    for note in of.captured.notes:
        st.caption(f":material/content_cut: {escaped(note)}")
    tokens = read(of.model, of.captured)
    labels = [tokens.labels[i] for i in tokens.free]
    ahead = list(range(len(labels)))
    current = _current(len(labels))
    with st.container(horizontal=True, vertical_alignment="center", key="order_row"):
        with st.container(key="chips"):
            chips(labels, current, f"chips_{of.captured.number}", _put)
        st.button(_("Original"), on_click=_put, args=(ahead,), key="order_original", disabled=current == ahead)
        st.button(_("Reverse"), on_click=_put, args=(current[::-1],), key="order_reverse")
        st.button(_("Shuffle"), on_click=lambda: _put(random.sample(ahead, len(ahead))), key="order_shuffle")

    def work(report: Report) -> order.Equivariance:
        return order.permuted(of.model, of.captured, current, on)

    identity = (of.model.number, of.captured.number, *current, on)
    found = jobs.computed(("order", *identity), _("Reading both orders"), work, replaces="order")
    title = " · ".join([of.model.short_name, " ".join(labels[i] for i in current), _("with positions") if on else _("without positions")])
    shown = jobs.kept(
        "order", identity, shortened(title, 120), None if found is None else (found, tokens.labels, _recipe(of, current, on), of.text)
    )
    if shown is None:
        return
    found, names, recipe, text = shown.what

    def picture(dark: bool, most: int = 330) -> Picture:
        rows = [names[i] for i in found.order]
        height = min(most, max(150, 34 * len(rows)))
        return charts.outputs(found.moved, found.after, rows, scale=found.scale, height=height, dark=dark)

    with st.container(key="order_picture"):
        pictures.draw(picture(is_dark(), **stage.room(_HALL, _DESK)), "order_chart")
    _verdict(found)
    files = picture_files(lambda: picture(False)) | {"npz": lambda: export.packed(before=found.before, after=found.after, order=found.order)}
    with downloads:
        take_away([Figure(_("Outputs in both orders"), "order", files)], recipe, long_texts.holds(text), {"text": text})


def _verdict(found: order.Equivariance) -> None:
    if found.max < 1e-4 * max(1.0, found.scale):
        verdict = _("Equivariant: the outputs moved with their tokens, and changed in nothing else.")
    else:
        verdict = _("Not equivariant: in another order, tokens get other outputs.")
    message = _("Largest |f(PX) − P f(X)|: **{deviation:.1e}**, beside outputs up to {scale:.2f}. {verdict}")
    st.markdown(message.format(deviation=found.max, scale=found.scale, verdict=verdict))
    if found.order_in_mask and not found.positions:
        st.caption(escaped(_(found.order_in_mask)))
    st.caption(
        _(
            "Attention(PX) = P Attention(X) is equivariance; invariance would leave the outputs where they were. Special tokens stay in place. "
            "A chip's small number is its place in the text."
        )
    )


def _current(n: int) -> list[int]:
    """The order in the address, of n tokens. Where it is none of them, the other way round: something is to be seen at once."""
    found = [int(word) for word in (address.read("order") or "").split(".") if word.isascii() and word.isdigit() and len(word) < 5]
    return found if sorted(found) == list(range(n)) else list(range(n))[::-1]


def _put(order_: list[int]) -> None:
    address.write(order=".".join(map(str, order_)))


def _example() -> None:
    if chosen := st.session_state["order_example"]:
        address.write(text=chosen, pair=None)


def _recipe(of: _Read, current: list[int], on: bool) -> str:
    lines = [
        "import explorer, models",
        "from explorer.positions import order",
        "",
        *of.recipe,
        f"found = order.permuted(model, captured, {current}, positions={on})",
        "print(found.max, found.deviation)",
    ]
    return "\n".join(lines)
