"""One score taken apart: query, key, and their element-wise product, which sums to it."""

from __future__ import annotations

import altair as alt
import numpy as np
import streamlit as st

from explorer import export
from explorer.capture import Capture, Neurons
from explorer.charts.common import bars
from explorer.i18n import _
from explorer.ui.attention import head_map
from explorer.ui.attention.controls import Controls
from explorer.ui.attention.head_grid import Place
from explorer.ui.common import address, session
from explorer.ui.common.take_away import Figure, pictures
from models import InputError


def draw(captured: Capture, part: str, place: Place, how: Controls) -> Figure | None:
    """Choice of query and key, three rows of bars, and the sum."""
    layer, head = place
    if not head.isdigit():
        st.info(_("A summary over heads has no neurons: choose one head."))
        return None
    try:
        query, key = _chosen(captured, part, layer, int(head))
        made = captured.neurons(layer, int(head), query, key, part)
    except InputError as error:
        st.info(session.explained(error))
        return None

    def drawn(dark: bool) -> alt.VConcatChart:
        return bars.neuron_bars(made.query, made.key, made.product, width=395, height=105, dark=dark)

    st.altair_chart(drawn(how.dark), key="neurons", width="content")
    st.caption(_sum(made))
    files = pictures(lambda: drawn(False)) | {"csv": lambda: export.neurons_csv(made)}
    return Figure(_("These neurons"), f"{head_map.name(place)}-q{query}-k{key}", files)


def _chosen(captured: Capture, part: str, layer: int, head: int) -> tuple[int, int]:
    queries, keys = captured.queries(part), captured.keys(part)
    left, right = st.columns(2)
    first = address.number("q", min(1, len(queries) - 1), len(queries))
    name = f"{captured.number}_{part}"
    query = left.selectbox(_("Query"), range(len(queries)), first, format_func=lambda i: f"{i} {queries.labels[i]}", key=f"nq_{name}")
    seen = np.flatnonzero(captured.visible(layer, part)[query])
    if not len(seen):
        raise InputError(_("This token sees nothing."), _("Choose another query."))
    # Where the URL names no key, the one that the query attends to most.
    best = int(seen[np.argmax(captured.pattern(layer, head, part)[query][seen])])
    message = address.number("k", best, len(keys))
    start = int(np.searchsorted(seen, message if message in seen else best))
    key = right.selectbox(_("Key"), seen.tolist(), start, format_func=lambda i: f"{i} {keys.labels[i]}", key=f"nk_{name}_{layer}_{head}_{query}")
    address.write(q=query, k=key if key != best else None)
    return query, int(key)


def _sum(made: Neurons) -> str:
    total = float(made.product.sum())
    # A rounding error is not something that the model added.
    added = made.added if abs(made.added) > 1e-4 * max(1.0, abs(made.score)) else 0.0
    return _("Σ q·k = {total:.4f}; × scale {scale:.4f} {sign} {added:.4f} (mask, position bias) = score {score:.4f}; weight {weight:.4f}").format(
        total=total, scale=made.scale, sign="−" if added < 0 else "+", added=abs(added), score=made.score, weight=made.weight
    )
