"""The two ends of a network: what a token alone puts into the stream before the first layer, and what the stream says after the last.

Both are found by running the network's own code on a private copy: whatever scales, projects or normalises there is in it, and nothing of an
architecture is written down here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.i18n import _
from explorer.lens.frozen import is_norm, layers_in
from explorer.positions import tables
from models import InputError, Model
from models.opening import sites
from models.opening.in_float32 import exact
from models.surgery.private import private
from models.toy import ToyModel

BLOCK = 4096
"""Tokens that are read at once."""
_ASKED = (7, 3, 7, 7, 5, 7)
"""Tokens of the run that finds which tables are asked for tokens."""


class _ReachedError(Exception):
    """Ends a run where what is wanted is known."""


@dataclass(eq=False)
class Entry:
    """What enters the layers of one stack.

    Attributes:
        width: of the stream.
        size: tokens that there are names for.
        normed: a norm stands between the tables and the first layer. It does not fold: a token is read as it makes it of the token with the
            mean position (and a position with the mean token). Without it, a token is read without any position, and a position without a token.
    """

    model: Model
    part: str
    width: int
    size: int
    normed: bool
    _network: nn.Module
    _layers: list[nn.Module]
    _tokens: list[nn.Module]
    _places: list[tuple[nn.Module, Tensor]]
    _nothing: Tensor
    _mean: Tensor

    def tokens(self, ids: Tensor, layer: int = 0) -> Tensor:
        """Rows of the stream for tokens alone, float32 (n, width).

        Args:
            ids: (n,).
            layer: above 0, what enters this layer of a text of one token at the mean position: what the layers below have made of it.
        """
        if layer:
            return self._run(ids[:, None], None, 1.0, layer)[:, 0]
        return self._run(ids[:, None], None, 1.0 if self.normed else 0.0)[:, 0] - self._nothing

    def blocks(self, layer: int = 0) -> Iterator[tuple[slice, Tensor]]:
        """All tokens, block by block; `layer` as in `tokens`."""
        for start in range(0, self.size, BLOCK):
            ids = torch.arange(start, min(start + BLOCK, self.size), device=self.model.device)
            yield slice(start, start + len(ids)), self.tokens(ids, layer)

    def positions(self, n: int) -> Tensor | None:
        """Rows of the stream for the first n positions alone, float32 (n, width); None where positions are not added to tokens."""
        if not self._places and not self._orders():
            return None
        ids = torch.full((1, n), _ASKED[0], device=self.model.device)
        return self._run(ids, self._mean if self.normed else torch.zeros_like(self._mean), None)[0] - self._nothing

    def _orders(self) -> bool:
        return isinstance(self._network, ToyModel) and self._network.config.positions in ("learned", "sinusoidal", "sinusoidal-concat")

    def _run(self, ids: Tensor, token: Tensor | None, place: float | None, layer: int = 0) -> Tensor:
        """What enters a layer for ids (batch, n), with another vector in the place of each token's, and its positions replaced by their
        mean times a factor; None leaves either as it is."""
        network, found, entered = self._network, [], [0]

        def reached(_module: nn.Module, args: tuple, kwargs: dict) -> None:
            # Counted, as ALBERT has one module that takes all turns.
            entered[0] += 1
            if entered[0] > layer:
                found.append((args[0] if args else kwargs["hidden_states"]).float())
                raise _ReachedError

        # Others run the same copy, who must not meet these hooks: they are taken off before the lock is given back.
        with self.model.lock, ExitStack() as hooks, torch.no_grad(), exact(network):
            if token is not None:
                for module in self._tokens:
                    hooks.callback(module.register_forward_hook(lambda _m, _a, out: token.to(out).expand_as(out)).remove)
            if place is not None:
                for module, mean in self._places:
                    hooks.callback(module.register_forward_hook(lambda _m, _a, out, mean=mean: (place * mean).to(out).expand_as(out)).remove)
                if self._orders():
                    hooks.enter_context(_order(network, place))
            for module in self._layers:
                hooks.callback(module.register_forward_pre_hook(reached, with_kwargs=True).remove)
            with suppress(_ReachedError):
                _call(network, ids, self.part)
        return found[0]


@dataclass(eq=False)
class Exit:
    """What is said of the stream after the last layer.

    Attributes:
        size: tokens that there are names for.
        exact: the way to the logits is affine but for the length by which its norm divides; where it is not (a masked language model's
            transform), it is taken to first order at a stream of zeros.
        normed: a norm stands before the logits. Gain and centring are in `reading`; its division is not, so numbers are in units of it.
        reading: (output width, width), from the stream to what the table of words is multiplied with.
    """

    size: int
    exact: bool
    normed: bool
    reading: Tensor
    _table: Tensor
    _mean: Tensor

    def logits(self, stream: Tensor) -> Tensor:
        """What directions of the stream (n, width) add to each logit, less the mean over all words, which changes no probability;
        float32 (n, size)."""
        read = stream.float() @ self.reading.T
        made = torch.cat([read @ self._table[start : start + BLOCK].float().T for start in range(0, self.size, BLOCK)], dim=1)
        return made[:, : self.size] - (read @ self._mean)[:, None]

    def words(self, block: slice) -> Tensor:
        """Rows of words, less their mean, as directions of the stream, (n, width)."""
        return (self._table[block.start : min(block.stop, self.size)].float() - self._mean) @ self.reading


def entry_of(model: Model, part: str) -> Entry:
    """What enters the layers of "encoder" or "decoder" of a model that is not view-only."""
    network = private(model.network)
    twins = dict(zip(map(id, model.network.modules()), network.modules(), strict=True))
    of_part = {twins[m] for m, numbers in model.sites_of.items() if any(model.sites[i].part == part for i in numbers)}
    layers = layers_in(network, of_part)
    tokens: dict[nn.Module, None] = {}
    ids = torch.tensor([_ASKED], device=model.device)
    with ExitStack() as hooks, model.lock, torch.no_grad(), exact(network):
        for module in network.modules():
            if isinstance(module, nn.Embedding):
                hooks.callback(
                    module.register_forward_hook(lambda m, args, out: tokens.setdefault(m) if _of_tokens(args, out, ids) else None).remove
                )
        _call(network, ids, part, source=ids)
    places = [(module, rows.mean(0).to(model.device)) for module, rows in _places(network, tokens, ids, model, part)]
    size = min(len(model.tokenizer), *(module.num_embeddings for module in tokens))
    table = next(iter(tokens))
    with torch.no_grad():
        mean = sum(table(torch.arange(s, min(s + BLOCK, size), device=model.device)).float().sum(0) for s in range(0, size, BLOCK)) / size
    nothing = torch.zeros(1, device=model.device)
    made = Entry(model, part, 0, size, False, network, layers, list(tokens), places, nothing, mean)
    # What enters for half a token is half of what enters for the whole one, over what enters for none, unless a norm stands there.
    none, half, whole = (made._run(ids[:, :1], factor * mean, 0.0)[0, 0] for factor in (0.0, 0.5, 1.0))
    made.width, made.normed = len(none), not torch.allclose(none + whole, 2 * half, rtol=1e-3, atol=1e-4 * float(whole.abs().max() + 1e-12))
    made._nothing = nothing if made.normed else none
    return made


def exit_of(model: Model) -> Exit:
    """How the stream of the last layer is read, of the decoder where there are two sides.

    Raises:
        InputError: a model without words to predict.
    """
    head = model.network.get_output_embeddings()
    if head is None:
        problem = _("{name} predicts no words: it has no output head over a vocabulary.").format(name=model.name)
        raise InputError(problem, _("Choose a decoder or a masked language model."))
    network = private(model.network)
    head = network.get_output_embeddings()
    twins = dict(zip(map(id, model.network.modules()), network.modules(), strict=True))
    part = "decoder" if model.kind == "encoder-decoder" else model.sites[0].part
    of_part = {twins[m] for m, numbers in model.sites_of.items() if any(model.sites[i].part in (part, "cross") for i in numbers)}
    last = layers_in(network, of_part)[-1]
    outer, inner = head.in_features, _width(model)

    def read(stream: Tensor) -> tuple[Tensor, bool]:
        """What the table is multiplied with, for streams (n, width), norms taken as matrices; and whether a norm took part."""
        found, calls = [], []
        left = {"to come": turns}

        def ended(_module: nn.Module, _args: tuple, output: object) -> object:
            left["to come"] -= 1
            if left["to come"]:
                return None
            torch.set_grad_enabled(stream.requires_grad)
            given = stream[:, None]
            return given if isinstance(output, Tensor) else (given, *output[1:])

        def normed(module: nn.Module, args: tuple, output: Tensor) -> Tensor | None:
            if left["to come"] > 0:
                return None
            calls.append(module)
            x = args[0]
            x = x - x.mean(-1, keepdim=True) if isinstance(module, nn.LayerNorm) else x
            x = x if getattr(module, "weight", None) is None else x * module.weight
            return x if getattr(module, "bias", None) is None else x + module.bias

        def reached(_module: nn.Module, args: tuple) -> None:
            found.append(args[0][:, 0].float())
            raise _ReachedError

        with ExitStack() as hooks:
            for module in network.modules():
                if is_norm(module):
                    hooks.callback(module.register_forward_hook(normed).remove)
            hooks.callback(last.register_forward_hook(ended).remove)
            hooks.callback(head.register_forward_pre_hook(reached).remove)
            ids = torch.full((len(stream), 1), _ASKED[0], device=model.device)
            with suppress(_ReachedError):
                _call(network, ids, part, whole=True)
        return found[0], bool(calls)

    with model.lock, exact(model.network):
        turns = _calls(last, network, model, part)
        start = torch.zeros(outer, inner, device=model.device, requires_grad=True)
        with torch.no_grad():
            given, has_norm = read(start)
            torch.set_grad_enabled(True)
            (reading,) = torch.autograd.grad(given.diagonal().sum(), start)
        with torch.no_grad():
            probe = torch.randn(2, inner, generator=torch.Generator().manual_seed(0)).to(start)
            made, _norm = read(probe)
            affine = given[:1].detach() + probe.float() @ reading.float().T
            is_affine = torch.allclose(affine, made, rtol=1e-2, atol=1e-3 * float(made.abs().max() + 1e-12))
    size = min(len(model.tokenizer), head.weight.shape[0])
    table = head.weight.detach()
    mean = sum(table[s : s + BLOCK][: size - s].float().sum(0) for s in range(0, size, BLOCK)) / size
    return Exit(size, is_affine, has_norm, reading.detach().float(), table, mean)


def _call(network: nn.Module, ids: Tensor, part: str, source: Tensor | None = None, whole: bool = False) -> object:
    """Runs a network on ids (batch, n) of one side; the other side of an encoder-decoder reads one token."""
    given = {"input_ids": ids}
    if network.config.is_encoder_decoder:
        other = ids[:, :1] if source is None else source
        given = {"input_ids": ids, "decoder_input_ids": other} if part == "encoder" else {"input_ids": other, "decoder_input_ids": ids}
    return (network if whole else network.base_model)(**sites.inputs_for(network, **given))


def _of_tokens(args: tuple, out: Tensor, ids: Tensor) -> bool:
    """Whether an embedding was asked for these tokens, and gives equal ones the same: some tables of positions are given tokens to count them."""
    asked = bool(args) and isinstance(args[0], Tensor) and args[0].shape == ids.shape and torch.equal(args[0], ids)
    return asked and torch.equal(out[0, 0], out[0, 2])


def _width(model: Model) -> int:
    config = model.network.config
    return int(getattr(config, "d_model", None) or config.get_text_config().hidden_size)


def _calls(last: nn.Module, network: nn.Module, model: Model, part: str) -> int:
    """How often a run calls the last element of the list of layers: ALBERT has one that takes all turns."""
    count = [0]
    hook = last.register_forward_hook(lambda *_called: count.__setitem__(0, count[0] + 1))
    with torch.no_grad():
        _call(network, torch.full((1, 1), _ASKED[0], device=model.device), part)
    hook.remove()
    return count[0]


def _places(network: nn.Module, tokens: dict[nn.Module, None], ids: Tensor, model: Model, part: str) -> list[tuple[nn.Module, Tensor]]:
    """The embeddings that are asked for positions, each with the rows that it may give: of equal tokens, they alone make different rows."""
    found: dict[nn.Module, Tensor] = {}
    equal = torch.full_like(ids, _ASKED[0])

    def note(module: nn.Embedding, _args: tuple, out: Tensor) -> None:
        rows = out.reshape(-1, out.shape[-1])
        start = tables.first_row(module.weight, rows) if module not in tokens and len(rows) == ids.shape[1] else None
        if start is not None:
            found[module] = module.weight[start:].detach().float()

    with ExitStack() as hooks, model.lock, torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Embedding):
                hooks.callback(module.register_forward_hook(note).remove)
        _call(network, equal, part, source=equal)
    return list(found.items())


@contextmanager
def _order(network: ToyModel, factor: float) -> Iterator[None]:
    """While it lasts, a toy adds the mean of its positions, times a factor, in the place of each."""
    embedding = network.transformer.embedding
    own: Callable[[int], Tensor | None] = type(embedding).order.__get__(embedding)
    embedding.order = lambda n: factor * own(network.config.max_length).mean(0).expand(n, -1)
    try:
        yield
    finally:
        del embedding.order
