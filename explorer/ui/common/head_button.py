"""A button that names a head and opens it; the head that is looked at is marked."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from explorer.ui.common import chosen_head


def head_button(layer: int, head: int, chosen: tuple[int, int], key: str, more: str = "", width: int | Literal["content"] = "content") -> None:
    """The button.

    Args:
        layer, head: that it opens, from 0.
        chosen: the head that is looked at.
        key: of the widget, without the head.
        more: behind the name of the head.
        width: in pixels, or as wide as what stands in it.
    """
    st.button(
        f"**{layer}.{head}**{f' {more}' if more else ''}",
        key=f"{key}_{layer}_{head}",
        type="primary" if (layer, head) == chosen else "secondary",
        on_click=chosen_head.choose,
        args=(layer, head),
        width=width,
    )
