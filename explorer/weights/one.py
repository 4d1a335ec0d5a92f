"""All that the weights of one head say."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from explorer.weights import copying
from explorer.weights import head as reading
from explorer.weights.copying import Copied, check_writes
from explorer.weights.head import TOP, Direction, Report
from explorer.weights.opened import Weights
from explorer.weights.pairs import Pairs
from explorer.weights.turned import check
from models import InputError

LOOKS = ("match", "write", "directions")
"""What can be read of a head: pairs that it would match; what it writes of what it attends to; singular directions of both."""


@dataclass(frozen=True, eq=False)
class OneHead:
    """One head, as far as it was read.

    Attributes:
        layer, head, part: which.
        matched, matching: pairs of query and key tokens, and singular directions of QK; None and empty where there are no scores.
        moved, moving: pairs of an attended token and a word, and singular directions of OV; None and empty where it writes to no words.
        no_scores, no_words: why.
        distance: tokens between the query and the key of the pairs.
        notes: names in `opened.NOTES`.
        copied: tokens that make themselves likelier; None where it writes to no words, or to those of another vocabulary.
    """

    layer: int
    head: int
    part: str
    matched: Pairs | None
    matching: list[Direction]
    moved: Pairs | None
    moving: list[Direction]
    no_scores: InputError | None
    no_words: InputError | None
    notes: tuple[str, ...]
    distance: int = 0
    copied: Copied | None = None


def one_head(
    weights: Weights,
    layer: int,
    head: int,
    part: str | None = None,
    *,
    top: int = TOP,
    report: Report = lambda _share: None,
    distance: int = 0,
    looks: Collection[str] = LOOKS,
) -> OneHead:
    """Reads a head.

    Args:
        weights: of its model.
        layer, head, part: which, from 0; of the first part where None.
        top: pairs.
        report: told the share that is done.
        distance: see `head.matched`.
        looks: what is read, of `LOOKS`; what is not asked for is None or empty.

    Raises:
        InputError: no such head, or no such distance.
    """
    site, no_scores, no_words = weights.site(layer, head, part), None, None
    matched, matching, moved, moving = None, [], None, []
    if distance:
        check(weights, site, distance)
    try:
        reading.check_matches(weights, site)
        if "directions" in looks:
            matching = reading.matching_directions(weights, layer, head, part)
        if "match" in looks:
            matched = reading.matched(weights, layer, head, part, top=top, report=lambda share: report(0.5 * share), distance=distance)
    except InputError as error:
        no_scores = error
    try:
        check_writes(weights, site.part)
        if "directions" in looks:
            moving = reading.moving_directions(weights, layer, head, part)
        if "write" in looks:
            moved = reading.moved(weights, layer, head, part, top=top, report=lambda share: report(0.5 + 0.5 * share))
    except InputError as error:
        no_words = error
    copied = None
    if no_words is None and "write" in looks:
        with suppress(InputError):
            copied = copying.copied(weights, layer, head, part)
    notes = weights.notes(site, words=no_words is None)
    report(1.0)
    return OneHead(layer, head, site.part, matched, matching, moved, moving, no_scores, no_words, notes, distance, copied)
