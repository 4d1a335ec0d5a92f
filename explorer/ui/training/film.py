"""The film: all heads of a run on one example, frame by frame; or one of them, large."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import streamlit as st

from explorer.capture import Capture
from explorer.charts.common import heatmap, moving
from explorer.charts.training import film as charts
from explorer.i18n import _
from explorer.lab.film import Example
from explorer.lab.state import State
from explorer.ui.common import address
from explorer.ui.common.parts import PARTS
from explorer.ui.common.session import escaped, is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.training.runs import Entry, Lab
from models.training.runs import Snapshot

WIDTH, HEIGHT = 608, 490
"""Room for the heads, labels included, in pixels."""
_SLIDER = "film_step"


def example_of(entry: Entry) -> Example:
    """The chosen example."""
    at = st.session_state.get("film_example", 0)
    return entry.film.examples[at if at < len(entry.film.examples) else 0]


def controls(lab: Lab, state: State) -> Snapshot:
    """Slider and play button; the frame that is to be shown."""
    steps = sorted({frame.step for frame in state.frames} | set(_planned(lab.shown)))
    if lab.playing:
        _forward(lab, state)
    frame = state.frame(lab.frame)
    # The newest frame moves the slider along; a frame of a pause lies between two of its stops.
    st.session_state[_SLIDER] = frame.step
    if frame.step not in lab.put:
        lab.put.append(frame.step)
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
    address.write(step=lab.frame if not lab.playing else None)
    return frame


def draw(lab: Lab, frame: Snapshot) -> Figure:
    """The heads at a frame."""
    entry = lab.shown
    with st.container(horizontal=True, vertical_alignment="center", key="film_choices"):
        parts = entry.film.model.parts
        part = parts[0]
        if len(parts) > 1:
            part = _one_of(_("Attention"), parts, parts[-1], PARTS, "film_part")
        st.selectbox(
            _("Example"),
            list(range(len(entry.film.examples))),
            format_func=lambda i: entry.film.examples[i].text,
            key="film_example",
            persist_state="session",
            width="stretch",
            label_visibility="collapsed",
        )
        view = _one_of(_("Heads"), ["all", "one"], "all", {"all": _("All heads"), "one": _("One head")}, "heads_shown")
    example = example_of(entry)
    captured = entry.film.at(frame, example)
    layer, head = place(captured, part)
    dark = is_dark()
    if view == "one":
        st.markdown(f"**{_('Layer')} {layer}, {_('head')} {head}** :small[{_('after step {n}').format(n=f'{frame.step:,}')}]")
        st.altair_chart(_one(captured, part, layer, head, dark), key=f"film_one_{entry.number}_{part}", width="content")
    else:
        key = f"film_{entry.number}_{lab.preset}_{part}_{hash(example)}_{dark}"
        mounted = st.session_state.get("_film_mounted", ("",))
        if mounted[0] != key:
            # The selected head is part of the chart; kept while the film runs, so that only pictures are sent.
            mounted = st.session_state["_film_mounted"] = (key, (layer, head))
        sheet = _sheet(captured, part, mounted[1], dark)
        spec = moving.with_tables(charts.description(sheet), _pictures(sheet, captured, part))
        st.vega_lite_chart(spec, key=key, on_select=lambda: _picked(key), width="content")
    shades = _("bright is 1, grey is masked") if dark else _("dark is 1, grey is masked")
    message = _("Rows attend from, columns are attended to; {shades}. Right answer: {answer}").format(shades=shades, answer=example.answer)
    st.caption(escaped(message))
    name = f"{entry.request.preset}-step{frame.step}"
    if view == "one":
        return Figure(_("This head"), f"{name}-layer{layer}-head{head}", picture_files(lambda: _one(captured, part, layer, head, False)))
    light = _sheet(captured, part, (layer, head), False)
    drawn = picture_files(lambda: moving.standalone(charts.description(light), _pictures(light, captured, part)))
    return Figure(_("All heads"), name, drawn)


def _one_of(label: str, options: Sequence[str], default: str, names: dict[str, str], key: str) -> str:
    return st.segmented_control(
        label, options, default=default, format_func=names.get, key=key, required=True, label_visibility="collapsed", persist_state="session"
    )


def place(captured: Capture, part: str) -> tuple[int, int]:
    """Layer and head that are looked at, as far as this network has them."""
    layer, head = st.session_state.get("_film_head", (0, 0))
    layer = min(layer, len(captured.sites(part)) - 1)
    return layer, min(head, captured.site(layer, part).heads - 1)


def _sheet(captured: Capture, part: str, selected: tuple[int, int], dark: bool) -> charts.Sheet:
    sites = captured.sites(part)
    labels = tuple(captured.queries(part).labels), tuple(captured.keys(part).labels)
    return charts.Sheet(len(sites), max(site.heads for site in sites), *labels, selected, WIDTH, HEIGHT, dark)


def _pictures(sheet: charts.Sheet, captured: Capture, part: str) -> moving.Tables:
    layers = [site.layer for site in captured.sites(part)]
    return charts.tables(sheet, [captured.patterns(layer, part) for layer in layers], [captured.visible(layer, part) for layer in layers])


def _one(captured: Capture, part: str, layer: int, head: int, dark: bool) -> alt.LayerChart:
    queries, keys = captured.queries(part).labels, captured.keys(part).labels
    weights, seen = captured.pattern(layer, head, part), captured.visible(layer, part)
    return heatmap.heatmap(weights, seen, queries, keys, width=WIDTH - 110, height=HEIGHT - 150, dark=dark)


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


def _scrubbed(lab: Lab, state: State) -> None:
    step = st.session_state[_SLIDER]
    if step in lab.put and (lab.playing or state.active):
        return  # what the page put there a moment ago, sent back by a browser that had not heard of the next frame yet
    lab.playing, lab.frame = False, None if step >= state.frames[-1].step else step


def _picked(key: str) -> None:
    points = st.session_state.get(key, {}).get("selection", {}).get("head")
    if points:
        st.session_state["_film_head"] = (int(points[0]["layer"]), int(points[0]["head"]))
