"""Text made token by token: controls, the text so far, and one step of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from explorer import export, generate
from explorer.charts.beyond.lens import candidates
from explorer.charts.common import bars
from explorer.i18n import _
from explorer.tokens import labels
from explorer.ui.common.parts import PARTS
from explorer.ui.common.session import escaped, explained, is_dark
from explorer.ui.common.take_away import Figure, picture_files
from models import Model
from models.errors import ExplorerError

SHOWN_KEYS = 60
"""Keys that the bars show, the last ones."""
_MEAN = "mean"


@dataclass(eq=False)
class Generated:
    """What was made so far, and what makes the rest."""

    asked: tuple
    rest: Iterator[generate.Step]
    steps: list[generate.Step] = field(default_factory=list)
    ended: bool = False

    def more(self) -> bool:
        """Makes one more token; False where there is none."""
        step = next(self.rest, None)
        if step is None:
            self.ended = True
            return False
        self.steps.append(step)
        self.ended = step.ends
        return not step.ends


def controls() -> tuple[generate.Sampling, int]:
    """How tokens are taken, and how many at most."""
    greedy = st.toggle(_("always the likeliest"), False, key="greedy", bind="query-params")
    how = {"bind": "query-params", "width": 115, "disabled": greedy}
    temperature = st.number_input(_("Temperature"), 0.05, 5.0, 0.8, step=0.1, key="temperature", **how)
    top_k = st.number_input(_("Top k (0: all)"), 0, 1_000, 0, step=5, key="top_k", **how)
    top_p = st.number_input(_("Top p"), 0.05, 1.0, 0.95, step=0.05, key="top_p", **how)
    seed = st.number_input(_("Draw"), 0, 9_999, 1, key="generation_seed", **how)
    tokens = st.number_input(_("Tokens"), 1, 500, 40, step=10, key="tokens", bind="query-params", width=100)
    return generate.Sampling(greedy, temperature, top_k, top_p, seed), tokens


def run(model: Model, text: str, sampling: generate.Sampling, tokens: int) -> Generated | None:
    """Buttons, the text so far, and the work that they ask for. None where this model makes no text, and the reason is on the page."""
    asked = (model.number, text, sampling)
    made: Generated | None = st.session_state.get("_generated")
    if made is None or made.asked != asked:
        try:
            # Longer than what is asked for now, so that one can go on.
            made = Generated(asked, generate.generate(model, text, sampling, tokens=100_000))
        except ExplorerError as error:
            st.info(explained(error), icon=":material/info:")
            return None
        st.session_state["_generated"] = made
    with st.container(horizontal=True, vertical_alignment="center", key="generation_buttons"):
        going = st.button(_("Generate"), key="generate", type="primary", icon=":material/play_arrow:", shortcut="Ctrl+Enter", disabled=made.ended)
        one = st.button(_("One token"), key="one_token", icon=":material/skip_next:", shortcut="Ctrl+Right", disabled=made.ended)
        st.button(_("Stop"), key="stop_generation", icon=":material/stop:")
        st.button(_("From the start"), key="restart", icon=":material/replay:", on_click=lambda: st.session_state.pop("_generated", None))
        state = st.empty()
    place = st.empty()
    _written(place, text, made)
    end = len(made.steps) + (1 if one else tokens if going else 0)
    try:
        while len(made.steps) < end and made.more():
            _written(place, text, made)
            state.caption(_("{n} tokens").format(n=len(made.steps)))
    except ExplorerError as error:  # what was made so far stays
        st.info(explained(error), icon=":material/info:")
    _written(place, text, made)
    state.caption((_("{n} tokens, ended") if made.ended else _("{n} tokens")).format(n=len(made.steps)))
    return made


def draw(model: Model, made: Generated) -> list[Figure]:
    """One step: what could have come, and where the newest token looked."""
    n = len(made.steps)
    if not n:
        st.caption(_("Press Generate, or One token to go step by step."))
        return []
    at = n if n == 1 else st.slider(_("Token"), 1, n, n, key=f"step_{n}")
    step = made.steps[at - 1]
    left, right = st.columns([4, 9], gap="small")
    with left, st.container(border=True, key="candidates"):
        st.markdown(
            _("Taken: **{token}**, {chance:.1%}; entropy {entropy:.2f} nats.").format(
                token=escaped(step.token.text.strip() or repr(step.token.text)), chance=step.token.chance, entropy=step.entropy
            )
        )
        names = [candidate.text.strip() or repr(candidate.text) for candidate in step.candidates]

        def likely(dark: bool) -> alt.LayerChart:
            return candidates(names, [candidate.chance for candidate in step.candidates], width=170, dark=dark)

        st.altair_chart(likely(is_dark()), key="candidates_chart", width="content")
        columns = {_("token"): names, _("model"): [c.chance for c in step.candidates], _("in the draw"): [c.drawn for c in step.candidates]}
        with st.expander(_("In the draw"), icon=":material/casino:"):
            st.dataframe(pd.DataFrame(columns), hide_index=True)
    with right, st.container(border=True, key="newest"):
        figure = _looked(step)
    files = picture_files(lambda: likely(False)) | {"csv": lambda: _table(made).to_csv(index=False).encode("utf-8-sig")}
    return [Figure(_("Candidates, and all steps"), "generation", files), figure]


def recipe(model: Model, text: str, sampling: generate.Sampling, tokens: int) -> str:
    """Lines of Python for the same text."""
    lines = [
        "import models",
        "from explorer import generate",
        "",
        export.load_line(model.name),
        f"sampling = generate.{sampling}",
        f"for step in generate.generate(model, {text!r}, sampling, tokens={tokens}):",
        "    print(step.token, step.candidates[:3], step.attention)",
    ]
    return "\n".join(lines)


def _written(place: object, text: str, made: Generated) -> None:
    new = "".join(step.token.text for step in made.steps if not step.ends)
    place.markdown(f":gray[{escaped(text)}]**{_bold(new)}**" if new.strip() else f":gray[{escaped(text)}]")


def _bold(new: str) -> str:
    """Markdown's bold takes no space at its ends, and no empty line inside."""
    kept = escaped(new).replace("\n", " ⏎ ").rstrip()
    return kept if not kept[:1].isspace() else "\u200b" + kept


def _looked(step: generate.Step) -> Figure:
    """Where the token before the newest one looked: what the prediction was made with."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        parts = list(step.attention)
        part = parts[0]
        if len(parts) > 1:
            part = st.segmented_control(_("Attention"), parts, default=parts[0], format_func=PARTS.get, key="generated_part", required=True)
        whole = step.attention[part]
        layer = st.selectbox(_("Layer (from 0)"), range(len(whole)), len(whole) - 1, key=f"generated_layer_{len(whole)}", width=130)
        there = np.flatnonzero(~np.isnan(whole[layer]).all(-1))
        head = st.selectbox(_("Head (from 0)"), [_MEAN, *there.tolist()], key=f"generated_head_{len(there)}", width=130)
    weights = np.nanmean(whole[layer][there], axis=0) if head == _MEAN else whole[layer, int(head)]
    names = labels(step.keys[part])
    shown = slice(max(0, len(names) - SHOWN_KEYS), None)

    def chart(dark: bool) -> alt.Chart:
        return bars.row_bars(weights[shown], names[shown], width=640, height=230, dark=dark)

    st.altair_chart(chart(is_dark()), key="looked_chart", width="content")
    hidden = float(weights[: shown.start].sum()) if shown.start else 0.0
    message = _("Attention of **{token}**, the last token before the prediction.").format(
        token=escaped(names[-1]) if part != "cross" else _("the newest token")
    )
    st.caption(message + (" " + _("{share:.0%} goes to tokens further back.").format(share=hidden) if hidden > 5e-3 else ""))
    return Figure(_("Where it looked"), "looked", picture_files(lambda: chart(False)) | {"npz": lambda: export.packed(**step.attention)})


def _table(made: Generated) -> pd.DataFrame:
    rows = [
        {"step": i, "token": step.token.text, "id": step.token.number, "probability": step.token.chance, "entropy": step.entropy}
        for i, step in enumerate(made.steps, 1)
    ]
    return pd.DataFrame(rows)
