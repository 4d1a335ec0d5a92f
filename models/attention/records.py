"""One call of the attention function, as it was computed: what is kept of it, and what can be had from that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from models.attention import scoring


@dataclass(eq=False)
class Record:
    """One call of the attention function, as it was computed.

    Attributes:
        query: (batch, heads, query, head dim), after rotary embedding where the model has one; in linear attention, its features.
        key: (batch, kv heads, key, head dim), likewise; query head h reads key head `h // (heads // kv_heads)`.
        value: (batch, kv heads, key, value dim).
        scale: factor on q k^T, shape (1, heads, 1, 1).
        mask: additive or bool mask (1 or batch, 1 or heads, query, key) as the model gave it, or None.
        bias: additive position bias (1 or batch, heads, query, key), or None.
        allow: edges left by a `Change`, or None where nothing was cut.
        softcap: scores were squashed to softcap * tanh(score / softcap), or None.
        row_max, row_sum: per row, the largest score and the sum of exp(score - row_max), shape (batch, heads, query); or the log-sum-exp
            of the scores and 1, where a fused kernel computed it. For sparsemax the largest score and the largest weight, which is their
            distance from the threshold; for linear attention 0 and the sum.
        module: the module that called.
        site: number of its site, or None.
        normaliser: what made weights of the scores, one of `normalisers.NAMES`.
        causal: there is no mask, and query i sees keys 0..i.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    scale: Tensor
    mask: Tensor | None
    bias: Tensor | None
    allow: Tensor | None
    softcap: float | None
    row_max: Tensor
    row_sum: Tensor
    module: nn.Module | None = None
    site: int | None = None
    normaliser: str = "softmax"
    causal: bool = False

    @property
    def lse(self) -> Tensor:
        """Row-wise log-sum-exp of the scores, (batch, heads, query); of a softmax only."""
        return self.row_max + self.row_sum.log()

    @property
    def heads(self) -> int:
        return self.query.shape[1]

    @property
    def group(self) -> int:
        """Query heads per key/value head."""
        return self.query.shape[1] // self.key.shape[1]

    def scores(self, head: int, *, example: int = 0, rows: slice = slice(None)) -> Tensor:
        """Scaled scores of one head before the softmax, bias and mask included, (rows, key), float32; 0 is masked in linear attention."""
        return self._scores(slice(head, head + 1), slice(example, example + 1), rows)[0, 0]

    def pattern(self, head: int, *, example: int = 0, rows: slice = slice(None)) -> Tensor:
        """Attention weights of one head, exact, (rows, key), float32; each row sums to 1 (less where a sink takes part)."""
        return self.patterns(slice(head, head + 1), example=example, rows=rows)[0]

    def patterns(self, heads: slice = slice(None), *, example: int = 0, rows: slice = slice(None)) -> Tensor:
        """Attention weights of several heads, (heads, rows, key), float32."""
        one = slice(example, example + 1)
        below = self._scores(heads, one, rows) - self.row_max[one, heads, rows, None]
        row_sum = self.row_sum[one, heads, rows, None]
        if self.normaliser == "sparsemax":
            weights = (below + row_sum).clamp(min=0)
        else:
            weights = (below.exp() if self.normaliser == "softmax" else below) / row_sum
        return weights.nan_to_num(0.0)[0]

    def output(self, head: int, *, example: int = 0) -> Tensor:
        """Output z of one head before the output projection and before any gate, (query, value dim), float32."""
        value = self.value[example, head // self.group].float()
        return torch.cat([self.pattern(head, example=example, rows=rows) @ value for rows in self._row_blocks()])

    def uniform(self, *, example: int = 0) -> Tensor:
        """Outputs z that all heads would have if each row attended alike to all it sees, (heads, query, value dim), float32."""
        one, whole = slice(example, example + 1), slice(None)
        values = self.value[one].repeat_interleave(self.group, dim=1)
        return scoring.uniform(values, scoring.part_of(self.mask, one, whole, whole), self.query.shape[2], self.causal)[0].float()

    def visible(self, head: int = 0, *, example: int = 0, rows: slice = slice(None)) -> Tensor:
        """Which keys each query may see, bool (rows, key); False is masked, which is not the same as weight 0."""
        one = slice(example, example + 1), slice(head, head + 1), rows
        seen = torch.ones(len(range(self.query.shape[2])[rows]), self.key.shape[2], dtype=torch.bool)
        if (mask := self._mask(*one)) is not None:
            seen = seen & scoring.seen_in(mask)[0, 0].cpu()
        if self.allow is not None:
            seen = seen & scoring.part_of(self.allow, *one)[0, 0].cpu()
        return seen

    def cpu(self) -> Record:
        """The same record in main memory, so that a cached picture holds no accelerator memory."""
        moved = {name: value.cpu() for name, value in vars(self).items() if isinstance(value, Tensor) and value.device.type != "cpu"}
        return replace(self, module=None, **moved)

    def _scores(self, heads: slice, examples: slice, rows: slice) -> Tensor:
        query = self.query[examples, heads, rows].float()
        index = torch.arange(self.heads, device=query.device)[heads] // self.group
        key = self.key[examples][:, index].float()
        return scoring.scores_of(
            query,
            key,
            self.scale[:, heads],
            self._mask(examples, heads, rows),
            scoring.part_of(self.bias, examples, heads, rows),
            scoring.part_of(self.allow, examples, heads, rows),
            self.softcap,
            self.normaliser,
        )

    def _mask(self, examples: slice, heads: slice, rows: slice) -> Tensor | None:
        if self.causal:
            return scoring.causal_rows(rows, self.query.shape[2], self.key.shape[2], self.query.device)
        return scoring.part_of(self.mask, examples, heads, rows)

    def _row_blocks(self) -> Iterator[slice]:
        return scoring.row_blocks(self.query.shape[2], self.key.shape[2] * 4, self.query.device)
