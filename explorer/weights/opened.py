"""The weights of a model, ready to be read: each head's four matrices with the norms before them, and the two ends of the network.

What stands before a projection is found by running the network once on a few tokens and listening, as its attention is
(`models.opening.sites`): a norm whose output goes straight into it, inside the same layer, folds into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from explorer.i18n import N_, _
from explorer.lens.frozen import is_norm, layers_in
from explorer.positions import tables
from explorer.weights.ends import Entry, Exit, entry_of, exit_of
from explorer.weights.norms import Norm, norm_of
from models import InputError, Model, attention
from models.opening import sites
from models.opening.in_float32 import exact
from models.surgery.private import private
from models.surgery.projections import matrices, of_sites

NOTES = {
    "post": N_("Its layers normalise after each sum: what lies below this layer is left out, and only layer 0 reads a token like this."),
    "embedding": N_("A norm after the embedding does not fold: each token is read as that norm makes it of the token at the mean position."),
    "sandwich": N_("A norm after the attention does not fold, and is left out of what a head writes."),
    "transform": N_("The transform before the words is no matrix: it is taken to first order, at a stream of zeros."),
    "arriving": N_("Each token is read as it arrives at this layer in a text of itself alone, at the mean position, through the layers below."),
    "scale": N_("What a norm divides by depends on the text: numbers of logits are in units of the last one's."),
    "shared": N_("All layers share one set of weights."),
    "rotary": N_("RoPE turns queries and keys by their distance: pairs of tokens are those of one distance, singular directions those of none."),
}
"""What is left out or taken another way, in a viewer's words."""


@dataclass(frozen=True, eq=False)
class Head:
    """One head's weights, float32, with the norms before them folded: rows are inputs.

    Attributes:
        layer, head, part: which head it is.
        query, key, value: (width, d_k), gain and centring of the norm in them; keys and values may be those of several heads.
        output: (d_k, width).
        query_bias, key_bias: (d_k,), what is there whatever the token: the bias, and the norm's shift through the matrix.
        scale: factor on q k^T.
        query_norm, key_norm: what makes a token ready for them; None for the stream as it is. Values are read as keys are.
    """

    layer: int
    head: int
    part: str
    query: Tensor
    key: Tensor
    value: Tensor
    output: Tensor
    query_bias: Tensor
    key_bias: Tensor
    scale: float
    query_norm: Norm | None
    key_norm: Norm | None


@dataclass(eq=False)
class _Heard:
    """What one run tells of a site: norms before its queries and its keys, factor on the scores, what makes weights of them, and its place
    among all sites, in the order in which they attend."""

    query_norm: Norm | None = None
    key_norm: Norm | None = None
    scale: float = 1.0
    normaliser: str = "softmax"
    sandwich: bool = False
    turn: int = 0


@dataclass(eq=False)
class Weights:
    """The weights of a model, see `opened`.

    Attributes:
        model: whose they are; it must stay open.
        arriving: a token is read as it arrives at a head's layer in a text of itself alone, and not as the embedding puts it into the stream.
    """

    model: Model
    arriving: bool = False
    _heard: dict[int, _Heard] = field(default_factory=dict, repr=False)
    _entries: dict[str, Entry] = field(default_factory=dict, repr=False, init=False)

    def sites(self, part: str | None = None) -> tuple[sites.Site, ...]:
        """The attention sites of one part, by layer; of the first part where None. Raises InputError for a part that is not there."""
        part = part or self.model.sites[0].part
        found = self.model.sites_in(part)
        if not found:
            raise InputError(_("{name} has no part {part}.").format(name=self.model.name, part=part), ", ".join(self.model.parts))
        return found

    def site(self, layer: int, head: int, part: str | None = None) -> sites.Site:
        """Where a head is. Raises InputError for one that is not there."""
        of_part = self.sites(part)
        if not 0 <= layer < len(of_part):
            problem = _("There is no layer {layer}; there are {n}, counted from 0.").format(layer=layer, n=len(of_part))
            raise InputError(problem)
        if not 0 <= head < of_part[layer].heads:
            problem = _("There is no head {head} in layer {layer}.").format(head=head, layer=layer)
            raise InputError(problem, _("Heads are counted from 0 to {last}.").format(last=of_part[layer].heads - 1))
        return of_part[layer]

    def heads(self, site: sites.Site) -> list[Head]:
        """All heads of a site."""
        return self._read(site, range(site.heads))

    def head(self, layer: int, head: int, part: str | None = None) -> Head:
        """One head. Raises InputError for one that is not there."""
        return self._read(self.site(layer, head, part), [head])[0]

    def _read(self, site: sites.Site, heads: Iterable[int]) -> list[Head]:
        heard, (w_q, w_k, w_v, (w_o, _bias)) = self._heard[site.index], matrices(of_sites(self.model)[site.index])
        group = w_q.shape[1] // w_k.shape[1]
        made = []
        for head in heads:
            query, key, value = (one[:, at].float() for one, at in ((w_q, head), (w_k, head // group), (w_v, head // group)))
            before, beside = heard.query_norm, heard.key_norm
            biases = [one[-1] + (0 if norm is None else norm.constant(one[:-1])) for one, norm in ((query, before), (key, beside))]
            folded = [one[:-1] if norm is None else norm.folded(one[:-1]) for one, norm in ((query, before), (key, beside), (value, beside))]
            made.append(Head(site.layer, head, site.part, *folded, w_o[head].float(), *biases, heard.scale, before, beside))
        return made

    def matches(self, site: sites.Site) -> bool:
        """Whether its scores are products of queries and keys: in linear attention they are not."""
        return self._heard[site.index].normaliser != "linear"

    def reaches(self, writer: sites.Site, reader: sites.Site) -> bool:
        """Whether a site has written before another one reads: the layers of one part, one after the other; in a layer of a decoder its
        self-attention before its cross-attention."""
        return self._heard[writer.index].turn < self._heard[reader.index].turn

    def entry(self, part: str) -> Entry:
        """What enters the stream that this part reads: "encoder" or "decoder"."""
        if part not in self._entries:
            self._entries[part] = entry_of(self.model, part)
        return self._entries[part]

    @cached_property
    def exit(self) -> Exit:
        """How the last stream is read. Raises InputError as `ends.exit_of`."""
        return exit_of(self.model)

    @cached_property
    def positions(self) -> str:
        """Kind of positions, one of `explorer.positions.tables`."""
        return tables.kind(self.model)

    def rows(self, site: sites.Site | Head, part: str, ids: Tensor | None = None) -> Iterator[Tensor]:
        """All tokens in blocks, or those of some ids, as a head of this layer is given them of one stack, (n, width) each."""
        depth, entry = site.layer if self.arriving else 0, self.entry(part)
        yield from (x for _block, x in entry.blocks(depth)) if ids is None else (entry.tokens(ids, depth),)

    def notes(self, site: sites.Site, words: bool = True) -> tuple[str, ...]:
        """Names in `NOTES` of what is left out of this head's reading, or taken another way."""
        heard, found = self._heard[site.index], []
        reads, source = streams(site.part)
        if self.arriving and site.layer:
            found.append("arriving")
        elif heard.query_norm is None and any(is_norm(module) for module in self.model.network.modules()):
            found.append("post")
        if "arriving" not in found and (self.entry(reads).normed or self.entry(source).normed):
            found.append("embedding")
        if heard.sandwich:
            found.append("sandwich")
        if len(self.model.sites_of) < len(self.model.sites):
            found.append("shared")
        if self.positions == tables.ROPE and site.kind == "self":
            found.append("rotary")
        if words:
            found += [name for name, said in (("transform", not self.exit.exact), ("scale", self.exit.normed)) if said]
        return tuple(found)


def streams(part: str) -> tuple[str, str]:
    """Which stack's stream the queries of a part read, and which its keys and values do."""
    return ("decoder", "encoder") if part == "cross" else (part, part)


def opened(model: Model, *, arriving: bool = False) -> Weights:
    """The weights of a model.

    Args:
        model: it must stay open.
        arriving: see `Weights`; a lone stack's alone.

    Raises:
        InputError: a view-only model, an architecture whose projections are not known head by head, or `arriving` tokens of two stacks.
    """
    if arriving and model.kind == "encoder-decoder":
        raise InputError(
            _("What arrives at a layer of a decoder depends on a source."), _("Read the tokens as they are embedded, or choose another model.")
        )
    if model.view_only:
        raise InputError(_("{name} is opened view-only: it gives weights, but no head to itself.").format(name=model.name), _("Choose another."))
    known = of_sites(model)
    if any(site.heads and site.index not in known for site in model.sites) or not known:
        raise InputError(
            _("The weights of {name} are not known head by head.").format(name=model.name),
            _("Choose a BERT, a GPT-2, a Llama or another model whose heads can be read."),
        )
    return Weights(model, arriving, _listen(model))


def _listen(model: Model) -> dict[int, _Heard]:
    """Runs a private copy on three tokens and notes what goes straight from a norm into a projection."""
    network = private(model.network)
    twins = dict(zip(map(id, model.network.modules()), network.modules(), strict=True))
    known, turns = of_sites(model), {}
    sites_of = {id(twins[module]): numbers for module, numbers in model.sites_of.items()}
    layers = layers_in(network, {twins[module] for module in model.sites_of})
    inside = {module for layer in layers for module in layer.modules()}
    heard = {index: _Heard() for index in known}
    normed: list[tuple[nn.Module, Tensor, Tensor, int]] = []
    entered, attended = [0], []

    def norm_gave(module: nn.Module, args: tuple, output: Tensor) -> None:
        normed.append((module, args[0], output, entered[0] if module in inside else -entered[0]))
        for index, output_ in attended:
            heard[index].sandwich |= module in inside and args[0] is output_

    def norm_before(x: Tensor, source: bool) -> nn.Module | None:
        for module, _given, output, at in reversed(normed):
            # The encoder's last norm makes what all cross-attention reads; the embedding's, before any layer, stands in what enters.
            if output is x and (at < 0 if source else at == entered[0]):
                return twin_of[module]
        return None

    twin_of = {twins[id(module)]: module for module in model.network.modules()}

    def projecting(index_of: object, which: int) -> object:
        def note(module: nn.Module, args: tuple) -> None:
            index = index_of()
            if index in heard:
                site = model.sites[index]
                found = norm_before(args[0], site.part == "cross" and which > 0)
                if which == 0:
                    befores[index], given[index] = found, args[0]
                if which > 0 or len(known[index].family.inputs) == 1:
                    besides[index] = found

        return note

    given: dict[int, Tensor] = {}
    befores: dict[int, nn.Module | None] = {}
    besides: dict[int, nn.Module | None] = {}
    ids = torch.tensor([[7, 5, 3]], device=model.device)
    inputs = {"input_ids": ids} | ({"decoder_input_ids": ids[:, :2]} if model.kind == "encoder-decoder" else {})
    with ExitStack() as hooks, model.lock, torch.no_grad(), exact(network), attention.attending(sites_of) as run:
        for layer in layers:
            hooks.callback(layer.register_forward_pre_hook(lambda *_called: entered.__setitem__(0, entered[0] + 1)).remove)
        for module in network.modules():
            if is_norm(module):
                hooks.callback(module.register_forward_hook(norm_gave).remove)
        for own, numbers in model.sites_of.items():
            of, turns[own] = known.get(numbers[0]), 0
            if of is None:
                continue
            twin = twins[own]

            def turn(own: int = own, numbers: tuple[int, ...] = numbers) -> int:
                return numbers[min(turns[own], len(numbers) - 1)]

            def left(_m: nn.Module, _a: tuple, output: object, own: int = own, turn: object = turn) -> None:
                attended.append((turn(), output if isinstance(output, Tensor) else output[0]))
                turns[own] += 1

            for which, name in enumerate(of.family.inputs[:2]):
                hooks.callback(twin.get_submodule(name).register_forward_pre_hook(projecting(turn, which)).remove)
            hooks.callback(twin.register_forward_hook(left).remove)
        network.base_model(**sites.inputs_for(network, **inputs))
        for turn_, record in enumerate(run.records):
            if record.site in heard:
                heard[record.site].turn = turn_
                heard[record.site].normaliser = record.normaliser
                heard[record.site].scale = _scale(record, given[record.site], known[record.site])
    norms = {module: norm_of(module, model.name) for module in {*befores.values(), *besides.values()} if module is not None}
    for index, one in heard.items():
        one.query_norm, one.key_norm = norms.get(befores[index]), norms.get(besides[index])
    for site in model.sites:
        # Where a layer normalises after each sum, what its cross-attention reads comes straight from such a norm, too.
        beside = next((heard.get(other.index) for other in model.sites if other.layer == site.layer and other.part == "decoder"), None)
        if site.part == "cross" and site.index in heard and beside is not None and beside.query_norm is None:
            heard[site.index].query_norm = None
    return heard


def _scale(record: attention.Record, x: Tensor, of: object) -> float:
    """The factor on the scores: the function's, and what a layer (OPT's) scales its queries by before that. A rotation changes no length."""
    if record.normaliser == "linear":
        return float(record.scale.flatten()[0])
    weight = matrices(of)[0].float()
    made = torch.einsum("nd,dhk->hnk", x[0].float(), weight[:-1]) + weight[-1][:, None]
    own, plain = record.query[0].float().norm(), made.norm()
    factor = 1.0 if abs(own / plain - 1) < 1e-3 else float(own / plain)
    return float(record.scale.flatten()[0]) * factor
