"""Which input tokens a prediction rests on, by five methods, beside what happens when each token is left out."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.beyond import agreement as agreement_charts
from explorer.charts.beyond.strips import strips
from explorer.flow import blankout, methods, targets
from explorer.i18n import _
from explorer.tasks import choose
from explorer.ui.common import long_work
from explorer.ui.common.session import MAX_TOKENS, escaped, explained, is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from models.errors import ExplorerError

KINDS = {"class": _("Class"), "masked": _("Masked word"), "next": _("Next word"), "vector": _("Vector of the text")}
NAMES = {
    "attention": _("attention, last layer"),
    "norms": _("norm-weighted, last layer"),
    "rollout": _("rollout"),
    "flow": _("flow"),
    "relevance": _("gradient × attention"),
}
ABOUT = """
- **Without the token**: each token in turn is replaced by {filler}; how much the probability of the target falls ("blank-out", Abnar & Zuidema
  2020, section 4). For a vector: the fall of its cosine. The yardstick.
- **Attention, last layer**: mean over the heads of the last layer's weights, at the tokens where the target is read.
- **Norm-weighted, last layer**: ‖Σₕ a f(x)‖, the length of what is passed on (Kobayashi et al. 2020, section 4).
- **Rollout**: the product over the layers of ½A + ½I, A the mean over heads (Abnar & Zuidema 2020, equation 1).
- **Flow**: the largest flow through the same graph, weights as capacities (Abnar & Zuidema 2020, section 3).
- **Gradient × attention**: R ← R + E[(∇A ⊙ A)⁺] R over the layers (Chefer et al. 2021, equations 5 and 6), without the identity it begins with.

Colours of each row go from its smallest to its largest value. ρ: Spearman's rank correlation with the size of the effects.
Attention weights are routing, not importance: where ρ is small, they say little about what the prediction rests on.
"""
TEXTS = 40
"""Of the project's own sentences, for the agreement over several texts."""


def choose_target(chosen: Chosen, row: DeltaGenerator) -> targets.Target | None:
    """Draws the choice of what is predicted and where into a row; None where this model or text bears none, and the reason is on the page."""
    try:
        with row:
            return _chosen_target(chosen)
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return None


def _chosen_target(chosen: Chosen) -> targets.Target:
    model = chosen.model
    possible = targets.kinds(model)
    kind = st.segmented_control(
        _("Predicted"), possible, default=possible[0], format_func=KINDS.get, key="target_kind", bind="query-params", required=True
    )
    made = _target(chosen, kind, None, None)
    at = None
    if kind in ("masked", "next"):
        labels = chosen.capture.queries().labels
        places = made.free + made.rows if kind == "masked" else range(len(labels))
        places = sorted(set(places))
        at = st.selectbox(
            _("Masked token") if kind == "masked" else _("Next after"),
            places,
            index=places.index(made.rows[0]) if made.rows[0] in places else None,
            format_func=lambda i: f"{i} {labels[i]}",
            key=f"target_at_{kind}",
            bind="query-params",
            width=130,
        )
        made = _target(chosen, kind, at, None)
    if made.best:
        options = {number: f"{name.strip() or repr(name)} {chance:.1%}" for number, name, chance in made.best}
        number = st.selectbox(_("Of"), options, format_func=options.get, key=f"target_number_{chosen.capture.number}_{kind}_{at}", width=170)
        made = _target(chosen, kind, at, number)
    return made


def draw(chosen: Chosen, target: targets.Target) -> list[Figure]:
    """The strips, and what can be taken away."""
    key = ("traced", target.kind, target.rows, target.number, tuple(target.ids.tolist()))
    known = chosen.capture.derived
    if key not in known:
        found = long_work.run(_("Tracing"), f"trace {hash(key)}", lambda tell: methods.trace(chosen.model, target, tell))
        if found is None:
            return []
        known[key] = found
    traced: methods.Traced = known[key]
    named = {NAMES[name]: values for name, values in traced.tokens.items()}
    correlations = {NAMES[name]: value for name, value in traced.correlations.items()}

    def chart(dark: bool) -> alt.LayerChart:
        return strips(traced.effects, named, target.labels, correlations, effect=_("without the token"), rows=target.rows, width=860, dark=dark)

    if target.kind == "vector":
        st.markdown(_("How much each token moves the vector of the text."))
    else:
        st.markdown(
            _("**{name}** with probability {chance:.1%}. What does it rest on?").format(
                name=escaped(target.name.strip() or repr(target.name)), chance=target.chance
            )
        )
    with st.container(key="strips"):
        st.altair_chart(chart(is_dark()), key="strips_chart", width="content")
    missing = [f"{NAMES[name]}: {escaped(why)}" for name, why in traced.missing.items()]
    if missing:
        st.caption(_("Not computed: {missing}.").format(missing="; ".join(missing)))
    with st.expander(_("What the rows are"), icon=":material/functions:"):
        st.markdown(ABOUT.format(filler=escaped(blankout.filler(chosen.model)[1])))
    table = pd.DataFrame({"token": target.labels, "without": traced.effects} | traced.tokens)
    files = picture_files(lambda: chart(False)) | {"csv": lambda: table.to_csv(index=False).encode("utf-8-sig")}
    return [
        Figure(_("Tokens by all methods"), "tokens", files),
        Figure(_("Maps, token by token"), "maps", {"npz": lambda: export.packed(**traced.maps)}),
    ]


def over_texts(chosen: Chosen, kind: str) -> Figure | None:
    """How well each method agrees with leaving tokens out on the project's own sentences, once asked for."""
    key = f"agreement {chosen.model.number} {kind}"
    known = st.session_state.setdefault("_agreement", {})
    if key not in known:
        slot = st.empty()
        if st.session_state.get("_agreement_wanted") != key:
            with slot.container(horizontal=True, vertical_alignment="center"):
                pressed = st.button(_("Compute"), key="compute_agreement", icon=":material/play_arrow:")
                st.markdown(_("The same on {n} sentences of the project: which method agrees best with leaving tokens out?").format(n=TEXTS))
            if not pressed:
                return None
            st.session_state["_agreement_wanted"] = key
            slot.empty()
        texts = [example.text for example in choose.built_in("classify").examples[:TEXTS]]
        found = long_work.run(_("Agreement"), key, lambda tell: methods.agreement(chosen.model, texts, kind, tell, flow=True))
        if found is None:
            return None
        known[key] = found
    found: dict[str, np.ndarray] = {NAMES[name]: values for name, values in known[key].items()}

    def chart(dark: bool) -> alt.LayerChart:
        return agreement_charts.agreement(found, dark=dark)

    with st.container(key="agreement"):
        st.altair_chart(chart(is_dark()), key="agreement_chart", width="content")
    means = "; ".join(f"{name} {np.nanmean(values):+.2f}" for name, values in found.items() if not np.isnan(values).all())
    st.caption(
        _(
            "Mean rank correlation over {n} sentences: {means}. Abnar & Zuidema 2020 found, on their BERT and task, .29 for raw attention of the "
            "last layer and .71 for rollout."
        ).format(n=TEXTS, means=means)
    )
    table = pd.DataFrame(known[key])
    files = picture_files(lambda: chart(False)) | {"csv": lambda: table.to_csv(index_label="text").encode()}
    return Figure(_("Agreement over texts"), "agreement", files)


def recipe(chosen: Chosen, target: targets.Target) -> str:
    """Lines of Python for the strips."""
    at = f", at={target.rows[0]}" if target.kind in ("masked", "next") else ""
    lines = [
        "import explorer, models",
        "from explorer.flow import methods, targets",
        "",
        export.load_line(chosen.model.name),
        export.capture_line(chosen.text, chosen.pair, chosen.target, MAX_TOKENS),
        f"target = targets.make(model, captured, {target.kind!r}{at}{f', number={target.number}' if target.number >= 0 else ''})",
        "traced = methods.trace(model, target)",
        "print(traced.effects, traced.tokens, traced.correlations)",
    ]
    return "\n".join(lines)


def _target(chosen: Chosen, kind: str, at: int | None, number: int | None) -> targets.Target:
    return _known(chosen, ("target", kind, at, number), lambda: targets.make(chosen.model, chosen.capture, kind, at=at, number=number))


def _known(chosen: Chosen, key: tuple, make: Callable[[], object]) -> object:
    """Kept with the capture of the same text."""
    if key not in chosen.capture.derived:
        chosen.capture.derived[key] = make()
    return chosen.capture.derived[key]
