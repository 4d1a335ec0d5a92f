"""Two captures side by side: two texts, two models, or one model without some of its heads."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.ablation import heads
from explorer.capture import Capture, capture
from explorer.charts.common import board
from explorer.charts.common.laboratory import finished
from explorer.charts.common.matrix import matrix, texts
from explorer.compare import comparison
from explorer.i18n import _
from explorer.scores import null
from explorer.ui.attention import head_grid
from explorer.ui.common import session
from explorer.ui.common.session import escaped, explained, is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.prune import pruned_set
from models import CATALOGUE, InputError
from models.errors import ExplorerError

WHAT = {"word": _("One word"), "texts": _("Two texts"), "models": _("Two models"), "pruned": _("Without heads")}
MEASURES = {"total": _("share of attention that moved"), "divergence": _("Jensen-Shannon divergence, nats")}
SHOWN = {"difference": _("Difference"), "one": _("First"), "other": _("Second")}
TOKENS = 40
"""Aligned tokens that a map shows, the first ones."""


@dataclass(frozen=True)
class Other:
    """What the text of the sidebar is compared with, and the line of Python that makes it."""

    captured: Capture
    name: str
    line: str


def choose_other(chosen: Chosen, what: str, row: DeltaGenerator) -> Other | None:
    """Draws what is needed to make the second capture; None where it cannot be made, and the reason is on the page."""
    try:
        with row:
            return {"word": _word, "texts": _texts, "models": _models, "pruned": _pruned}[what](chosen)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return None


def draw(chosen: Chosen, other: Other, part: str) -> tuple[list[Figure], str] | None:
    """Which heads changed, and how one of them did."""
    one, two = chosen.capture, other.captured
    their_part = part if part in two.parts else two.parts[0]
    try:
        changed = comparison.changes(one, two, part, their_part)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return None
    rows, columns = comparison.align(one.queries(part), two.queries(their_part)), comparison.align(one.keys(part), two.keys(their_part))
    left, right = st.columns([1, 1], gap="small")
    with left, st.container(border=True, key="changed_heads"):
        measure = st.segmented_control(
            _("Change of a head"), MEASURES, default="total", format_func=MEASURES.get, key="measure", bind="query-params", required=True
        )
        values = getattr(changed, measure)
        sizes = (~np.isnan(values)).sum(1).tolist()

        def heads_chart(dark: bool, clickable: bool) -> alt.LayerChart:
            how = {"title": MEASURES[measure], "diverging": False, "clickable": clickable, "width": 460, "height": 290, "dark": dark}
            return board.board([str(i) for i in range(len(sizes))], sizes, (), values=values, **how)

        key = f"changed_{one.number}_{two.number}_{part}_{measure}"
        st.altair_chart(heads_chart(is_dark(), True), key=key, on_select=lambda: _picked(key), width="content")
        ranked = sorted(changed.ranked, key=lambda head: -values[head])
        st.markdown(_("Changed most: {heads}.").format(heads=", ".join(f"**{l_}.{h}** {values[l_, h]:.2f}" for l_, h in ranked[:6])))
    layer, head = _head(chosen, part, sizes, ranked)
    with right, st.container(border=True, key="changed_head"):
        shown = st.segmented_control(
            _("Layer {layer}, head {head}").format(layer=layer, head=head),
            SHOWN,
            default="difference",
            format_func=SHOWN.get,
            key="compared",
            required=True,
        )
        maps = {"one": one.pattern(layer, head, part), "other": two.pattern(layer, head, their_part)}

        def map_chart(dark: bool) -> alt.LayerChart:
            return _map(maps, rows, columns, shown, dark)

        st.altair_chart(map_chart(is_dark()), key=f"map_{key}_{layer}_{head}_{shown}", width="content")
    st.caption(
        _(
            "Tokens that belong together stand for each other; “a | b” is first and second. {rows} of {n} and {m} tokens are paired. Nothing is "
            "renormalised; what goes to unpaired tokens counts as one more key of a row."
        ).format(rows=len(rows), n=len(one.queries(part)), m=len(two.queries(their_part)))
    )
    table = pd.DataFrame([{"layer": l_, "head": h, "total": changed.total[l_, h], "divergence": changed.divergence[l_, h]} for l_, h in ranked])
    apart = comparison.difference(maps["one"], maps["other"], rows, columns)
    figures = [
        Figure(
            _("Heads by change"),
            "changes",
            picture_files(lambda: heads_chart(False, False)) | {"csv": lambda: table.to_csv(index=False).encode()},
        ),
        Figure(_("This map"), "difference", picture_files(lambda: map_chart(False)) | {"npz": lambda: export.packed(difference=apart, **maps)}),
    ]
    return figures, _recipe(chosen, other, layer, head)


def _map(maps: dict[str, np.ndarray], rows: comparison.Aligned, columns: comparison.Aligned, shown: str, dark: bool) -> alt.LayerChart:
    if shown == "difference":
        values = comparison.difference(maps["one"], maps["other"], rows, columns)
        look = _("second minus first: orange where there is more")
    else:
        at = (rows.one, columns.one) if shown == "one" else (rows.other, columns.other)
        values, look = maps[shown][np.ix_(*map(list, at))], _("of the paired tokens")
    values = values[:TOKENS, :TOKENS]
    names = rows.labels[:TOKENS], columns.labels[:TOKENS]
    top = max(0.02, float(np.abs(values).max())) if shown == "difference" else 1.0
    how = {"rows": names[0], "columns": names[1], "top": top, "width": 330, "height": min(330, max(150, 30 * len(names[0]))), "dark": dark}
    made = matrix(values, x=_("attended to"), y="", title=SHOWN[shown], look=look, **how)
    return finished(made.add_params(*texts(*names)))


def _word(chosen: Chosen) -> Other:
    words = chosen.text.split(" ")
    at = st.selectbox(
        _("Change the word"), range(len(words)), min(1, len(words) - 1), format_func=lambda i: words[i], key=f"word_{len(words)}", width=150
    )
    into = st.text_input(_("into"), "dog" if words[at] != "dog" else "cat", key="into", bind="query-params", width=150)
    text = " ".join([*words[:at], into.strip() or words[at], *words[at + 1 :]])
    return _captured(chosen, text)


def _texts(chosen: Chosen) -> Other:
    text = st.text_input(_("Second text"), chosen.text.replace("cat", "dog"), key="other_text", bind="query-params", width=460)
    return _captured(chosen, text)


def _models(chosen: Chosen) -> Other:
    names = [*session.kept(), *(entry.name for entry in CATALOGUE)]
    name = st.selectbox(
        _("Second model"),
        names,
        index=None,
        placeholder=_("random weights"),
        key="other_model",
        accept_new_options=True,
        bind="query-params",
        width=300,
    )
    if name:
        model = session.open_model(name, str(chosen.model.device), "auto")
        captured = session.run_text(model, (name, str(model.device), "auto"), chosen.text, "", "")[0]
        return Other(captured, model.name, f"other = capture(models.load({export.folder_of(model.name)!r}), text)")
    return Other(_random(chosen), _("random weights"), "other = capture(null.random_weights(model), text)  # from explorer.scores import null")


def _random(chosen: Chosen) -> Capture:
    key = ("random weights",)
    if key not in chosen.capture.derived:
        try:
            model = null.random_weights(chosen.model)
        except ValueError as error:
            raise InputError(_("This model cannot be drawn anew: {error}.").format(error=error), _("Choose a second model.")) from error
        chosen.capture.derived[key] = capture(model, chosen.text, chosen.pair or None, chosen.target or None, max_tokens=session.MAX_TOKENS)
    return chosen.capture.derived[key]


def _pruned(chosen: Chosen) -> Other:
    board_heads = heads.write(chosen.model, pruned_set.current(chosen.model).heads)
    message = st.text_input(
        _("Heads that are switched off"),
        board_heads or "0.0",
        key="without",
        bind="query-params",
        width=330,
        help=_("layer.head; at first those of the board"),
    )
    removed = heads.parse(chosen.model, message)
    key = ("without", removed)
    if key not in chosen.capture.derived:
        changes = heads.changes(chosen.model, removed)
        chosen.capture.derived[key] = capture(
            chosen.model, chosen.text, chosen.pair or None, chosen.target or None, max_tokens=session.MAX_TOKENS, changes=changes
        )
    line = f"other = capture(model, text, changes=heads.changes(model, heads.parse(model, {message!r})))  # from explorer.ablation import heads"
    return Other(chosen.capture.derived[key], message, line)


def _captured(chosen: Chosen, text: str) -> Other:
    key = ("compared with", text)
    if key not in chosen.capture.derived:
        chosen.capture.derived[key] = capture(chosen.model, text, chosen.pair or None, chosen.target or None, max_tokens=session.MAX_TOKENS)
    return Other(chosen.capture.derived[key], text, f"other = capture(model, {text!r})")


def _head(chosen: Chosen, part: str, sizes: list[int], ranked: list[tuple[int, int]]) -> tuple[int, int]:
    """The head of the other pages where both have it, at first the one that changed most."""
    if "_place" not in st.session_state and ranked and "layer" not in st.query_params:
        return ranked[0]
    layer, head = head_grid.current(chosen.capture, part)
    found = (layer, int(head) if head.isdigit() else 0)
    return found if layer < len(sizes) and found[1] < sizes[layer] else ranked[0]


def _picked(key: str) -> None:
    state = st.session_state.get(key)
    points = state["selection"].get("cell") if state else None
    if points and points[0].get("row", -1) >= 0 and points[0].get("head", -1) >= 0:
        st.session_state["_place"] = (int(points[0]["row"]), str(int(points[0]["head"])))


def _recipe(chosen: Chosen, other: Other, layer: int, head: int) -> str:
    lines = [
        "import models",
        "from explorer.compare import comparison",
        "from explorer.capture import capture",
        "",
        export.load_line(chosen.model.name),
        f"text = {chosen.text!r}",
        "one = capture(model, text)",
        other.line,
        "changed = comparison.changes(one, other)",
        "rows = comparison.align(one.queries(), other.queries())",
        f"print(changed.ranked, comparison.difference(one.pattern({layer}, {head}), other.pattern({layer}, {head}), rows, rows))",
    ]
    return "\n".join(lines)


def named(other: Other) -> str:
    """The second side, for a heading."""
    return escaped(other.name if len(other.name) <= 60 else other.name[:57] + "…")
