"""Models and captures, shared by all viewers; and what this viewer falls back to when something cannot be opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import bearing
from explorer.bounded import BoundedCache, memory_of
from explorer.capture import MAX_NEW_TOKENS, Capture, capture
from explorer.export import TRAINED_HERE
from explorer.i18n import _, language
from explorer.jobs import JOBS, Report
from explorer.reading import encode
from explorer.ui.common import jobs, theme
from explorer.ui.common.again import run_again
from explorer.ui.common.markdown import escaped, explained, shortened
from explorer.ui.common.model_queue import NoRoomYet
from explorer.ui.common.open_models import OPEN
from models import Model, ModelError, load
from models.errors import OutOfMemoryError
from models.opening import allowed, catalogue
from models.paths import is_folder, typed

FIRST_TOKENS = 1024
"""So much of a text is read by pages that compute with every weight of every head; *Attention* reads all of it."""
CAPTURES_BYTES = bearing.most_bytes()
"""Captures of long texts that are kept, of all viewers together: as many as one may take."""
SHORT_BYTES, ALL_SHORT_BYTES = 4 * 2**20, 128 * 2**20
"""A capture that takes less is of a short text: these are many, are soon made again, and drive no long one away. And what all of them take."""
_SHORT_S = 1.0
"""Seconds that a page waits for a text before it shows how far it is."""

Asked = tuple[str, str, str]
"""What a viewer asks for: name of a model, device and precision."""

CAPTURES: BoundedCache[Capture] = BoundedCache(CAPTURES_BYTES)
SHORT_CAPTURES: BoundedCache[Capture] = BoundedCache(ALL_SHORT_BYTES)
_COUNTS: BoundedCache[tuple[int, int]] = BoundedCache(2**16)
"""Lengths of texts; a page runs often, and a long text takes its tokenizer a moment."""
OPEN.forget_with_model(CAPTURES)
OPEN.forget_with_model(SHORT_CAPTURES)


def open_model(
    name: str,
    device: str,
    dtype: str,
    slot: str = "sidebar",
    told: DeltaGenerator | None = None,
    beside: Asked | None = None,
    meanwhile: bool = True,
) -> Model:
    """The model asked for, or, with a message, the last one that could be opened in the same slot of the page.

    While a model is being opened, or waits for room, the one before it is still there as long as it is open; where there is none, the script
    ends here.

    Args:
        name, device, dtype: as a viewer asks for them.
        slot: name of the place on the page.
        told: where it is said what could not be opened, and what is shown in its place; here where None.
        beside: what the page shows with it, which is not closed to make room for it.
        meanwhile: whether the model before may be shown until this one is open.
    """
    asked = (name, device, dtype)
    last: dict[str, Asked] = st.session_state.setdefault("_last_models", {})
    before = last.get(slot)
    try:
        model = _opened(asked, slot, beside, told)
        if model is not None:
            last[slot] = asked
            return model
    except ModelError as error:
        before = before or (catalogue.BUNDLED_BERT, "cpu", "auto")
        with told or nullcontext():
            st.error(f"{explained(error)} {_('Shown instead: {name}.').format(name=escaped(before[0]))}", icon=":material/error:")
            st.button(_("Try again"), key=f"again_{slot}", on_click=lambda: JOBS.forget(_key(asked)), icon=":material/replay:")
        if before == asked:
            raise
        model = _opened(before, slot)
    else:
        # What was closed to make room is not opened again in its place.
        model = None if before in (None, asked) or not meanwhile else _open_already(before, slot)
    if model is None:
        if not meanwhile:
            # On a stage the sidebar, which says how far it is, is away.
            with told or nullcontext():
                st.caption(_("Opening {name}").format(name=escaped(shortened(name))))
        st.stop()
    st.caption(_("Still showing {name}.").format(name=escaped(before[0])))
    return model


def keep(model: Model) -> str:
    """Gives a model of this session a name by which `open_model` finds it, beside the ones that lie in folders."""
    name = TRAINED_HERE + model.name
    st.session_state.setdefault("_trained", {})[name] = replace(model, name=name)
    return name


def kept() -> list[str]:
    """Names of the models that `keep` was given, the newest first."""
    return list(st.session_state.get("_trained", {}))[::-1]


def run_text(
    model: Model, asked: Asked, text: str, pair: str, target: str, slot: str = "text", most: int | None = None
) -> tuple[Capture, Model] | None:
    """The capture of a text, and the model it came from: the one on the CPU where the accelerator has no room.

    None while it is computed, and where the viewer stopped it; the page says so.

    Args:
        model: that reads it.
        asked: how it was asked for.
        text, pair, target: what was typed.
        slot: name of its place on the page.
        most: tokens that the page reads; None for all that the model has places for.

    Raises:
        models.InputError: a text that the model cannot take, or that this machine does not bear.
    """
    lengths = tokens_in(model, text, pair, target)
    limit = min((n for n in (model.max_length, most) if n), default=None)
    source, other = (n if limit is None else min(n, limit) for n in lengths)
    sizes = (source,) if model.kind != "encoder-decoder" else (other or MAX_NEW_TOKENS, source)
    bearing.check(model, *sizes)
    # A text that the page reads to its end, or that the model cuts sooner, is the same on all pages.
    cut = cut_at(model, text, pair, target, most)

    def make(report: Report) -> Capture:
        return capture(model, text, pair or None, target or None, max_tokens=cut, progress=report)

    try:
        needs = bearing.bytes_of(model, *sizes)
        # A capture has notes for the viewer.
        key = (model.number, text, pair, target, language(), cut)
        # A text to be generated is not read in one pass.
        quick = bearing.is_quick(model, *sizes) and (model.kind != "encoder-decoder" or bool(target))
        found = captured(key, _("Reading the text"), make, slot, moment=_SHORT_S, needs_bytes=needs, quick=quick)
        return None if found is None else (found, model)
    except OutOfMemoryError as error:
        if model.device.type == "cpu":
            raise
        st.warning(f"{escaped(error.problem)} {_('This text runs on the cpu.')}", icon=":material/memory:")
        there = (model.name, "cpu", asked[2])
        opened = _opened(there, f"{slot} on the cpu")
        return None if opened is None else run_text(opened, there, text, pair, target, slot, most)


def cut_at(model: Model, text: str, pair: str, target: str, most: int | None) -> int | None:
    """Where a page that reads so many tokens cuts these texts; None where it does not, or the model does."""
    longest = max(tokens_in(model, text, pair, target))
    return most if most and longest > most and most < (model.max_length or longest) else None


def tokens_in(model: Model, text: str, pair: str, target: str) -> tuple[int, int]:
    """How many tokens a text (or a pair, together) and a target have, special ones included, before anything is cut; 0 for what is empty.

    Raises:
        models.InputError: half of a character.
    """

    def counted() -> tuple[int, int]:
        of_text = len(encode(model, text, pair).ids) if text.strip() else 0
        return of_text, len(encode(model, target, target=True).ids) if target.strip() else 0

    return _COUNTS.get_or_compute((model.number, hash((text, pair, target))), counted)


def captured(key: tuple, title: str, make: Callable[[Report], Capture], slot: str, **how: float) -> Capture | None:
    """A capture, kept beside all others: they are bounded together. None as in `run_text`.

    Args:
        key: what it is of; it begins with the model's number.
        title: of the work, for the viewer.
        make: makes it, as the work of a job.
        slot: name of its place on the page.
        how: more arguments of `jobs.computed`.
    """
    for cache in (SHORT_CAPTURES, CAPTURES):
        if (known := cache.get(key)) is not None:
            return known

    def work(report: Report) -> Capture:
        # Who asks for the same at the same time is given the same job, so that it is made once.
        made = make(report)
        (SHORT_CAPTURES if memory_of(made) <= SHORT_BYTES else CAPTURES)[key] = made
        return made

    return jobs.computed(("capture", *key), title, work, replaces=slot, kept_elsewhere=True, **how)


def is_dark() -> bool:
    """Whether the viewer's theme is the dark one."""
    return theme.is_dark()


def _opened(asked: Asked, slot: str, beside: Asked | None = None, told: DeltaGenerator | None = None) -> Model | None:
    """None while it is being opened or waits for room; the page shows how far it is. Arguments as for `open_model`."""
    name, device, dtype = asked
    key, viewer = _key(asked), jobs.viewer()
    OPEN.leave((viewer.name, slot), but=key)
    if (model := _open_already(asked, slot)) is not None:
        return model

    # What one page shows together stays together.
    who = (viewer.name, slot), viewer, frozenset() if beside is None else frozenset({_key(beside)})

    def work(report: Report) -> Model | NoRoomYet:
        full = catalogue.resolve(name.strip())
        try:
            # A model that somebody else opened meanwhile is not opened twice: the same request is the same job.
            with OPEN.opening(key, *who) as admit:
                made = load(full, device, dtype, lambda what, share: report(share, what), admit=admit)
                OPEN.put(key, made)
                return made
        except NoRoomYet as refused:
            return refused.with_traceback(None)

    place, made = OPEN.place(key), None
    if place is None or place.turn:
        title = _("Opening {name}").format(name=shortened(name))
        made = jobs.computed(key, title, work, replaces="model", partial=lambda what: st.caption(escaped(what)), kept_elsewhere=True)
        if not isinstance(made, NoRoomYet):
            # From now on this viewer has it.
            return None if made is None else OPEN.get(key, (viewer.name, slot)) or made
    OPEN.wait_for(key, made, *who)
    with told or nullcontext():
        st.fragment(_line, run_every=jobs.POLL_S)(key, name)
    return None


def _open_already(asked: Asked, slot: str) -> Model | None:
    """The model, where it is open."""
    name, user = asked[0], (jobs.viewer().name, slot)
    if name.startswith(TRAINED_HERE):
        if name not in kept():
            raise ModelError(
                _("{name} was trained in another session, and is gone with it.").format(name=name.removeprefix(TRAINED_HERE)),
                _("Train it again in the lab, or open a folder that was saved there."),
            )
        return st.session_state["_trained"][name]
    return OPEN.get(_key(asked), user)


def _line(key: tuple, name: str) -> None:
    """Where somebody stands who waits for a model."""
    place = OPEN.place(key)
    if place is None or place.turn:
        run_again()
    if place.seconds is None:
        when = _("There is room when what is still computed with a closed model is over.")
    else:
        when = _("There is room in {time} at most.").format(time=jobs.duration(place.seconds))
    where = _("{name} waits until others close theirs: place {n} of {of}.").format(name=escaped(shortened(name)), n=place.number, of=place.of)
    st.caption(f":material/hourglass_top: {where} {when}")


def _key(asked: Asked) -> tuple:
    name, device, dtype = asked
    full = catalogue.resolve(name.strip())
    return ("model", full, device, dtype, _stamp(full))


def _stamp(name: str) -> int:
    """When a local folder was last written: a model that was saved again is opened again."""
    folder = typed(name)
    try:
        return max((file.stat().st_mtime_ns for file in folder.iterdir()), default=0) if allowed.NOW.folders and is_folder(folder) else 0
    except OSError:
        return 0  # one that may not be read, as opening it will say
