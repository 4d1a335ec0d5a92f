"""The card that ends a chapter: what was believed, what was measured, and how many of the class were right before and after."""

from __future__ import annotations

import html

import streamlit as st

from explorer.i18n import _, language
from explorer.lectures import Demo
from explorer.lectures.registry import CHAPTERS, chapter_title, of_chapter
from explorer.lectures.words import read
from explorer.ui.common import address
from explorer.ui.course import hands

NAME = "closing"
"""In the address: the number of the chapter."""


def chapter() -> int | None:
    """The chapter whose card the address asks for."""
    found = address.number(NAME, None, max(CHAPTERS) + 1)
    return found if found in CHAPTERS and of_chapter(found) else None


def measured(demo: Demo, option: str) -> None:
    """Remembers which option was right when the class saw the number: where the measurement decides, only that tells."""
    st.session_state.setdefault("_right_options", {})[demo.id] = option


def right(demo: Demo) -> str | None:
    """The option that is right; None where the measurement decides and was not shown yet."""
    return demo.right if isinstance(demo.right, str) else st.session_state.get("_right_options", {}).get(demo.id)


def after(demo: Demo) -> int | None:
    """How many hands went up for what was measured, after the demo; None where nobody was asked."""
    return _after().get(demo.id)


def share(demo: Demo, again: bool = False) -> float | None:
    """Share of the hands that were up for the right option, or are after the demo; None where nobody was asked."""
    option = right(demo)
    before = None if option is None else hands.share(demo, option)
    if before is None or not again:
        return before
    now = after(demo)
    return None if now is None else min(1.0, now / sum(hands.of(demo).values()))


def draw(number: int) -> None:
    shown = of_chapter(number)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Course"), icon=":material/arrow_back:", key="course_contents", on_click=address.write, kwargs={NAME: None})
        st.markdown(f"#### {chapter_title(number)} · {_('What was believed, what was measured')}", width="content")
    st.html(f'<div class="course-closing">{_head(shown)}{"".join(_row(demo) for demo in shown)}</div>')
    asked = [demo for demo in shown if share(demo) is not None]
    if not asked:
        st.caption(_("Count hands at a question, and the share of the class that was right stands here, before and after."))
        return
    st.markdown(_("Ask again: how many hands go up now for what was measured?"))
    with st.container(horizontal=True, key="course_again"):
        for demo in asked:
            key = f"after_{demo.id}"
            everyone = sum(hands.of(demo).values())
            # A vote that was asked again may have fewer phones than were right after the one before.
            if (_after().get(demo.id) or 0) > everyone:
                _after()[demo.id] = st.session_state[key] = everyone
            st.number_input(demo.id, 0, everyone, _after().get(demo.id), key=key, on_change=_typed, args=(demo, key), width=130)


def _head(shown: list[Demo]) -> str:
    both = [(share(demo), share(demo, again=True)) for demo in shown]
    before, after = ([pair[i] for pair in both if pair[i] is not None] for i in (0, 1))
    means = [f"{sum(values) / len(values):.0%}" if values else "" for values in (before, after)]
    titles = ["", _("believed at first"), _("measured"), f"{_('right before')} {means[0]}", f"{_('right after')} {means[1]}"]
    return f"<div>{''.join(f'<b>{html.escape(title)}</b>' for title in titles)}</div>"


def _row(demo: Demo) -> str:
    words, option = read(demo.module, language()), right(demo)
    corrected = option is not None and option not in demo.first
    truth = words.options[option] if option is not None else _("not shown yet")
    believed = html.escape(" / ".join(words.options[letter] for letter in demo.first))
    cells = [f"<b>{demo.id}</b>", f"<s>{believed}</s>" if corrected else f"<span>{believed}</span>", f"<span>{html.escape(truth)}</span>"]
    for again in (False, True):
        value = share(demo, again)
        cells.append("<span></span>" if value is None else f'<i><u style="width:{value:.0%}"></u><em>{value:.0%}</em></i>')
    return f"<div>{''.join(cells)}</div>"


def _after() -> dict[str, int]:
    return st.session_state.setdefault("_hands_after", {})


def _typed(demo: Demo, key: str) -> None:
    value = st.session_state[key]
    if value is None:
        _after().pop(demo.id, None)
    else:
        _after()[demo.id] = int(value)
