"""The controls of a demo: the one that matters large, the others beside it; each setting in the address."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _, language
from explorer.lectures import Control, Demo
from explorer.lectures.demo import Value
from explorer.lectures.words import Words, read
from explorer.ui.common import address, sortable
from explorer.ui.course import place, results
from explorer.ui.talk import playing


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
        # Chips need room to be dragged, and the control that matters gives way to them.
        dragged = any(control.chips is not None for control in others)
        wide = [(2.0 if dragged else 3.0) if control.main else 2.6 if control.chips is not None else 1.4 for control in ordered]
        places = st.columns([*wide, 0.5], vertical_alignment="bottom")
        for control, column in zip(ordered, places, strict=False):
            with column:
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
    draw = st.select_slider if control.is_slider else st.selectbox
    return address.entry(draw, title, name, default, address.among(values), options=values, format_func=shown)
