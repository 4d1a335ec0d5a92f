"""Attention in one fused call that never makes the matrix of weights, where nobody looks at every weight.

torch's flash kernels (Dao et al. 2022) walk over keys in tiles and keep, per query row, the output and the log-sum-exp of its scores.
That is all that a record keeps too, so recording costs what not recording costs. What they cannot compute is left to the blocks of
`models.attention.calls`, and both give the same within rounding. On the processor it takes float32 alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce

import torch
from torch import Tensor, nn

from models.attention import scoring

NOTHING_SEEN = -1e3
"""A row whose log-sum-exp lies below this sees nothing but what is masked."""
_EXACT = 128.0
"""Up to here a log-sum-exp in float32 says its weights within 1e-5. Blocks keep the largest score and the sum apart."""
_ADDED_BYTES = 32 * 2**20
"""What is added to the scores, where it has to be put together from parts, is made in blocks of rows below this."""


@dataclass(frozen=True, eq=False)
class Fused:
    """What the kernel gave for one call.

    Attributes:
        output: (batch, heads, query, value dim), in the precision of the values.
        lse: log-sum-exp of each row's scores, sinks not included, (batch, heads, query), float32.
        apart: numbers of the rows that blocks compute better: those that saw nothing in some head or example, and those of huge scores; None
            where there are none.
    """

    output: Tensor
    lse: Tensor
    apart: Tensor | None


def serves(query: Tensor, key: Tensor, value: Tensor, *others: Tensor | None) -> bool:
    """Whether a call can be left to the kernel: on the processor or a card, not empty, and nobody asks for gradients.

    Args:
        query, key, value: as in `models.attention.function.attention_function`.
        others: whatever else takes part and may carry gradients, or None.
    """
    given = [query, key, value, *(other for other in others if other is not None)]
    if not all(one.numel() for one in given) or torch._C._functorch.peek_interpreter_stack() is not None:
        return False
    if torch.is_grad_enabled() and any(one.requires_grad for one in given):
        return False
    if query.device.type == "cuda":
        plain = len(given) == 3 or all(one.dim() == 4 and one.shape[2:] == (1, 1) for one in given[3:])
        return plain and query.dtype == key.dtype == value.dtype and _trusted(query.device, query.dtype)
    # Half precision is computed in blocks, which round where eager attention rounds.
    return query.device.type == "cpu" and query.dtype == key.dtype == value.dtype == torch.float32


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: Tensor,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    allow: Tensor | None = None,
    causal: bool = False,
) -> Fused:
    """Softmax attention; the arguments are those of `scoring.scores_of`, with key/value heads not repeated.

    Args:
        query: (batch, heads, query, head dim).
        key, value: (batch, kv heads, key, head dim or value dim).
        scale: (1, heads, 1, 1).
        mask, bias, allow: broadcast to (batch, heads, query, key), or None.
        causal: query i sees keys 0..i; only where there is no mask.
    """
    first = float(scale[0, 0, 0, 0])
    if (scale != first).any() or first <= 0:
        # The kernel knows one scale for all heads, and multiplies what a causal mask hid by it: 0 times minus infinity is no number.
        query, first = query.float() * scale, 1.0
    rows, keys, width = query.shape[2], key.shape[2], value.shape[-1]
    given = _alike(query, key, value)
    if mask is bias is allow is None and (not causal or rows == keys):
        output, lse = _call(*given, None, causal, first)
        return Fused(output[..., :width].to(value.dtype), lse, _numbers(lse.abs() > _EXACT))
    if bias is allow is None and mask is not None and mask.dtype == torch.float32:
        output, lse = _call(*given, mask, False, first)
    else:
        parts = [t for t in (mask, bias, allow) if t is not None]
        maps = [max(t.shape[axis] for t in parts) if parts else 1 for axis in (0, 1)]
        step = max(1, _ADDED_BYTES // (4 * maps[0] * maps[1] * keys))
        found = []
        for start in range(0, rows, step):
            block = slice(start, min(start + step, rows))
            added = _added(mask, bias, allow, causal, block, rows, keys, query.device)
            found.append(_call(given[0][:, :, block], *given[1:], added, False, first))
        output, lse = found[0] if len(found) == 1 else (torch.cat([one[i] for one in found], dim=2) for i in (0, 1))
    # Of a row that sees nothing at all the kernel says 0.
    return Fused(output[..., :width].to(value.dtype), lse, _numbers((lse == 0) | (lse.abs() > _EXACT)))


def _numbers(found: Tensor) -> Tensor | None:
    """Of the rows in which it is found in some head or example, (batch, heads, query); None where there are none."""
    rows = found.any(0).any(0)
    return rows.nonzero()[:, 0] if rows.any() else None


def with_sinks(output: Tensor, lse: Tensor, sinks: Tensor) -> tuple[Tensor, Tensor]:
    """Output and log-sum-exp, once one more score per head took part in the softmax and was dropped; sinks (heads,)."""
    sinks = sinks.float().reshape(1, -1, 1)
    return output * torch.sigmoid(lse - sinks)[..., None].to(output.dtype), torch.logaddexp(lse, sinks)


def _alike(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """All of one width, with numbers of one position side by side, as the kernel wants them."""
    width = max(query.shape[-1], value.shape[-1])
    made = []
    for t in (query, key, value):
        if t.shape[-1] < width:
            t = nn.functional.pad(t, (0, width - t.shape[-1]))  # zeros add nothing to a product; the scale is given
        made.append(t if t.stride(-1) == 1 else t.contiguous())
    return made[0], made[1], made[2]


def _added(
    mask: Tensor | None, bias: Tensor | None, allow: Tensor | None, causal: bool, rows: slice, n_rows: int, n_keys: int, device: torch.device
) -> Tensor:
    """What is added to the scores of some rows, float32, 4 axes that broadcast: the same as `scoring.scores_of` does one by one."""
    whole = slice(None)
    mask = scoring.causal_rows(rows, n_rows, n_keys, device) if causal and mask is None else scoring.part_of(mask, whole, whole, rows)
    if mask is not None and mask.dtype == torch.bool:
        mask = torch.where(mask, 0.0, torch.finfo(torch.float32).min)
    terms = [t.float() for t in (scoring.part_of(bias, whole, whole, rows), mask) if t is not None]
    added = reduce(torch.add, terms) if terms else torch.zeros(1, 1, 1, 1, device=device)
    if allow is not None:
        added = torch.where(scoring.part_of(allow, whole, whole, rows), added, float("-inf"))
    return added


def _call(query: Tensor, key: Tensor, value: Tensor, added: Tensor | None, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
    if query.device.type == "cpu":
        how = {"attn_mask": added, "scale": scale}
        return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value, 0.0, causal, **how)
    group = query.shape[1] // key.shape[1]
    key, value = (t.repeat_interleave(group, dim=1) if group > 1 else t for t in (key, value))
    found = torch.ops.aten._scaled_dot_product_efficient_attention(query, key, value, None, True, 0.0, causal, scale=scale)
    return found[0], found[1][..., : query.shape[2]]  # the log-sum-exp is made for whole tiles of rows


@cache
def _trusted(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a card's kernel gives what the definition gives: tried once, as kernels differ by card, by version and by precision."""
    try:
        with torch.no_grad():
            draw = torch.Generator(device).manual_seed(0)
            query, key, value = (torch.randn(1, 2, 40, 16, device=device, generator=draw).to(dtype) for _ in range(3))
            scores = (query.float() @ key.float().mT / 4).masked_fill(torch.ones(40, 40, device=device).triu(1).bool(), float("-inf"))
            output, lse = _call(query, key, value, None, True, 0.25)
            close = torch.allclose(lse, scores.logsumexp(-1), rtol=0, atol=1e-5)
            return close and torch.allclose(
                output.float(), scores.softmax(-1) @ value.float(), rtol=0, atol=1e-5 if dtype == torch.float32 else 2e-2
            )
    except RuntimeError:
        return False
