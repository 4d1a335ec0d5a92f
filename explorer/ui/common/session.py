"""Models and captures, cached for all viewers; and what this viewer falls back to when something cannot be opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from explorer.capture import Capture, capture
from explorer.export import TRAINED_HERE
from explorer.i18n import _
from models import Model, ModelError, load
from models.errors import ExplorerError, OutOfMemoryError
from models.opening import catalogue, hub
from models.opening.loading import locate

MAX_TOKENS = 1024
"""Longest text that a page shows; a notebook or the shell may go on to the model's own limit."""


@st.cache_resource(max_entries=4, show_spinner=False, on_release=Model.release)
def _model(name: str, device: str, dtype: str, stamp: int) -> Model:
    return load(name, device, dtype)


@st.cache_resource(max_entries=64, show_spinner=False)
def _capture(number: int, text: str, pair: str, target: str, _model: Model) -> Capture:
    return capture(_model, text, pair or None, target or None, max_tokens=MAX_TOKENS)


def open_model(name: str, device: str, dtype: str) -> Model:
    """The model asked for, or, with a message, the last one that could be opened."""
    slot = st.empty()
    try:
        model = _opened(name, device, dtype, lambda what, share: slot.progress(share, text=what))
        st.session_state["_last_model"] = (name, device, dtype)
        return model
    except ModelError as error:
        last = st.session_state.get("_last_model", (catalogue.BUNDLED_BERT, "cpu", "auto"))
        if last == (name, device, dtype):
            raise
        st.error(explained(error), icon=":material/error:")
        st.caption(_("Still showing {name}.").format(name=escaped(last[0])))
        return _opened(*last, None)
    finally:
        slot.empty()


def keep(model: Model) -> str:
    """Gives a model of this session a name by which `open_model` finds it, beside the ones that lie in folders."""
    name = TRAINED_HERE + model.name
    st.session_state.setdefault("_trained", {})[name] = replace(model, name=name)
    return name


def kept() -> list[str]:
    """Names of the models that `keep` was given, the newest first."""
    return list(st.session_state.get("_trained", {}))[::-1]


def run_text(model: Model, asked: tuple[str, str, str], text: str, pair: str, target: str) -> tuple[Capture, Model]:
    """The capture of a text, and the model it came from: the one on the CPU where the accelerator has no room.

    Raises:
        models.InputError: a text that the model cannot take.
    """
    try:
        return _capture(model.number, text, pair, target, model), model
    except OutOfMemoryError as error:
        if model.device.type == "cpu":
            raise
        st.warning(f"{escaped(error.problem)} {_('This text runs on the cpu.')}", icon=":material/memory:")
        return run_text(_opened(model.name, "cpu", asked[2], None), (model.name, "cpu", asked[2]), text, pair, target)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join("\\" + c if c in "\\`*_{}[]()#+!|<>$~:" else c for c in text)


def explained(error: ExplorerError) -> str:
    """What went wrong and what to do about it, as Markdown."""
    return f"{escaped(error.problem)} {escaped(error.advice)}"


def is_dark() -> bool:
    """Whether the viewer's theme is the dark one."""
    return st.context.theme.type == "dark"


def _opened(name: str, device: str, dtype: str, progress: hub.Progress | None) -> Model:
    if name.startswith(TRAINED_HERE):
        if name not in kept():
            raise ModelError(
                _("{name} was trained in another session, and is gone with it.").format(name=name.removeprefix(TRAINED_HERE)),
                _("Train it again in the lab, or open a folder that was saved there."),
            )
        return st.session_state["_trained"][name]
    full = catalogue.resolve(name.strip())
    # The download happens outside the cached function, where its progress can be drawn.
    locate(full, progress)
    return _model(full, device, dtype, _stamp(full))


def _stamp(name: str) -> int:
    """When a local folder was last written: a model that was saved again is opened again."""
    folder = Path(name).expanduser()
    return max((file.stat().st_mtime_ns for file in folder.iterdir()), default=0) if folder.is_dir() else 0
