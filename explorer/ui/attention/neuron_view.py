"""One score taken apart: query, key, and their element-wise product, which sums to it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer import export
from explorer.capture import Capture, Neurons
from explorer.charts.common import bars
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.ui.attention import head_map
from explorer.ui.attention.controls import Controls, token_box
from explorer.ui.common import pictures
from explorer.ui.common.chosen_head import HeadChoice
from explorer.ui.common.markdown import explained
from explorer.ui.common.take_away import Figure, picture_files
from models import InputError


def draw(captured: Capture, part: str, choice: HeadChoice, how: Controls) -> Figure | None:
    """Choice of query and key, three rows of bars, and the sum."""
    layer, head = choice
    if not head.isdigit():
        st.info(_("A summary over heads has no neurons: choose one head."))
        return None
    try:
        query, key = _chosen(captured, part, layer, int(head))
        made = captured.neurons(layer, int(head), query, key, part)
    except InputError as error:
        st.info(explained(error))
        return None

    def drawn(dark: bool) -> Picture:
        return bars.neuron_bars(made.query, made.key, made.product, width=395, height=82, dark=dark)

    pictures.draw(drawn(how.dark), "neurons")
    st.caption(_sum(made))
    files = picture_files(lambda: drawn(False)) | {"csv": lambda: export.neurons_csv(made)}
    return Figure(_("These neurons"), f"{head_map.name(choice)}-q{query}-k{key}", files)


def _chosen(captured: Capture, part: str, layer: int, head: int) -> tuple[int, int]:
    queries, keys = captured.queries(part), captured.keys(part)
    left, right = st.columns(2)
    query = token_box(left, _("Query"), "q", min(1, len(queries) - 1), list(range(len(queries))), queries.labels)
    row = slice(query, query + 1)
    seen = np.flatnonzero(captured.visible(layer, part, row)[0])
    if not len(seen):
        raise InputError(_("This token sees nothing."), _("Choose another query."))
    # Where the address names no key, the one that the query attends to most.
    best = int(seen[np.argmax(captured.pattern(layer, head, part, row)[0][seen])])
    return query, token_box(right, _("Key"), "k", best, seen.tolist(), keys.labels)


def _sum(made: Neurons) -> str:
    total = float(made.product.sum())
    # A rounding error is not something that the model added.
    added = made.added if abs(made.added) > 1e-4 * max(1.0, abs(made.score)) else 0.0
    return _("Σ q·k = {total:.4f}; × scale {scale:.4f} {sign} {added:.4f} (mask, position bias) = score {score:.4f}; weight {weight:.4f}").format(
        total=total, scale=made.scale, sign="−" if added < 0 else "+", added=abs(added), score=made.score, weight=made.weight
    )
