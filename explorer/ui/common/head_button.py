"""A button that names a head and opens it; the head that is looked at is marked."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.ui.common import chosen_head


def head_button(layer: int, head: int, chosen: tuple[int, int], key: str, more: str = "") -> None:
    """The button.

    Args:
        layer, head: that it opens, from 0.
        chosen: the head that is looked at.
        key: of the widget, without the head.
        more: behind the name of the head.
    """
    st.button(
        f"**{layer}.{head}**{f' {more}' if more else ''}",
        key=f"{key}_{layer}_{head}",
        type="primary" if (layer, head) == chosen else "secondary",
        help=_("Look at layer {layer}, head {head}").format(layer=layer, head=head),
        on_click=chosen_head.choose,
        args=(layer, head),
    )
