"""What one attention site adds on one batch of texts of one length. Its weights come in blocks of rows, and none of them is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from explorer.atlas import sampled
from explorer.atlas.edges import Edges
from explorer.atlas.options import BINS, KEYS
from explorer.atlas.sampled import STRONGEST, Sampled
from explorer.atlas.sums import METRICS, OFFSETS, Sums, offset_bins, whole
from explorer.atlas.vocabulary import Vocabulary
from explorer.scores import by_text
from explorer.scores.hits import MASSES, Hits

_NORM = METRICS.index("norm")
_SPECIAL, _FIRST = MASSES.index("special"), MASSES.index("first")


@dataclass(frozen=True, eq=False)
class Batch:
    """Texts of one length, as one part of a model sees them.

    Attributes:
        numbers: of the texts.
        seed: of the sample.
        hits: what counts as one for the scores.
        queries, keys: ids, (texts, tokens).
        rest: keys at which attention rests that has nowhere to go, bool (texts, keys): special tokens, and behind a causal mask the first.
        first: of which texts the first key is such a one and no special token, bool (texts,).
        edges: of each text; None where nobody drew its tree, or where queries and keys are not the text itself.
    """

    numbers: np.ndarray
    seed: int
    hits: Hits
    queries: np.ndarray
    keys: np.ndarray
    rest: Tensor
    first: Tensor
    edges: tuple[Edges | None, ...]


@dataclass(eq=False)
class Found:
    """Where all of a shard is added up."""

    sums: Sums
    rows: Sampled
    vocabulary: Vocabulary


@dataclass(eq=False)
class Site:
    """One site on one batch.

    Attributes:
        first: number of its first head among all heads of the model.
        heads: how many it has.
        part: number of its part.
        batch: the texts.
        found: where what it adds goes.
    """

    first: int
    heads: int
    part: int
    batch: Batch
    found: Found
    totals: np.ndarray = field(init=False)
    counts: np.ndarray = field(init=False)
    received: np.ndarray = field(init=False)
    _kept: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        texts = self.batch.hits.texts
        self.totals = np.zeros((texts, self.heads, len(METRICS)))
        self.counts = np.zeros((texts, len(METRICS)))
        self.received = np.zeros((texts, self.heads, self.batch.hits.keys))

    @property
    def _mine(self) -> slice:
        return slice(self.first, self.first + self.heads)

    def rows(self, rows: slice, weights: Tensor, visible: Tensor) -> None:
        """Looks at some query rows, (texts, heads, rows, keys); `visible` is bool (rows, keys)."""
        if not self.heads:
            return
        hits = self.batch.hits
        rows = slice(*rows.indices(hits.queries)[:2])
        peaks, places, resting = [], [], []
        for part in by_text.of_rows(weights, hits, rows, visible):
            self.totals[part.texts, :, :_NORM] += part.totals
            self.counts[part.texts, :_NORM] += part.counts
            resting.append(self._resting(rows, part.texts, part.masses))
            peaks.append(part.peak)
            places.append(part.place)
        peak, place = (torch.cat(one).cpu().numpy() for one in (peaks, places))
        self.received += weights.sum(2).cpu().numpy()
        self._active(rows, torch.cat(resting))
        if hits.square:
            self._offsets(rows, weights)
        several = (visible.sum(-1) > 1).cpu().numpy()
        self._sample(rows, weights, peak, place, several)
        self._relations(rows, weights)

    def outputs(self, z: Tensor | None, value: Tensor | None) -> None:
        """The outputs of its heads, (texts, heads, rows, value dim), and their values; None where they are not known. Ends the site."""
        if not self.heads:
            return
        batch, norms = self.batch, None
        if z is not None:
            norms = z.float().norm(dim=-1).cpu().numpy()
            self.totals[:, :, _NORM] = norms.sum(-1, dtype=np.float64)
            self.counts[:, _NORM] = norms.shape[-1]
            group = self.heads // value.shape[1]
            lengths = value.float().norm(dim=-1).cpu().numpy()
        self.found.sums.add_texts(self._mine, self.totals, self.counts, batch.numbers, sampled.mixed(batch.seed, batch.numbers))
        self.found.vocabulary.add("key", self._mine, batch.keys.ravel(), self.received.transpose(1, 0, 2).reshape(self.heads, -1))
        position = {int(number): t for t, number in enumerate(batch.numbers)}
        for kept in self._kept:
            if norms is not None:
                t = np.array([position[int(number)] for number in kept["text"]])
                h = kept["head"] - self.first
                kept["norm"] = norms[t, h, kept["row"]]
                kept["norms"] = kept["weights"] * lengths[t[:, None], (h // group)[:, None], kept["keys"]]
            kept["norms"][kept["keys"] < 0] = 0
            self.found.rows.add(kept)

    def _resting(self, rows: slice, texts: slice, masses: Tensor) -> Tensor:
        """How much of each row's weight rests, (texts, rows, heads): on special tokens, and behind a causal mask on the first."""
        found = masses[..., _SPECIAL]
        first = self.batch.first[texts]
        if first.any():
            found = found + masses[..., _FIRST] * first[:, None, None]
            if rows.start == 0:
                # Of the first row itself that is no score; all of its weight is there.
                found[:, 0] = torch.where(first[:, None], 1.0, found[:, 0])
        return found

    def _active(self, rows: slice, resting: Tensor) -> None:
        """How much of each row's weight does not rest, by the token that asks."""
        active = (1 - resting).clamp(min=0).cpu().numpy()
        self.found.vocabulary.add("query", self._mine, self.batch.queries[:, rows].ravel(), active.transpose(2, 0, 1).reshape(self.heads, -1))

    def _offsets(self, rows: slice, weights: Tensor) -> None:
        """Weight by signed distance: rows are shifted against each other until a distance is a column."""
        heads, n, keys = weights.shape[1:]
        wide = torch.zeros(heads, n, n + keys, dtype=weights.dtype, device=weights.device)
        wide[:, :, :keys] = weights.sum(0).flip(1)
        shifted = wide.reshape(heads, -1)[:, : n * (n + keys - 1)].reshape(heads, n, n + keys - 1)
        # Some devices know no float64.
        exact = torch.float64 if shifted.device.type == "cpu" else shifted.dtype
        by_offset = shifted.sum(1, dtype=exact).cpu().numpy()
        lowest = -(rows.start + n - 1)
        bins = offset_bins(lowest, lowest + n + keys - 2)
        summed = np.zeros((heads, 2 * len(OFFSETS) - 1), np.int64)
        np.add.at(summed.T, bins, whole(by_offset).T)
        self.found.sums.offsets[self._mine] += summed

    def _sample(self, rows: slice, weights: Tensor, peak: np.ndarray, place: np.ndarray, several: np.ndarray) -> None:
        batch = self.batch
        at = np.flatnonzero(several)
        if not len(at):
            return
        peak, place = peak[:, :, at], place[:, :, at]
        bins = sampled.bin_of(peak)
        head = np.broadcast_to(np.arange(self.heads)[:, None] + self.first, bins.shape)
        counted = np.bincount(((head - self.first) * BINS + bins).ravel(), minlength=self.heads * BINS)
        self.found.sums.peaks[self._mine] += counted.reshape(self.heads, BINS)
        numbers, those = batch.numbers[:, None, None], at + rows.start
        priority = sampled.mixed(batch.seed, numbers, head, np.broadcast_to(those, bins.shape))
        self._offer(rows, weights, (head, bins, priority), those)
        # What rests is strong in many heads, and says little of what a head is for.
        rest = batch.rest.cpu().numpy()[np.arange(len(batch.numbers))[:, None, None], place]
        strength = sampled.by_strength(peak, priority)
        strength[rest] = np.iinfo(np.uint64).max
        self._offer(rows, weights, (head, np.full(bins.shape, STRONGEST), strength), those, ~rest)

    def _offer(self, rows: slice, weights: Tensor, given: tuple[np.ndarray, ...], those: np.ndarray, able: np.ndarray | None = None) -> None:
        """Rows of a stratum each, (texts, heads, rows): those that may be kept are."""
        head, stratum, priority = (one.ravel() for one in given)
        number = np.arange(head.size) if able is None else np.flatnonzero(able.ravel())
        number = number[self.found.rows.wanted(head[number], stratum[number], priority[number])]
        t, h, r = np.unravel_index(number, given[0].shape)
        self._keep(rows, weights, t, h, those[r], stratum[number], priority[number], np.full(len(number), -1))

    def _keep(
        self,
        rows: slice,
        weights: Tensor,
        t: np.ndarray,
        h: np.ndarray,
        row: np.ndarray,
        stratum: np.ndarray,
        priority: np.ndarray,
        target: np.ndarray,
    ) -> None:
        if not len(t):
            return
        whole_rows = weights[torch.from_numpy(t), torch.from_numpy(h), torch.from_numpy(row - rows.start)].cpu().numpy()
        # Of equal weights the first key comes first.
        keys = np.argsort(-whole_rows, axis=1, kind="stable")[:, :KEYS]
        made = np.zeros(len(t), sampled.ROW)
        made["head"], made["stratum"], made["priority"] = h + self.first, stratum, priority
        made["text"], made["row"], made["target"] = self.batch.numbers[t], row, target
        made["norm"] = np.nan
        made["keys"] = -1
        made["keys"][:, : keys.shape[1]] = keys
        made["weights"][:, : keys.shape[1]] = np.take_along_axis(whole_rows, keys, axis=1)
        made["norms"] = np.nan
        made["peak"] = made["weights"][:, 0]
        made["left"] = np.maximum(0, 1 - made["weights"].sum(1, dtype=np.float64))
        # Nothing that is no key of this row is one of its keys.
        made["keys"][made["weights"] <= 0] = -1
        self._kept.append(made)

    def _relations(self, rows: slice, weights: Tensor) -> None:
        """Which relations each head finds, and rows of both kinds."""
        for t, edges in enumerate(self.batch.edges):
            if edges is None:
                continue
            those = np.flatnonzero((edges.rows >= rows.start) & (edges.rows < rows.stop))
            if not len(those):
                continue
            row, kind = edges.rows[those], edges.kind[those]
            others = (edges.word[None] >= 0) & (edges.word[None] != edges.own[those, None])
            of_rows = weights[t][:, torch.from_numpy(row - rows.start)].cpu().numpy()  # (heads, edges, keys)
            best = np.where(others[None], of_rows, -1).argmax(-1)
            right = edges.word[best] == edges.target[those]
            found = np.zeros((self.heads, self.found.sums.edges.shape[1]), np.int64)
            np.add.at(found.T, kind, right.T.astype(np.int64))
            self.found.sums.edges[self._mine] += found
            if self.first == 0:
                self.found.sums.due += np.bincount(kind, minlength=len(self.found.sums.due))
            head = np.broadcast_to(np.arange(self.heads)[:, None], right.shape)
            stratum = STRONGEST + 1 + 2 * kind[None] + right
            number = np.broadcast_to(np.arange(len(those)), right.shape).ravel()
            priority = sampled.mixed(self.batch.seed, self.batch.numbers[t], head + self.first, row[None], kind[None])
            kept = self.found.rows.wanted(head.ravel() + self.first, stratum.ravel(), priority.ravel())
            number, h = number[kept], head.ravel()[kept]
            at = np.full(len(h), t)
            self._keep(rows, weights, at, h, row[number], stratum.ravel()[kept], priority.ravel()[kept], edges.key[those][number])
