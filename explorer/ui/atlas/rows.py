"""The rows of a head: each a piece of a text, with weights as marks behind the tokens that are looked at."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from explorer.atlas import landing
from explorer.atlas.atlas import Atlas, HeadName
from explorer.atlas.options import DECILES
from explorer.charts.common import palette
from explorer.i18n import N_, _, language
from explorer.syntax.names import way
from explorer.tokens import labels
from explorer.ui.atlas.source import opens
from explorer.ui.common import address, stage
from explorer.ui.common.markdown import escaped
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure
from models import Model

NUMBERS = N_(
    "Left out: the weight of a row beside its eight largest ones. Output: the length of what the head makes of this token, its values times "
    "their weights, before the output projection."
)
"""What the numbers of a row are."""
KINDS = {"sample": N_("from every tenth"), "strongest": N_("strongest"), "relation": N_("of the relation")}
STYLE = Path(__file__).with_suffix(".css")
"""Of all that the page draws by itself."""
_AROUND, _BESIDE, _MOST = 9, 1, 20
"""Tokens shown on either side of the row's own, and of each key; rows that are shown."""


def draw(model: Model, atlas: Atlas, head: HeadName, relation: str | None) -> Figure:
    """The rows, and the choice of which; each leads to the live model with that text, head and token."""
    table = atlas.rows(head)
    kinds = [_kinds(atlas, head, row) for row in table.itertuples()]
    table["lands"], table["kinds"] = [every[0] for every in kinds], kinds
    with st.container(horizontal=True, vertical_alignment="bottom", key="atlas_row_choice"):
        shown = _choose(table, head, relation)
    if shown.empty:
        none = _("None of the kept rows is such a row.")
        more = _("The role is measured on random tokens that are repeated; in a text there may be nothing to repeat.")
        st.caption(f"{none} {more}" if st.session_state.get("lands") == "induction" else none)
    else:
        if head[0] == "cross":
            st.caption(_("Framed: the token that the decoder has just read. With this row it writes the next one."))
        # What is scrolled by keyboard has to be reached by it, and a link in each row can be.
        with st.container(height=400, key="atlas_rows"):
            for row in _few(shown).itertuples():
                _row(model, atlas, head, row)
    return Figure(_("Rows of this head"), f"rows-{head[1]}-{head[2]}", {"csv": lambda: _csv(atlas, head, table)})


def sides(head: HeadName) -> tuple[str, str]:
    """The stacks that queries and keys of a head are tokens of."""
    return ("decoder", "encoder") if head[0] == "cross" else (head[0], head[0])


def door(model: Model, atlas: Atlas, head: HeadName, text: int, row: int | None = None) -> dict[str, str] | None:
    """The address of a text in the live model; None where it is not kept as it was written."""
    kind = "encoder" if len(atlas.parts) > 1 else atlas.parts[0]
    written = atlas.written(text, kind)
    if not written:
        return None
    found = {"lang": language(), "model": opens(atlas, model), "text": written, "layer": str(head[1]), "head": str(head[2])}
    if len(atlas.parts) > 1:
        found |= {"part": head[0]} | ({"target": target} if (target := atlas.written(text, "decoder")) else {})
    return found if row is None else found | {"q": str(row)}


def _choose(table: pd.DataFrame, head: HeadName, relation: str | None) -> pd.DataFrame:
    kinds = dict(KINDS)
    of_relation = table[table["relation"] == relation] if relation else table[:0]
    if of_relation.empty:
        kinds.pop("relation")
    first = "relation" if "relation" in kinds else "sample"
    which = address.choice(st.selectbox, _("Rows"), kinds, "atlas_rows_of", first, width=180 if stage.is_on() else 150, help=_(NUMBERS))
    if which == "relation":
        st.caption(_("Wavy: the word that is due. Special tokens and the row's own word do not take part in finding it."))
        return of_relation.sort_values(["direction", "kind"], ascending=[True, False], kind="stable")
    found = table[table["kind"] == which]
    counts = Counter(found["lands"])
    # That nothing here is induction is an answer, too; it stands behind those that show something.
    asked = () if head[0] == "cross" else ("induction",)
    there = [kind for kind in landing.KINDS if counts[kind] or kind in asked]
    numbers = {kind: counts[kind] for kind in there} | {f"not-{kind}": int((~_are(found, kind)).sum()) for kind in there}
    options = ["", *(name for name, n in numbers.items() if n), *(name for name, n in numbers.items() if not n and name in asked)]

    def title(name: str) -> str:
        if not name:
            return _("anything")
        kind = name.removeprefix("not-")
        told = _(landing.KINDS[kind]) if kind == name else _("not on {kind}").format(kind=_(landing.KINDS[kind]))
        return f"{told} ({numbers[name]})"

    lands = address.entry(
        st.selectbox, _("Largest weight on"), "lands", "", address.among(options), options=options, format_func=title, width=225
    )
    if not lands:
        return found
    kind = lands.removeprefix("not-")
    chosen = found["lands"] == kind if kind == lands else ~_are(found, kind)
    _outputs(found[chosen]["norm"].dropna(), found[~chosen]["norm"].dropna())
    return found[chosen]


def _are(table: pd.DataFrame, kind: str) -> pd.Series:
    """Of which rows a kind is true, whatever is said of them first."""
    return table["kinds"].map(lambda kinds: kind in kinds).astype(bool)


def _outputs(those: pd.Series, others: pd.Series) -> None:
    """A strong weight on an empty value is not much: what the head gives on in these rows, and in the others."""
    if len(those) and len(others):
        told = _("Length of the output: {own:.2f} on average in these {n} rows, {other:.2f} in the other {m}.")
        st.caption(told.format(own=those.mean(), n=len(those), other=others.mean(), m=len(others)))


def _few(table: pd.DataFrame) -> pd.DataFrame:
    """At most `_MOST` rows, of each tenth as many as of the others; the largest weights first."""
    if not (table["kind"] == "sample").all():
        return table.head(_MOST)
    place = table.groupby("decile").cumcount()
    kept = table.loc[place.sort_values(kind="stable").index[:_MOST]]
    return kept.sort_values("decile", ascending=False, kind="stable")


def _row(model: Model, atlas: Atlas, head: HeadName, row: object) -> None:
    if (where := door(model, atlas, head, row.text, row.row)) is not None:
        # What the row is, is also the way to it.
        about = _("Open this text, head and token on Attention")
        st.page_link("pages/attention.py", label=_about(row), icon=":material/open_in_new:", query_params=where, help=about)
    else:
        st.caption(_about(row))
    st.html(f'<div class="head-row" style="--mark: {palette.frame(is_dark())}">{_marked(atlas, head, row)}</div>')


def _about(row: object) -> str:
    if row.kind == "sample":
        told = _("tenth {n} of {all}").format(n=row.decile + 1, all=DECILES)
    elif row.kind == "strongest":
        told = _("strongest")
    else:
        told = (_("finds {relation}, {direction}") if row.kind == "found" else _("misses {relation}, {direction}")).format(
            relation=row.relation, direction=way(row.direction)
        )
    numbers = _("left out {left}").format(left=f"{row.left:.2f}")
    if np.isfinite(row.norm):
        numbers += " · " + _("output {norm}").format(norm=f"{row.norm:.2f}")
    return f"**{escaped(told)}** · {numbers}"


def _marked(atlas: Atlas, head: HeadName, row: object) -> str:
    query_side, key_side = sides(head)
    keys = {k: (weight, length) for k, weight, length in zip(row.keys.tolist(), row.weights.tolist(), row.norms.tolist(), strict=True)}
    tokens, special = read(atlas, row.text, key_side)
    if query_side == key_side:
        return _piece(tokens, special, keys, row.row, row.target)
    asks = _piece(*read(atlas, row.text, query_side), {}, row.row, -1)
    return f"<div>{asks}</div><div>→ {_piece(tokens, special, keys, None, row.target)}</div>"


def read(atlas: Atlas, text: int, side: str) -> tuple[list[str], list[bool]]:
    """The tokens of a text for a viewer, and which are special. What a decoder beside an encoder begins with, often padding, is "start"."""
    tokens, special = atlas.text(text, side)
    if side == "decoder" and len(atlas.parts) > 1 and special[0]:
        tokens = [_("start"), *tokens[1:]]
    return tokens, special


def _piece(tokens: list[str], special: list[bool], keys: dict[int, tuple[float, float]], query: int | None, target: int) -> str:
    wanted = set() if query is None else set(range(query - _AROUND, query + _AROUND + 1))
    wanted |= {k + step for k in (*keys, *([target] if target >= 0 else [])) for step in range(-_BESIDE, _BESIDE + 1)}
    shown, before, made, spaced = labels(tokens), -1, [], any(token.startswith(" ") for token in tokens)
    for i in sorted(wanted & set(range(len(tokens)))):
        goes_on = before == i - 1 >= 0 and not (special[i] or special[i - 1]) and _goes_on(tokens, i, spaced)
        if i > before + 1:
            made.append(' <span class="gap">…</span> ')
        elif made and not goes_on:
            made.append(" ")
        weight, length = keys.get(i, (0.0, np.nan))
        kinds = [
            "t",
            *(["on"] if goes_on else []),
            *(["q"] if i == query else []),
            *(["k"] if weight >= 0.05 else []),
            *(["due"] if i == target else []),
        ]
        number = f"<sup>{weight:.2f}</sup>" if weight >= 0.05 else ""
        about = f' title="{escape(_pointed_at(weight, length))}"' if keys else ""
        made.append(f'<span class="{" ".join(kinds)}" style="--w: {weight:.3f}"{about}>{escape(shown[i])}{number}</span>')
        before = i
    return "".join(made) + ('<span class="gap"> …</span>' if before < len(tokens) - 1 else "")


def _pointed_at(weight: float, length: float) -> str:
    """What a mark says that is pointed at."""
    said = f"{weight:.4f}"
    return said if not np.isfinite(length) else _("{weight}; times its value, a length of {length}").format(weight=said, length=f"{length:.2f}")


def _goes_on(tokens: list[str], i: int, spaced: bool) -> bool:
    """Whether a token goes on with the word before it; `spaced` says that words of this tokenizer begin with their space."""
    return not tokens[i].startswith(" ") if spaced else tokens[i].startswith("##")


def _kinds(atlas: Atlas, head: HeadName, row: object) -> tuple[str, ...]:
    query_side, key_side = sides(head)
    tokens, special = atlas.text(row.text, key_side)
    return landing.kinds_of(row.row, int(row.keys[0]), tokens, special, query_side == key_side)


def _csv(atlas: Atlas, head: HeadName, table: pd.DataFrame) -> bytes:
    query_side, key_side = sides(head)
    made = table.drop(columns="kinds")
    made.insert(0, "token", [atlas.text(row.text, query_side)[0][row.row] for row in table.itertuples()])
    made["key_tokens"] = [" ".join(labels([atlas.text(row.text, key_side)[0][k] for k in row.keys])) for row in table.itertuples()]
    return made.to_csv(index=False).encode()
