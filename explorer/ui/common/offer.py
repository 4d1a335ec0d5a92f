"""A model cannot do what a view shows: why, and bundled ones that can, one click away."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.ui.common import address
from explorer.ui.common.markdown import explained
from models import CATALOGUE
from models.errors import ExplorerError


def instead(error: ExplorerError, kinds: tuple[str, ...], key: str) -> None:
    """Says what is wrong, and offers the bundled models of these kinds that were made to predict words."""
    st.info(explained(error), icon=":material/info:")
    with st.container(horizontal=True, key=f"offer_{key}"):
        for entry in CATALOGUE:
            if entry.bundled and entry.kind in kinds and "words" in entry.about:
                st.button(
                    _("Open {model}").format(model=_(entry.title)),
                    key=f"open_{key}_{entry.name}",
                    on_click=lambda name=entry.name: address.write(model=name),
                    icon=":material/open_in_new:",
                )
