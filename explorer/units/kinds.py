"""What units do: for each kind of work the function of a bench and a unit that gives its result, as JSON.

They are the same functions that a page and a command go through alone (`sweep.of_batch`, `greedy_passes`, `measure.of_batch`,
`relations.of_some`); here stands only what of a unit's options goes where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch

from explorer.ablation import greedy_passes, sweep
from explorer.ablation.heads import Head, Heads, every
from explorer.atlas import shards
from explorer.scores import measure, repeated
from explorer.syntax import relations
from explorer.tasks.base import Outcome, Progress, repeating
from explorer.units import store
from explorer.units.bench import Bench
from explorer.units.unit import Unit
from models import digests

Work = Callable[[Bench, Unit, Progress | None], object]


def swept(bench: Bench, unit: Unit, tell: Progress | None) -> object:
    """A batch without each head alone. Options: members."""
    batch = bench.batch(unit.options["members"])
    return sweep.of_batch(bench.task, bench.runner, batch, every(bench.model), frozenset(), bench.replacement_of(batch), tell)


def scored(bench: Bench, unit: Unit, tell: Progress | None) -> object:
    """Batches without a set of heads. Options: gone; batches, the members of each."""
    found, batches = [], unit.options["batches"]
    for number, members in enumerate(batches):
        batch, between = bench.batch(members), repeating(tell, number / len(batches))
        outcome = greedy_passes.scored(bench.task, bench.runner, batch, heads_of(unit.options["gone"]), bench.replacement_of(batch), between)
        found.append(outcome_json(outcome))
    return found


def sloped(bench: Bench, unit: Unit, tell: Progress | None) -> object:
    """A batch without a set of heads, and the slopes of the others. Options: gone, members."""
    batch, gone = bench.batch(unit.options["members"]), heads_of(unit.options["gone"])
    state, slopes = greedy_passes.sloped(bench.task, bench.runner, batch, gone, bench.replacement_of(batch), repeating(tell, 0.0))
    bench.keep(state)
    return {"outcome": outcome_json(state.outcome), "slopes": by_head_json(slopes)}


def rises(bench: Bench, unit: Unit, tell: Progress | None) -> object:
    """How much each example's loss rises without each of some further heads. Options: gone, heads, members."""
    batch = bench.batch(unit.options["members"])
    state = bench.state(heads_of(unit.options["gone"]), batch)
    heads, replacement = heads_of(unit.options["heads"]), bench.replacement_of(batch)
    return by_head_json(greedy_passes.rises(bench.task, bench.runner, state, heads, replacement, repeating(tell, 0.0)))


def texts(bench: Bench, unit: Unit, tell: Progress | None) -> object:
    """Sums of all head scores over some texts, or over all where they are scored in one piece. Options: what, members."""
    what, members = str(unit.options["what"]), unit.options["members"]
    if members == measure.WHOLE:
        return measure.of_all(*bench.reader(what), str(bench.on["part"]), tell or (lambda share: None))
    return measure.of_batch(bench.model_of(what), bench.reading(what), members, str(bench.on["part"]))


def sequences(bench: Bench, unit: Unit, tell: Progress | None) -> object:
    """Scores on one sequence of repeated tokens, by its seed. Options: what."""
    return repeated.of_sequence(bench.model_of(str(unit.options["what"])), repeated.TOKENS, unit.seed)


def sentences(bench: Bench, unit: Unit, tell: Progress | None) -> object:
    """Counts of syntax on some sentences. Options: first, last."""
    first, last = int(unit.options["first"]), int(unit.options["last"])
    told = tell and (lambda number: tell((number - first) / (last - first)))
    return relations.of_some(bench.model, bench.sentences, bench.relation_names, first, last, told)


def shard(bench: Bench, unit: Unit, tell: Progress | None) -> object:
    """A shard of an atlas. Its file is what the atlas is merged of; the result says which it is. Options: nothing more."""
    folder = bench.folder / store.SHARDS
    file = shards.read(bench.model, bench.corpus, bench.atlas, unit.shard, unit.shards, folder, tell, bench.atlas_plan)
    return {"file": file.name, "sha256": digests.of_file(file)}


KINDS: dict[str, Work] = {
    "sweep": swept,
    "scored": scored,
    "sloped": sloped,
    "rises": rises,
    "texts": texts,
    "sequences": sequences,
    "sentences": sentences,
    "atlas": shard,
}


def heads_json(heads: Iterable[Head]) -> list[list[int]]:
    """Heads as JSON, in the order of the forward pass."""
    return [list(head) for head in sorted(heads)]


def heads_of(found: Iterable[Iterable[int]]) -> Heads:
    """Heads from JSON."""
    return frozenset(tuple(head) for head in found)


def outcome_json(outcome: Outcome) -> dict[str, list]:
    """The results of a batch as JSON."""
    return {name: values.tolist() for name, values in vars(outcome).items()}


def outcome_of(found: Mapping[str, list]) -> Outcome:
    """The results of a batch from JSON."""
    return Outcome(**{name: torch.tensor(values) for name, values in found.items()})


def by_head_json(found: greedy_passes.Slopes) -> list:
    """Numbers of each head as JSON."""
    return [[list(head), values.tolist()] for head, values in found.items()]


def by_head_of(found: list) -> dict[Head, np.ndarray]:
    """Numbers of each head from JSON."""
    return {tuple(head): np.array(values) for head, values in found}
