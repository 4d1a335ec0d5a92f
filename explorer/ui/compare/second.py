"""What the text of the sidebar is compared with: another word or text, another model, random weights, or the model without some heads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import StopException

from explorer.ablation import heads
from explorer.bounded import BoundedCache
from explorer.capture import Capture, capture
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.scores import null
from explorer.ui.common import address, model_names, session
from explorer.ui.common.open_models import OPEN
from explorer.ui.common.sidebar import Chosen
from explorer.ui.compare import recipe
from explorer.ui.prune import pruned_set
from models import InputError, Model
from models.words import told

WHAT = {"word": N_("One word"), "texts": N_("Two texts"), "models": N_("Two models"), "pruned": N_("Without heads")}
_CHINESE = re.compile("[\u3400-\u9fff]")
_PARTS = re.compile(r"\s+|[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
"""Of a text: what is between words, a Chinese character, anything else up to a space. Together they are the text."""
_SWAPS = {"猫": "狗", "狗": "猫", "爱": "恨", "你": "他", "我": "他", "他": "她", "不": "很", "dog": "cat"}
"""Words that are changed at first, in this order, and what they become."""
_FIRST = 40
"""Words of a text among which one is changed at first: a model may not read to the end of a long one, and the map shows no more."""
_SLOT = "compared text"
_RANDOM_BYTES = 512 * 2**20
_RANDOM: BoundedCache[Model] = BoundedCache(_RANDOM_BYTES, lambda model: model.memory_bytes)
"""Of a model, by its number, the same with random weights."""
OPEN.on_close(_RANDOM.pop)


@dataclass(frozen=True)
class Other:
    """The second side.

    Attributes:
        captured: what was read.
        name: for a viewer.
        lines: of Python that make it from `model` and `one`.
        text: that these read, where it is another one.
    """

    captured: Capture
    name: str
    lines: tuple[str, ...]
    text: str = ""


def choose(chosen: Chosen, what: str, row: DeltaGenerator, progress: DeltaGenerator) -> Other | None:
    """Draws what is needed to make the second side.

    Args:
        chosen: the first side.
        what: of `WHAT`.
        row: where the widgets go.
        progress: where it is said how far the second side is.

    Returns:
        None while it is computed.

    Raises:
        ExplorerError: it cannot be made.
    """
    make = {"word": _word, "texts": _texts, "models": _models, "pruned": _pruned}[what]
    try:
        return make(chosen, row, progress)
    except StopException:
        # A model is being opened, and says so; what stood on the page before stays there meanwhile.
        return None


def _word(chosen: Chosen, row: DeltaGenerator, progress: DeltaGenerator) -> Other | None:
    parts = _PARTS.findall(chosen.text)
    # Numbers of words, not of parts: what lies between them is kept and not counted.
    there = [i for i, part in enumerate(parts) if part.strip()]
    words = [parts[i] for i in there]
    how = {"options": range(len(words)), "format_func": lambda i: words[i], "width": 120}
    with row:
        at = address.entry(st.selectbox, _("Change the word"), "word", _swap(words[:_FIRST])[0], address.among(range(len(words))), **how)
        into = address.entry(st.text_input, _("into"), "into", _swap(words[at : at + 1])[1], width=120, max_chars=200)
    changed = [into.strip() or part if i == there[at] else part for i, part in enumerate(parts)]
    return _another_text(chosen, "".join(changed), progress)


def _swap(words: Sequence[str]) -> tuple[int, str]:
    """Which word is changed at first, and into what: of Chinese one that another takes the place of, else the second."""
    for word, instead in _SWAPS.items():
        if word in words:
            return list(words).index(word), instead
    at = min(1, len(words) - 1)
    return at, "他" if words and _CHINESE.match(words[at]) else "dog"


def _texts(chosen: Chosen, row: DeltaGenerator, progress: DeltaGenerator) -> Other | None:
    with row:
        how = {"width": 460, "max_chars": address.LONGEST}
        text = address.entry(st.text_input, _("Second text"), "other_text", another(chosen.text)[: address.LONGEST], **how)
    return _another_text(chosen, text, progress)


def another(text: str) -> str:
    """A text that differs from it in one word."""
    if _CHINESE.search(text):
        words = _PARTS.findall(text)
        at, instead = _swap(words)
        return "".join([*words[:at], instead, *words[at + 1 :]])
    first = text.split()[:_FIRST]
    if "cat" in " ".join(first):
        return text.replace("cat", "dog")
    longest = max(first, key=len, default="")
    return text.replace(longest, "dog" if longest != "dog" else "cat", 1) if longest else text


def _another_text(chosen: Chosen, text: str, progress: DeltaGenerator) -> Other | None:
    with progress:
        ran = session.run_text(chosen.model, chosen.asked, text, chosen.pair, chosen.target, slot=_SLOT, most=session.FIRST_TOKENS)
    if ran is None:
        return None
    if all(ran[0].sides[side].ids == tokens.ids for side, tokens in chosen.capture.sides.items()):
        progress.caption(_("Both texts are the same as far as they are read."))
    return Other(ran[0], text, recipe.text_lines("model", text, chosen.pair, chosen.target), text)


def _models(chosen: Chosen, row: DeltaGenerator, progress: DeltaGenerator) -> Other | None:
    how = {
        "options": model_names.names(),
        "format_func": model_names.title,
        "placeholder": _("random weights"),
        "accept_new_options": True,
        "width": 300,
    }
    with row:
        name = address.entry(st.selectbox, _("Second model"), "other_model", None, **how)
    if not name:
        return _random(chosen, progress)
    # On the same device and in the same precision as the model of the sidebar was asked for.
    asked = (name, *chosen.asked[1:])
    with progress:
        model = session.open_model(*asked, slot="compared", beside=chosen.asked)
        pair = chosen.pair if model.kind == "encoder" else ""
        target = chosen.target if model.kind == "encoder-decoder" else ""
        ran = session.run_text(model, asked, chosen.text, pair, target, slot=_SLOT, most=session.FIRST_TOKENS)
    if ran is None:
        return None
    return Other(ran[0], ran[1].name, recipe.model_lines(model, chosen.text, pair, target))


def _random(chosen: Chosen, progress: DeltaGenerator) -> Other | None:
    model = chosen.model

    def make(report: Report) -> Capture:
        try:
            random = _RANDOM.get_or_compute(model.number, lambda: null.random_weights(model))
        except ValueError as error:
            raise InputError(told("This model cannot be drawn anew: {error}.", error=error), told("Choose a second model.")) from error
        return capture(random, chosen.capture, progress=report)

    captured = _computed((model.number, "random weights", chosen.capture.number), _("Drawing random weights"), make, progress)
    return None if captured is None else Other(captured, _("random weights"), recipe.RANDOM_LINES)


def _pruned(chosen: Chosen, row: DeltaGenerator, progress: DeltaGenerator) -> Other | None:
    on_board = heads.write(chosen.model, pruned_set.current(chosen.model).heads)
    first = heads.write(chosen.model, heads.every(chosen.model)[:1])
    note = _("layer.head; at first those of the board")
    with row:
        message = address.entry(
            st.text_input, _("Heads that are switched off"), "without", on_board or first, width=330, help=note, max_chars=address.LONGEST
        )
    removed = heads.parse(chosen.model, message)

    def make(report: Report) -> Capture:
        return capture(chosen.model, chosen.capture, changes=heads.changes(chosen.model, removed), progress=report)

    key = (chosen.model.number, "without", removed, chosen.capture.number)
    captured = _computed(key, _("Reading the text without these heads"), make, progress)
    if captured is None:
        return None
    name = _("without {heads}").format(heads=heads.write(chosen.model, removed) or _("any change"))
    return Other(captured, name, recipe.pruned_lines(message))


def _computed(key: tuple, title: str, make: Callable[[Report], Capture], progress: DeltaGenerator) -> Capture | None:
    """A capture that only this page makes."""
    with progress:
        return session.captured(key, title, make, _SLOT)
