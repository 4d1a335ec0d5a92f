"""How well each method agrees with leaving tokens out, over the project's own sentences: a dot for each sentence as it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.bounded import BoundedCache
from explorer.charts.beyond.agreement import agreement
from explorer.charts.common.picture import Picture
from explorer.flow import methods, targets
from explorer.i18n import _
from explorer.jobs import JOBS, Report
from explorer.tasks import choose
from explorer.ui.beyond.input_tokens import NAMES
from explorer.ui.common import jobs, pictures
from explorer.ui.common.open_models import OPEN
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from models import InputError, Model

TEXTS = 40
"""Of the project's own sentences."""
KNOWN: BoundedCache[dict[str, float]] = BoundedCache(2 * 2**20)
"""Correlations of one sentence, by model, kind of target and text: whoever goes on after a stop goes on from where it was."""
Correlations = dict[str, np.ndarray]
OPEN.forget_with_model(KNOWN)


def draw(chosen: Chosen, kind: str) -> Figure | None:
    """The agreement, once asked for; None before it is complete."""
    key = ("agreement", chosen.model.number, kind, TEXTS)
    asked: set[tuple] = st.session_state.setdefault("_agreements_asked", set())
    for other in asked - {key}:
        # Nobody looks at it any more; it goes on where it was when somebody does.
        JOBS.leave(other, jobs.viewer())
    with st.container(key="agreement"):
        if key not in asked:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(_("Compute"), key="compute_agreement", icon=":material/play_arrow:", on_click=asked.add, args=(key,))
                st.markdown(_("The same on {n} sentences of the project: which method agrees best with leaving tokens out?").format(n=TEXTS))
            return None

        def work(report: Report) -> Correlations:
            return over_texts(chosen.model, texts(), kind, report)

        title = _("Agreement over {n} sentences").format(n=TEXTS)
        found = jobs.computed(key, title, work, replaces="agreement", partial=lambda partial: _drawn(partial, "agreement_partial"))
        if found is None:
            if jobs.is_stopped(key):
                _drawn(known(chosen.model, texts(), kind), "agreement_partial")
            return None
        _drawn(found, "agreement_chart")
    files = picture_files(lambda: picture(found, False)) | {"csv": lambda: export.table_csv(pd.DataFrame(found), index_label="text")}
    return Figure(_("Agreement over texts"), "agreement", files)


def texts() -> list[str]:
    """The sentences."""
    return [example.text for example in choose.built_in("classify").examples[:TEXTS]]


def over_texts(model: Model, texts: Sequence[str], kind: str, report: Callable[..., None]) -> Correlations:
    """As `methods.agreement` with the flow, sentence by sentence; what is there so far goes to `report`, which may stop it at any point."""
    rows = []
    for i, text in enumerate(texts):
        row = KNOWN.get((model.number, kind, text))
        if row is None:
            row = _of_one(model, text, kind, lambda share, done=i: report((done + share) / len(texts)))
            KNOWN[model.number, kind, text] = row
        rows.append(row)
        report((i + 1) / len(texts), _columns(rows))
    return _columns(rows)


def known(model: Model, texts: Sequence[str], kind: str) -> Correlations:
    """What was computed for these sentences before a stop, by method; nan for those that a method has nothing for."""
    found = [KNOWN.get((model.number, kind, text)) for text in texts]
    return _columns([row for row in found if row is not None])


def picture(found: Correlations, dark: bool) -> Picture:
    """A dot for each sentence."""
    return agreement({_(NAMES[name]): values for name, values in found.items()}, dark=dark)


def _columns(rows: Sequence[dict[str, float]]) -> Correlations:
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in methods.METHODS}


def _of_one(model: Model, text: str, kind: str, progress: Callable[[float], None]) -> dict[str, float]:
    try:
        return methods.trace(model, targets.make(model, text, kind), progress, flow=True).correlations
    except InputError:
        return {}  # a sentence that this model cannot read


def _drawn(found: Correlations, key: str) -> None:
    """The picture and its means; of some of the sentences while the rest is computed."""
    done = len(next(iter(found.values())))
    if not done:
        return
    means = "; ".join(f"{_(NAMES[name])} {np.nanmean(values):+.2f}" for name, values in found.items() if not np.isnan(values).all())
    pictures.draw(picture(found, is_dark()), key)
    if done < TEXTS:
        st.caption(_("Mean rank correlation over {done} of {n} sentences so far: {means}.").format(done=done, n=TEXTS, means=means))
        return
    st.caption(
        _(
            "Mean rank correlation over {n} sentences: {means}. Abnar & Zuidema 2020 found, on their BERT and task, .29 for raw attention of the "
            "last layer and .71 for rollout."
        ).format(n=TEXTS, means=means)
    )
