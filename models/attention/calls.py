"""One call of the attention function computed, in one of two ways: by a fused kernel, or in blocks of rows whose weights are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.attention import kernel, normalisers, scoring
from models.attention.runs import Run


@dataclass(frozen=True, eq=False)
class Call:
    """One call of the attention function, after a `Change` was looked at; attributes as there and in `Record`."""

    query: Tensor
    key: Tensor
    value: Tensor
    scale: Tensor
    mask: Tensor | None
    bias: Tensor | None
    allow: Tensor | None
    causal: bool
    softcap: float | None
    sinks: Tensor | None
    normaliser: str
    site: int | None
    run: Run | None

    @property
    def recorded(self) -> bool:
        return self.run is not None and self.run.record

    def fused(self) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Output (batch, heads, query, value dim) and row statistics (None where nothing records), by the kernel."""
        found = kernel.attend(self.query, self.key, self.value, self.scale, self.mask, self.bias, self.allow, self.causal)
        z, row_max = found.output, found.lse
        if self.sinks is not None:
            z, row_max = kernel.with_sinks(z, row_max, self.sinks)
        row_sum = torch.ones_like(row_max) if self.recorded else None
        if found.apart is not None:
            # Among them a row that sees nothing, which is uniform, zero or nan, by how it is hidden.
            keys, values = self.repeated(self.key), self.repeated(self.value)
            for block in self._row_blocks(len(found.apart)):
                rows = found.apart[block]
                scores = self._scores(rows, keys)
                if self.recorded:
                    row_max[:, :, rows], row_sum[:, :, rows] = _row_statistics(scores, self.normaliser, self.sinks)
                z[:, :, rows] = torch.matmul(self._weights_of(scores).to(self.query.dtype), values)
        if self.run and self.run.progress:
            self.run.progress(self.site, self.query.shape[2])
        return z, row_max, row_sum

    def in_blocks(self, dropout: float) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """The same in blocks of query rows, each of whose weights are there for a moment, and told to who observes."""
        run, n_rows, keys, values = self.run, self.query.shape[2], self.repeated(self.key), self.repeated(self.value)
        told = self.mask
        if self.causal and run and run.observe:
            told = scoring.causal_rows(slice(None), n_rows, self.key.shape[2], self.query.device)
        outputs, maxima, sums = [], [], []
        for rows in self._row_blocks(n_rows):
            scores = self._scores(rows, keys)
            if self.recorded:
                row_max, row_sum = _row_statistics(scores.detach(), self.normaliser, self.sinks)
                maxima.append(row_max)
                sums.append(row_sum)
            weights = self._weights_of(scores)
            if run and run.observe:
                run.observe(self.site, rows, weights.detach(), told)
            if run and run.progress:
                run.progress(self.site, rows.stop)
            weights = nn.functional.dropout(weights.to(self.query.dtype), p=dropout, training=dropout > 0)
            outputs.append(torch.matmul(weights, values))
        z = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
        return (z, torch.cat(maxima, dim=2), torch.cat(sums, dim=2)) if self.recorded else (z, None, None)

    def repeated(self, t: Tensor) -> Tensor:
        """Keys or values once for each query head, where heads share them."""
        group = self.query.shape[1] // t.shape[1]
        return t.repeat_interleave(group, dim=1) if group > 1 else t

    def _row_blocks(self, n_rows: int) -> Iterator[slice]:
        return scoring.row_blocks(n_rows, self.query.shape[0] * self.query.shape[1] * self.key.shape[2] * 4, self.query.device)

    def _scores(self, rows: slice | Tensor, keys: Tensor) -> Tensor:
        whole = slice(None)
        mask = scoring.part_of(self.mask, whole, whole, rows)
        if self.causal:
            mask = scoring.causal_rows(rows, self.query.shape[2], self.key.shape[2], self.query.device)
        bias, allow = (scoring.part_of(t, whole, whole, rows) for t in (self.bias, self.allow))
        return scoring.scores_of(self.query[:, :, rows], keys, self.scale, mask, bias, allow, self.softcap, self.normaliser)

    def _weights_of(self, scores: Tensor) -> Tensor:
        weights = _weights(scores, self.normaliser, self.sinks)
        return weights if self.allow is None else weights.nan_to_num(0.0)


def _weights(scores: Tensor, normaliser: str, sinks: Tensor | None) -> Tensor:
    if normaliser == "sparsemax":
        return normalisers.sparsemax(scores)
    if normaliser == "linear":
        # A row that sees nothing has the sum 0, and passes nothing on.
        return scores / scores.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).tiny)
    if sinks is None:
        return torch.softmax(scores, dim=-1)
    return torch.softmax(torch.cat([scores, _sink_column(scores, sinks)], dim=-1), dim=-1)[..., :-1]


def _sink_column(scores: Tensor, sinks: Tensor) -> Tensor:
    return sinks.float().reshape(1, -1, 1, 1).expand(*scores.shape[:-1], 1)


def _row_statistics(scores: Tensor, normaliser: str, sinks: Tensor | None) -> tuple[Tensor, Tensor]:
    if normaliser == "linear":
        row_sum = scores.sum(dim=-1)
        return torch.zeros_like(row_sum), row_sum
    # Kept apart: in a row that is masked everywhere the log of the sum would drown beside the mask's huge maximum.
    if sinks is not None:
        scores = torch.cat([scores, _sink_column(scores, sinks)], dim=-1)
    row_max = scores.amax(dim=-1)
    if normaliser == "sparsemax":
        return row_max, normalisers.largest_sparsemax_weight(scores - row_max[..., None])[..., 0]
    return row_max, (scores - row_max[..., None]).exp_().sum(dim=-1)
