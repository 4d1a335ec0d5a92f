"""The film: all heads of a run on one example, frame by frame; or one of them, large."""

from __future__ import annotations

import time
from collections.abc import Mapping

import streamlit as st

from explorer.capture import Capture
from explorer.charts.common import heatmap
from explorer.charts.common.picture import Picture
from explorer.charts.training import film as charts
from explorer.i18n import N_, _
from explorer.lab.film import Example
from explorer.lab.state import State
from explorer.ui.common import address, pictures, stage
from explorer.ui.common.markdown import escaped
from explorer.ui.common.parts import PARTS
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.common.theme import is_strong
from explorer.ui.training.runs import STEP, Entry, Lab
from models.training.runs import Snapshot
from models.training.settings import MOST_STEPS

WIDTH, HEIGHT = 608, 490
"""Room for the heads, labels included, in pixels."""
STAGE = (592, 434)
"""The same on a stage, in a drawing whose least letters become 24 pixels there."""
SEVERAL = (592, 406)
"""The same where a choice of runs stands above it: how it goes then takes a line of its own."""
ONE = (430, 285)
"""Room for the cells of one head: in a small window the map ends with it, and on a stage its least letters become 24 pixels."""
SHOWN = {"all": N_("All heads"), "one": N_("One head")}
_SLIDER = "lab_slider"
_SENT_BACK_S = 2.0
"""So long after a frame has passed a busy browser may still send it back, also after the film has ended."""
_MOST = 10_000
"""Of layers and heads, which an address may name."""


def example_of(entry: Entry) -> Example:
    """The chosen example."""
    return entry.film.examples[address.number("lab_example", 0, len(entry.film.examples))]


def controls(lab: Lab, state: State) -> Snapshot:
    """Slider and play button; the frame that is to be shown."""
    steps = sorted({frame.step for frame in state.frames} | set(_planned(lab.shown)))
    if lab.playing:
        _forward(lab, state)
    else:
        lab.frame = address.number(STEP, None, MOST_STEPS + 1)
    frame = state.frame(lab.frame)
    # The newest frame moves the slider along; a frame of a pause lies between two of its stops.
    st.session_state[_SLIDER] = frame.step
    if lab.playing or state.active:
        lab.put.append((frame.step, time.monotonic()))
    with st.container(horizontal=True, vertical_alignment="bottom", key="film_controls"):
        if len(steps) > 1:
            st.select_slider(
                _("After step"),
                steps,
                key=_SLIDER,
                on_change=_scrubbed,
                args=(lab, state),
                format_func=lambda n: f"{_('step')} {n:,}",
                label_visibility="collapsed",
            )
        st.button(
            _("Pause the film") if lab.playing else _("Play"),
            key="film_play",
            icon=":material/pause:" if lab.playing else ":material/play_arrow:",
            on_click=_toggle,
            args=(lab, state.frames[-1].step),
            disabled=len(state.frames) < 2,
            width=150,
        )
    return frame


def draw(lab: Lab, frame: Snapshot) -> Figure:
    """The heads at a frame."""
    entry = lab.shown
    examples, parts = entry.film.examples, entry.film.model.parts
    with st.container(horizontal=True, vertical_alignment="center", key="film_choices"):
        part = parts[0]
        if len(parts) > 1:
            titles = {part: PARTS[part] for part in parts}
            part = address.choice(st.segmented_control, _("Attention"), titles, "lab_part", parts[-1], label_visibility="collapsed")
        address.entry(
            st.selectbox,
            _("Example"),
            "lab_example",
            0,
            lambda word: address.number("lab_example", None, len(examples)),
            options=list(range(len(examples))),
            format_func=lambda i: examples[i].text,
            width="stretch",
            label_visibility="collapsed",
        )
        view = address.choice(st.segmented_control, _("Heads"), SHOWN, "lab_shown", label_visibility="collapsed")
    example = example_of(entry)
    captured = entry.film.at(frame, example)
    layer, head = place(captured, part)
    name = f"{entry.request.preset}-step{frame.step}"
    if view == "one":
        where = _("Layer {layer}, head {head}").format(layer=layer, head=head)
        st.markdown(f"**{where}** :small[{_('after step {n}').format(n=f'{frame.step:,}')}]")
        pictures.draw(_one(captured, part, layer, head, is_dark()), f"film_one_{entry.film.number}_{part}")
        figure = Figure(
            _("This head"), f"{name}-layer{layer}-head{head}", picture_files(lambda: _one(captured, part, layer, head, False, legend=True))
        )
    else:
        # From frame to frame the picture stays the same one, with other numbers: what it is drawn from is the film.
        room = (STAGE if len(lab.entries) == 1 else SEVERAL) if stage.is_on() else (WIDTH, HEIGHT)
        identity = (entry.film.number, part, example, room)
        pictures.clickable("film", identity, (layer, head), lambda first, dark: picture(captured, part, first, dark, is_strong(), room), _picked)
        figure = Figure(_("All heads"), name, picture_files(lambda: picture(captured, part, (layer, head), False)))
    shades = _("bright is 1, grey is masked") if is_dark() else _("dark is 1, grey is masked")
    message = _("Rows attend from, columns are attended to; {shades}. Right answer: {answer}").format(shades=shades, answer=example.answer)
    st.caption(escaped(message))
    # At the end of the run the address names it, too, so that going back comes back to it.
    address.keep(lab_at_layer=layer, lab_at_head=head)
    return figure


def numbers() -> tuple[int, int]:
    """Layer and head that are looked at, as the address says them."""
    return address.number("lab_at_layer", 0, _MOST), address.number("lab_at_head", 0, _MOST)


def place(captured: Capture, part: str) -> tuple[int, int]:
    """Layer and head that are looked at, as far as this network has them."""
    layer, head = numbers()
    layer = min(layer, len(captured.sites(part)) - 1)
    return layer, min(head, captured.site(layer, part).heads - 1)


def picture(
    captured: Capture, part: str, selected: tuple[int, int], dark: bool, contrast: bool = False, room: tuple[int, int] = (WIDTH, HEIGHT)
) -> Picture:
    """All heads, a frame around the selected one."""
    layers = [site.layer for site in captured.sites(part)]
    return charts.film(
        [captured.patterns(layer, part) for layer in layers],
        [captured.visible(layer, part) for layer in layers],
        captured.queries(part).labels,
        captured.keys(part).labels,
        selected=selected,
        width=room[0],
        height=room[1],
        dark=dark,
        contrast=contrast,
    )


def _one(captured: Capture, part: str, layer: int, head: int, dark: bool, legend: bool = False) -> Picture:
    # On the page the line below it says what the colours are.
    queries, keys = captured.queries(part).labels, captured.keys(part).labels
    weights, seen = captured.pattern(layer, head, part), captured.visible(layer, part)
    return heatmap.heatmap(weights, seen, queries, keys, width=ONE[0], height=ONE[1], dark=dark, legend=legend)


def _planned(entry: Entry) -> tuple[int, ...]:
    return entry.request.settings.snapshot_steps()


def _forward(lab: Lab, state: State) -> None:
    later = [frame.step for frame in state.frames if frame.step > (lab.frame or 0)]
    if later:
        lab.frame = later[0]
    if len(later) <= 1:
        lab.playing, lab.frame = False, None


def _toggle(lab: Lab, newest: int) -> None:
    lab.playing = not lab.playing
    # From the end it starts again.
    lab.frame = 0 if lab.playing and lab.frame in (None, newest) else lab.frame
    address.write(**{STEP: None if lab.playing else lab.frame})


def _scrubbed(lab: Lab, state: State) -> None:
    step = st.session_state[_SLIDER]
    if any(step == put and time.monotonic() - at < _SENT_BACK_S for put, at in lab.put):
        return  # what the page put there a moment ago, sent back by a browser that had not heard of the next frame yet
    lab.playing = False
    address.write(**{STEP: None if step >= state.frames[-1].step else step})


def _picked(selection: Mapping[str, list]) -> tuple[int, int] | None:
    points = selection.get("head")
    if not points:
        return None
    layer, head = int(points[0]["layer"]), int(points[0]["head"])
    address.write(lab_at_layer=layer, lab_at_head=head)
    return layer, head
