"""The one attention function: computed, recorded and changed here and nowhere else.

transformers dispatches the attention of most models through `AttentionInterface`. We register one function there. What it
records and what it changes travels in a context variable, set for one call: networks are shared between viewers, and
nothing that one viewer asks for may be left behind on a network.

Recorded per call are queries, keys, values and the softmax's row statistics, O(n d) numbers. A pattern is
`exp(scale q k^T + bias - lse)`, computed when someone looks, so that no n x n matrix of all heads is ever kept. The toy
transformer also has sparsemax and linear attention (`models.normalisers`); they are recorded and changed in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask

from models import normalisers

NAME = "attention_explorer"

BLOCK_BYTES = 8 * 2**20
"""Scores of one block of query rows stay below this; short texts fit in one block and then equal eager bit for bit."""

_CHANGES_SCORES = {"indices", "block_indices"}
"""Arguments with which some models choose keys inside their attention; ignoring them would show a wrong picture."""


@dataclass(frozen=True, eq=False)
class Change:
    """What to do differently at one attention site.

    Attributes:
        gate: factor on each head's output z *before* the output projection, shape (heads,) or (batch, heads); 1 keeps a
            head, 0 removes it. May carry gradients (Michel et al. 2019, section 2.2).
        fill: what replaces the removed part, `gate * z + (1 - gate) * fill`: None for zero, "uniform" for the mean of all
            visible values, or a tensor that broadcasts to (batch, heads, query, head dim): a mean, or another example's z.
        scale: factor on the model's own scale, a number or a tensor of shape (heads,).
        allow: bool, broadcasts to (batch, heads, query, key); False cuts edges before the softmax, so the rest of the row
            still sums to 1. A row that is cut completely attends to nothing, and its output is zero.
        cut: single edges (head, query, key) to cut, in addition to `allow`.
    """

    gate: Tensor | None = None
    fill: Tensor | str | None = None
    scale: float | Tensor = 1.0
    allow: Tensor | None = None
    cut: tuple[tuple[int, int, int], ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.fill, str) and self.fill != "uniform":
            raise ValueError(f'fill is None, "uniform" or a tensor, not {self.fill!r}')


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
        row_max, row_sum: per row, the largest score and the sum of exp(score - row_max), shape (batch, heads, query). For sparsemax the
            largest score and the largest weight, which is their distance from the threshold; for linear attention 0 and the sum.
        module: the module that called.
        site: number of its site, or None.
        normaliser: what made weights of the scores, one of `normalisers.NAMES`.
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

    def visible(self, head: int = 0, *, example: int = 0) -> Tensor:
        """Which keys each query may see, bool (query, key); False is masked, which is not the same as weight 0."""
        seen = torch.ones(self.query.shape[2], self.key.shape[2], dtype=torch.bool)
        if self.mask is not None:
            mask = self.mask[min(example, len(self.mask) - 1), min(head, self.mask.shape[1] - 1)]
            seen &= _seen(mask).cpu()
        if self.allow is not None:
            seen &= _of(self.allow, slice(example, example + 1), slice(head, head + 1), slice(None))[0, 0].cpu()
        return seen

    def cpu(self) -> Record:
        """The same record in main memory, so that a cached picture holds no accelerator memory."""
        moved = {name: value.cpu() for name, value in vars(self).items() if isinstance(value, Tensor) and value.device.type != "cpu"}
        return replace(self, module=None, **moved)

    def _scores(self, heads: slice, examples: slice, rows: slice) -> Tensor:
        query = self.query[examples, heads, rows].float()
        index = torch.arange(self.heads, device=query.device)[heads] // self.group
        key = self.key[examples][:, index].float()
        return _scores(
            query,
            key,
            self.scale[:, heads],
            _of(self.mask, examples, heads, rows),
            _of(self.bias, examples, heads, rows),
            _of(self.allow, examples, heads, rows),
            self.softcap,
            self.normaliser,
        )

    def _row_blocks(self) -> Iterator[slice]:
        return _row_blocks(self.query.shape[2], self.key.shape[2] * 4)


@dataclass(eq=False)
class Run:
    """What one `attending` context records and changes. Made by `attending`."""

    changes: Mapping[int, Change] = field(default_factory=dict)
    record: bool = True
    sites_of: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    _calls: dict[int, int] = field(default_factory=dict)

    def site(self, module: nn.Module) -> int | None:
        """The site of this call. Layers that share one module (ALBERT) take turns, in the order of the forward pass."""
        sites = self.sites_of.get(id(module))
        if not sites:
            return None
        turn = self._calls.get(id(module), 0)
        self._calls[id(module)] = turn + 1
        return sites[turn % len(sites)]


_current: ContextVar[Run | None] = ContextVar("attention_run", default=None)


@contextmanager
def attending(
    sites_of: Mapping[int, tuple[int, ...]] | None = None,
    *,
    changes: Mapping[int, Change] | None = None,
    record: bool = True,
) -> Iterator[Run]:
    """Record and change attention in this thread, until the block ends.

    Args:
        sites_of: site numbers by `id(module)`, from `models.sites`; without it calls are recorded but not numbered.
        changes: what to change, by site number.
        record: keep a `Record` of every call in `Run.records`, in the order of the calls.

    Raises:
        ValueError: changes without `sites_of`, or for a site that does not exist.
    """
    changes = dict(changes or {})
    known = {site for sites in (sites_of or {}).values() for site in sites}
    if unknown := set(changes) - known:
        raise ValueError(f"no attention site {sorted(unknown)}; there are {len(known)}, counted from 0")
    run = Run(changes, record, sites_of or {})
    token = _current.set(run)
    try:
        yield run
    finally:
        _current.reset(token)


def passed_over(module: nn.Module) -> None:
    """Says that a call of this attention module is not made, because its result is known; its turn counts all the same."""
    if run := _current.get():
        run.site(module)


def attention_function(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    position_bias: Tensor | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    normaliser: str = "softmax",
    causal: bool = False,
    **kwargs: object,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1) with recording and changes.

    Args:
        module: the calling attention module.
        query: (batch, heads, query, head dim).
        key, value: (batch, kv heads, key, head dim), not repeated for grouped heads (Ainslie et al. 2023).
        attention_mask: additive, or bool with True visible, broadcasts to (batch, heads, query, key).
        scaling: factor on q k^T; None means 1 / sqrt(head dim).
        dropout: on the weights, while the module trains.
        position_bias: added to the scores (T5).
        softcap: scores become softcap * tanh(score / softcap) (Gemma 2).
        s_aux: one learned score per head that takes part in the softmax and is then dropped (gpt-oss).
        normaliser: "softmax"; "sparsemax" (Martins & Astudillo 2016); or "linear", phi(q) phi(k)^T over its row sum with phi = elu + 1
            (Katharopoulos et al. 2020), where any scale cancels. Linear attention that nothing records, changes or masks otherwise
            than `causal` takes linear time.
        causal: where no mask is given, query i sees keys 0..i.

    Returns:
        Output of the heads (batch, query, heads, value dim), and None in the place of the weights.

    Raises:
        NotSupportedByInterface: the model asks for something that this function does not compute.
        ValueError: an unknown normaliser, or one that does not go with what else is asked for.
    """
    if asked := _CHANGES_SCORES & {name for name, given in kwargs.items() if given is not None}:
        raise NotSupportedByInterface(f"attention with {', '.join(sorted(asked))}")
    _check_normaliser(normaliser, position_bias, softcap, s_aux)
    run = _current.get()
    if normaliser == "linear":
        if run is None and attention_mask is None and not (dropout and module.training):
            return normalisers.linear_attention(query, key, value, causal=causal).transpose(1, 2).contiguous(), None
        query, key, scaling = normalisers.features(query), normalisers.features(key), 1.0
    if causal and attention_mask is None:
        attention_mask = torch.ones(1, 1, query.shape[2], key.shape[2], dtype=torch.bool, device=query.device).tril()
    site = run.site(module) if run else None
    change = run.changes.get(site) if run and site is not None else None
    heads, group = query.shape[1], query.shape[1] // key.shape[1]
    scale = torch.full((1, heads, 1, 1), query.shape[-1] ** -0.5 if scaling is None else scaling, device=query.device)
    allow = None
    if change is not None:
        if normaliser != "linear":
            scale = scale * torch.as_tensor(change.scale, device=query.device, dtype=scale.dtype).reshape(1, -1, 1, 1)
        allow = _allowed(change, query, key)
    if attention_mask is not None and attention_mask.dim() == 4:
        attention_mask = attention_mask[..., : key.shape[2]]

    keys, values = (t.repeat_interleave(group, dim=1) if group > 1 else t for t in (key, value))
    outputs, maxima, sums = [], [], []
    for rows in _row_blocks(query.shape[2], query.shape[0] * heads * key.shape[2] * 4):
        everything = slice(None)
        scores = _scores(
            query[:, :, rows],
            keys,
            scale,
            _of(attention_mask, everything, everything, rows),
            _of(position_bias, everything, everything, rows),
            _of(allow, everything, everything, rows),
            softcap,
            normaliser,
        )
        if run and run.record:
            row_max, row_sum = _row_statistics(scores.detach(), normaliser, s_aux)
            maxima.append(row_max)
            sums.append(row_sum)
        weights = _weights(scores, normaliser, s_aux)
        if allow is not None:
            weights = weights.nan_to_num(0.0)
        weights = nn.functional.dropout(weights.to(query.dtype), p=dropout, training=module.training)
        outputs.append(torch.matmul(weights, values))
    z = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)

    if run and run.record:
        run.records.append(
            Record(
                query=query.detach(),
                key=key.detach(),
                value=value.detach(),
                scale=scale.detach(),
                mask=attention_mask,
                bias=None if position_bias is None else position_bias.detach(),
                allow=allow,
                softcap=softcap,
                row_max=torch.cat(maxima, dim=2),
                row_sum=torch.cat(sums, dim=2),
                module=module,
                site=site,
                normaliser=normaliser,
            )
        )
    if change is not None and change.gate is not None:
        z = _gated(z, change, values, attention_mask)
    return z.transpose(1, 2).contiguous(), None


class NotSupportedByInterface(RuntimeError):
    """The model's attention does more than the one attention function computes; it is opened view-only instead."""


def _scores(
    query: Tensor,
    key: Tensor,
    scale: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    allow: Tensor | None,
    softcap: float | None,
    normaliser: str,
) -> Tensor:
    """Scores before the softmax, (batch, heads, rows, key), float32; half precision is lifted before the product."""
    scores = torch.matmul(query.float(), key.float().transpose(2, 3)) * scale
    if normaliser == "linear":
        # Not exponentiated, so what is not seen is 0.
        for seen in (mask if mask is None else _seen(mask), allow):
            scores = scores if seen is None else scores.masked_fill(~seen, 0)
        return scores
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    if bias is not None:
        scores = scores + bias.float()
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min) if mask.dtype == torch.bool else scores + mask.float()
    if allow is not None:
        scores = scores.masked_fill(~allow, -math.inf)
    return scores


def _check_normaliser(normaliser: str, bias: Tensor | None, softcap: float | None, sinks: Tensor | None) -> None:
    if normaliser not in normalisers.NAMES:
        raise ValueError(f"a normaliser is one of {', '.join(normalisers.NAMES)}, not {normaliser!r}")
    if normaliser != "softmax" and sinks is not None:
        raise ValueError(f"a sink takes part in a softmax, not in {normaliser}")
    if normaliser == "linear" and (bias is not None or softcap is not None):
        raise ValueError("linear attention has no scores for a bias or a soft cap to act on")


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


def _row_blocks(n_rows: int, row_bytes: int) -> Iterator[slice]:
    step = max(1, BLOCK_BYTES // max(1, row_bytes))
    return (slice(start, min(start + step, n_rows)) for start in range(0, max(n_rows, 1), step))


def _of(t: Tensor | None, examples: slice, heads: slice, rows: slice) -> Tensor | None:
    """The part of a tensor that broadcasts to (batch, heads, query, key); axes of size 1 stay whole."""
    if t is None:
        return None
    whole = slice(None)
    return t[examples if t.shape[0] > 1 else whole, heads if t.shape[1] > 1 else whole, rows if t.shape[2] > 1 else whole]


def _seen(mask: Tensor) -> Tensor:
    """Where a mask lets a query see a key, bool."""
    return mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2


def _allowed(change: Change, query: Tensor, key: Tensor) -> Tensor | None:
    if change.allow is None and not change.cut:
        return None
    shape = (1, query.shape[1], query.shape[2], key.shape[2])
    if change.allow is None:
        allow = torch.ones(shape, dtype=torch.bool, device=query.device)
    else:
        allow = change.allow.to(device=query.device, dtype=torch.bool)
        allow = allow.reshape((1,) * (4 - allow.dim()) + tuple(allow.shape))
        allow = allow.expand(allow.shape[0], *shape[1:]).clone()
    for head, row, column in change.cut:
        allow[:, head, row, column] = False
    return allow


def _gated(z: Tensor, change: Change, values: Tensor, mask: Tensor | None) -> Tensor:
    gate = change.gate.to(device=z.device, dtype=z.dtype)
    gate = gate.reshape(gate.shape[0] if gate.dim() == 2 else 1, z.shape[1], 1, 1)
    if change.fill is None:
        return z * gate
    fill = _uniform(values, mask, z.shape[2]) if isinstance(change.fill, str) else change.fill.to(device=z.device, dtype=z.dtype)
    return z * gate + (1 - gate) * fill


def _uniform(values: Tensor, mask: Tensor | None, rows: int) -> Tensor:
    """Mean of the visible values: what a head passes on that attends to all of them alike."""
    if mask is None:
        return values.mean(dim=2, keepdim=True).expand(-1, -1, rows, -1)
    weights = _seen(mask).to(values.dtype)
    weights = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1)
    return torch.matmul(weights, values)


AttentionInterface.register(NAME, attention_function)
AttentionMaskInterface.register(NAME, eager_mask)
