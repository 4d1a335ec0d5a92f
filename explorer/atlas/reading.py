"""A shard of the batches through the model, in one pass: a pure function of model, plan, options and shard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from explorer import reading
from explorer.ablation import heads as head_sets
from explorer.atlas.options import Options
from explorer.atlas.plan import Plan
from explorer.atlas.sampled import Sampled
from explorer.atlas.site import Batch, Found, Site
from explorer.atlas.sums import Sums
from explorer.atlas.vocabulary import Vocabulary
from explorer.capture import Capture, capture_sides, sides_of
from explorer.reading import Tokens
from explorer.scores import by_text, measure
from explorer.scores.hits import Hits
from explorer.tokens import framing, readable
from models import Model, attention
from models.freed import give_back
from models.opening import sites
from models.opening.devices import room_on
from models.words import told

_KNOWN: WeakKeyDictionary[Model, tuple[dict[int, str], set[int]]] = WeakKeyDictionary()
LONGEST_STRING = 4000
"""Characters of a text that is kept as it was written, so that it can be opened again."""


@dataclass(eq=False)
class Shard:
    """What a shard found.

    Attributes:
        found: sums, kept rows, tables of tokens.
        texts: of each text that a kept row is of, by number and by side: its tokens, readable; which of them are special; and what they were
            read from, "" where that was generated or is longer than `LONGEST_STRING`.
        batches, tokens: how many of the plan it read: sources.
    """

    found: Found
    texts: dict[int, dict[str, tuple[tuple[str, ...], tuple[bool, ...], str]]]
    batches: int
    tokens: int


def heads_of(model: Model) -> list[tuple[str, int, int]]:
    """Part, layer and head of each, in the order in which an atlas numbers them."""
    return [(site.part, site.layer, head) for site in model.sites for head in range(site.heads)]


def read(model: Model, plan: Plan, options: Options, shard: int = 0, shards: int = 1, progress: Callable[[float], object] | None = None) -> Shard:
    """Reads one shard.

    Args:
        model: from `models.load`.
        plan: of the whole corpus, by `plan.made`.
        options: those of the plan.
        shard, shards: which of how many; the same batches go together whatever their number.
        progress: told the share that is done after each batch; what it raises ends the work.

    Raises:
        InputError: no such shard.
        models.errors.OutOfMemoryError: the accelerator has no room for a batch.
    """
    n_heads, parts = len(heads_of(model)), len(model.parts)
    found = Found(
        Sums.empty(n_heads, len(plan.relations)),
        Sampled(n_heads, len(plan.relations), options),
        Vocabulary(n_heads, parts, len(plan.counts)),
    )
    pruned = head_sets.parse(model, options.pruned)
    batches, generated, tokens = plan.shard(shard, shards), {}, 0
    for done, numbers in enumerate(batches):
        sides = [_sides(model, plan, options, number) for number in numbers]
        if model.kind == "encoder-decoder":
            generated |= {number: one["decoder"] for number, one in zip(numbers, sides, strict=True)}
        _one_batch(model, plan, options, found, numbers, sides, pruned)
        tokens += sum(len(plan.sources[number]) for number in numbers)
        # Batches differ in length, and so do the gaps that they leave. It costs some hundredths of the time of a small model.
        give_back()
        if progress:
            progress((done + 1) / len(batches))
    kept = sorted(set(found.rows.rows()["text"].tolist()) | set(found.sums.witnesses[found.sums.witnesses >= 0].tolist()))
    texts = {}
    for number in kept:
        one = {_stacks(model)[0]: _tokens(model, plan, number)}
        if number in generated:
            one["decoder"] = generated[number]
        written = dict(zip(_stacks(model), plan.strings[number], strict=False))
        texts[number] = {side: (of.text, of.special, written[side] if len(written[side]) <= LONGEST_STRING else "") for side, of in one.items()}
    return Shard(found, texts, len(batches), tokens)


def _stacks(model: Model) -> tuple[str, ...]:
    return ("encoder", "decoder") if model.kind == "encoder-decoder" else (model.kind,)


def _tokens(model: Model, plan: Plan, number: int) -> Tokens:
    ids = tuple(plan.sources[number].tolist())
    words, frame = _words(model)
    if fresh := [one for one in set(ids) if one not in words]:
        words.update(zip(fresh, readable(model.tokenizer, fresh), strict=True))
    special = tuple(one in frame for one in ids)
    return Tokens(ids, tuple(words[one] for one in ids), (0,) * len(ids), special, plan.types[number])


def _words(model: Model) -> tuple[dict[int, str], set[int]]:
    """Readable tokens by id, as many as were asked for, and which of them frame a text: a corpus asks for the same ones again and again."""
    if model not in _KNOWN:
        _KNOWN[model] = {}, framing(model.tokenizer)
    return _KNOWN[model]


def _sides(model: Model, plan: Plan, options: Options, number: int) -> dict[str, Tokens]:
    source = _tokens(model, plan, number)
    if model.kind != "encoder-decoder":
        return {model.kind: source}
    if plan.targets[number] is not None:
        return {"encoder": source, "decoder": reading.tokens_of(model, plan.targets[number].tolist())}
    return sides_of(model, source, max_tokens=options.longest)[0]


def _one_batch(
    model: Model, plan: Plan, options: Options, found: Found, numbers: tuple[int, ...], sides: list[dict[str, Tokens]], pruned: frozenset
) -> None:
    device = torch.device("cpu") if model.view_only else model.device
    batches = {part: _batch(model, plan, options, numbers, sides, part, device) for part in model.parts}
    first = np.concatenate([[0], np.cumsum([site.heads for site in model.sites])])
    for number, part in enumerate(model.parts):
        found.vocabulary.count("query", number, batches[part].queries.ravel())
        found.vocabulary.count("key", number, batches[part].keys.ravel())

    def site(index: int) -> Site:
        one = model.sites[index]
        return Site(int(first[index]), one.heads, model.parts.index(one.part), batches[one.part], found)

    if model.view_only:
        _captured(capture_sides(model, sides[0]), site)
        return
    open_sites: dict[int, Site] = {}

    def observe(index: int | None, rows: slice, weights: Tensor, mask: Tensor | None) -> None:
        if index not in open_sites:
            open_sites[index] = site(index)
        one = open_sites[index]
        one.rows(rows, weights, by_text.visible(mask, rows, one.batch.hits, weights.device))

    def outputs(index: int | None, z: Tensor, value: Tensor) -> None:
        if index in open_sites:
            open_sites.pop(index).outputs(z, value)

    source = [next(iter(one.values())) for one in sides]
    changes = head_sets.changes(model, pruned) if pruned else None
    with model.lock, torch.inference_mode(), room_on(model.device, told("{n} tokens", n=sum(map(len, source)))):
        given = measure.inputs(source, model.device)
        if model.kind == "encoder-decoder":
            given["decoder_input_ids"] = torch.tensor([one["decoder"].ids for one in sides], device=model.device)
        with attention.attending(model.sites_of, record=False, observe=observe, outputs=outputs, changes=changes):
            model.network.base_model(**sites.inputs_for(model.network, **given))


def _batch(
    model: Model, plan: Plan, options: Options, numbers: tuple[int, ...], sides: list[dict[str, Tokens]], part: str, device: torch.device
) -> Batch:
    queries, keys = ([one[side if part == "cross" else part] for one in sides] for side in ("decoder", "encoder"))
    own = part != _stacks(model)[0] and part != "cross"
    # How often the tokens of generated targets come is not known before all are there: there the rarest of a text is its own.
    rare = measure.rarest(keys, None if own else plan.counts)
    hits = Hits(keys, rare, device, len(queries[0]) if part == "cross" else None)
    rest = np.array([one.special for one in keys], dtype=bool)
    first = ~rest[:, 0] & (part == "decoder")
    if part == "decoder":
        rest[:, 0] = True
    edges = tuple(plan.edges[number] if part == _stacks(model)[0] else None for number in numbers)
    ids = [np.array([one.ids for one in side]) for side in (queries, keys)]
    return Batch(np.array(numbers), options.seed, hits, *ids, torch.from_numpy(rest).to(device), torch.from_numpy(first).to(device), edges)


def _captured(captured: Capture, site: Callable[[int], Site]) -> None:
    """The sites of a model that gives weights and nothing else."""
    for place in captured.layout:
        one = site(place.index)
        for rows, weights, visible in by_text.captured_rows(captured, place):
            one.rows(rows, weights, visible)
        one.outputs(None, None)
