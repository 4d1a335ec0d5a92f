"""Making large maps small without losing what is bright in them: every head of a layer, each pixel the largest weight that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.attention import Record, kernel

if TYPE_CHECKING:
    from explorer.capture import Capture
    from explorer.views import Crop

_BLOCK_ROWS = 256
_BLOCK = (256, 512)
"""Queries and keys whose scores are made at once, so few that they stay in a processor's cache."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """A layer, small. Pixel i covers tokens floor(i n / size) up to floor((i + 1) n / size) of those that are shown.

    Attributes:
        heads: largest weight of each head, float32 (heads, rows, columns).
        mean, maximum: largest of the mean, and of the maximum, over the heads, float32 (rows, columns); 0 where there are no heads.
        seen: whether any of a pixel's queries may see any of its keys, bool (rows, columns).
    """

    heads: np.ndarray
    mean: np.ndarray
    maximum: np.ndarray
    seen: np.ndarray


def of_layer(
    captured: Capture,
    layer: int,
    part: str | None,
    size: int,
    cut: Crop | None = None,
    *,
    summaries: bool = True,
    only: int | None = None,
) -> Pooled:
    """All heads of a layer, each at most size x size.

    Weights are exp(score - log-sum-exp of the row), and the log-sum-exp is known: so the largest is looked for among scores, and what a
    causal mask hides is not computed. Nothing of the size of a whole map is made.

    Args:
        captured: the text.
        layer, part: of its sites.
        size: largest number of rows and columns.
        cut: which tokens are shown; None for all.
        summaries: mean and maximum too, else zeros: for the mean every weight has to be computed.
        only: this head alone.

    Raises:
        ValueError: a size below 1.
    """
    if size < 1:
        raise ValueError(f"a thumbnail needs at least 1 pixel, not {size}")
    rows = np.arange(len(captured.queries(part))) if cut is None else cut.rows
    columns = np.arange(len(captured.keys(part))) if cut is None else cut.columns
    row_edges, column_edges = edges(len(rows), size), edges(len(columns), size)
    shape = (len(row_edges) - 1, len(column_edges) - 1)
    heads = range(captured.site(layer, part).heads)
    heads = heads if only is None else heads[only : only + 1]
    record = captured.records[captured.site(layer, part).index] if captured.records else None
    seen = _seen(captured, record, layer, part, rows, columns, row_edges, column_edges)
    if not heads:
        return Pooled(np.zeros((0, *shape), np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.float32), seen)
    if record is not None and (cut is None or cut.remaining is None) and _plain(record):
        found, mean = _of_scores(record, heads, rows, columns, row_edges, column_edges, summaries)
        return Pooled(found, mean, found.max(axis=0), seen)
    parts: list[tuple[np.ndarray, ...]] = []
    for first, last in _runs(row_edges):
        weights = _shown(captured, layer, part, cut, rows[row_edges[first] : row_edges[last]], only)
        parts.append(tuple(_reduced(one, row_edges[first : last + 1], column_edges) for one in weights))
    found, mean, maximum = (np.concatenate([one[i] for one in parts], axis=1).astype(np.float32, copy=False) for i in range(3))
    return Pooled(found, mean[0], maximum[0], seen)


def _of_scores(
    record: Record,
    heads: range,
    rows: np.ndarray,
    columns: np.ndarray,
    row_edges: np.ndarray,
    column_edges: np.ndarray,
    summaries: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Maxima of each of the heads and of their mean, where weights are exp(score - log-sum-exp)."""
    query_bins, key_bins = _bins(rows, row_edges), _bins(columns, column_edges)
    (n_rows, high), (n_columns, wide) = query_bins.shape, key_bins.shape
    found, mean = torch.full((len(heads), n_columns, n_rows), -torch.inf), torch.zeros(n_columns, n_rows)
    lse = record.lse[0].float()
    direct = record.mask is record.bias is record.allow is record.softcap is None
    if direct:
        # In the order of the pixels, so that a block is a slice. One more column: the product is the score less the log-sum-exp of its row.
        at, of = query_bins.flatten(), key_bins.flatten()
        some, shared = slice(heads.start, heads.stop), sorted({head // record.group for head in heads})
        scale = record.scale[0, some] if record.scale.shape[1] > 1 else record.scale[0]
        queries = torch.cat([record.query[0, some][:, at].float() * scale, -lse[some][:, at, None]], dim=-1).mT.contiguous()
        keys = record.key[0, shared[0] : shared[-1] + 1][:, of].float()
        keys = torch.cat([keys, torch.ones_like(keys[..., :1])], dim=-1)
    for r in _steps(n_rows, _BLOCK[0] // high):
        at = query_bins[r]
        for c in _steps(n_columns, _BLOCK[1] // wide):
            of = key_bins[c]
            if record.causal and int(of.min()) > int(at.max()):
                continue
            total = torch.zeros(of.numel(), at.numel()) if summaries else None
            hidden = of.reshape(-1, 1) > at.reshape(1, -1) if record.causal and int(of.max()) > int(at.min()) else None
            for number, head in enumerate(heads):
                if direct:
                    some = keys[head // record.group - shared[0], c.start * wide : c.stop * wide]
                    below = some @ queries[number, :, r.start * high : r.stop * high]
                    below = below if hidden is None else below.masked_fill_(hidden, -torch.inf)
                else:
                    below = (record.scores(head, rows=at.flatten())[:, of.flatten()] - lse[head, at.flatten(), None]).T.contiguous()
                most = below.view(*of.shape, -1).amax(dim=1).view(len(of), *at.shape).amax(dim=2)
                found[number, c, r] = most
                if summaries:
                    total += below.exp_()
            if summaries:
                mean[c, r] = total.view(*of.shape, -1).amax(dim=1).view(len(of), *at.shape).amax(dim=2) / len(heads)
    return found.exp_().mT.contiguous().numpy(), mean.T.contiguous().numpy()


def _plain(record: Record) -> bool:
    """Whether every weight is exp(score - log-sum-exp): a softmax, with no row that sees nothing."""
    return record.normaliser == "softmax" and bool((record.lse > kernel.NOTHING_SEEN).all())


def _shown(captured: Capture, layer: int, part: str | None, cut: Crop | None, rows: np.ndarray, only: int | None) -> tuple[np.ndarray, ...]:
    """Weights of some rows as they are shown: of the heads, of their mean and of their maximum, (heads or 1, rows, columns)."""
    first = int(rows[0])
    there = slice(first, int(rows[-1]) + 1)
    weights = captured.patterns(layer, part, there) if only is None else captured.pattern(layer, only, part, there)[None]
    every = (weights, weights.mean(axis=0, keepdims=True), weights.max(axis=0, keepdims=True))
    return every if cut is None else tuple(replace(cut, rows=rows - first).of(one) for one in every)


def _seen(
    captured: Capture,
    record: Record | None,
    layer: int,
    part: str | None,
    rows: np.ndarray,
    columns: np.ndarray,
    row_edges: np.ndarray,
    column_edges: np.ndarray,
) -> np.ndarray:
    if record is not None and record.mask is record.allow is None:
        if not record.causal:
            return np.ones((len(row_edges) - 1, len(column_edges) - 1), bool)
        return rows[row_edges[1:] - 1][:, None] >= columns[column_edges[:-1]]
    parts = []
    for first, last in _runs(row_edges):
        some = rows[row_edges[first] : row_edges[last]]
        visible = captured.visible(layer, part, slice(int(some[0]), int(some[-1]) + 1))[np.ix_(some - some[0], columns)]
        parts.append(_reduced(visible[None], row_edges[first : last + 1], column_edges)[0])
    return np.concatenate(parts) if parts else np.zeros((0, len(column_edges) - 1), bool)


def _reduced(maps: np.ndarray, row_edges: np.ndarray, column_edges: np.ndarray) -> np.ndarray:
    """Largest of each pixel, (maps, rows, columns) to (maps, pixels, pixels); the first row is that of the first edge."""
    across = np.maximum.reduceat(maps, column_edges[:-1], axis=2)
    return np.maximum.reduceat(across, row_edges[:-1] - row_edges[0], axis=1)


def _bins(positions: np.ndarray, edges: np.ndarray) -> Tensor:
    """Positions by pixel, (pixels, most tokens of one); one that has fewer names its last token twice, which changes no maximum."""
    at = np.minimum(edges[:-1, None] + np.arange(np.diff(edges).max()), edges[1:, None] - 1)
    return torch.from_numpy(positions[at])


def _steps(n: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + max(1, step), n)) for start in range(0, n, max(1, step)))


def _runs(edges: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and last edge of as many pixels as have at most `_BLOCK_ROWS` rows together, one at least."""
    first = 0
    while first < len(edges) - 1:
        last = first + 1
        while last < len(edges) - 1 and edges[last + 1] - edges[first] <= _BLOCK_ROWS:
            last += 1
        yield first, last
        first = last


def edges(n: int, size: int) -> np.ndarray:
    """Where each of at most `size` pixels begins among n tokens, and the end of the last one."""
    pools = min(n, size)
    return np.arange(pools + 1) * n // pools
