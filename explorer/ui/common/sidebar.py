"""The one sidebar: which model, and where it runs; and with the text bar, which text."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.capture import Capture
from explorer.i18n import N_, _
from explorer.ui.common import address, jobs, long_texts, model_names, session, strangers, text_bar
from explorer.ui.common.markdown import escaped, explained, shortened
from explorer.ui.common.session import Asked
from models import InputError, Model
from models.opening import allowed, catalogue, split
from models.opening.devices import devices, memory
from models.opening.loading import DTYPES

_ORIGINS = (N_("bundled"), N_("trained here"), N_("folder"), N_("hub"))
"""How `Model.origin` begins; a place may follow."""


@dataclass(frozen=True)
class Chosen:
    """What the sidebar says. `capture` is None where the text cannot be shown; the reason is on the page already.

    Attributes:
        model: the model.
        capture: the text, or the pair, or source and target, through that model.
        text, pair, target: what was typed.
        asked: name, device and precision as they were asked for; another model is opened in the same way.
        most: tokens at which the page cut the text; None where it read all that the model has places for.
    """

    model: Model
    capture: Capture | None
    text: str
    pair: str
    target: str
    asked: Asked
    most: int | None = None

    @property
    def title(self) -> str:
        """Model and beginnings of the texts, for a line of the page."""
        return _title(self.model, self.text, self.pair, self.target)

    @property
    def linked(self) -> bool:
        """Whether the URL holds the texts."""
        return long_texts.holds(self.text, self.pair, self.target)

    @property
    def lines(self) -> tuple[str, str]:
        """Lines of Python that open the model as `model` and read the text as `captured`."""
        return export.load_line(self.model), export.capture_line(self.text, self.pair, self.target, self.most)


def _title(model: Model, *texts: str) -> str:
    return f"{model.short_name}: {' / '.join(shortened(text) for text in texts if text)}"


def choose_model(default: str = catalogue.BUNDLED_BERT) -> Model:
    """Draws the choice of a model and of where it runs, and opens it; the default is this page's own, as long as nobody has chosen."""
    told = st.container()
    with st.sidebar:
        return _opened(told, default if default in model_names.names() else catalogue.BUNDLED_BERT)[0]


def sidebar(most: int | None = session.FIRST_TOKENS) -> Chosen:
    """Draws the choice of a model and, where it is called, the text bar; and runs the text through the model.

    While that takes longer than a moment, what was shown before is returned, with a line that says so; the script ends here where
    there was nothing.

    Args:
        most: tokens that the page reads; of a longer text it says so. None for all that the model has places for.
    """
    told, bar = st.container(), st.container(key="text_bar", gap=None)
    with st.sidebar:
        model, asked = _opened(told)
    text, pair, target = text_bar.texts(bar, model, files=most is None)
    pair, target, found = pair.strip(), target.strip(), None
    try:
        ran = session.run_text(model, asked, text, pair, target, most=most)
        if ran is not None:
            cut = session.cut_at(ran[1], text, pair, target, most)
            found = Chosen(ran[1], ran[0], text, pair, target, asked, cut)
    except InputError as error:
        st.warning(explained(error), icon=":material/edit:")
        return Chosen(model, None, text, pair, target, asked)
    # What another page reads in full is not shown on one that computes with every weight.
    shown = jobs.kept("text" if most else "whole_text", (model.number, text, pair, target, most), _title(model, text, pair, target), found)
    if shown is None:
        st.stop()
    of = shown.what
    text_bar.chips(bar, of.model, list(of.capture.sides.values()), of.text, of.pair, of.target)
    if of.most:
        with bar:
            message = _("This page computes with every weight of every head, and reads the first {most:,} of {n:,} tokens. *Attention* reads on.")
            st.caption(f":material/content_cut: {message.format(most=of.most, n=max(session.tokens_in(of.model, of.text, of.pair, of.target)))}")
    return of


def _opened(told: DeltaGenerator, default: str = catalogue.BUNDLED_BERT) -> tuple[Model, Asked]:
    """Draws the choice of a model, and opens it; what cannot be opened is told where everybody looks, not below all choices."""
    name = address.entry(
        st.selectbox,
        _("Model"),
        "model",
        default,
        model_names.named,
        model_names.named,
        options=model_names.names(),
        format_func=model_names.title,
        accept_new_options=True,
        help=_about_models(),
    )
    left, right = st.columns(2)
    # What is split may be written to the disk: not for strangers.
    split_too = () if strangers.are_there() else (split.NAME,)
    help = [
        _("*auto*: the first that this machine has, and the cpu for a model that has no room there."),
        _("*cuda*: its first graphics card; *cuda:1* the second."),
        _("*mps*: the graphics processor of a Mac."),
        _("*cpu*: always there."),
    ]
    if split_too:
        help.append(
            _(
                "*split*: for a model that is larger than a device. The first card (or mps, or cpu) computes; the weights rest there, then on "
                "other cards, in main memory and on disk. It is slower; more cards lend their memory and do not make it faster."
            )
        )
    alone = _("A model computes on one of them.")
    device = address.choice(
        left.selectbox,
        _("Device"),
        ("auto", *devices(), *split_too),
        "device",
        help="\n".join(f"- {line}" for line in help) + f"\n\n{alone}",
    )
    dtype = address.choice(right.selectbox, _("Precision"), ("auto", *DTYPES), "dtype")
    asked = (name or default, device, dtype)
    # A step of a lecture is about its own model: that of the step before is not shown under its name, not for a moment.
    step = address.step()
    model = session.open_model(*asked, "sidebar", told, meanwhile=step is None or st.session_state.get("_model_of_step") == step)
    st.session_state["_model_of_step"] = step
    _status(model)
    return model, asked


def _about_models() -> str:
    if allowed.NOW.names is not None:
        return _("From the list, or type the hub id (owner/model) of another model that this server opens.")
    if not allowed.NOW.folders:
        return _("From the list, or type a hub id (owner/model). Safetensors only.")
    return _("From the list, or type a hub id (owner/model) or the path of a local folder. Safetensors only.")


def _origin(told: str) -> str:
    word = next((word for word in _ORIGINS if told == word or told.startswith(f"{word} ")), "")
    return _(word) + told.removeprefix(word)


def _status(model: Model) -> None:
    used, total = memory(model.device)
    st.caption(
        _("{parameters} parameters, {own:.{digits}f} MB · {used:.1f} of {total:.0f} GB in use · {origin}").format(
            parameters=f"{model.parameters / 1e6:.1f} M" if model.parameters >= 1e5 else f"{model.parameters:,}",
            own=model.memory_bytes / 1e6,
            digits=0 if model.memory_bytes >= 1e6 else 2,
            used=used / 1e9,
            total=total / 1e9,
            origin=_origin(model.origin),
        )
    )
    if model.notes:
        with st.container(key="model_notes"):
            for note in model.notes:
                st.caption(f":material/info: {escaped(note)}")
    if not model.trained:
        st.caption(":material/casino: " + _("Random weights: this model, or a part of it, was never trained."))
    if model.view_only:
        st.caption(":material/visibility: " + _("View-only: {reason}.").format(reason=escaped(model.view_only)))
