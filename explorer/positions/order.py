"""Tokens in another order: without position information attention only moves its outputs, Attention(PX) = P Attention(X).

That is equivariance; texts often call it invariance, but the outputs do move. Positions are switched off in a private copy of the
network that shares its weights: a table adds the mean of its rows to every token, none is turned, and biases by distance are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from explorer.i18n import N_, _
from explorer.positions import tables
from explorer.reading import AnyText, Tokens, read, run
from models import InputError, Model
from models.opening.devices import room_on
from models.opening.in_float32 import exact
from models.surgery.private import private
from models.toy import ToyModel, tasks
from models.training.runs import SHIPPED
from models.training.settings import Settings
from models.training.toy import Training, configure
from models.words import told

_ROUNDING = 1e-4
"""Deviation, as a share of the largest output, that may still be rounding."""


@dataclass(frozen=True, eq=False)
class Equivariance:
    """What a model makes of tokens and of the same tokens in another order.

    Attributes:
        labels: readable tokens, in the order of the text.
        order: place i of the new order holds token `order[i]` of the text.
        before: f(X), outputs of the last layer for the text, (n, width), float32.
        after: f(PX), outputs for the new order, likewise.
        positions: whether the model had its position information.
        order_in_mask: how the mask itself tells the order, so that equivariance need not hold without positions either; else empty.
    """

    labels: tuple[str, ...]
    order: tuple[int, ...]
    before: np.ndarray
    after: np.ndarray
    positions: bool
    order_in_mask: str

    @property
    def moved(self) -> np.ndarray:
        """P f(X): the outputs for the text, put into the new order, (n, width)."""
        return self.before[list(self.order)]

    @property
    def deviation(self) -> np.ndarray:
        """Largest |f(PX) - P f(X)| of each place of the new order, (n,)."""
        return np.abs(self.after - self.moved).max(axis=1)

    @property
    def max(self) -> float:
        return float(self.deviation.max())

    @property
    def scale(self) -> float:
        """Largest |f(X)|, to set deviations beside."""
        return float(np.abs(self.before).max())


def permuted(model: Model, text: AnyText, order: Sequence[int], positions: bool = True) -> Equivariance:
    """Runs a text and the same tokens in another order.

    Args:
        model: any; of an encoder-decoder, the encoder.
        text: a text, ids, or a capture; a token keeps the segment that it belongs to.
        order: a permutation of all tokens; or of those alone that frame nothing, where [CLS] and the like stay in place.
        positions: False switches position information off.

    Raises:
        InputError: no permutation; positions that cannot be switched off; as `explorer.reading.read`.
    """
    tokens = read(model, text)
    full = _full(tokens, order)
    # In float32, whatever the weights are in: rounding to half precision would pass for a dependence on order.
    with model.lock, torch.no_grad(), room_on(model.device, told("{n} tokens", n=2 * len(tokens))):
        both = [of.inputs(model.device) for of in (tokens, tokens.take(full))]
        network = model.network if positions else without_positions(model)
        with exact(model.network):
            before, after = run(network, {name: torch.cat([given[name] for given in both]) for name in both[0]}).float().cpu().numpy()
    found = Equivariance(tuple(tokens.labels), full, before, after, positions, _order_in_mask(model))
    if not positions:
        _check(found, network, model)
    return found


def without_positions(model: Model) -> nn.Module:
    """A private copy of the network, sharing its weights, that knows of no positions.

    Where a table is added, every position gets the mean of all its rows. Any vector that is the same everywhere tells no order; the first
    row would, too, but some networks take it for their first token ([CLS]) and then make much the same of every word (MiniLM).

    Raises:
        InputError: positions of a kind that cannot be switched off.
    """
    kind, table = tables.kind_and_table(model)
    network = private(model.network)
    if kind == tables.NONE:
        return network
    if isinstance(network, ToyModel):
        if table is None:
            network.config.positions = "none"  # of the copy: neither rotation nor bias
        else:
            mean = network.transformer.embedding.order(network.config.max_length).mean(0, keepdim=True)
            network.transformer.embedding.order = lambda n: mean.expand(n, -1)
    elif table is not None:
        module = network.get_submodule(table.name)
        # Of its values, float32: a mean of many rows in half precision would be that of a few.
        mean = torch.from_numpy(table.values.mean(axis=0)).to(module.weight)
        module.weight = _constant(mean.expand_as(module.weight))
    elif kind == tables.ROPE:
        for module, name in tables.rotary(network):
            setattr(module, name, torch.zeros_like(getattr(module, name)))
    elif kind == tables.RELATIVE:
        for module in tables.biased(network):
            module.relative_attention_bias.weight = _constant(torch.zeros_like(module.relative_attention_bias.weight))
    else:
        _cannot(model, _(tables.SAID[kind]))
    return network


def toy(positions: str = "learned") -> Model:
    """An untrained bidirectional toy that reads 我爱你, with any of the positions of `ToyConfig`.

    Raises:
        InputError: there are no such positions.
    """
    task = tasks.make("order")
    return Training(task, configure(task, positions=positions, d_model=32, tie_embeddings=False), Settings()).model()


def trained_toys() -> dict[str, Path]:
    """Folders of the shipped toys that say who does it in 我爱你, by name: one with positions and one without; `models.load` opens them."""
    return {name: SHIPPED / name for name in ("order", "order-without-positions") if (SHIPPED / name).is_dir()}


def _full(tokens: Tokens, order: Sequence[int]) -> tuple[int, ...]:
    given, free = [int(i) for i in order], tokens.free
    if len(given) == len(free) < len(tokens) and sorted(given) == list(range(len(free))):
        full = list(range(len(tokens)))
        for place, i in zip(free, given, strict=True):
            full[place] = free[i]
        return tuple(full)
    if sorted(given) != list(range(len(tokens))):
        problem = _("This is no order of {n} tokens, or of the {free} that frame nothing.").format(n=len(tokens), free=len(free))
        raise InputError(problem, _("Name each of them once, from 0."))
    return tuple(given)


def _order_in_mask(model: Model) -> str:
    if model.kind == "decoder":
        return N_("The causal mask is order, too: a token sees only itself and those before it.")
    if getattr(model.network.config, "attention", "") in ("window", "strided", "global"):
        return N_("Each token sees a part of the others, chosen by place: the mask is order, too.")
    return ""


def _check(found: Equivariance, network: nn.Module, model: Model) -> None:
    """Raises InputError where something was left on that could be found out."""
    # Some kinds of RoPE compute their frequencies anew.
    turned = any(bool(getattr(module, name).any()) for module, name in tables.rotary(network))
    if turned or (not found.order_in_mask and found.max > _ROUNDING * max(1.0, found.scale)):
        _cannot(model, _("more information about the order than was found"))


def _cannot(model: Model, what: str) -> None:
    problem = _("The positions of {model} cannot be switched off: it has {what}.").format(model=model.name, what=what)
    raise InputError(problem, _("Choose a BERT, a T5 or a bidirectional toy."))


def _constant(weight: torch.Tensor) -> nn.Parameter:
    return nn.Parameter(weight.detach(), requires_grad=False)
