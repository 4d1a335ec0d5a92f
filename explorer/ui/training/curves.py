"""What is drawn over the steps: loss and accuracy of all runs, the heads' roles, gradient norms and the time of a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common import palette
from explorer.charts.common.picture import Picture
from explorer.charts.training.over_steps import Line, Plot, over_steps
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.lab.film import RoleScores
from explorer.lab.state import State, step_times
from explorer.scores.masks import ROLES
from explorer.ui.common import address, jobs, pictures, stage
from explorer.ui.common.parts import PARTS
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.training import film
from explorer.ui.training.runs import Entry, Lab
from models.training.presets import PRESETS
from models.training.runs import Snapshot

WIDTH, HEIGHT = 262, 122
"""Room for one plot, in pixels: a small window has no more, and a larger one makes it larger."""
STAGE = (226, 120)
"""The same on a stage, beside the heads, in a drawing whose letters become 24 pixels there."""
VIEWS = {"curves": N_("Curves"), "roles": N_("Roles"), "gradients": N_("Gradients")}
ROLE_NAMES = {
    "previous token": (N_("previous token"), N_("Attention of token i to token i - 1.")),
    "same token": (N_("same token"), N_("Attention of token i to itself.")),
    "next token": (N_("next token"), N_("Attention of token i to token i + 1.")),
    "first token": (N_("first token"), N_("Attention of token i > 0 to token 0.")),
    "duplicate token": (N_("duplicate token"), N_("Attention to earlier copies of the current token.")),
    "induction": (N_("induction"), N_("Attention to what came right after earlier copies of the current token (Olsson et al. 2022).")),
}
"""What a role is called, and its score in words; the formula is in `explorer.scores.masks`."""


@dataclass(frozen=True)
class Drawn:
    """A plot, and what is in it now; see `over_steps`."""

    plot: Plot
    lines: list[Line]
    colours: list[str]
    steps: int
    at: int
    goal: float | None = None

    def picture(self, dark: bool) -> Picture:
        return over_steps(self.plot, self.lines, self.colours, self.steps, at=self.at, goal=self.goal, dark=dark)


def draw(lab: Lab, state: State, frame: Snapshot) -> list[Figure]:
    """The panel; what can be taken away from it."""
    view = address.choice(st.segmented_control, _("Over the steps"), VIEWS, "lab_over", label_visibility="collapsed")
    drawn = {"roles": _roles, "gradients": _gradients}.get(view, _progress)(lab, state, frame)
    figures = []
    for name, one in drawn.items():
        pictures.draw(one.picture(is_dark()), f"over_{name}")
        files = picture_files(lambda one=one: one.picture(False))
        figures.append(Figure(one.plot.title, f"{lab.shown.request.preset}-{name}", files))
    return [*figures, Figure(_("The numbers of this run"), f"{lab.shown.request.preset}-curve", {"csv": lambda: _csv(state)})]


def _progress(lab: Lab, state: State, frame: Snapshot) -> dict[str, Drawn]:
    """Each run a colour: thin on the training batches, thick on held-out examples."""
    loss, accuracy, names, longest = [], [], [], 1
    for i, entry in enumerate(lab.entries):
        seen = state if entry is lab.shown else entry.watched.read()
        shown = entry is lab.shown
        task = entry.film.task
        names.append(entry.title)
        longest = max(longest, entry.request.settings.steps)
        held_out = seen.frames
        loss.append(Line(f"{entry.title}, {_('training')}", _of(seen, "loss"), i, faint=True))
        loss.append(Line(f"{entry.title}, {_('held out')}", np.array([(f.step, f.evaluation.loss) for f in held_out]), i, strong=shown))
        accuracy.append(Line(f"{entry.title}, {_('training')}", _of(seen, "accuracy"), i, faint=True))
        right = [(f.step, f.evaluation.held_out_accuracy(task)) for f in held_out]
        accuracy.append(Line(f"{entry.title}, {_('held out')}", np.array(right), i, strong=shown))
    preset = PRESETS[lab.shown.request.preset]
    st.container(key="lab_told").caption(
        _("Thick: held-out examples, all asked positions right. Thin: positions of the training batches. Dashed: the goal.")
        if lab.shown.film.task.exact
        else _("Thick: held-out examples. Thin: the training batches.")
    )
    # Where there are several, a choice of them stands above, and their names below.
    height = HEIGHT - 11 * (len(names) - 1) if stage.is_on() else HEIGHT
    above = _plot(_("accuracy"), height, whole=True, percent=True, legend=False, titled=False)
    return {
        "accuracy": Drawn(above, accuracy, names, longest, frame.step, _goal(preset)),
        "loss": Drawn(_plot(_("loss, nats"), height), loss, names, longest, frame.step),
    }


def _roles(lab: Lab, state: State, frame: Snapshot) -> dict[str, Drawn]:
    """One line per head."""
    titles = {name: title for name, (title, _about) in ROLE_NAMES.items() if name in ROLES}
    role = address.choice(st.selectbox, _("Role"), titles, "lab_role", "induction", label_visibility="collapsed")
    st.caption(_(ROLE_NAMES[role][1]), help=_("The mean over the tokens that have such a key, on held-out examples."))
    known = jobs.kept("lab_roles", lab.shown.film.number, lab.shown.title, _scored(lab.shown, state))
    if known is None:
        return {}
    found = [(step, scores[role]) for step, scores in known.what.items()]
    places = [(part, layer, head) for (part, layer), scores in found[0][1].items() for head in range(len(scores))]
    parts = {part for part, _layer, _head in places}
    layers = list(dict.fromkeys((part, layer) for part, layer, _head in places))

    def name(part: str, layer: int, head: int | None = None) -> str:
        message = [
            _(PARTS[part]) if len(parts) > 1 else "",
            _("layer {n}").format(n=layer),
            "" if head is None else _("head {head}").format(head=head),
        ]
        return " ".join(filter(None, message))

    # A colour for each head while there are enough of them, else for each layer.
    each = len(places) <= len(palette.lines())
    picked = film.numbers()
    shown = []
    for i, (part, layer, head) in enumerate(places):
        points = np.array([(step, scores[part, layer][head]) for step, scores in found])
        shown.append(Line(name(part, layer, head), points, i if each else layers.index((part, layer)), strong=picked == (layer, head)))
    # What is still computed has no frame of now yet.
    step, scores = max(((step, scores) for step, scores in found if step <= frame.step), default=found[-1], key=lambda one: one[0])
    now = {place: float(scores[place[:2]][place[2]]) for place in places}
    best = max((place for place in places if np.isfinite(now[place])), key=now.get, default=None)
    if best is None:
        st.info(_("No token of these examples has such a key."), icon=":material/info:")
        return {}
    st.markdown(_("After step {n}: largest **{value:.2f}**, {name}.").format(n=f"{step:,}", value=now[best], name=name(*best)))
    names = [name(*place) for place in (places if each else layers)]
    plot = _plot(_("score"), whole=True, height=HEIGHT + (20 if stage.is_on() else 40))
    return {"roles": Drawn(plot, shown, names, lab.shown.request.settings.steps, frame.step)}


def _scored(entry: Entry, state: State) -> dict[int, RoleScores] | None:
    """Role scores by step of the frames; None while they are computed."""
    frames = state.frames

    def work(report: Report) -> dict[int, RoleScores]:
        found = {}
        for i, frame in enumerate(frames):
            report(i / len(frames))
            found[frame.step] = entry.film.roles(frame)
        return found

    return jobs.computed(("roles of", entry.film.number, *(frame.step for frame in frames)), _("Roles"), work, replaces="lab_roles")


def _gradients(lab: Lab, state: State, frame: Snapshot) -> dict[str, Drawn]:
    history = state.history
    if not history:
        st.caption(_("No step is done yet."))
        return {}
    layers = list(history[0].gradient_norm)
    names = [_layer_name(layer) for layer in layers]
    norms = [Line(names[i], np.array([(m.step, m.gradient_norm[layer]) for m in history]), i) for i, layer in enumerate(layers)]
    times = [Line(_("a step"), step_times(history), 0)]
    steps = lab.shown.request.settings.steps
    above = _plot(_("gradient norm"), log=True, number=".2e", titled=False)
    below = _plot(_("ms a step"), number=".2f", legend=False, height=HEIGHT - 40)
    return {
        "gradient-norm": Drawn(above, norms, names, steps, frame.step),
        "step-time": Drawn(below, times, [_("a step")], steps, frame.step),
    }


def _layer_name(layer: str) -> str:
    """What `StepMetrics.gradient_norm` calls "layer 0", "encoder 0" or "rest", for a viewer."""
    if layer == "rest":
        return _("embeddings and output")
    what, number = layer.split(" ")
    return f"{_(PARTS[what])} {number}" if what in PARTS else _("layer {n}").format(n=number)


def _plot(title: str, height: int = HEIGHT, **how: object) -> Plot:
    width, less = (STAGE[0], HEIGHT - STAGE[1]) if stage.is_on() else (WIDTH, 0)
    return Plot(title, width=width, height=height - less, **how)


def _goal(preset: object) -> float | None:
    goal = preset.at_most if preset.is_contrast else preset.at_least
    return goal or None


def _of(state: State, what: str) -> np.ndarray:
    return np.array([(metrics.step, getattr(metrics, what)) for metrics in state.history]).reshape(-1, 2)


def _csv(state: State) -> bytes:
    rows = [
        {"step": m.step, "loss": m.loss, "accuracy": m.accuracy, "seconds": m.seconds, **{f"gradient {k}": v for k, v in m.gradient_norm.items()}}
        for m in state.history
    ]
    held_out = {f.step: f.evaluation for f in state.frames}
    table = pd.DataFrame(rows)
    if len(table):
        table["held-out loss"] = [held_out[step].loss if step in held_out else None for step in table["step"]]
        table["held-out exact"] = [held_out[step].exact if step in held_out else None for step in table["step"]]
    return export.table_csv(table, index=False)
