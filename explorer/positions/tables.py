"""What a model knows of positions, taken from the model itself: the table that it adds to its tokens, or T5's biases by distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from explorer import reading
from explorer.i18n import N_, _
from models import InputError, Model
from models.surgery.private import private
from models.toy import ToyModel

LEARNED, SINUSOIDAL, ROPE, RELATIVE, ALIBI, NONE, UNKNOWN = "learned", "sinusoidal", "rope", "relative", "alibi", "none", "unknown"
"""Kinds of positions, see `kind`."""
SAID = {
    LEARNED: N_("learned positions, added to the tokens"),
    SINUSOIDAL: N_("sinusoids, computed and not learned"),
    ROPE: N_("RoPE, which turns queries and keys"),
    RELATIVE: N_("relative buckets, a learned bias on the scores for each distance (T5)"),
    ALIBI: N_("ALiBi, a bias on the scores that falls with the distance"),
    NONE: N_("no positions"),
    UNKNOWN: N_("positions of a kind that is not known here"),
}
"""What each kind is, in a viewer's words."""
FARTHEST = 128
"""Largest distance of `relative_buckets`; T5 tells larger ones apart no more."""
_PROBED = 6


@dataclass(frozen=True, eq=False)
class Table:
    """Positions that are added to the tokens, row by row.

    Attributes:
        values: (positions, width), float32; row i is what position i adds.
        name: of the module that holds them.
        weight_rows: the rows of its weight matrix that those are. RoBERTa and OPT leave the first two out.
        learned: False for sinusoids.
    """

    values: np.ndarray
    name: str
    weight_rows: range
    learned: bool = True


@dataclass(frozen=True, eq=False)
class RelativeBias:
    """What T5 adds to a score, by head and by distance.

    Attributes:
        values: (heads, distances), float32.
        offsets: position of the key minus position of the query, (distances,). A decoder sees none above 0.
        buckets: number of values that each head has learned; far distances share one.
        part: "encoder" or "decoder".
    """

    values: np.ndarray
    offsets: np.ndarray
    buckets: int
    part: str


@dataclass(frozen=True, eq=False)
class Similarity:
    """How alike the rows of a table are, (n, n) each: cosine of the angle between two rows, and their dot product."""

    cosine: np.ndarray
    dot: np.ndarray


def kind(model: Model) -> str:
    """Where the model's order comes from, apart from its mask: one of the kinds above."""
    return kind_and_table(model)[0]


def kind_and_table(model: Model) -> tuple[str, Table | None]:
    """`kind` and `added`, for the price of one."""
    table, network = added(model), model.network
    if table is not None:
        return LEARNED if table.learned else SINUSOIDAL, table
    if isinstance(network, ToyModel):
        return network.config.positions, None
    if rotary(network):
        return ROPE, None
    if biased(network):
        return RELATIVE, None
    builds = ("build_alibi_tensor", "build_mpt_alibi_tensor")
    if getattr(network.config, "alibi", False) or any(hasattr(network.base_model, name) for name in builds):
        return ALIBI, None
    return UNKNOWN, None


def added(model: Model) -> Table | None:
    """The table that the model adds to its tokens, learned or not; None where it adds none.

    Found by what it does, not by its name: of several equal tokens, one embedding makes different rows, and they are neighbours.
    """
    network = private(model.network)
    if isinstance(network, ToyModel):
        return _of_toy(network)
    calls: list[tuple[str, Tensor, Tensor]] = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Embedding):
            module.register_forward_hook(lambda module, _args, out, name=name: calls.append((name, module.weight.to(out.device), out)))
    with model.lock, torch.inference_mode():
        # The padding token would be left out of the count (RoBERTa).
        token = next(i for i in range(2) if i != network.config.get_text_config().pad_token_id)
        reading.run(network, reading.inputs(torch.full((1, _PROBED), token), (), model.device))
        for name, weight, out in calls:
            if out.numel() == _PROBED * out.shape[-1] and (start := first_row(weight, out.reshape(_PROBED, -1))) is not None:
                return _table(weight[start:], name, start)
    return None


def learned(model: Model) -> Table:
    """The learned position table, as the embedding layer adds it; of the encoder, where there is one beside a decoder.

    Raises:
        InputError: the model has none; the text says what it has.
    """
    found, table = kind_and_table(model)
    if found != LEARNED:
        problem = _("{model} has no table of learned positions: it has {kind}.").format(model=model.name, kind=_(SAID[found]))
        raise InputError(problem, _("Choose a BERT, a GPT-2 or a toy."))
    return table


def relative_buckets(model: Model, part: str = "encoder") -> RelativeBias:
    """T5's bias for each distance from -128 to 128, 0 at most in a decoder, by its own `compute_bias` (Raffel et al. 2020, section 2.1).

    Raises:
        InputError: the model has no such biases, or no such part.
    """
    module = next((m for m in biased(model.network) if part == ("decoder" if m.is_decoder else "encoder")), None)
    if module is None:
        problem = _("{model} has no relative buckets in the {part}: it has {kind}.")
        raise InputError(problem.format(model=model.name, part=part, kind=_(SAID[kind(model)])), _("Choose a T5."))
    last = 0 if module.is_decoder else FARTHEST
    with model.lock, torch.inference_mode():
        # One query with FARTHEST tokens before it.
        bias = module.compute_bias(1, FARTHEST + 1 + last, device=model.device, past_seen_tokens=FARTHEST)
    values = bias[0, :, 0].float().cpu().numpy()
    return RelativeBias(values, np.arange(-FARTHEST, last + 1), module.relative_attention_bias.num_embeddings, part)


def pca(values: np.ndarray, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Principal components: (n, k) coordinates of the rows, and the share of the variance that each explains, (k,).

    Raises:
        InputError: more components than rows or columns.
    """
    if not 1 <= k <= min(values.shape):
        n, width = values.shape
        raise InputError(_("{n} rows of {width} numbers have no {k} components.").format(n=n, width=width, k=k), _("Choose fewer."))
    from sklearn.decomposition import PCA  # takes a second to import, which no other command is to wait for

    fitted = PCA(k, svd_solver="full")
    return fitted.fit_transform(values), fitted.explained_variance_ratio_


def similarity(values: np.ndarray) -> Similarity:
    """Cosine and dot product of each row with each other one; the cosine with a row of zeros is 0."""
    dot = values @ values.T
    norms = np.sqrt(np.diag(dot))
    lengths = np.outer(norms, norms)
    return Similarity(np.divide(dot, lengths, out=np.zeros_like(dot), where=lengths > 0).clip(-1, 1), dot)


def rotary(network: nn.Module) -> list[tuple[nn.Module, str]]:
    """The modules that hold RoPE's frequencies, and the name of each buffer."""
    return [(module, name) for module in network.modules() for name, _b in module.named_buffers(recurse=False) if name.endswith("inv_freq")]


def biased(network: nn.Module) -> list[nn.Module]:
    """The attention modules that hold T5's biases."""
    return [module for module in network.modules() if hasattr(module, "compute_bias") and hasattr(module, "relative_attention_bias")]


def _of_toy(network: ToyModel) -> Table | None:
    order = network.transformer.embedding.order(network.config.max_length)
    if order is None:
        return None
    is_learned = network.config.positions == "learned"
    return Table(_numpy(order), "transformer.embedding.position" if is_learned else "sinusoids", range(len(order)), is_learned)


def first_row(weight: Tensor, rows: Tensor) -> int | None:
    """Where these rows begin in a matrix, one below the other; None where they do not, or where all are the same."""
    if (rows == rows[0]).all():
        return None
    starts = (weight == rows[0]).all(dim=1).nonzero()[:, 0].tolist()
    return next((start for start in starts if torch.equal(weight[start : start + len(rows)], rows)), None)


def _table(rows: Tensor, name: str, start: int) -> Table:
    # Of sinusoids, the first row is sin 0 and cos 0; nobody learns that.
    is_learned = not bool(((rows[0] == 0) | (rows[0] == 1)).all())
    return Table(_numpy(rows), name, range(start, start + len(rows)), is_learned)


def _numpy(t: Tensor) -> np.ndarray:
    return t.detach().float().cpu().numpy()
