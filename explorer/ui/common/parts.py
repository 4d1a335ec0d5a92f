"""Encoder, decoder or cross: which part of a model's attention is looked at."""

from __future__ import annotations

import streamlit as st

from explorer.capture import Capture
from explorer.i18n import N_, _
from explorer.ui.common import address
from models import Model

PARTS = {"encoder": N_("encoder"), "decoder": N_("decoder"), "cross": N_("cross: decoder to encoder")}
SHORT = PARTS | {"cross": N_("cross")}
"""The same where much stands beside them."""


def part_of(captured: Capture | Model, short: bool = False) -> str:
    """The part, chosen where there is a choice; `short` where its titles have little room."""
    if len(captured.parts) == 1:
        return captured.parts[0]
    return address.choice(st.segmented_control, _("Attention"), {part: (SHORT if short else PARTS)[part] for part in captured.parts}, "part")
