"""`capture`: one text through one model, and all that is needed to look at any head afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from explorer import own_rules, pooling
from explorer.bounded import BoundedCache, memory_of
from explorer.i18n import _
from explorer.reading import AnyText, Tokens, encode, framed_twice, tokens_of
from models import InputError, Model, attention
from models.attention import heap, scoring
from models.opening import own_weights, sites
from models.opening.devices import room_on
from models.words import told

MAX_NEW_TOKENS = 64
"""Longest target that is generated where none is given."""
DERIVED_BYTES = 64 * 2**20
"""Of what is made from one capture, so much is kept with it."""


@dataclass(eq=False)
class Capture:
    """What one forward pass attended to. Patterns are computed when they are asked for, and exact.

    Attributes:
        model: name of the model.
        layout: the attention sites, in the order of the forward pass.
        sides: tokens by stack, "encoder" and / or "decoder".
        records: per site the recorded q, k, v and log-sum-exp (`models.attention.Record`); empty for a view-only model.
        weights: per site the weights (heads, query, key) of a view-only model, else empty.
        notes: what a viewer should know: what was cut, what was generated.
    """

    model: str
    layout: tuple[sites.Site, ...]
    sides: dict[str, Tokens]
    records: list[attention.Record] = field(default_factory=list)
    weights: list[torch.Tensor] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    number: int = field(default_factory=itertools.count().__next__)
    """Unlike `id`, never used twice: part of the identity of what is drawn from this capture."""
    derived: BoundedCache = field(default_factory=lambda: BoundedCache(DERIVED_BYTES), repr=False)
    """What was made from this capture, such as pictures: kept no longer than it is, and within `DERIVED_BYTES`."""

    @property
    def memory_bytes(self) -> int:
        """Memory that records and weights take, in bytes; what layers share counts once. `derived` is not in it."""
        of_records = (value for record in self.records for value in vars(record).values() if isinstance(value, torch.Tensor))
        return memory_of([*of_records, *self.weights])

    @property
    def source(self) -> Tokens:
        """The tokens of the text (of the source, for encoder-decoders): what other measurements read, too."""
        return next(iter(self.sides.values()))

    @property
    def parts(self) -> tuple[str, ...]:
        """What there is to see: ("encoder",), ("decoder",), or ("encoder", "decoder", "cross")."""
        return tuple(part for part in sites.Parts if any(site.part == part for site in self.layout))

    @property
    def tokens(self) -> list[str]:
        """Readable tokens of the text (of the source, for encoder-decoders)."""
        return list(self.source.text)

    @property
    def segments(self) -> list[int]:
        return list(self.source.segments)

    @property
    def special(self) -> list[bool]:
        """Mask of special tokens of the text (of the source, for encoder-decoders)."""
        return list(self.source.special)

    def queries(self, part: str | None = None) -> Tokens:
        """The tokens that attend."""
        part = self._part(part)
        return self.sides["decoder" if part == "cross" else part]

    def keys(self, part: str | None = None) -> Tokens:
        """The tokens that are attended to."""
        part = self._part(part)
        return self.sides["encoder" if part == "cross" else part]

    def sites(self, part: str | None = None) -> tuple[sites.Site, ...]:
        """The sites of one part, by layer."""
        part = self._part(part)
        return tuple(site for site in self.layout if site.part == part)

    def n_weights(self, part: str | None = None) -> int:
        """How many attention weights all heads of one part have together: queries x keys x heads."""
        return len(self.queries(part)) * len(self.keys(part)) * sum(site.heads for site in self.sites(part))

    def site(self, layer: int, part: str | None = None) -> sites.Site:
        """Raises IndexError where there is no such layer."""
        found = self.sites(part)
        if not 0 <= layer < len(found):
            raise IndexError(f"layer {layer}: there are {len(found)} layers, counted from 0")
        return found[layer]

    def record(self, layer: int, part: str | None = None) -> attention.Record:
        """The record of one layer. Raises InputError for a view-only model, which has weights only."""
        if not self.records:
            raise InputError(told("{model} is opened view-only: it gives weights, but no queries, keys or values.", model=self.model))
        return self.records[self.site(layer, part).index]

    def pattern(self, layer: int, head: int, part: str | None = None, rows: slice = slice(None)) -> np.ndarray:
        """Attention weights of one head, float32 (rows, key). Raises IndexError where there is no such head."""
        site = self.site(layer, part)
        if not 0 <= head < site.heads:
            raise IndexError(f"head {head}: layer {layer} has {site.heads} heads, counted from 0")
        if self.weights:
            return self.weights[site.index][head, rows].float().numpy()
        return self.records[site.index].pattern(head, rows=rows).numpy()

    def patterns(self, layer: int, part: str | None = None, rows: slice = slice(None)) -> np.ndarray:
        """Attention weights of all heads of a layer, float32 (heads, rows, key)."""
        site = self.site(layer, part)
        if self.weights:
            return self.weights[site.index][:, rows].float().numpy()
        return self.records[site.index].patterns(rows=rows).numpy()

    def mean(self, layer: int, part: str | None = None, rows: slice = slice(None)) -> np.ndarray:
        """Mean over the heads of a layer, float32 (rows, key)."""
        return self._over_heads(layer, part, np.mean, rows)

    def maximum(self, layer: int, part: str | None = None, rows: slice = slice(None)) -> np.ndarray:
        """Largest weight over the heads of a layer, float32 (rows, key); its rows need not sum to 1."""
        return self._over_heads(layer, part, np.max, rows)

    def visible(self, layer: int, part: str | None = None, rows: slice = slice(None)) -> np.ndarray:
        """Which keys a query may see, bool (rows, key). Masked is not the same as weight 0."""
        site = self.site(layer, part)
        if self.weights:
            return own_weights.seen(self.weights[site.index], causal=site.part == "decoder").numpy()[rows]
        return self.records[site.index].visible(rows=rows).numpy()

    def thumbnails(self, size: int, part: str | None = None) -> list[np.ndarray]:
        """Every head, max-pooled to at most size x size so that a thin line survives: per layer float32 (heads, rows, columns)."""
        return [pooling.of_layer(self, site.layer, part, size, summaries=False).heads for site in self.sites(part)]

    def outputs(self, layer: int, head: int, part: str | None = None) -> np.ndarray:
        """Output z of one head before the output projection, float32 (query, value dim)."""
        return self.record(layer, part).output(head).numpy()

    def neurons(self, layer: int, head: int, query: int, key: int, part: str | None = None) -> Neurons:
        """How the score of one query and one key comes about, number by number."""
        record = self.record(layer, part)
        q, k = record.query[0, head, query].float(), record.key[0, head // record.group, key].float()
        scale = float(record.scale[0, head if record.scale.shape[1] > 1 else 0])
        row = slice(query, query + 1)
        score = float(record.scores(head, rows=row)[0, key])
        product = (q * k).numpy()
        return Neurons(q.numpy(), k.numpy(), product, scale, score, float(self.pattern(layer, head, part, row)[0, key]))

    def _part(self, part: str | None) -> str:
        if part is None:
            return self.parts[0]
        if part not in self.parts:
            raise InputError(
                told("{model} has no {part} attention.", model=self.model, part=part), told("It has {parts}.", parts=", ".join(self.parts))
            )
        return part

    def _over_heads(self, layer: int, part: str | None, reduce: object, rows: slice) -> np.ndarray:
        asked = range(len(self.queries(part)))[rows]
        if not self.site(layer, part).heads:  # all of them were sliced off
            return np.zeros((len(asked), len(self.keys(part))), np.float32)
        blocks = scoring.row_blocks(len(asked), 4 * self.site(layer, part).heads * len(self.keys(part)))
        some = (slice(asked.start + block.start, asked.start + block.stop) for block in blocks)
        return np.concatenate([reduce(self.patterns(layer, part, one), axis=0) for one in some])


@dataclass(frozen=True, eq=False)
class Neurons:
    """One score, taken apart: `scale * product.sum() + added == score`, and `weight` is its softmax over the row.

    Attributes:
        query, key, product: the two vectors and their element-wise product, (head dim,).
        scale: the model's factor on q k^T.
        score: the score before the softmax, bias and mask included.
        weight: the attention weight.
    """

    query: np.ndarray
    key: np.ndarray
    product: np.ndarray
    scale: float
    score: float
    weight: float

    @property
    def added(self) -> float:
        """What mask, position bias and soft cap add to the scaled product."""
        return self.score - self.scale * float(self.product.sum())


def capture(
    model: Model,
    text: AnyText,
    pair: str | None = None,
    target: str | None = None,
    *,
    max_tokens: int | None = None,
    changes: Mapping[int, attention.Change] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Capture:
    """Runs a text through a model and records where it attended.

    Args:
        model: from `models.load`.
        text: the text; the source, for encoder-decoders. Or ids, or a capture, whose tokens this model then reads, on both sides.
        pair: a second text, for encoders.
        target: what the decoder of an encoder-decoder is given; generated greedily where it is None.
        max_tokens: cut the text here, if the model's own limit is not lower.
        changes: what to do differently, by `Site.index`: see `explorer.ablation.heads.changes` for heads that are switched off.
        progress: told the share of the attention that is done, 0 to 1, while a model runs that is not view-only. It may raise, to stop.

    Raises:
        InputError: empty text, a pair for a model that takes none, a target that cannot be made, changes to a view-only model.
        models.errors.OutOfMemoryError: the accelerator has no room for this text.
    """
    if changes and model.view_only:
        raise InputError(told("{name} is opened view-only: its attention cannot be changed.", name=model.name), told("Choose another model."))
    sides, notes = sides_of(model, text, pair, target, max_tokens=max_tokens)
    return capture_sides(model, sides, notes, changes=changes, progress=progress)


def capture_ids(model: Model, ids: Sequence[int] | Tokens) -> Capture:
    """Runs a text that is given as ids, as the model's tokenizer would give them, special tokens included.

    Raises:
        InputError: an encoder-decoder.
        models.errors.OutOfMemoryError: the accelerator has no room for this text.
    """
    if model.kind == "encoder-decoder":
        raise InputError(told("{name} reads a source and a target.", name=model.name), told("Give it a text."))
    return capture_sides(model, {model.kind: ids if isinstance(ids, Tokens) else tokens_of(model, ids)})


def sides_of(
    model: Model, text: AnyText, pair: str | None = None, target: str | None = None, *, max_tokens: int | None = None
) -> tuple[dict[str, Tokens], tuple[str, ...]]:
    """What a model reads for a text, before it runs: the tokens of each stack, and notes of what was cut and what was generated.

    Args and errors: as `capture`. Only a target that is to be generated takes the model.
    """
    if isinstance(text, str) and not text.strip():
        raise InputError(told("There is no text."), told("Type a sentence, or choose an example."))
    if pair and model.kind != "encoder":
        raise InputError(told("{name} takes one text, not a pair.", name=model.name), told("Leave the second text empty."))
    if target and model.kind != "encoder-decoder":
        raise InputError(told("{name} has no target side.", name=model.name), told("Leave the target empty."))
    if not isinstance(text, str) and (pair or target):
        raise InputError(told("What is given was read already, with its second side."), told("Give a string to add a second text or a target."))
    limit = min((n for n in (model.max_length, max_tokens) if n), default=None)
    if isinstance(text, Capture):
        sides = text.sides if limit is None else {side: tokens.shortened(limit) for side, tokens in text.sides.items()}
        return dict(sides), text.notes
    source, notes = _source(model, text, pair or "", limit)
    if model.kind != "encoder-decoder":
        return {model.kind: source}, notes
    made, more = _target(model, source, target, limit)
    return {"encoder": source, "decoder": made}, notes + more


def capture_sides(
    model: Model,
    sides: Mapping[str, Tokens],
    notes: Sequence[str] = (),
    *,
    changes: Mapping[int, attention.Change] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Capture:
    """Runs what `sides_of` gave through a model. Further arguments and errors: as `capture`."""
    source = next(iter(sides.values()))

    def tell(site: int | None, rows: int) -> None:
        if site is not None:
            queries = sides["encoder" if model.sites[site].part == "encoder" else "decoder"]
            progress((site + rows / len(queries)) / len(model.sites))

    with model.lock, torch.inference_mode(), room_on(model.device, told("{n} tokens", n=len(source))):
        given = source.inputs(model.device)
        if model.kind == "encoder-decoder":
            given["decoder_input_ids"] = torch.tensor([sides["decoder"].ids], device=model.device)
        # The base model: a vocabulary of logits per token would cost more memory than all that is recorded.
        base, given = model.network.base_model, sites.inputs_for(model.network, **given)
        found: dict = {"model": model.name, "layout": model.sites, "sides": dict(sides), "notes": tuple(notes)}
        if model.view_only:
            outputs = base(**given, output_attentions=True, return_dict=True)
            each = {part: iter(sites.attentions(outputs, _asked(model, part))) for part in model.parts}
            weights = [next(each[site.part]) for site in model.sites]
            # On a long text some go over to windows.
            if why := own_weights.first_doubt(model.sites, weights, {side: len(tokens) for side, tokens in sides.items()}):
                message = told("On this text the own code of {name} returns {why}.", name=model.name, why=why)
                raise InputError(message, told("Choose a shorter text, or another model."))
            return Capture(weights=[one[0].float().cpu() for one in weights], **found)
        tells, large = tell if progress else None, heap.large_array(model.network, max(map(len, sides.values())))
        with heap.passing(large), attention.attending(model.sites_of, changes=changes, progress=tells) as run:
            base(**given)
        return Capture(records=[record.cpu() for record in sorted(run.records, key=lambda r: r.site)], **found)


def _source(model: Model, text: AnyText, pair: str, limit: int | None) -> tuple[Tokens, tuple[str, ...]]:
    if not isinstance(text, str):
        read = text if isinstance(text, Tokens) else tokens_of(model, text)
        return (read.shortened(limit) if limit else read), ()
    encoded = encode(model, text, pair, limit=limit)
    if not encoded.ids:
        raise InputError(told("The tokenizer makes nothing of this text."), told("Type a sentence, or choose an example."))
    return tokens_of(model, encoded), tuple(filter(None, (encoded.note, framed_twice(model, text, encoded))))


def _asked(model: Model, part: str) -> str:
    return part if model.kind == "encoder-decoder" else "encoder"


def _target(model: Model, source: Tokens, target: str | None, limit: int | None) -> tuple[Tokens, tuple[str, ...]]:
    """What the decoder reads: start token first, end token left out, as in training with labels."""
    network = model.network
    if target and target.strip():
        encoded = encode(model, target, limit=limit, target=True)
        n, cut = len(encoded.ids), sum(encoded.unread)
        notes = (_("The target is cut at {kept} of {n} tokens; {cut} were not read.").format(kept=n, n=n + cut, cut=cut),) if cut else ()
        return tokens_of(model, own_rules.shifted(model, encoded.ids)), notes
    if not hasattr(network, "generate") or network.get_output_embeddings() is None:
        raise InputError(told("{name} cannot generate.", name=model.name), told("Give a target."))
    # The start token takes a place of the limit, too.
    room = min(MAX_NEW_TOKENS, max(1, limit - 1)) if limit else MAX_NEW_TOKENS
    # Some models force an end token when the room is used up; without that it shows whether they ended by themselves.
    with model.lock, torch.inference_mode(), heap.large_arrays_apart(), room_on(model.device, told("{n} tokens", n=len(source))):
        ids = own_rules.target_of(model, source.inputs(model.device), room)
    ends = own_rules.end_tokens(model)
    notes = [_("The target was generated (greedy).")]
    if len(ids) > 1 and ids[-1] in ends:
        ids = ids[:-1]
    elif len(ids) > room:
        notes.append(_("The generated target was cut at {n} tokens; the model had not ended it.").format(n=room))
    return tokens_of(model, ids), tuple(notes)
