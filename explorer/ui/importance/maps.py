"""Which heads matter: exact ablation beside its cheap estimates, each as a board."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.ablation import importance
from explorer.charts.common import board as charts
from explorer.charts.common.picture import Picture
from explorer.i18n import N_, _
from explorer.ui.common import address, chosen_head, jobs, pictures
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.common.task_choice import TaskChoice
from explorer.ui.prune.board import TITLES, compute, known_values, rows

MEASURES = {"exact": N_("Exact"), "gradient": N_("Gradient"), "confidence": N_("Confidence")}
ABOUT = {
    "exact": N_("Rise of the mean loss, in nats, when the head alone is removed; computed for every head."),
    "gradient": N_("Mean |dL / dgate| over the examples, L2-normalised within a layer (Michel et al. 2019, section 4.1)."),
    "confidence": N_("Mean over tokens of the head's largest weight (Voita et al. 2019, section 4)."),
}


def maps(choice: TaskChoice) -> list[Figure]:
    """Three boards, one below the other, as far as they are known; the exact one waits for a click, as it may take minutes."""
    figures = []
    sizes = [site.heads for site in choice.model.sites]
    # Where a model has several kinds of attention, a row is no layer that other pages know.
    head = chosen_head.among(sizes) if len(choice.model.parts) == 1 else None
    with st.container(horizontal=True, vertical_alignment="center", key="importance_head"):
        st.caption(_("Layers down, heads across, both from 0."))
        # Before anybody has chosen a head there is none to open.
        if head is not None and address.read("layer") is not None:
            st.space("stretch")
            st.markdown(f"**{_('Layer {layer}, head {head}').format(layer=head[0], head=head[1])}**")
            st.page_link("pages/attention.py", label=_("Open"), icon=":material/open_in_new:")
    exact = None
    for by in MEASURES:
        with st.container(key=f"measure_{by}", gap="xsmall"):
            heading, values = st.container(), known_values(choice, by)
            if values is None and (by != "exact" or _asked(choice)):
                values = compute(choice, by, f"map {by}")
            exact = values if by == "exact" else exact
            title, about = f"**{_(MEASURES[by])}**", _(ABOUT[by])
            if by != "exact" and values is not None and exact is not None:
                title, about = _compared(title, about, _correlation(exact, values))
            heading.markdown(title, help=about)
            if values is not None:
                figures.append(_map(choice, by, values, head))
    return figures


def _asked(choice: TaskChoice) -> bool:
    """Whether the exact board was asked for; before that, what it costs."""
    asked: set[tuple] = st.session_state.setdefault("_exact_asked", set())
    key = (*choice.key, choice.method)
    if key in asked:
        return True
    st.caption(_(ABOUT["exact"]))
    seconds = jobs.duration(choice.results.cost("exact", choice.method)) if choice.results.knows_score(frozenset()) else ""
    label = _("Compute, about {time}").format(time=seconds) if seconds else _("Compute")
    st.button(label, key="compute_exact", icon=":material/play_arrow:", on_click=asked.add, args=(key,))
    return False


def _map(choice: TaskChoice, by: str, values: np.ndarray, head: tuple[int, int] | None) -> Figure:
    """One board; a click chooses the head, and its frame is on all of them."""

    def picture(first: tuple[int, int] | None, dark: bool, clickable: bool = False) -> Picture:
        sizes, how = [site.heads for site in choice.model.sites], {"width": 252, "height": 100, "compact": True, "dark": dark}
        how |= {"title": _(TITLES[by]), "diverging": by == "exact", "clickable": clickable, "removable": False, "chosen": first}
        return charts.board(rows(choice), sizes, (), values=values, **how)

    if head is None:
        pictures.draw(picture(None, is_dark()), f"map_{by}")
    else:
        identity = (choice.key, choice.method, by, values.tobytes())
        pictures.clickable(f"map_{by}", identity, head, lambda first, dark: picture(first, dark, True), chosen_head.picked_on_board)
    csv = pd.DataFrame(values, index=rows(choice)).rename_axis("layer")
    return Figure(_(MEASURES[by]), f"importance-{by}", picture_files(lambda: picture(head, False)) | {"csv": lambda: export.table_csv(csv)})


def _compared(title: str, about: str, value: float) -> tuple[str, str]:
    """A title and its help with a rank correlation; as they are where there is none (nan), as one measure holds all heads for equal."""
    if np.isnan(value):
        return title, about
    correlation = _("rank correlation with exact {value:+.2f}").format(value=value)
    return f"{title} :small[{correlation}]", f"{about} {_('Rank correlation: Spearman.')}"


def _correlation(exact: np.ndarray, values: np.ndarray) -> float:
    """Spearman's rank correlation over the heads that there are."""
    both = np.flatnonzero(~np.isnan(exact.ravel()))
    return importance.rank_correlation(*({i: float(table.ravel()[i]) for i in both} for table in (exact, values)))
