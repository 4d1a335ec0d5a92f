"""The guess beside the number: what was measured, what it equals and how closely, and what in the usual answer holds."""

from __future__ import annotations

import html

import streamlit as st

from explorer.i18n import _
from explorer.lectures import Demo, Measure, Result
from explorer.lectures.words import Words
from explorer.ui.common.markdown import escaped
from explorer.ui.common.session import is_dark
from explorer.ui.course import closing, hands, join, results, settings, show

_RELATIONS = {"equals": "=", "below": "<", "above": ">", "at most": "≤", "at least": "≥"}


def draw(demo: Demo, words: Words) -> None:
    chosen = settings.current(demo)
    found = results.of(demo, chosen)
    if found is None:
        return
    right = demo.right_option(found)
    closing.measured(demo, right)
    said = {measure.name: measure.shown for measure in found.measures} | {name: escaped(text) for name, text in found.said.items()}
    # An option is called by the letter that it has on this screen.
    said |= {option: hands.letter(i) for i, option in enumerate(hands.order(demo, words))}
    join.noticed(demo, said, right)
    # Three blocks in two columns, as even as the browser can make them.
    with st.container(key="course_found"):
        st.html(_guesses(demo, words, found))
        with st.container(key="course_noticed"):
            st.markdown(words.noticed(said))
        st.html(_measures(words, found))
    if demo.more is not None:
        show.row(demo.more(found, words, is_dark()), f"{demo.id}_more", found.opens, tuple(sorted(chosen.items())))
    if demo.source:
        st.caption(demo.source)


def _guesses(demo: Demo, words: Words, found: Result) -> str:
    counted, right = hands.of(demo), demo.right_option(found)
    most = max(counted.values(), default=0)
    rows = []
    for at, option in enumerate(hands.order(demo, words)):
        n = counted.get(option, 0)
        marks = ("right" if option == right else "other", "★ " if option in demo.first else "", "✓" if option == right else "")
        rows.append(
            f'<div class="guess {marks[0]}"><b>{hands.letter(at)}</b><span>{marks[1]}{html.escape(words.options[option])}</span>'
            f"{_bar(n, most) if most else ''}<b>{marks[2]}</b></div>"
        )
    note = _("★ the usual first answer  ✓ what was measured")
    return f'<div class="course-guesses{" counted" if most else ""}">{"".join(rows)}<small>{html.escape(note)}</small></div>'


def _bar(n: int, most: int) -> str:
    return f'<i><s style="width:{100 * n / most:.0f}%"></s></i><b>{n or ""}</b>'


def _measures(words: Words, found: Result) -> str:
    rows = [_row(words, measure) for measure in found.measures]
    rows += [
        f'<div class="published"><span>{html.escape(what)}</span><b>{html.escape(much)}</b><span>{html.escape(who)}</span><span></span></div>'
        for what, much, who in words.published
    ]
    return f'<div class="course-measures">{"".join(rows)}</div>'


def _row(words: Words, measure: Measure) -> str:
    title = html.escape(words.label(measure.name))
    if measure.expected is None:
        return f"<div><span>{title}</span><b>{measure.shown}</b><span></span><span></span></div>"
    against = f"{_RELATIONS[measure.relation]} {format(measure.expected, measure.format) if measure.expected else 0}"
    if measure.relation == "equals" and measure.expected and measure.deviation:
        against += f" (Δ {measure.deviation:.2g})"
    mark, sign = ("holds", "✓") if measure.holds else ("fails", "✗")
    cells = f"<span>{title}</span><b>{measure.shown}</b><span>{against}</span><span>{sign}</span>"
    return f'<div class="{mark}">{cells}</div>'
