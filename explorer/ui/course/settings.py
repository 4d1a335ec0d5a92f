"""The controls of a demo: the one that matters large, the others beside it; each setting in the address."""

from __future__ import annotations

from contextlib import nullcontext

import streamlit as st

from explorer.charts.lectures.frame import wide_letters
from explorer.i18n import _, language
from explorer.lectures import Control, Demo
from explorer.lectures.demo import Value
from explorer.lectures.words import Words, read
from explorer.ui.common import address, sortable
from explorer.ui.course import place, results
from explorer.ui.talk import playing

_FEW = 4
"""Controls beside the one that matters for which a row has room."""
_ROOM = 42
"""Letters of buttons, with what stands around each, that the one that matters may take."""


def current(demo: Demo) -> dict[str, Value]:
    """What the address says of each control, its default elsewhere. Draws nothing."""
    made = demo.defaults(read(demo.module, language()))
    for control in demo.controls:
        word = address.read(place.name(demo, control.name))
        value = None if word is None else control.parsed(word)
        if value is not None:
            made[control.name] = value
    return made


def draw(demo: Demo, words: Words) -> dict[str, Value]:
    """The controls, and what they stand at."""
    if not demo.controls:
        return {}
    main = [control for control in demo.controls if control.main]
    others = [control for control in demo.controls if not control.main]
    made: dict[str, Value] = {}
    with st.container(key="course_controls"):
        ordered = [*main, *others]
        # Chips need room to be dragged, and many choices to be read: the control that matters gives way to them.
        crowded = len(others) > _FEW or any(control.chips is not None for control in others)
        defaults = demo.defaults(words)
        places = st.columns(
            [*(_wide(control, words, defaults[control.name], 2.0 if crowded else 3.0) for control in ordered), 0.5], vertical_alignment="bottom"
        )
        for control, column in zip(ordered, places, strict=False):
            with column, st.container(key="course_main") if control.main else nullcontext():
                made[control.name] = _one(demo, control, words) if control.chips is None else _chips(demo, control, words)
        with places[-1]:
            st.button(
                _("Reset"),
                key="course_reset",
                icon=":material/restart_alt:",
                on_click=reset,
                args=(demo,),
                help=_("Reset: key r."),
                width="stretch",
            )
    return made


def _wide(control: Control, words: Words, default: Value, main: float) -> float:
    """A share of the row: of what is chosen by its words the longest has to be seen whole, and the title of all else."""
    if control.chips is not None:
        return 2.6
    title = max(1.1, 0.5 + 0.06 * _letters(words.label(control.name)))
    if control.is_slider:
        return main if control.main else title
    written = [str(default)] if control.is_text else [control.shown(value, words) for value in control.values]
    if _buttons(control, words):
        # All of them are seen at once.
        return max(1.1 * title, 0.3 + sum(0.33 + 0.09 * _letters(word) for word in written))
    longest = max(0.6 + 0.1 * max(map(_letters, written), default=0), title)
    # A sentence of one's own is never seen whole.
    return min(longest, (3.4 if control.main else 1.8) if control.is_text else main)


def _buttons(control: Control, words: Words) -> bool:
    """Whether its values stand beside each other as buttons: the one that matters is seen and changed in one go, where there is room."""
    if not control.main or control.is_text or control.is_slider or control.model or control.chips is not None:
        return False
    return sum(3 + _letters(control.shown(value, words)) for value in control.values) <= _ROOM


def _letters(text: str) -> int:
    """Its length in Latin letters: a Chinese character is as wide as two."""
    return len(text) + wide_letters(text)


def reset(demo: Demo) -> None:
    """All controls as they are at first; in a lecture that is played, as its step sets them."""
    address.write(**dict.fromkeys(place.names(demo)) | {place.name(demo, name): value for name, value in playing.set_in(demo.id).items()})


def _chips(demo: Demo, control: Control, words: Words) -> Value:
    """Chips that are dragged into an order."""
    now, name = current(demo), place.name(demo, control.name)
    st.markdown(words.label(control.name))
    if control.chips is not None:
        texts, order = control.chips(results.opened, now)
        told = str(hash(tuple(texts)))
        sortable.chips(texts, order, f"{name}_{told}", lambda made: address.write(**{name: ".".join(map(str, made))}), numbered=False)
    return now[control.name]


def _one(demo: Demo, control: Control, words: Words) -> Value:
    name, title, default = place.name(demo, control.name), words.label(control.name), demo.defaults(words)[control.name]
    if control.is_text and not control.free:
        return address.entry(st.text_input, title, name, default)
    values = list(control.values)
    if control.free:
        # What the lecturer typed is offered for as long as it stands there.
        values = list(dict.fromkeys([*values, default, *filter(control.parsed, [address.read(name) or ""])]))
    if control.model:
        # The model that is open, and the one that a link names.
        values += [named for named in dict.fromkeys((address.read("model"), address.read(name))) if named and named not in values]

    def shown(value: Value) -> str:
        return control.shown(value, words)

    if control.free:
        how = {"accept_new_options": True, "filter_mode": "contains"}
        return address.entry(st.selectbox, title, name, default, control.parsed, options=values, format_func=shown, **how)
    if _buttons(control, words):
        return address.entry(st.segmented_control, title, name, default, address.among(values), options=values, format_func=shown, required=True)
    draw = st.select_slider if control.is_slider else st.selectbox
    return address.entry(draw, title, name, default, address.among(values), options=values, format_func=shown)
