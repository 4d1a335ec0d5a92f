"""The logit lens: what each layer would predict at each token, and how one word comes up through the layers."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.beyond import lens as charts
from explorer.i18n import _
from explorer.lens import layers
from explorer.tokens import readable
from explorer.ui.common import address, long_work
from explorer.ui.common.offer import instead
from explorer.ui.common.session import MAX_TOKENS, escaped, is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from models.errors import ExplorerError

SHARES = ("chances", "chance")
"""Colours that are probabilities."""


def draw(chosen: Chosen, row: DeltaGenerator) -> tuple[list[Figure], str] | None:
    """Controls into a row, the grid, and one cell of it; None where this model has no words to predict."""
    masks = chosen.model.kind == "encoder" and chosen.model.tokenizer.mask_token_id is not None
    with row:
        colour = st.selectbox(_("Colour"), charts.TITLES, format_func=charts.TITLES.get, key="lens_colour", bind="query-params", width=300)
        masked = None
        if masks and chosen.capture is not None:
            labels = chosen.capture.queries().labels
            masked = st.selectbox(
                _("Masked token"),
                range(len(labels)),
                None,
                format_func=lambda i: f"{i} {labels[i]}",
                key="lens_masked",
                bind="query-params",
                width=150,
            )
    try:
        found = _found(chosen, masked)
    except ExplorerError as error:
        instead(error, ("decoder", "encoder"), "lens")
        return None
    if found is None:
        return None
    rows = [_("embedding"), *(str(i) for i in range(len(found.chance) - 1))]
    place = _place(found)
    values = found.chances[..., 0] if colour == "chances" else getattr(found, colour)
    words = [[at[0].strip() or repr(at[0]) for at in row] for row in found.words]
    key = f"lens_{chosen.capture.number}_{masked}_{colour}"

    def chart(dark: bool, pinned: tuple[int, int] | None) -> alt.LayerChart:
        return charts.grid(
            words,
            values,
            found.labels,
            rows,
            title=charts.TITLES[colour],
            share=colour in SHARES,
            pinned=pinned,
            width=650,
            height=min(420, 58 * len(rows)),
            dark=dark,
        )

    left, right = st.columns([29, 11], gap="small")
    with left, st.container(border=True, key="lens_grid"):
        # The frame's first place is part of the chart: kept while it stays, so that a click sends no new one.
        mounted = st.session_state.get("_lens", ("", None))
        if mounted[0] != key:
            mounted = st.session_state["_lens"] = (key, place)
        st.altair_chart(chart(is_dark(), mounted[1]), key=key, on_select=lambda: _picked(key), width="content")
    at_layer, at_token = place
    word = readable(chosen.model.tokenizer, [int(found.chosen[at_token])])[0]
    with right, st.container(border=True, key="lens_cell"):
        where = _("after layer {n}").format(n=rows[at_layer]) if at_layer else rows[0]
        st.markdown(f"**{_('At')} {escaped(found.labels[at_token])}**, {where}")
        shown = [w.strip() or repr(w) for w in found.words[at_layer][at_token]]
        st.altair_chart(
            charts.candidates(shown, found.chances[at_layer, at_token], width=130, dark=is_dark()), key="lens_candidates", width="content"
        )
        rank = int(found.rank[at_layer, at_token]) + 1
        st.markdown(_("The model's own choice, **{word}**, has rank {rank:,} here.").format(word=escaped(word.strip() or repr(word)), rank=rank))
        st.altair_chart(
            charts.course(found.chance[:, at_token], found.rank[:, at_token], [_("emb"), *rows[1:]], dark=is_dark()),
            key="lens_course",
            width="content",
        )
    st.caption(
        _(
            "Each cell: the states after that layer, read by the model's own output head with its norm computed anew (nostalgebraist 2020). "
            "Early layers were not trained to be read this way: an odd word there is no error. Click a cell."
        )
    )
    table = pd.DataFrame(
        [
            {"layer": rows[r], "token": found.labels[c], "word": found.words[r][c][0], "probability": found.chances[r, c, 0]}
            | {name: getattr(found, name)[r, c] for name in ("chance", "rank", "entropy", "divergence")}
            for r in range(len(rows))
            for c in range(len(found.labels))
        ]
    )
    files = picture_files(lambda: chart(False, place)) | {"csv": lambda: table.to_csv(index=False).encode("utf-8-sig")}
    return [Figure(_("Logit lens"), "logit-lens", files)], _recipe(chosen, masked)


def _found(chosen: Chosen, masked: int | None) -> layers.Lens | None:
    key, known = ("lens", masked), chosen.capture.derived
    if key not in known:
        layers.checked(chosen.model)
        made = long_work.run(
            _("Reading the layers"),
            f"lens {chosen.capture.number} {masked}",
            lambda tell: layers.lens(chosen.model, chosen.capture, masked=masked, k=8, progress=tell),
        )
        if made is None:
            return None
        known[key] = made
    return known[key]


def _place(found: layers.Lens) -> tuple[int, int]:
    """Row and token that are looked at: by a click, by the URL, at first the last token after the last layer."""
    n_rows, n = found.chance.shape
    if "_lens_place" not in st.session_state:
        st.session_state["_lens_place"] = (address.number("lens_row", None, n_rows), address.number("lens_token", None, n))
    row, token = st.session_state["_lens_place"]
    address.write(lens_row=row, lens_token=token)
    return min(n_rows - 1, n_rows if row is None else row), min(n - 1, n if token is None else token)


def _picked(key: str) -> None:
    state = st.session_state.get(key)
    points = state["selection"].get("cell") if state else None
    if points:
        # A click on a token or on a layer at the margin leaves the other as it was.
        row, token = st.session_state["_lens_place"]
        st.session_state["_lens_place"] = (points[0].get("r", row), points[0].get("c", token))


def _recipe(chosen: Chosen, masked: int | None) -> str:
    lines = [
        "import explorer, models",
        "from explorer.lens import layers",
        "",
        export.load_line(chosen.model.name),
        export.capture_line(chosen.text, chosen.pair, chosen.target, MAX_TOKENS),
        f"found = layers.lens(model, captured{f', masked={masked}' if masked is not None else ''})",
        "print(found.words, found.chances, found.rank, found.divergence)",
    ]
    return "\n".join(lines)
