"""The best head for each dependency relation, and all heads for one relation."""

from __future__ import annotations

import hashlib

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common import board
from explorer.charts.syntax.relations import accuracies
from explorer.i18n import _
from explorer.syntax import published, relations, sentences
from explorer.ui.common import address, long_work
from explorer.ui.common.session import escaped, explained, is_dark
from explorer.ui.common.take_away import Figure, picture_files
from models import Model
from models.errors import ExplorerError

SOURCES = {"own": _("our mini-treebank"), "file": _("a CoNLL-U file")}
READINGS = {"halves": _("chosen on one half, read on the other"), "same": _("chosen and read on all")}
LIMIT = 500
_KEPT = 4


def choose_sentences() -> tuple[list[sentences.Sentence], str] | None:
    """Draws the choice; None where there is nothing yet, and the reason is on the page."""
    source = st.segmented_control(
        _("Treebank"), SOURCES, default="own", format_func=SOURCES.get, key="treebank", bind="query-params", required=True
    )
    if source == "own":
        return sentences.own(), _("{n} sentences made up and annotated for this project").format(n=len(sentences.own()))
    limit = st.number_input(_("At most"), 2, 100_000, LIMIT, step=100, key="syntax_limit", bind="query-params", width=120)
    given = st.file_uploader(_("CoNLL-U"), ["conllu", "txt"], key="conllu", help=_("Any treebank of Universal Dependencies."))
    if given is None:
        return None
    try:
        return sentences.read(given.getvalue())[:limit], escaped(given.name)
    except ExplorerError as error:
        st.error(explained(error), icon=":material/error:")
        return None


def computed(model: Model, chosen: list[sentences.Sentence]) -> relations.Syntax | None:
    """What all heads predict; None where the viewer stopped it, or where this model cannot be asked."""
    digest = hashlib.sha256(repr(chosen).encode()).hexdigest()
    key, kept = (model.number, digest), st.session_state.setdefault("_syntax", {})
    if key not in kept:
        try:
            found = long_work.run(_("Reading the treebank"), f"syntax {key}", lambda tell: relations.best_heads(model, chosen, tell))
        except ExplorerError as error:
            st.info(explained(error), icon=":material/info:")
            return None
        if found is None:
            return None
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = found
    st.session_state.setdefault("_syntactic", {})[model.number] = kept[key].syntactic()
    return kept[key]


def draw(model: Model, found: relations.Syntax, same: bool) -> list[Figure]:
    """All relations as bars, and all heads for the chosen one."""
    table = found.table(same=same, least=3)
    table = table[~table["relation"].isin(["punct", "root"])].head(18)
    if table.empty:
        st.info(_("No relation has three dependents in each half. Give more sentences."), icon=":material/info:")
        return []
    chosen = _relation(table)

    def bars(dark: bool) -> alt.LayerChart:
        return accuracies(table, chosen=chosen, dark=dark)

    left, right = st.columns([11, 9], gap="small")
    with left, st.container(border=True, key="relations"):
        st.caption(_("Bar: best head, with its 95 % interval. Tick: best fixed offset. At the right: layer.head. Click a relation."))
        key = f"relations_{model.number}_{same}_{len(table)}_{found.sentences}"
        st.altair_chart(bars(is_dark()), key=key, on_select=lambda: _picked(key, table), width="content")
    with right, st.container(border=True, key="relation"):
        values = found.accuracies(chosen).max(0)
        best = found.best(chosen, same=same)

        def heads(dark: bool) -> alt.LayerChart:
            sizes = (~np.isnan(values)).sum(1).tolist()
            how = {"title": chosen, "diverging": False, "clickable": False, "width": 400, "height": 300, "dark": dark}
            return board.board([str(i) for i in range(len(sizes))], sizes, (), values=values, **how)

        st.markdown(f"**{escaped(chosen)}** :small[{_('every head, the better of both directions, on all sentences')}]")
        st.altair_chart(heads(is_dark()), key=f"relation_{key}_{chosen}", width="content")
        st.markdown(
            _(
                "Best: **{layer}.{head}**, {direction}: {accuracy:.0%} of {n} words ({low:.0%} to {high:.0%}). "
                "Offset {offset:+d}: {baseline:.0%}."
            ).format(**vars(best))
        )
        _published(model, found, chosen)
    message = _(
        "{n} sentences; {out} left out. A word does not predict itself; attention to a split word is the sum over its pieces, from it the mean "
        "(Clark et al. 2019)."
    )
    st.caption(message.format(n=found.sentences, out=found.left_out))
    if found.causal:
        st.caption(_("In a decoder a word sees only those before it: what comes later cannot be found from the dependent."))
    figures = [
        Figure(
            _("Relations"), "relations", picture_files(lambda: bars(False)) | {"csv": lambda: found.table(same=same).to_csv(index=False).encode()}
        ),
        Figure(_("Heads for {relation}").format(relation=chosen), "heads-of-relation", picture_files(lambda: heads(False))),
    ]
    return figures


def recipe(model: Model) -> str:
    """Lines of Python for the table."""
    lines = [
        "import models",
        "from explorer.syntax import relations, sentences",
        "",
        export.load_line(model.name),
        "found = relations.best_heads(model, sentences.own())  # or sentences.read(Path('file.conllu'))",
        "print(found.table(), found.syntactic())",
    ]
    return "\n".join(lines)


def _relation(table: pd.DataFrame) -> str:
    names = table["relation"].tolist()
    if "_relation" not in st.session_state:
        st.session_state["_relation"] = st.query_params.get("relation", "")
    chosen = st.session_state["_relation"] if st.session_state["_relation"] in names else ("obj" if "obj" in names else names[0])
    address.write(relation=chosen)
    return chosen


def _picked(key: str, table: pd.DataFrame) -> None:
    state = st.session_state.get(key)
    points = state["selection"].get("relation") if state else None
    if points and "i" in points[0]:
        st.session_state["_relation"] = table["relation"].iloc[int(points[0]["i"])]


def _published(model: Model, found: relations.Syntax, chosen: str) -> None:
    if model.name != published.MODEL:
        return
    for one in published.HEADS:
        if one.ud == chosen:
            ours = float(np.nanmax(found.accuracies(chosen)[:, one.layer, one.head]))
            st.markdown(
                _("Published ({relation}, {source}): {layer}.{head} {theirs:.1f} %, offset {offset:.1f} %. That head here: {ours:.1%}.").format(
                    relation=one.relation,
                    source=published.SOURCE,
                    layer=one.layer,
                    head=one.head,
                    theirs=one.accuracy,
                    offset=one.baseline,
                    ours=ours,
                )
            )
