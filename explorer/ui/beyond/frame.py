"""What all views of the page have: a row of controls, and under it a row that keeps its height whatever happens."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.ui.common import stage

HEIGHT, HALL = 66, 44
"""Of the row below the controls, in pixels: two lines of text, or a bar and its button; and on the stage, where the room is the figure's."""


@dataclass(frozen=True)
class Frame:
    """Where a view puts what it has besides its pictures.

    Attributes:
        controls: a row.
        words: what the pictures below say, in a line or two.
        progress: jobs that are on their way. The row has room for them, so that nothing moves when they come and go: the button that
            stops one stays under the mouse.
    """

    controls: DeltaGenerator
    words: DeltaGenerator
    progress: DeltaGenerator


def frame(controls: DeltaGenerator) -> Frame:
    """Draws the row below the controls."""
    height = HALL if stage.is_on() else HEIGHT
    left, right = st.columns([3, 2], gap="small")
    words = left.container(height=height, border=False, key="beyond_words")
    return Frame(controls, words, right.container(height=height, border=False, key="beyond_progress"))
