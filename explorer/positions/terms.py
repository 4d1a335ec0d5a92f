"""A score of the first layer as four terms: W(x + p) = W x + W p, so content and position meet in four ways.

x is the token's embedding, with segment and all constants (biases of norms and projections); p is the position's. A layer norm between
them and the queries is affine once its statistics are those of the sum: each part is centred by itself, and divided by the sum's
standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import subspace_angles
from torch import Tensor, nn

from explorer.i18n import _
from explorer.positions import tables
from explorer.reading import AnyText, read, run
from models import InputError, Model, attention
from models.stopping import look
from models.surgery.private import private
from models.toy import ToyModel

_SUM, _CONTENT, _POSITION, _NEITHER = range(4)
"""Examples of the one batch from which the parts are read off."""
_LEADING = 10
"""Dimensions of a subspace, where nobody names them."""
_DRAWS = 20
"""Pairs of random subspaces that the yardstick is the mean of."""


@dataclass(frozen=True, eq=False)
class FourTerms:
    """One head's scores, taken apart: rows are queries, columns are keys; the first word is the query's part. Float32, (n, n) each.

    Attributes:
        labels: readable tokens.
        layer, head: counted from 0.
        content_content, content_position, position_content, position_position: the terms, scaled as the model scales.
        scores: the model's own scaled scores, without mask.
        visible: bool, which keys a query may see.
    """

    labels: tuple[str, ...]
    layer: int
    head: int
    content_content: np.ndarray
    content_position: np.ndarray
    position_content: np.ndarray
    position_position: np.ndarray
    scores: np.ndarray
    visible: np.ndarray

    @property
    def terms(self) -> tuple[np.ndarray, ...]:
        """All four, in the order of the fields."""
        return self.content_content, self.content_position, self.position_content, self.position_position

    @property
    def sum(self) -> np.ndarray:
        return np.sum(self.terms, axis=0)

    @property
    def deviation(self) -> float:
        """Largest distance of the sum from the model's own scores."""
        return float(np.abs(self.sum - self.scores).max())

    @property
    def spreads(self) -> tuple[float, ...]:
        """Standard deviation of each term among the keys that a row sees, mean over rows: what is equal for all keys changes no weight."""
        return tuple(float(np.mean([row[seen].std() for row, seen in zip(term, self.visible, strict=True)])) for term in self.terms)


@dataclass(frozen=True, eq=False)
class PrincipalAngles:
    """Angles between the leading subspaces of tokens and of positions, in degrees, smallest first, (k,).

    Attributes:
        angles: of the model. 90 everywhere: the subspaces are orthogonal; 0: they share a direction.
        random: of two random subspaces of the same size, the mean of several pairs: what no relation looks like.
        width: numbers per embedding.
    """

    angles: np.ndarray
    random: np.ndarray
    width: int


def four_terms(model: Model, text: AnyText, layer: int = 0, head: int = 0) -> FourTerms:
    """Takes the scores of one head of the first layer apart; of an encoder-decoder, of the encoder.

    Raises:
        InputError: a layer above the first, no such head, a model that adds no positions, a view-only model, linear attention;
            as `explorer.reading.read`.
    """
    if layer:
        advice = _("Choose layer 0.")
        raise InputError(_("Above layer 0 content and positions are mixed already, and no sum of four terms is exact."), advice)
    table = _table(model)
    if model.view_only:
        raise InputError(_("{model} is opened view-only: it shows no queries and keys.").format(model=model.name), _("Choose another model."))
    if not 0 <= head < model.sites[0].heads:
        problem = _("There is no head {head} in layer 0.").format(head=head)
        raise InputError(problem, _("Heads are counted from 0 to {last}.").format(last=model.sites[0].heads - 1))
    tokens = read(model, text)
    with model.lock, torch.inference_mode():
        given = tokens.inputs(model.device)
        own = _first_call(model.network, given)
        if own.normaliser == "linear":
            raise InputError(_("Linear attention has no scores: it bends queries and keys before they meet."), _("Choose another model."))
        parts = _first_call(_in_parts(model.network, table, model.device), {name: values.expand(4, -1) for name, values in given.items()})
    scale = float(own.scale[0, head])
    queries, keys = own.query[0, head].float(), own.key[0, head // own.group].float()
    query = _split(parts.query[:, head].float())
    key = _split(parts.key[:, head // own.group].float())
    terms = [(scale * q @ k.T).cpu().numpy() for q in query for k in key]
    return FourTerms(tuple(tokens.labels), layer, head, *terms, (scale * queries @ keys.T).cpu().numpy(), own.visible(head).numpy())


def principal_angles(model: Model, k: int | None = None) -> PrincipalAngles:
    """Principal angles (Jordan 1875; Björck & Golub 1973) between the k leading principal components of all token embeddings and of
    all position embeddings. Without k 10, or as many as there are.

    Raises:
        InputError: a model that adds no positions, or more dimensions than there are.
    """
    positions = _table(model).values
    with model.lock:
        tokens = model.network.get_input_embeddings().weight.detach().float().cpu().numpy()
    width = positions.shape[1]
    if tokens.shape[1] != width:
        raise InputError(_("{model} adds its positions to something wider than its tokens.").format(model=model.name), _("Choose another model."))
    most = min(width, len(positions) - 1, len(tokens) - 1)
    k = min(_LEADING, most) if k is None else k
    if not 1 <= k <= most:
        raise InputError(_("There are no subspaces of {k} dimensions here.").format(k=k), _("Choose 1 to {most}.").format(most=most))
    draw = np.random.default_rng(0)
    random = []
    for _pair in range(_DRAWS):
        look()
        random.append(_angles(*draw.standard_normal((2, width, k))))
    return PrincipalAngles(_angles(_leading(tokens, k), _leading(positions, k)), np.mean(random, axis=0), width)


def _table(model: Model) -> tables.Table:
    kind, table = tables.kind_and_table(model)
    if table is None:
        problem = _("{model} adds no positions to its tokens: it has {kind}.").format(model=model.name, kind=_(tables.SAID[kind]))
        raise InputError(problem, _("Choose a BERT, a GPT-2 or a toy with learned positions or sinusoids."))
    return table


def _first_call(network: nn.Module, given: Mapping[str, Tensor]) -> attention.Record:
    with attention.attending() as attended:
        run(network, given)
    return attended.records[0]


def _in_parts(network: nn.Module, table: tables.Table, device: torch.device) -> nn.Module:
    """A private copy that reads one text four times: as the model does, without its positions, without its tokens, without both."""
    network = private(network)
    content = torch.tensor([1.0, 1.0, 0.0, 0.0], device=device, dtype=network.dtype)[:, None, None]
    position = torch.tensor([1.0, 0.0, 1.0, 0.0], device=device, dtype=network.dtype)[:, None, None]
    for name, module in network.named_modules():
        if isinstance(module, nn.Embedding):
            module.register_forward_hook(_times(position if name == table.name else content))
        elif isinstance(module, nn.LayerNorm):
            module.register_forward_hook(_as_the_sum)
    if isinstance(network, ToyModel):
        order = network.transformer.embedding.order
        network.transformer.embedding.order = lambda n: position * order(n)
    return network


def _times(factor: Tensor) -> Callable[[nn.Module, tuple, Tensor], Tensor]:
    return lambda _module, _args, out: factor * out


def _as_the_sum(norm: nn.LayerNorm, args: tuple, _out: Tensor) -> Tensor:
    """The norm with the standard deviation of the first example, the sum, for all four; each is centred by itself."""
    x = args[0].float()
    deviation = (x[:1].var(dim=-1, keepdim=True, unbiased=False) + norm.eps).sqrt()
    x = (x - x.mean(dim=-1, keepdim=True)) / deviation
    x = x if norm.weight is None else x * norm.weight
    return (x if norm.bias is None else x + norm.bias).to(args[0].dtype)


def _split(parts: Tensor) -> tuple[Tensor, Tensor]:
    """Content and position of (4, n, d): what is there without both is constant, and goes with the content."""
    return parts[_CONTENT], parts[_POSITION] - parts[_NEITHER]


def _leading(rows: np.ndarray, k: int) -> np.ndarray:
    """Directions of the k leading principal components of rows (n, width), (width, k)."""
    _values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False))
    return vectors[:, -k:]


def _angles(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.sort(np.degrees(subspace_angles(one, other)))
