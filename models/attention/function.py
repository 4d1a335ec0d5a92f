"""The one attention function: computed and changed here and nowhere else, and recorded as `models.attention.records` says.

transformers dispatches the attention of most models through `AttentionInterface`. We register one function there. What it
records and what it changes travels in a context variable, set for one call: networks are shared between viewers, and
nothing that one viewer asks for may be left behind on a network.

Recorded per call are queries, keys, values and the softmax's row statistics, O(n d) numbers. A pattern is
`exp(scale q k^T + bias - lse)`, computed when someone looks, so that no n x n matrix of all heads is ever kept. The toy
transformer also has sparsemax and linear attention (`models.attention.normalisers`); they are recorded and changed in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask

from models.attention import normalisers, scoring
from models.attention.records import Record

NAME = "attention_explorer"

_CHANGES_SCORES = {"indices", "block_indices"}
"""Arguments with which some models choose keys inside their attention; ignoring them would show a wrong picture."""


@dataclass(frozen=True, eq=False)
class Change:
    """What to do differently at one attention site.

    Attributes:
        gate: factor on each head's output z *before* the output projection, shape (heads,) or (batch, heads); 1 keeps a
            head, 0 removes it. May carry gradients (Michel et al. 2019, section 2.2).
        replacement: what takes the place of the removed part, `gate * z + (1 - gate) * replacement`: None for zero, "uniform" for the mean of all
            visible values, or a tensor that broadcasts to (batch, heads, query, head dim): a mean, or another example's z.
        scale: factor on the model's own scale, a number or a tensor of shape (heads,).
        allow: bool, broadcasts to (batch, heads, query, key); False cuts edges before the softmax, so the rest of the row
            still sums to 1. A row that is cut completely attends to nothing, and its output is zero.
        cut: single edges (head, query, key) to cut, in addition to `allow`.
        added: added to z after all else, broadcasts to (batch, heads, query, value dim). Zeros that carry gradients collect dL/dz.
    """

    gate: Tensor | None = None
    replacement: Tensor | str | None = None
    scale: float | Tensor = 1.0
    allow: Tensor | None = None
    cut: tuple[tuple[int, int, int], ...] = ()
    added: Tensor | None = None

    def __post_init__(self) -> None:
        if isinstance(self.replacement, str) and self.replacement != "uniform":
            raise ValueError(f'a replacement is None, "uniform" or a tensor, not {self.replacement!r}')


Observer = Callable[[int | None, slice, Tensor, Tensor | None], None]
"""Told of each block of query rows as it is computed: site, rows, weights (batch, heads, rows, key) and the mask of all rows."""


@dataclass(eq=False)
class Run:
    """What one `attending` context records and changes. Made by `attending`."""

    changes: Mapping[int, Change] = field(default_factory=dict)
    record: bool = True
    observe: Observer | None = None
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
    observe: Observer | None = None,
) -> Iterator[Run]:
    """Record and change attention in this thread, until the block ends.

    Args:
        sites_of: site numbers by `id(module)`, from `models.opening.sites`; without it calls are recorded but not numbered.
        changes: what to change, by site number.
        record: keep a `Record` of every call in `Run.records`, in the order of the calls.
        observe: told of all weights while they are there, and cheaper than a record where every weight is looked at; keep none of them.

    Raises:
        ValueError: changes without `sites_of`, or for a site that does not exist.
    """
    changes = dict(changes or {})
    known = {site for sites in (sites_of or {}).values() for site in sites}
    if unknown := set(changes) - known:
        raise ValueError(f"no attention site {sorted(unknown)}; there are {len(known)}, counted from 0")
    run = Run(changes, record, observe, sites_of or {})
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
    for rows in scoring.row_blocks(query.shape[2], query.shape[0] * heads * key.shape[2] * 4, query.device):
        everything = slice(None)
        scores = scoring.scores_of(
            query[:, :, rows],
            keys,
            scale,
            scoring.part_of(attention_mask, everything, everything, rows),
            scoring.part_of(position_bias, everything, everything, rows),
            scoring.part_of(allow, everything, everything, rows),
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
        if run and run.observe:
            run.observe(site, rows, weights.detach(), attention_mask)
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
    if change is not None and change.added is not None:
        z = z + change.added.to(device=z.device, dtype=z.dtype)
    return z.transpose(1, 2).contiguous(), None


class NotSupportedByInterface(RuntimeError):
    """The model's attention does more than the one attention function computes; it is opened view-only instead."""


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
    if change.replacement is None:
        return z * gate
    replacement = (
        scoring.uniform(values, mask, z.shape[2])
        if isinstance(change.replacement, str)
        else change.replacement.to(device=z.device, dtype=z.dtype)
    )
    return z * gate + (1 - gate) * replacement


AttentionInterface.register(NAME, attention_function)
AttentionMaskInterface.register(NAME, eager_mask)
