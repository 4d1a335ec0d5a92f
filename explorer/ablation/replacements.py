"""What takes the place of a removed head's output z, before the output projection."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from explorer.tasks.base import Batch, Progress, Task, repeating
from models import attention
from models.surgery.resume import Runner

METHODS = ("zero", "mean", "resample", "uniform")
"""zero: nothing. mean: the head's mean output over all tokens of the data. resample: its output on another example.
uniform: the mean of the visible values, as if it attended to all of them alike."""

KEPT_BYTES = 512 * 2**20
"""Outputs of other examples that are kept for `resample`."""

Replacement = Tensor | str | None
ReplacementsOf = Callable[[Batch], Mapping[int, Replacement]]
"""For a batch, what takes the place of a removed output at each site; tensors are (1 or batch, heads, 1 or query, value dim)."""


def replacements(task: Task, method: str, *, runner: Runner | None = None, seed: int = 0, progress: Progress | None = None) -> ReplacementsOf:
    """What takes the place of a removed output, by a method.

    Args:
        task: model and examples; `mean` and `resample` run all of them once.
        method: one of `METHODS`.
        runner: made here where None.
        seed: which example another one is resampled from.
        progress: told the share that is done, where a method has to run the examples first (`mean`, `resample`).

    Raises:
        ValueError: an unknown method.
    """
    sites = [site.index for site in task.model.sites]
    if method == "zero":
        return lambda batch: {}
    if method == "uniform":
        return lambda batch: dict.fromkeys(sites, "uniform")
    runner = runner or Runner(task.model)
    if method == "mean":
        means = _means(task, runner, progress)
        return lambda batch: {site: mean.to(task.device) for site, mean in means.items()}
    if method == "resample":
        return _Donors(task, runner, seed, progress)
    raise ValueError(f"a way to remove a head is one of {', '.join(METHODS)}, not {method!r}")


def _outputs(record: attention.Record) -> Tensor:
    """z of all heads, (batch, heads, query, value dim)."""
    values = record.value.repeat_interleave(record.group, dim=1).float()
    weights = torch.stack([record.patterns(example=i) for i in range(len(record.query))])
    return weights @ values


def _means(task: Task, runner: Runner, progress: Progress | None) -> dict[int, Tensor]:
    totals: dict[int, Tensor] = {}
    tokens: dict[int, int] = {}
    done = 0
    for batch in task.batches():
        for site, z in _of_batch(task, runner, batch, repeating(progress, done / len(task))).items():
            totals[site] = totals.get(site, 0) + z.sum(dim=(0, 2))
            tokens[site] = tokens.get(site, 0) + z.shape[0] * z.shape[2]
        done += len(batch)
        if progress:
            progress(done / len(task))
    return {site: (total / tokens[site])[None, :, None] for site, total in totals.items()}


def _of_batch(task: Task, runner: Runner, batch: Batch, between: Callable[[], None] | None = None) -> dict[int, Tensor]:
    """Outputs z of all heads by site, each (examples, heads, query, value dim)."""
    with task.running(runner, {}, record=True, between=between) as run:
        runner.run(batch.inputs)
        return {record.site: _outputs(record) for record in run.records}


class _Donors:
    """Outputs of another example for each example; one that is shorter is read again from its start.

    Outputs are kept up to `KEPT_BYTES`, so that the next set of heads finds them there.
    """

    def __init__(self, task: Task, runner: Runner, seed: int, progress: Progress | None) -> None:
        order = np.random.default_rng(seed).permutation(len(task))
        # A walk round the permutation: everybody gives once, nobody to itself (where there are two examples or more).
        self.donor = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
        self.task, self.runner = task, runner
        self._kept: dict[int, dict[int, Tensor]] = {}
        done, room = 0, KEPT_BYTES
        for batch in task.batches():
            found = self._outputs_of(batch, repeating(progress, done / len(task)))
            room -= sum(z.numel() * z.element_size() for one in found.values() for z in one.values())
            if room < 0:
                break
            self._kept |= found
            done += len(batch)
            if progress:
                progress(done / len(task))

    def __call__(self, batch: Batch) -> dict[int, Tensor]:
        donors = [self.donor[example] for example in batch.index]
        known = {example: self._kept[example] for example in donors if example in self._kept}
        if missing := sorted(set(donors) - set(known)):
            for part in self.task.batches(members=missing):
                known |= self._outputs_of(part)
        lengths = {name: values.shape[1] for name, values in batch.inputs.items() if name.endswith("input_ids")}
        return {
            site: torch.cat([_fitted(known[donor][site].to(self.task.device), self._queries(site, lengths)) for donor in donors])
            for site in known[donors[0]]
        }

    def _outputs_of(self, batch: Batch, between: Callable[[], None] | None = None) -> dict[int, dict[int, Tensor]]:
        found = _of_batch(self.task, self.runner, batch, between)
        return {example: {site: z[i : i + 1] for site, z in found.items()} for i, example in enumerate(batch.index)}

    def _queries(self, site: int, lengths: dict[str, int]) -> int:
        part = self.task.model.sites[site].part
        both = "decoder_input_ids" in lengths
        return lengths["decoder_input_ids" if both and part != "encoder" else "input_ids"]


def _fitted(z: Tensor, n: int) -> Tensor:
    at = torch.arange(n, device=z.device) % z.shape[2]
    return z[:, :, at]
