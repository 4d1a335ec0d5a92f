"""The one sidebar: which model, where it runs, which text."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from explorer.capture import Capture
from explorer.examples import EXAMPLES
from explorer.i18n import _
from explorer.ui.common import session
from models import CATALOGUE, InputError, Model
from models.opening import catalogue
from models.opening.loading import DTYPES, devices, memory

_TITLES = {entry.name: entry.title for entry in CATALOGUE}

LONGEST_IN_ADDRESS = 4_000
"""Characters of a text that still go into the URL."""


@dataclass(frozen=True)
class Chosen:
    """What the sidebar says. `capture` is None where the text cannot be shown; the reason is on the page already."""

    model: Model
    capture: Capture | None
    text: str
    pair: str
    target: str

    @property
    def linked(self) -> bool:
        """Whether the URL holds the texts."""
        return max(map(len, (self.text, self.pair, self.target))) <= LONGEST_IN_ADDRESS


def choose_model() -> Model:
    """Draws the choice of a model and of where it runs, and opens it."""
    with st.sidebar:
        return _opened()[0]


def text_box(default: str) -> str:
    """Draws the text alone, for a view that reads it in its own way; it is the same on all pages."""
    return _text(_("Text"), "text", default, height=110)


def sidebar() -> Chosen:
    """Draws the choice of a model and a text, and runs the text through the model."""
    with st.sidebar:
        model, asked = _opened()
        st.selectbox(
            _("Examples"),
            range(len(EXAMPLES)),
            format_func=lambda i: EXAMPLES[i].title,
            index=None,
            placeholder=_("Choose a text that shows something"),
            key="example",
            on_change=_use_example,
        )
        if (chosen := st.session_state.get("example")) is not None:
            st.caption(_("Look for: {look}").format(look=EXAMPLES[chosen].look))
        text = _text(_("Text"), "text", EXAMPLES[0].text, height=110)
        pair = target = ""
        if model.kind == "encoder":
            pair = _text(_("Second text"), "pair", placeholder=_("none"))
        elif model.kind == "encoder-decoder":
            target = _text(_("Target"), "target", placeholder=_("generated where empty"))
    try:
        with st.spinner(_("Reading the text")):
            captured, model = session.run_text(model, asked, text, pair.strip(), target.strip())
    except InputError as error:
        st.warning(session.explained(error), icon=":material/edit:")
        captured = None
    return Chosen(model, captured, text, pair.strip(), target.strip())


def _opened() -> tuple[Model, tuple[str, str, str]]:
    name = st.selectbox(
        _("Model"),
        [*session.kept(), *(entry.name for entry in CATALOGUE)],
        format_func=lambda n: _TITLES.get(n, n),
        key="model",
        bind="query-params",
        accept_new_options=True,
        help=_("From the list, or type a hub id (owner/model) or the path of a local folder. Safetensors only."),
        persist_state="session",
    )
    left, right = st.columns(2)
    device = left.selectbox(_("Device"), ["auto", *devices()], key="device", bind="query-params", persist_state="session")
    dtype = right.selectbox(_("Precision"), ["auto", *DTYPES], key="dtype", bind="query-params", persist_state="session")
    asked = (name or catalogue.BUNDLED_BERT, device, dtype)
    with st.spinner(_("Opening the model")):
        model = session.open_model(*asked)
    _status(model)
    return model, asked


def _text(label: str, key: str, value: str = "", height: int = 68, placeholder: str | None = None) -> str:
    # An address of many thousand characters is refused when the page is loaded again: a long text stays out of it.
    short = len(st.session_state.get(key, "")) <= LONGEST_IN_ADDRESS
    bind = "query-params" if short else None
    return st.text_area(label, value, key=key, bind=bind, height=height, placeholder=placeholder, persist_state="session")


def _use_example() -> None:
    chosen = st.session_state["example"]
    if chosen is not None:
        st.session_state["text"] = EXAMPLES[chosen].text
        st.session_state["pair"] = EXAMPLES[chosen].pair


def _status(model: Model) -> None:
    used, total = memory(model.device)
    st.caption(
        _("{parameters} parameters, {own:.{digits}f} MB · {used:.1f} of {total:.0f} GB in use · {origin}").format(
            parameters=f"{model.parameters / 1e6:.1f} M" if model.parameters >= 1e5 else f"{model.parameters:,}",
            own=model.memory_bytes / 1e6,
            digits=0 if model.memory_bytes >= 1e6 else 2,
            used=used / 1e9,
            total=total / 1e9,
            origin=model.origin,
        )
    )
    for note in model.notes:
        st.caption(f":material/info: {session.escaped(note)}")
    if not model.trained:
        st.caption(":material/casino: " + _("Random weights: this model, or a part of it, was never trained."))
    if model.view_only:
        st.caption(":material/visibility: " + _("View-only: {reason}.").format(reason=session.escaped(model.view_only)))
