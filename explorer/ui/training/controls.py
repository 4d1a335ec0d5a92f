"""What to train: task, switches of the network, settings, seed; in the sidebar of the lab."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import streamlit as st

from explorer.i18n import N_, _
from explorer.lab.request import TrainingRequest, of_preset, of_task, switches, task_fields
from explorer.ui.common import address
from explorer.ui.common.markdown import escaped
from models.toy import CHOICES
from models.training.presets import PRESETS
from models.training.settings import MOST_LAYERS, MOST_STEPS, Settings

PREFIX = "lab_"
"""How all names of the lab begin, in the address as well: other pages have heads, positions and seeds of their own."""
PRESET = f"{PREFIX}preset"
"""Key of the choice of a preset."""
TITLES = {
    "layers": N_("Layers"),
    "heads": N_("Heads per layer"),
    "positions": N_("Positions"),
    "attention": N_("Attention"),
    "d_model": N_("d_model"),
    "ffn": N_("FFN, x d_model"),
    "norm": N_("Norm"),
    "residual": N_("Residual"),
}
"""Switches that have a title, in their order; the others are called by their names."""
IN_VIEW = 4
"""How many of them are always in view: as many as the sidebar has room for at 1440 x 900."""
TRAINING = {"steps": N_("Steps"), "learning_rate": N_("Learning rate"), "batch": N_("Batch"), "seed": N_("Seed")}
"""Settings that have a title."""
ABOUT = {
    "d_k": N_("Numbers per query, key and value of one head; empty for d_model / heads."),
    "combine": N_("Outputs of the heads: put side by side, or averaged."),
    "output_projection": N_("W_O after the heads; without it the widths must match."),
    "tie_kv": N_("Keys and values share one matrix."),
    "scale": N_("Scores are divided by sqrt(d_k), by nothing, or by d_k."),
    "causal": N_("A token sees itself and what comes before it."),
    "window": N_("For window: keys that a query sees. For strided: the stride. For global: how many first tokens are global."),
    "identical_heads": N_("All heads of a layer start with the same weights."),
    "tie_embeddings": N_("The output layer shares the token embedding."),
    "max_length": N_("Positions that there are; empty for the length of the task's examples."),
    "position_interpolation": N_("Positions are divided by it before RoPE turns (Chen et al. 2023)."),
    "token_types": N_("Segment embeddings; 0 for none."),
    "clip": N_("The gradient is scaled down to this norm; 0 leaves it."),
    "snapshot_every": N_("Steps between snapshots; 0 for about 20 that lie ever further apart."),
}
_LEAST = {"seed": 0, "warm_up": 0, "snapshot_every": 0, "token_types": 0, "learning_rate": 1e-6}
_MOST = {"layers": MOST_LAYERS, "steps": MOST_STEPS, "ffn": 8.0}
_BY = {"steps": 100, "d_model": 8, "batch": 16, "ffn": 0.5, "learning_rate": 0.001, "rope_base": 1000.0, "position_interpolation": 1.0}
"""What a click on + adds; 1 or 0.01 for all others."""


def choose() -> TrainingRequest:
    """Draws the choices; all of them are in the URL as far as they differ from the preset. Raises InputError."""
    name = st.selectbox(_("Task"), list(PRESETS), key=PRESET, bind="query-params", persist_state="session", on_change=_use_preset)
    preset = PRESETS[name]
    _tell_too_much()
    text = ""
    if preset.task == "characters":
        text = st.text_area(
            _("Text"), key="lab_text", height=90, placeholder=_("Paste a text; empty for a passage of the project"), persist_state="session"
        )
    with st.container(key="lab_network", gap="xsmall"):
        titled = {switch: (_(title), of_preset(preset, switch)) for switch, title in TITLES.items()}
        network = _widgets(dict([*titled.items()][:IN_VIEW]))
    with st.expander(_("More switches"), icon=":material/tune:"):
        st.caption(_("Training"))
        others = [field.name for field in dataclasses.fields(Settings) if field.name not in TRAINING]
        given = {field: _(title) for field, title in TRAINING.items()} | {field: field for field in others}
        settings = _widgets({field: (title, getattr(preset.settings, field)) for field, title in given.items()})
        st.caption(_("Network"))
        more = {switch: (switch, of_preset(preset, switch)) for switch in switches() if switch not in TITLES}
        network |= _widgets(dict([*titled.items()][IN_VIEW:]) | more)
        st.caption(_("Task"))
        task = _widgets({field.name: (field.name, of_task(preset, field.name)) for field in task_fields(preset.task)})
    return TrainingRequest(name, network, task, Settings(**settings), text if text.strip() else "")


def _tell_too_much() -> None:
    """Streamlit drops a number of the address that a widget does not take, without a word; to be asked before the widgets are drawn."""
    for name, most in _MOST.items():
        given = st.query_params.get(_key(name), "")
        try:
            too_much = float(given) > most
        except ValueError:
            continue
        if too_much:
            message = _("The address says {name}={value}. At most {most} is possible here, so that it is left out.")
            st.warning(escaped(message.format(name=_key(name), value=given, most=f"{most:,g}")), icon=":material/edit:")


def _use_preset() -> None:
    """Another preset puts all its switches into the widgets."""
    preset = PRESETS[st.session_state[PRESET]]
    values = {switch: of_preset(preset, switch) for switch in switches()}
    values |= {field.name: of_task(preset, field.name) for field in task_fields(preset.task)}
    values |= dataclasses.asdict(preset.settings)
    for name, value in values.items():
        st.session_state[_key(name)] = value


def _widgets(asked: Mapping[str, tuple[str, object]]) -> dict[str, object]:
    """Two widgets a row, by the name of a switch or a setting its label and default; what they say."""
    names, found = list(asked), {}
    for i in range(0, len(names), 2):
        for column, name in zip(st.columns(2, vertical_alignment="bottom"), names[i : i + 2], strict=False):
            found[name] = _widget(column, name, *asked[name])
    return found


def _widget(place: object, name: str, label: str, value: object) -> object:
    """A widget for a switch or a setting, of the kind that its value has."""
    given = {"key": _key(name), "bind": "query-params", "persist_state": "session", "help": _(ABOUT[name]) if name in ABOUT else None}
    if isinstance(value, bool):
        return place.toggle(label, value, **given)
    if name in CHOICES:
        return place.selectbox(label, CHOICES[name], index=CHOICES[name].index(value), **given)
    if isinstance(value, str):
        return place.text_input(label, value, **given)
    kind = int if value is None or isinstance(value, int) else float
    least = kind(_LEAST.get(name, 1 if kind is int else 0.0))
    most = kind(_MOST[name]) if name in _MOST else None
    format_ = "%d" if kind is int else "%g"
    del given["bind"]
    with place:
        return address.number_input(label, least, most, value, kind(_BY.get(name, 1 if kind is int else 0.01)), format_, **given)


def _key(name: str) -> str:
    return PREFIX + name
