"""The training lab: a small transformer learns a task while the class watches; afterwards it is a model like any other."""

import streamlit as st

from explorer.i18n import _
from explorer.lab.request import TrainingRequest
from explorer.lab.state import FAILED, PAUSED, RUNNING, State
from explorer.ui.common import jobs, stage, strangers
from explorer.ui.common.again import run_again
from explorer.ui.common.markdown import escaped, explained
from explorer.ui.training import controls, curves, take_away
from explorer.ui.training import film as lab_film
from explorer.ui.training import runs as lab_runs
from explorer.ui.training.runs import Entry, Lab
from models import InputError
from models.training.presets import PRESETS

# Seconds between two pictures of a training, and of a film. No docstring: Streamlit would show it on the page.
LIVE_S, FILM_S = 0.8, 0.45


def buttons(lab: Lab, request: TrainingRequest | None) -> None:
    """Train, and what can be done to the run that is shown."""
    if st.button(_("Train"), type="primary", icon=":material/model_training:", disabled=request is None, key="train"):
        try:
            lab.begin(request, jobs.viewer().alive)
            run_again()
        except InputError as error:
            st.session_state["_lab_problem"] = error
    entry = lab.shown
    live = entry.watched if entry is not None and entry.number else None
    state = live.read() if live else None
    going = state is not None and not state.over
    paused = going and state.status == PAUSED
    # One button in two states: another one in its place would swallow a click that comes while it is put there.
    st.button(
        _("Resume") if paused else _("Pause"),
        icon=":material/play_arrow:" if paused else ":material/pause:",
        key="pause",
        disabled=not going,
        on_click=lambda: live.resume() if paused else lab_runs.settled(live, live.pause),
        width=110,
    )
    st.button(_("Step"), icon=":material/skip_next:", key="step_once", disabled=not going, on_click=lambda: lab_runs.settled(live, live.step))
    # Who serves only herself has no other server.
    about = _("The server that this page is connected to trains, and it alone keeps the network.") if strangers.are_there() else None
    st.button(_("Stop"), icon=":material/stop:", key="stop", disabled=not going, on_click=lambda: lab_runs.settled(live, live.stop), help=about)


def runs(lab: Lab) -> None:
    """Which run is shown, where there are several, and a way to forget one."""
    by_title = {entry.title: entry for entry in lab.entries}
    if not by_title or [*by_title.values()] == [lab.shown]:
        return
    st.session_state["lab_run"] = lab.shown and lab.shown.title

    def chosen() -> None:
        lab.show(by_title.get(st.session_state["lab_run"], lab.shown))

    # Where one is shown, none is no choice.
    at = None if lab.shown is None else 0
    st.selectbox(
        _("Run"), list(by_title), at, key="lab_run", on_change=chosen, width=260, placeholder=_("Earlier runs"), label_visibility="collapsed"
    )
    if lab.shown and lab.shown.number:
        st.button("", icon=":material/close:", key="forget", help=_("Remove this run"), on_click=lab.remove, args=(lab.shown,))


def title(entry: Entry, others: bool) -> str:
    """Which run it is, and that it is not the one that the sidebar asks for."""
    return f"**{escaped(entry.title)}**{'. ' + _('The settings on the left are those of the next run: press Train.') if others else ''}"


def status(entry: Entry, state: State) -> str:
    """How far it is, how good, and how fast."""
    task, preset, steps = entry.film.task, PRESETS[entry.request.preset], entry.request.settings.steps
    reached = f"{_('held-out accuracy')} **{state.evaluation.held_out_accuracy(task):.1%}**"
    goal = preset.at_most if preset.is_contrast else preset.at_least
    if goal and not entry.request.changed():
        reached += f" ({_('expected: at most') if preset.is_contrast else _('goal')} {goal:.0%})"
    parts = [_(lab_runs.STATUS[state.status]), f"{_('step')} **{state.done:,}** / {steps:,}", reached]
    if (ms := state.step_ms()) is not None:
        parts.append(f"{ms:.1f} {_('ms a step')}")
        if state.status == RUNNING:
            parts.append(_("{left} left").format(left=jobs.duration((steps - state.done) * ms / 1e3)))
    return " · ".join(parts)


def watch(lab: Lab, active: bool, playing: bool, others: bool) -> None:
    """Everything that moves while a run trains or a film plays; `others`: the sidebar has other settings than this run."""
    entry, hall = lab.shown, stage.is_on()
    state = entry.watched.read()
    with st.container(horizontal=True, vertical_alignment="center", key="lab_status"):
        # Two lines from the beginning, so that what is below does not move when the status grows longer.
        with st.container(gap=None, width="stretch"):
            if not hall:
                st.markdown(f":small[{title(entry, others)}]")
            st.markdown(status(entry, state))
        downloads = None if hall else st.container(horizontal=True, width="content")
    if state.status == FAILED:
        st.error(f"{escaped(state.problem)} {escaped(state.advice)}", icon=":material/error:")
    with st.container(horizontal=True, gap="small"):
        with st.container(border=True, key="lab_film", width=650):
            frame = lab_film.controls(lab, state)
            film = lab_film.draw(lab, frame)
        with st.container(border=True, key="lab_plots", width="stretch"):
            figures = curves.draw(lab, state, frame)
    # In a hall the pictures come first.
    with downloads or st.container(horizontal=True, vertical_alignment="center"):
        take_away.draw(entry, state, frame, lab_film.example_of(entry), [film, *figures])
    if (state.active, lab.playing) != (active, playing):
        # How often this is drawn is decided outside of it, and so is which buttons there are.
        run_again()


refused = None
with st.sidebar:
    try:
        request = controls.choose()
        request.check()
    except InputError as error:
        request, refused = None, error
lab = lab_runs.current(st.session_state[controls.PRESET])
# The run that is shown may be one of another task than the next one.
preset = PRESETS[lab.shown.request.preset if lab.shown else lab.preset]
with st.container(horizontal=True, vertical_alignment="bottom", key="lab_buttons"):
    st.markdown(f"#### {_('Training lab')} :small[{escaped(preset.name)}]")
    buttons(lab, request)
    st.space("stretch")
    runs(lab)
if refused is not None:  # beside the button that it disables: below all settings nobody sees it
    st.warning(explained(refused), icon=":material/edit:")
look = f":material/visibility: {escaped(preset.look_at)}"
if not stage.is_on():
    st.caption(look)
if problem := st.session_state.pop("_lab_problem", None):
    st.error(explained(problem), icon=":material/error:")
if lab.shown is None:
    st.info(_("No run of {name} is shipped with this copy. Press Train.").format(name=preset.name), icon=":material/model_training:")
else:
    active = lab.shown.watched.read().active
    others = request is not None and not request.same_as(lab.shown.request)
    st.fragment(watch, run_every=LIVE_S if active else FILM_S if lab.playing else None)(lab, active, lab.playing, others)
if stage.is_on():
    st.caption(look)
