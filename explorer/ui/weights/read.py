"""What is read of a model's weights: long work is a job, and what it found is kept as long as the model is open."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from explorer.bounded import BoundedCache
from explorer.i18n import _, language
from explorer.jobs import Report
from explorer.ui.common import jobs
from explorer.ui.common.markdown import explained
from explorer.ui.common.open_models import OPEN
from explorer.ui.common.parts import PARTS
from explorer.weights import head as reading
from explorer.weights.head import Words
from explorer.weights.one import OneHead, one_head
from explorer.weights.opened import Weights, opened
from explorer.weights.survey import Survey, survey
from models import Model
from models.errors import ExplorerError

KEPT_BYTES = 256 * 2**20
"""Of all models together, for all viewers."""
_KEPT: BoundedCache[object] = BoundedCache(KEPT_BYTES)
OPEN.forget_with_model(_KEPT)
Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Read:
    """A model's weights, and all heads of one part.

    Attributes:
        identity: model, part, way of reading tokens and language; no two have the same.
        title: of model and part, for a viewer.
        weights: of the model.
        survey: of the part.
    """

    identity: tuple[Hashable, ...]
    title: str
    weights: Weights
    survey: Survey

    @property
    def part(self) -> str:
        return self.survey.part


@dataclass(frozen=True, eq=False)
class OfToken:
    """What a token does at a head: the words that it makes more and less likely, and the keys that it would match; None where it cannot."""

    name: str
    words: Words | None
    keys: Words | None


def surveyed(model: Model, part: str, arriving: bool = False, place: str = "weights") -> jobs.Kept[Read] | None:
    """All heads of a part; those that were shown before in this place while they are read. None where there is nothing; the page says why."""
    identity = (model.number, part, arriving, language())
    title = model.short_name if len(model.parts) == 1 else f"{model.short_name} ({_(PARTS[part])})"

    def work(report: Report) -> Read:
        weights = opened(model, arriving=arriving)
        return Read(identity, title, weights, survey(weights, part, report))

    try:
        found = _asked((*identity, "survey"), _("Reading the weights of all heads"), work, place)
    except ExplorerError as error:
        st.warning(explained(error), icon=":material/edit:")
        return None
    return jobs.kept(place, identity, title, found)


def one(read: Read, layer: int, head: int, look: str, slot: str, distance: int = 0, alone: bool = True) -> jobs.Kept[OneHead] | None:
    """One head in one look; what stood in this place before, in this look, while it is read.

    Args:
        read: all heads of the part.
        layer, head: which.
        look: what is read of it, of `explorer.weights.one.LOOKS`.
        slot: name of the place on the page.
        distance: tokens between query and key, where positions turn them.
        alone: where it is not, another head that stood here before is not shown: it is none of the line, or stands beside this place.
    """
    where, place = _("Layer {layer}, head {head}").format(layer=layer, head=head), f"weights {slot} {look}"
    # Nothing but pairs that match depends on the distance.
    identity = (*read.identity, "head", look, layer, head, distance if look == "match" else 0)

    def work(report: Report) -> OneHead:
        return one_head(read.weights, layer, head, read.part, report=report, distance=identity[-1], looks=(look,))

    found = _asked(identity, where, work, f"weights {slot}")
    before = jobs.before(place)
    # The same head at another distance is no other head.
    if found is None and not alone and (before is None or before.identity[:-1] != identity[:-1]):
        return None
    return jobs.kept(place, identity, f"{read.title}, {where}", found)


def of_token(read: Read, of: OneHead, token: int, slot: str) -> OfToken | None:
    """What a token does at a head; None while it is computed."""

    def work(_report: Report) -> OfToken:
        weights, at = read.weights, (of.layer, of.head, of.part)
        words = None if of.no_words else reading.promoted(weights, token, *at, top=10)
        keys = None if of.no_scores else reading.looked_for(weights, token, *at, top=10)
        return OfToken(reading.named(weights, [token])[0], words, keys)

    key = (*read.identity, "token", of.layer, of.head, token)
    return _asked(key, _("Reading one token"), work, f"weights token {slot}")


def _asked(key: tuple, title: str, work: Callable[[Report], Found], place: str) -> Found | None:
    if (known := _KEPT.get(key)) is not None:
        return known

    def kept(report: Report) -> Found:
        _KEPT[key] = made = work(report)
        return made

    return jobs.computed(key, title, kept, replaces=place, kept_elsewhere=True)
