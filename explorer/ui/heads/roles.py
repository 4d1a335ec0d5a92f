"""Which heads have which role, and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.heads.roles import roles as roles_chart
from explorer.i18n import N_, _
from explorer.scores import published, roles
from explorer.scores.definitions import BY_NAME
from explorer.ui.common import chosen_head, jobs, pictures, stage
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.heads.measured import Scored
from explorer.ui.syntax import syntactic

TITLES = {role.name: role.title for role in roles.ROLES} | {roles.SYNTACTIC: N_("syntactic")}
_SCORE_TITLES = {name: score.title for name, score in BY_NAME.items()}
_COLUMNS = {
    "layer": N_("layer"),
    "head": N_("head"),
    "role": N_("role"),
    "score": N_("score"),
    "value": N_("value"),
    "threshold": N_("threshold"),
    "random": N_("random weights"),
    "shuffled": N_("shuffled tokens"),
}
Head = tuple[int, int]
_HALL = {"width": 768, "height": 186}
"""Room for the cells on the stage, in pixels."""


@dataclass(frozen=True, eq=False)
class _Compared:
    """Heads that were scored, and what their roles follow from."""

    scored: Scored
    known: roles.Known


def draw(scored: Scored, known: roles.Known | None) -> Figure | None:
    """All roles; those of before, with a line that says so, while `known` is computed."""
    shown = jobs.kept("head roles", scored.identity, scored.title, None if known is None else _Compared(scored, known))
    if shown is None:
        st.info(_("A role counts only where heads with random weights do not reach it, and those are not scored yet."), icon=":material/casino:")
        return None
    scored, known = shown.what.scored, shown.what.known
    found = syntactic.remembered(scored.number)
    held = known.roles(found)
    titles = {name: _(title) for name, title in TITLES.items()}
    of_heads = [(one.layer, one.head, one.role) for one in held]

    def picture(chosen: Head, dark: bool, **room: int) -> Picture:
        return roles_chart(scored.sizes, of_heads, titles, chosen=chosen, dark=dark, **room)

    drawn = partial(picture, **stage.room(_HALL))
    pictures.clickable("heads_roles", (scored.identity, frozenset(found)), scored.chosen, drawn, chosen_head.picked)
    table = pd.DataFrame([vars(one) for one in held])
    with st.expander(_("Why: thresholds, and what random weights reach"), icon=":material/rule:"):
        for role in roles.ROLES:
            st.markdown(f"- **{_(role.title)}**: {_(role.why)}")
        st.markdown(f"- **{titles[roles.SYNTACTIC]}**: {_('computed on the page Syntax; shown here once it was.')}")
        st.dataframe(_shown(table), hide_index=True)
    _published(known)
    if not shown.fresh:  # what is taken away is of now
        return None
    csv = {"csv": lambda: export.table_csv(table, index=False)}
    return Figure(_("Roles"), "roles", picture_files(lambda: picture(scored.chosen, False)) | csv)


def _shown(held: pd.DataFrame) -> pd.DataFrame:
    """The table in the viewer's words; the file keeps names."""
    if held.empty:
        return held
    roles_, scores = ([_(titles.get(name, "")) for name in held[column]] for column, titles in (("role", TITLES), ("score", _SCORE_TITLES)))
    return held.assign(role=roles_, score=scores).rename(columns={name: _(title) for name, title in _COLUMNS.items()})


def first_of_each(scored: Scored, known: roles.Known) -> dict[Head, str]:
    """The title of one role of each head that has any."""
    return {(one.layer, one.head): _(TITLES[one.role]) for one in known.roles(syntactic.remembered(scored.number))[::-1]}


def titles_of(scored: Scored, known: roles.Known, head: Head) -> list[str]:
    """The titles of a head's roles."""
    return [_(TITLES[one.role]) for one in known.roles(syntactic.remembered(scored.number)) if (one.layer, one.head) == head]


def _published(known: roles.Known) -> None:
    if found := published.beside(known.scores):
        st.markdown(f"**{_('Published / yours')}** :small[{_(published.RANDOM_TOKENS)}]")
        rows = [
            {
                _("head"): f"{one.figure.layer}.{one.figure.head}",
                _("score"): _(BY_NAME[one.figure.score].title),
                _("published"): one.figure.value,
                _("yours"): one.ours,
            }
            for one in found
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
