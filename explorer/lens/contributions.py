"""A logit as a sum: what each head, each feed-forward layer and the embedding add to it directly (Elhage et al. 2021, "logit attribution").

Directly means: by the residual connections, the norms and the output head, and not by way of later heads or feed-forward layers. The
scale of each norm is what it was for the whole, so that the parts add up. What the parts do by way of others is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.i18n import _
from explorer.lens.frozen import Frozen
from explorer.lens.layers import checked, text_of
from explorer.reading import AnyText, read
from explorer.tokens import readable
from models import InputError, Model
from models.opening.devices import room_on
from models.opening.in_float32 import exact
from models.words import told

TOLERANCE = 1e-3
"""Where the parts miss the logit by more, as a share of it, the network does something between its layers that is not known here."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """One logit at one token of a text.

    Attributes:
        labels: readable tokens of the text.
        at: the token at which the logit is read.
        number, name: of the predicted token, or "a - b" for the difference of two.
        logit: what the model gives.
        chance: its probability; nan for a difference.
        heads: what each head adds, (layers, heads), nan where a layer has fewer heads.
        feed_forward: what each layer's feed-forward network adds, (layers,).
        embedding: what the embedding adds.
        biases: what is there whatever the text is: biases of the projections, the norms and the output head. Those of a feed-forward network are
            part of what it adds.
        best: the likeliest tokens here, as (number, name, probability), likeliest first.
    """

    labels: tuple[str, ...]
    at: int
    number: int
    name: str
    logit: float
    chance: float
    heads: np.ndarray
    feed_forward: np.ndarray
    embedding: float
    biases: float
    best: tuple[tuple[int, str, float], ...]

    @property
    def total(self) -> float:
        """Sum of all parts."""
        return float(np.nansum(self.heads) + self.feed_forward.sum() + self.embedding + self.biases)

    @property
    def deviation(self) -> float:
        """How far the parts are from the logit."""
        return abs(self.total - self.logit)


def contributions(
    model: Model, text: AnyText, at: int | None = None, number: int | None = None, *, against: int | None = None, masked: bool = False
) -> Contributions:
    """Takes a logit apart.

    Args:
        model: a decoder, or a masked language model.
        text: the text; or ids, or a capture, whose tokens are read as they are.
        at: the token at which the logit is read; the last one where None (the last but one of an encoder).
        number: the vocabulary id; the likeliest where None.
        against: another id whose logit is subtracted.
        masked: mask that token first.

    Raises:
        models.errors.OutOfMemoryError: the accelerator has no room for this text.
        InputError: as `lens`; or a network whose layers are not joined by sums and norms alone.
    """
    vocabulary = checked(model)
    n = len(read(model, text))
    at = (n - 1 if model.kind == "decoder" else max(0, n - 2)) if at is None else at
    if at not in range(n):
        raise InputError(_("There is no token {at}; there are {n}, counted from 0.").format(at=at, n=n))
    for given in (number, against):
        if given is not None and not 0 <= given < vocabulary:
            raise InputError(_("There is no id {number} in this vocabulary of {n}.").format(number=given, n=vocabulary))
    tokens = text_of(model, text, at if masked else None)
    # A sum of rounded parts is not the rounded sum: half precision is taken apart in float32.
    with model.lock, room_on(model.device, told("{n} tokens", n=n)), exact(model.network):
        inputs = tokens.inputs(model.device)
        with torch.no_grad():
            real = model.network(**inputs).logits[0, at].float()
        number = int(real.argmax()) if number is None else number
        frozen = Frozen(model)
        with torch.enable_grad():
            logits = frozen.logits(inputs)[0, at].float()
            leaves = frozen.given.leaves()
            gradients = torch.autograd.grad(_of(logits, number, against), leaves, allow_unused=True)
        biases = float(_of(frozen.constant(inputs)[0, at].float(), number, against))
    made = _split(model, frozen, dict(zip(map(id, leaves), gradients, strict=True)))
    chances = real.softmax(-1)
    likeliest = chances.topk(min(10, len(real))).indices.tolist()
    names = readable(model.tokenizer, [*likeliest, number, number if against is None else against])
    found = Contributions(
        labels=tuple(tokens.labels),
        at=at,
        number=number,
        name=names[-2] if against is None else f"{names[-2]} - {names[-1]}",
        logit=float(_of(real, number, against)),
        chance=float(chances[number]) if against is None else float("nan"),
        biases=biases,
        best=tuple((i, name, float(chances[i])) for i, name in zip(likeliest, names, strict=False)),
        **made,
    )
    if not found.deviation <= TOLERANCE * max(1.0, float(real.abs().max())):
        raise InputError(
            _("The parts of this logit do not add up to it in {name} ({total:.4f} against {logit:.4f}).").format(
                name=model.name, total=found.total, logit=found.logit
            ),
            _("Its layers are joined in a way that is not known here. Choose another model, or float32."),
        )
    return found


def _of(logits: Tensor, number: int, against: int | None) -> Tensor:
    return logits[number] if against is None else logits[number] - logits[against]


def _split(model: Model, frozen: Frozen, gradients: dict[int, Tensor | None]) -> dict:
    def part(leaf: Tensor) -> Tensor:
        gradient = gradients[id(leaf)]
        return torch.zeros_like(leaf) if gradient is None else (leaf.detach() * gradient).float()

    given = frozen.given
    heads = np.full((len(model.sites), max((site.heads for site in model.sites), default=0)), np.nan)
    for site in model.sites:
        heads[site.layer, : site.heads] = part(given.heads[site.index]).sum((0, 2, 3)).cpu().numpy()
    feed = [sum(float(part(leaf).sum()) for leaf in given.feed_forward.get(layer, ())) for layer in range(len(model.sites))]
    return {"heads": heads, "feed_forward": np.array(feed), "embedding": float(part(given.embedding[0]).sum())}
