"""All heads by their scores: map, scatter, table, roles, families, layers; and one head beside them."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common import board, heatmap
from explorer.charts.heads.layers import by_layer
from explorer.charts.heads.roles import roles as roles_chart
from explorer.charts.heads.scatter import scatter
from explorer.i18n import _
from explorer.scores import published, roles
from explorer.scores.definitions import ALL, BY_NAME
from explorer.ui.attention import head_grid
from explorer.ui.common.session import MAX_TOKENS, is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.heads import source as heads_source

ROLE_TITLES = {role.name: role.title for role in roles.ROLES} | {roles.SYNTACTIC: _("syntactic")}
COLOURINGS = {"layer": _("by layer"), "role": _("by role")}
Head = tuple[int, int]


def scored(known: roles.Known) -> dict[str, str]:
    """Titles of the scores that there are, by name."""
    return {score.name: score.title for score in ALL if score.name in known.scores.values and not np.isnan(known.scores.values[score.name]).all()}


def current(chosen: Chosen, part: str) -> Head:
    """The head that is looked at: the same as on the attention page."""
    layer, head = head_grid.current(chosen.capture, part)
    return layer, int(head) if head.isdigit() else 0


def draw_map(chosen: Chosen, known: roles.Known, name: str) -> Figure:
    """One score of all heads, as a board."""
    values = known.scores.values[name]
    sizes = (~np.isnan(known.scores.values["confidence"])).sum(1).tolist()
    signed = bool(np.nanmin(values) < 0)

    def chart(dark: bool, clickable: bool) -> alt.LayerChart:
        how = {"title": BY_NAME[name].title, "diverging": signed, "clickable": clickable, "width": 560, "height": 400, "dark": dark}
        return board.board([str(i) for i in range(len(sizes))], sizes, (), values=values, **how)

    key = f"heads_map_{chosen.model.number}_{known.scores.part}_{name}"
    st.altair_chart(chart(is_dark(), True), key=key, on_select=lambda: _picked(key, "cell", "row"), width="content")
    csv = pd.DataFrame(values).rename_axis("layer")
    return Figure(BY_NAME[name].title, name, picture_files(lambda: chart(False, False)) | {"csv": lambda: csv.to_csv().encode()})


def draw_scatter(chosen: Chosen, known: roles.Known, x: str, y: str) -> Figure:
    """Two scores of all heads."""
    heads = _heads(known)

    def chart(dark: bool) -> alt.LayerChart:
        of = (np.array([known.scores.values[name][head] for head in heads]) for name in (x, y))
        titles = {"x_title": BY_NAME[x].title, "y_title": BY_NAME[y].title}
        return scatter(heads, *of, **titles, chosen=current(chosen, known.scores.part), dark=dark)

    _clickable(chart, f"heads_scatter_{chosen.model.number}_{known.scores.part}_{x}_{y}")
    return Figure(_("Scatter"), f"{x}-{y}", picture_files(lambda: chart(False)))


def draw_table(known: roles.Known) -> Figure:
    """All scores; a click on a title sorts, a click on a line chooses the head."""
    table = known.scores.table()
    titles = {score.name: st.column_config.NumberColumn(score.title, format="%.3f", help=f"{score.meaning} {score.source}") for score in ALL}
    st.dataframe(
        table, hide_index=True, column_config=titles, height=470, key="heads_table", on_select=lambda: _row(table), selection_mode="single-row"
    )
    return Figure(_("All scores"), "head-scores", {"csv": lambda: table.to_csv(index=False).encode()})


def draw_roles(chosen: Chosen, known: roles.Known) -> Figure:
    """Which heads have which role, and why."""
    held = known.roles(_syntactic(chosen))
    sizes = (~np.isnan(known.scores.values["confidence"])).sum(1).tolist()

    def chart(dark: bool) -> alt.LayerChart:
        return roles_chart(
            sizes, [(one.layer, one.head, one.role) for one in held], ROLE_TITLES, chosen=current(chosen, known.scores.part), dark=dark
        )

    _clickable(chart, f"heads_roles_{chosen.model.number}_{known.scores.part}")
    table = pd.DataFrame([vars(one) for one in held])
    with st.expander(_("Why: thresholds, and what random weights reach"), icon=":material/rule:"):
        for role in roles.ROLES:
            st.markdown(f"- **{role.title}**: {role.why}")
        st.markdown(f"- **{ROLE_TITLES[roles.SYNTACTIC]}**: {_('computed on the page Syntax; shown here once it was.')}")
        st.dataframe(table, hide_index=True)
    _published(known)
    csv = {"csv": lambda: table.to_csv(index=False).encode()}
    return Figure(_("Roles"), "roles", picture_files(lambda: chart(False)) | csv)


def draw_families(chosen: Chosen, known: roles.Known, source: heads_source.Source, colouring: str) -> Figure | None:
    """Heads that attend alike lie close together."""
    found = heads_source.families(chosen.model, source, known.scores.part)
    if found is None:
        return None
    places, stress = found.layout()
    groups = ()
    if colouring == "role":
        by_head = {(one.layer, one.head): ROLE_TITLES[one.role] for one in known.roles(_syntactic(chosen))[::-1]}
        groups = [by_head.get(head, _("none")) for head in found.heads]

    def chart(dark: bool) -> alt.LayerChart:
        how = {"x_title": None, "y_title": None, "groups": groups, "chosen": current(chosen, known.scores.part), "dark": dark}
        return scatter(found.heads, places[:, 0], places[:, 1], **how)

    _clickable(chart, f"heads_families_{chosen.model.number}_{known.scores.part}_{source.digest}_{colouring}")
    if current(chosen, known.scores.part) in found.heads:
        nearest = ", ".join(f"{layer}.{head} ({distance:.2f})" for (layer, head), distance in found.nearest(current(chosen, known.scores.part)))
        st.markdown(
            _("Closest to {layer}.{head}: {nearest}.").format(
                layer=current(chosen, known.scores.part)[0], head=current(chosen, known.scores.part)[1], nearest=nearest
            )
        )
    st.caption(
        _(
            "Distance: root of the Jensen-Shannon divergence of two heads' rows, mean over {rows:,} rows; 0 to {most:.2f}. Laid out by "
            "multidimensional scaling as in Clark et al. 2019, section 6; stress {stress:.2f} (0 is perfect, .2 poor)."
        ).format(rows=found.rows, most=np.log(2) ** 0.5, stress=stress)
    )
    heads = [f"{layer}.{head}" for layer, head in found.heads]
    table = pd.DataFrame(found.distance, index=heads, columns=heads)
    return Figure(_("Families"), "families", picture_files(lambda: chart(False)) | {"csv": lambda: table.to_csv().encode()})


def draw_layers(known: roles.Known) -> Figure:
    """Distance, entropy and sink mass by layer."""
    values = known.scores.values
    sink = np.fmax(values["first"], values["special"])
    shown = {BY_NAME[name].title: values[name] for name in ("distance", "entropy") if not np.isnan(values[name]).all()}
    shown |= {_("sink: first or special tokens"): sink}

    def chart(dark: bool) -> alt.HConcatChart:
        return by_layer(shown, width=270, height=300, dark=dark)

    with st.container(key="heads_layers"):
        st.altair_chart(chart(is_dark()), key="heads_layers_chart", width="content")
    st.caption(_("Largest mean entropy that there could be on these texts: {most:.2f} nats.").format(most=known.scores.most))
    return Figure(_("By layer"), "by-layer", picture_files(lambda: chart(False)))


def draw_head(chosen: Chosen, known: roles.Known) -> Figure:
    """The chosen head: its roles, its scores, its map on the text of the sidebar."""
    layer, head = current(chosen, known.scores.part)
    held = [ROLE_TITLES[one.role] for one in known.roles(_syntactic(chosen)) if (one.layer, one.head) == (layer, head)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('Layer')} {layer}, {_('head')} {head}** :small[{' · '.join(held) or _('no role')}]")
        st.space("stretch")
        st.page_link("pages/attention.py", label=_("Open"), icon=":material/open_in_new:")
    captured, part = chosen.capture, known.scores.part
    weights, visible = captured.pattern(layer, head, part), captured.visible(layer, part)

    def chart(dark: bool) -> alt.LayerChart:
        shown = slice(0, 40)
        labels = captured.queries(part).labels[shown], captured.keys(part).labels[shown]
        return heatmap.heatmap(weights[shown, shown], visible[shown, shown], *labels, width=250, height=220, dark=dark)

    st.altair_chart(chart(is_dark()), key=f"heads_one_{captured.number}_{part}_{layer}_{head}", width="content")
    rows = [(score.title, float(values[layer, head])) for score in ALL if (values := known.scores.values.get(score.name)) is not None]
    table = pd.DataFrame([row for row in rows if not np.isnan(row[1])], columns=[_("score"), _("value")])
    st.dataframe(table, hide_index=True, height=215, column_config={_("value"): st.column_config.NumberColumn(format="%.3f")})
    return Figure(_("This head"), f"layer{layer}-head{head}", picture_files(lambda: chart(False)))


def recipe(chosen: Chosen, source: heads_source.Source, part: str) -> str:
    """Lines of Python for the scores."""
    own = source.texts == (chosen.capture,)
    read = export.capture_line(chosen.text, chosen.pair, chosen.target, MAX_TOKENS)
    lines = [
        "import explorer, models" if own else "import models",
        "from explorer.scores import families",
        "from explorer.scores import roles",
        "",
        export.load_line(chosen.model.name),
        *([read, "texts = [captured]"] if own else ["texts = [..]  # your texts"]),
        f"known = roles.known(model, texts, {part!r})",
        "print(known.scores.table(), known.roles())",
        f"print(families.of_texts(model, texts, {part!r}).distance)",
    ]
    return "\n".join(lines)


def formula(name: str) -> None:
    """A score's formula, meaning and source, one click away."""
    score = BY_NAME[name]
    with st.popover(_("Formula"), icon=":material/function:"):
        st.latex(score.formula)
        st.markdown(f"{score.meaning} {_('A mean is over queries; all of them weigh alike.')}")
        st.caption(f"{score.source}. {_('Unit')}: {score.unit}.")


def _published(known: roles.Known) -> None:
    if found := published.beside(known.scores):
        st.markdown(f"**{_('Published / yours')}** :small[{published.RANDOM_TOKENS}]")
        rows = [
            {
                _("head"): f"{one.figure.layer}.{one.figure.head}",
                _("score"): BY_NAME[one.figure.score].title,
                _("published"): one.figure.value,
                _("yours"): one.ours,
            }
            for one in found
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _syntactic(chosen: Chosen) -> set[Head]:
    """What the page of syntax found for this model in this session."""
    return st.session_state.get("_syntactic", {}).get(chosen.model.number, set())


def _heads(known: roles.Known) -> list[Head]:
    layer, head = np.nonzero(~np.isnan(known.scores.values["confidence"]))
    return list(zip(layer.tolist(), head.tolist(), strict=True))


def _clickable(chart: object, key: str) -> None:
    # The first place of the frame is part of the chart: kept while it stays, so that a click sends no new one.
    kept = st.session_state.setdefault("_heads_charts", {})
    key = f"{key}_{is_dark()}"
    if key not in kept:
        kept.clear()
        kept[key] = chart(is_dark())
    st.altair_chart(kept[key], key=key, on_select=lambda: _picked(key, "head", "layer"), width="content")


def _picked(key: str, selection: str, layer: str) -> None:
    state = st.session_state.get(key)
    points = state["selection"].get(selection) if state else None
    if points and points[0].get(layer, -1) >= 0 and points[0].get("head", -1) >= 0:
        st.session_state["_place"] = (int(points[0][layer]), str(int(points[0]["head"])))


def _row(table: pd.DataFrame) -> None:
    rows = st.session_state["heads_table"]["selection"]["rows"]
    if rows:
        st.session_state["_place"] = (int(table.iloc[rows[0]].layer), str(int(table.iloc[rows[0]]["head"])))
