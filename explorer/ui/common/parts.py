"""Encoder, decoder or cross: which part of a model's attention is looked at."""

from __future__ import annotations

import streamlit as st

from explorer.capture import Capture
from explorer.i18n import N_, _
from explorer.ui.common import address
from models import Model

PARTS = {"encoder": N_("encoder"), "decoder": N_("decoder"), "cross": N_("cross: decoder to encoder")}


def part_of(captured: Capture | Model) -> str:
    """The part, chosen where there is a choice."""
    if len(captured.parts) == 1:
        return captured.parts[0]
    return address.choice(st.segmented_control, _("Attention"), {part: PARTS[part] for part in captured.parts}, "part")
