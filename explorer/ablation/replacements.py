"""What takes the place of a removed head's output z, before the output projection."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from explorer.tasks.base import Batch, Progress, Task
from models import attention
from models.surgery.resume import Runner

METHODS = ("zero", "mean", "resample", "uniform")
"""zero: nothing. mean: the head's mean output over all tokens of the data. resample: its output on another example.
uniform: the mean of the visible values, as if it attended to all of them alike."""

Replacement = Tensor | str | None
ReplacementsOf = Callable[[Batch], Mapping[int, Replacement]]
"""For a batch, what takes the place of a removed output at each site; tensors are (1 or batch, heads, 1 or query, value dim)."""


def replacements(task: Task, method: str, *, runner: Runner | None = None, seed: int = 0, progress: Progress | None = None) -> ReplacementsOf:
    """What takes the place of a removed output, by a method.

    Args:
        task: model and examples; `mean` runs all of them once.
        method: one of `METHODS`.
        seed: which example another one is resampled from.

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
        return lambda batch: means
    if method == "resample":
        return _Donors(task, runner, seed)
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
        with task.running(runner, {}, record=True) as run:
            runner.run(batch.inputs)
            for record in run.records:
                z = _outputs(record)
                totals[record.site] = totals.get(record.site, 0) + z.sum(dim=(0, 2))
                tokens[record.site] = tokens.get(record.site, 0) + z.shape[0] * z.shape[2]
        done += len(batch)
        if progress:
            progress(done / len(task))
    return {site: (total / tokens[site])[None, :, None] for site, total in totals.items()}


class _Donors:
    """Outputs of another example for each example; one that is shorter is read again from its start."""

    def __init__(self, task: Task, runner: Runner, seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(task))
        # A walk round the permutation: everybody gives once, nobody to itself (where there are two examples or more).
        self.donor = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
        self.task, self.runner = task, runner

    def __call__(self, batch: Batch) -> dict[int, Tensor]:
        found: dict[int, list[Tensor]] = {}
        known: dict[int, dict[int, Tensor]] = {}
        for example in batch.index:
            if example not in known:
                known[example] = self._of(self.donor[example])
            for site, z in known[example].items():
                found.setdefault(site, []).append(z)
        lengths = {name: values.shape[1] for name, values in batch.inputs.items() if name.endswith("input_ids")}
        return {site: torch.cat([_fitted(z, self._queries(site, lengths)) for z in given]) for site, given in found.items()}

    def _of(self, example: int) -> dict[int, Tensor]:
        with self.task.running(self.runner, {}, record=True) as run:
            self.runner.run(self.task._batch([example]).inputs)
            return {record.site: _outputs(record) for record in run.records}

    def _queries(self, site: int, lengths: dict[str, int]) -> int:
        part = self.task.model.sites[site].part
        both = "decoder_input_ids" in lengths
        return lengths["decoder_input_ids" if both and part != "encoder" else "input_ids"]


def _fitted(z: Tensor, n: int) -> Tensor:
    at = torch.arange(n, device=z.device) % z.shape[2]
    return z[:, :, at]
