"""One step: what could have come, and where the newest token looked."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export, generate
from explorer.charts.beyond.lens import candidates
from explorer.charts.common import bars
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.tiles import MEAN
from explorer.tokens import is_bytes, labels
from explorer.ui.common import address, pictures, stage
from explorer.ui.common.markdown import escaped
from explorer.ui.common.parts import SHORT
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files

_FRAME = re.compile(r"<[|/\w].*>|\[[A-Z]+\]")
"""A token that ends or begins a text, as its tokenizer writes it."""
SHOWN_KEYS = 60
"""Keys that the bars show, the last ones."""
_LIKELY_HALL = {"down": 14}
_LOOKED, _LOOKED_HALL = {"width": 610, "height": 205}, {"width": 500, "height": 92}
"""Room for the candidates on the stage, and for where the model looked at a desk and on the stage, in pixels."""


def draw(steps: Sequence[generate.Step], text: str | None = None) -> list[Figure]:
    """One of the steps.

    Args:
        steps: made so far.
        text: that they go on with, where another candidate may be taken to go on from there; None where the text is not gone on with.
    """
    n = len(steps)
    if not n:
        st.caption(_("Press Generate, or One token to go step by step."))
        return []
    at = n if n == 1 else st.slider(_("Token"), 1, n, n, key=f"step_{n}")
    step = steps[at - 1]
    left, right = st.columns([4, 9], gap="small")
    with left, st.container(border=True, key="candidates"):
        st.markdown(
            _("Taken: “**{token}**”, {chance:.1%}; entropy {entropy:.2f} nats.").format(
                token=escaped(step.token.text.strip() or repr(step.token.text)), chance=step.token.chance, entropy=step.entropy
            )
        )
        pictures.draw(likely(step, is_dark(), **stage.room(_LIKELY_HALL)), "candidates_chart")
        columns = {
            _("token"): words(step),
            _("model"): [candidate.chance for candidate in step.candidates],
            _("in the draw"): [candidate.drawn for candidate in step.candidates],
        }
        before = [earlier.token.text for earlier in steps[: at - 1]]
        # A part of a character is shown by its bytes, which are no text to go on from.
        if text is not None and not any(map(is_bytes, before)):
            _branches(step, text + "".join(before))
        with st.expander(_("In the draw"), icon=":material/casino:"):
            st.dataframe(pd.DataFrame(columns), hide_index=True)
    with right, st.container(border=True, key="newest"):
        figure = _looked(step)
    files = picture_files(lambda: likely(step, False)) | {"csv": lambda: export.table_csv(table(steps), index=False)}
    return [Figure(_("Candidates, and all steps"), "generation", files), figure]


def _branches(step: generate.Step, before: str) -> None:
    """The other candidates: one that is clicked becomes the end of the text, to go on from there."""
    texts = [candidate.text for candidate in step.candidates if candidate.text != step.token.text]
    others = [text for text in texts if not is_bytes(text) and not _FRAME.fullmatch(text)]

    def take() -> None:
        if (chosen := st.session_state[key]) is not None:
            address.write(text=before + others[chosen])

    key = "branch"
    st.session_state[key] = None
    names = [escaped(other.strip() or repr(other)) for other in others]
    st.pills(_("Take another one, and go on from there"), range(len(others)), format_func=names.__getitem__, key=key, on_change=take)


def words(step: generate.Step) -> list[str]:
    """The candidates, readable."""
    return [candidate.text.strip() or repr(candidate.text) for candidate in step.candidates]


def likely(step: generate.Step, dark: bool, **room: int) -> Picture:
    """The candidates as bars; `room` in pixels."""
    return candidates(words(step), [candidate.chance for candidate in step.candidates], dark=dark, **({"width": 170} | room))


def table(steps: Sequence[generate.Step]) -> pd.DataFrame:
    """A line per step."""
    rows = [
        {"step": i, "token": step.token.text, "id": step.token.number, "probability": step.token.chance, "entropy": step.entropy}
        for i, step in enumerate(steps, 1)
    ]
    return pd.DataFrame(rows)


def _looked(step: generate.Step) -> Figure:
    """Where the token before the newest one looked: what the prediction was made with."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        parts = list(step.attention)
        part = parts[0]
        if len(parts) > 1:
            part = address.choice(st.segmented_control, _("Attention"), {name: SHORT[name] for name in parts}, "generated_part")
        whole = step.attention[part]
        # The head that all pages look at; at first the mean over the last layer.
        layers = list(range(len(whole)))
        layer = address.entry(st.selectbox, _("Layer (from 0)"), "layer", layers[-1], address.among(layers), options=layers, width=130)
        there = np.flatnonzero(~np.isnan(whole[layer]).all(-1))
        heads = [MEAN, *map(str, there)]
        how = {"options": heads, "format_func": lambda head: _("mean") if head == MEAN else head, "width": 130}
        head = address.entry(st.selectbox, _("Head (from 0)"), "head", MEAN, address.among(heads), **how)
    weights = np.nanmean(whole[layer][there], axis=0) if head == MEAN else whole[layer, int(head)]
    names = labels(step.keys[part])
    shown = slice(max(0, len(names) - SHOWN_KEYS), None)

    def chart(dark: bool, **room: int) -> Picture:
        return bars.row_bars(weights[shown], names[shown], dark=dark, **(room or _LOOKED))

    pictures.draw(chart(is_dark(), **stage.room(_LOOKED_HALL, desk=_LOOKED)), "looked_chart")
    hidden = float(weights[: shown.start].sum()) if shown.start else 0.0
    message = _("Attention of **{token}**, the last token before the prediction.").format(
        token=escaped(names[-1]) if part != "cross" else _("the newest token")
    )
    st.caption(message + (" " + _("{share:.0%} goes to tokens further back.").format(share=hidden) if hidden > 5e-3 else ""))
    return Figure(_("Where it looked"), "looked", picture_files(lambda: chart(False)) | {"npz": lambda: export.packed(**step.attention)})
