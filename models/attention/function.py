"""The one attention function: computed and changed here and nowhere else, and recorded as `models.attention.records` says.

transformers dispatches the attention of most models through `AttentionInterface`. We register one function there. What it
records and what it changes travels in a context variable, set for one call: networks are shared between viewers, and
nothing that one viewer asks for may be left behind on a network.

Recorded per call are queries, keys, values and the softmax's row statistics, O(n d) numbers. A pattern is
`exp(scale q k^T + bias - lse)`, computed when someone looks, so that no n x n matrix of all heads is ever kept. These are what a
fused kernel has in its hands (`models.attention.kernel`); it computes all calls whose weights nobody looks at. The toy
transformer also has sparsemax and linear attention (`models.attention.normalisers`); they are recorded and changed in the same way.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask, sdpa_mask

from models import stopping
from models.attention import heap, kernel, normalisers, scoring
from models.attention.calls import Call
from models.attention.records import Record
from models.attention.runs import Change, current

NAME = "attention_explorer"
"""Under this name every mask is given in full, as to eager attention; no mask means that every query sees every key."""
LEAN = "attention_explorer_lean"
"""Under this name a mask that only says "looks back" is not made, as for transformers' sdpa: the module says whether it is causal."""
NAMES = (NAME, LEAN)

_CHANGES_SCORES = {"indices", "block_indices"}
"""Arguments with which some models choose keys inside their attention; ignoring them would show a wrong picture."""


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
    if not module.training:  # a step of a training is whole, or not there
        stopping.look()
    if asked := _CHANGES_SCORES & {name for name, given in kwargs.items() if given is not None}:
        raise NotSupportedByInterface(f"attention with {', '.join(sorted(asked))}")
    _check_normaliser(normaliser, position_bias, softcap, s_aux)
    run = current.get()
    if normaliser == "linear":
        if run is None and attention_mask is None and not (dropout and module.training):
            return normalisers.linear_attention(query, key, value, causal=causal).transpose(1, 2).contiguous(), None
        query, key, scaling = normalisers.features(query), normalisers.features(key), 1.0
    causal = causal and attention_mask is None
    site = run.site(module) if run else None
    change = run.changes.get(site) if run and site is not None else None
    heads = query.shape[1]
    scale = torch.full((1, heads, 1, 1), query.shape[-1] ** -0.5 if scaling is None else scaling, device=query.device)
    allow = None
    if change is not None:
        if normaliser != "linear":
            scale = scale * torch.as_tensor(change.scale, device=query.device, dtype=scale.dtype).reshape(1, -1, 1, 1)
        allow = _allowed(change, query, key)
    if attention_mask is not None and attention_mask.dim() == 4:
        attention_mask = attention_mask[..., : key.shape[2]]

    call = Call(query, key, value, scale, attention_mask, position_bias, allow, causal, softcap, s_aux, normaliser, site, run)
    dropping = dropout > 0 and module.training
    looked_at = dropping or (run is not None and run.observe is not None) or softcap is not None or normaliser != "softmax"
    if not looked_at and kernel.serves(query, key, value, attention_mask, position_bias, allow, scale, s_aux):
        z, row_max, row_sum = call.fused()
    else:
        z, row_max, row_sum = call.in_blocks(dropout if dropping else 0.0)

    if run and run.record:
        run.records.append(
            Record(
                query=heap.kept(query),
                key=heap.kept(key),
                value=heap.kept(value),
                scale=scale.detach(),
                mask=attention_mask,
                bias=None if position_bias is None else position_bias.detach(),
                allow=allow,
                softcap=softcap,
                row_max=row_max,
                row_sum=row_sum,
                module=module,
                site=site,
                normaliser=normaliser,
                causal=causal,
            )
        )
    if change is not None and change.gate is not None:
        z = _gated(z, change, call.repeated(value), attention_mask, causal)
    if change is not None and change.added is not None:
        z = z + change.added.to(device=z.device, dtype=z.dtype)
    if run and run.outputs:
        run.outputs(site, z, value)
    return z.transpose(1, 2).contiguous(), None


def lean_attention_function(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    causal: bool = False,
    is_causal: bool | None = None,
    **kwargs: object,
) -> tuple[Tensor, None]:
    """`attention_function` for networks that give no mask where it would only say "looks back", as to transformers' sdpa.

    Args:
        is_causal: query i sees keys 0..i where no mask is given; None asks the module, as transformers does. All others as there.
    """
    causal = causal or looks_back(module, query.shape[2], attention_mask, is_causal)
    return attention_function(module, query, key, value, attention_mask, causal=causal, **kwargs)


def looks_back(module: nn.Module, rows: int, mask: Tensor | None, is_causal: bool | None = None) -> bool:
    """What no mask means under `LEAN`, as in `transformers.integrations.sdpa_attention`. A lone query sees all that is in the cache."""
    return mask is None and rows > 1 and bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)


def _lean_mask(**kwargs: object) -> Tensor | None:
    """None where transformers' sdpa needs no mask, else numbers that are added, as eager attention has them."""
    mask = sdpa_mask(**kwargs)
    return (
        mask if mask is None else torch.where(mask, torch.zeros((), device=mask.device, dtype=kwargs["dtype"]), torch.finfo(kwargs["dtype"]).min)
    )


class NotSupportedByInterface(RuntimeError):
    """The model's attention does more than the one attention function computes; it is opened view-only instead."""


def _check_normaliser(normaliser: str, bias: Tensor | None, softcap: float | None, sinks: Tensor | None) -> None:
    if normaliser not in normalisers.NAMES:
        raise ValueError(f"a normaliser is one of {', '.join(normalisers.NAMES)}, not {normaliser!r}")
    if normaliser != "softmax" and sinks is not None:
        raise ValueError(f"a sink takes part in a softmax, not in {normaliser}")
    if normaliser == "linear" and (bias is not None or softcap is not None):
        raise ValueError("linear attention has no scores for a bias or a soft cap to act on")


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


def _gated(z: Tensor, change: Change, values: Tensor, mask: Tensor | None, causal: bool = False) -> Tensor:
    gate = change.gate.to(device=z.device, dtype=z.dtype)
    gate = gate.reshape(gate.shape[0] if gate.dim() == 2 else 1, z.shape[1], 1, 1)
    if change.replacement is None:
        return z * gate
    replacement = (
        scoring.uniform(values, mask, z.shape[2], causal)
        if isinstance(change.replacement, str)
        else change.replacement.to(device=z.device, dtype=z.dtype)
    )
    return z * gate + (1 - gate) * replacement


AttentionInterface.register(NAME, attention_function)
AttentionMaskInterface.register(NAME, eager_mask)
AttentionInterface.register(LEAN, lean_attention_function)
AttentionMaskInterface.register(LEAN, _lean_mask)
