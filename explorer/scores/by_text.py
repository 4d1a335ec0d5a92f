"""What some query rows of some texts add to each score, text by text; whoever wants a mean over all texts adds it up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.capture import Capture
from explorer.scores.hits import MASSES, Hits
from models import Site
from models.attention import scoring

NAMES = (*MASSES, "entropy", "relative_entropy", "confidence", "peak_previous", "peak_next")
"""All of `definitions.SCORES`, in the order of the columns here."""
_BYTES = 2**20
"""Weights of one layer that are worked on at once: so few that they stay in a processor's cache."""
_TINY = torch.finfo(torch.float32).tiny
_NOT_NEXT = torch.tensor([name != "next" for name in MASSES])


@dataclass(frozen=True, eq=False)
class Found:
    """Of some texts of one length, some query rows of one layer.

    Attributes:
        texts: which of the texts.
        totals: sums over the rows, float64 (texts, heads, `NAMES`).
        counts: rows for which each score is defined, float64 (texts, `NAMES`).
        most: sum over the rows of ln n_i, of those that see more than one key; the same for each of the texts.
        masses: what each row gives to what counts for each of `MASSES`, (texts, rows, heads, masses).
        peak: largest weight of each row, (texts, heads, rows).
        place: the key that it lies on, likewise.
    """

    texts: slice
    totals: np.ndarray
    counts: np.ndarray
    most: float
    masses: Tensor
    peak: Tensor
    place: Tensor


def of_rows(weights: Tensor, hits: Hits, rows: slice, visible: Tensor) -> Iterator[Found]:
    """Goes over the texts, a few at a time.

    Args:
        weights: (texts, heads, rows, keys).
        hits: of these texts.
        rows: which queries the rows are.
        visible: which keys they may see, bool (rows, keys), the same for all texts.
    """
    i = torch.arange(hits.queries, device=hits.device)[rows]
    before, after = (hits.may_look(i + step, visible) for step in (-1, 1))
    seen = visible.sum(-1)  # keys that each query sees, (rows,)
    # Under a causal mask no query has a next token.
    possible = after[:, None] | _NOT_NEXT.to(after.device)
    several = seen > 1
    most = seen.clamp(min=2).log()
    n = float(several.sum())
    by_row = [n, n, float(len(seen)), float(before.sum()), float(after.sum())]
    step = max(1, _BYTES // (4 * max(weights.shape[1], len(MASSES)) * hits.keys * len(i)))
    for first in range(0, hits.texts, step):
        texts = slice(first, min(hits.texts, first + step))
        part = weights[texts]
        of, counts = hits.of(texts, rows)
        masses = part.transpose(1, 2) @ of  # (texts, rows, heads, masses): for each query the heads times what counts
        counted = counts & possible
        found = torch.einsum("trhm,trm->thm", masses, counted.float())
        # Scores that are no product: entropy, and the largest weight and its place.
        # As torch.special.entr, in half the time: a weight of 0 adds 0 times a finite number.
        entropy = -part.clamp(min=_TINY).log_().mul_(part).sum(-1) * several  # (texts, heads, rows)
        peak, place = part.max(-1)
        others = [entropy, entropy / most, peak, (place == i - 1) & before, (place == i + 1) & after]
        summed = torch.stack([one.sum(-1).float() for one in others], dim=-1)
        totals = torch.cat([found, summed], dim=-1).cpu().double().numpy()
        numbers = np.concatenate([counted.sum(1).cpu().double().numpy(), np.tile(by_row, (len(part), 1))], axis=1)
        yield Found(texts, totals, numbers, float((most * several).sum()), masses, peak, place)


def visible(mask: Tensor | None, rows: slice, hits: Hits, device: torch.device) -> Tensor:
    """Which keys the queries of these rows may see, bool (rows, keys), by the mask that an observer is told."""
    n = len(range(hits.queries)[rows])
    return torch.ones(n, hits.keys, dtype=torch.bool, device=device) if mask is None else scoring.seen_in(mask[0, 0, rows]).expand(n, -1)


def captured_rows(captured: Capture, site: Site) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """The weights of a captured site as an observer gets them, in blocks: which rows, (1, heads, rows, keys), and which keys they may see."""
    seen = torch.from_numpy(captured.visible(site.layer, site.part))
    for rows in scoring.row_blocks(len(seen), 4 * max(1, site.heads) * seen.shape[1]):
        yield rows, torch.from_numpy(captured.patterns(site.layer, site.part, rows))[None], seen[rows]
