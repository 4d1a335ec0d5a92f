"""Which heads matter, estimated without removing any: gradients of the gates, and confidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from explorer.ablation.heads import Head
from explorer.ablation.resumable import Pieces
from explorer.tasks.base import Batch, Progress, Task, repeating
from explorer.tasks.guards import when_full
from models import attention
from models.opening.devices import free_bytes
from models.surgery.resume import Runner

Importance = dict[Head, float]


@when_full
def gradient(
    task: Task,
    *,
    progress: Progress | None = None,
    normalise: bool = True,
    resumable: Pieces | None = None,
    runner: Runner | None = None,
) -> Importance:
    """E |dL / dgate| of every head, all of them in one backward pass per batch (Michel et al. 2019, section 4.1).

    Args:
        task: model and examples.
        progress: told the share that is done; what it raises ends the work.
        normalise: divide by the L2 norm of a layer's importances, as the paper does (after Molchanov et al. 2017).
        resumable: where batches that are done are kept.
        runner: made here where None.
    """
    runner = runner or Runner(task.model)

    def of_batch(batch: Batch, between: Callable[[], None] | None) -> list:
        # A gate per example, so that the absolute value is taken before the mean over examples.
        gates = {
            site.index: torch.ones(len(batch), site.heads, device=task.device, requires_grad=True) for site in task.model.sites if site.heads
        }
        changes = {site: attention.Change(gate=gate) for site, gate in gates.items()}
        with task.running(runner, changes, grad=True, between=between):
            loss = task.outcome(runner, batch, runner.run).loss.sum()
            found = torch.autograd.grad(loss, list(gates.values()), allow_unused=True)
        summed = [None if grad is None else grad.abs().sum(dim=0).tolist() for grad in found]
        return [[site, grad] for site, grad in zip(gates, summed, strict=True) if grad is not None]

    totals = {site.index: np.zeros(site.heads) for site in task.model.sites}
    # A pass with its way back takes three times as long as one without, and keeps what all layers computed: room is by one layer.
    copies = 3 if free_bytes(task.device) is None else max(3, len(task.model.sites))
    for found in _over(task, "batch of gradients", of_batch, progress, resumable, copies=copies):
        for site, grad in found:
            totals[site] += grad
    made = {}
    for site, total in totals.items():
        mean = total / len(task)
        norm = float(np.linalg.norm(mean)) if normalise else 1.0
        made |= {(site, head): float(value) / (norm or 1.0) for head, value in enumerate(mean)}
    return made


@when_full
def confidence(task: Task, *, progress: Progress | None = None, resumable: Pieces | None = None, runner: Runner | None = None) -> Importance:
    """Mean over tokens of a head's largest weight (Voita et al. 2019, section 4), the last special token of a text left out.

    The paper leaves out the end-of-sentence symbol, which many heads attend to when they have nothing to do. Arguments as for `gradient`.
    """
    runner = runner or Runner(task.model)
    ends = {task.model.tokenizer.eos_token_id, task.model.tokenizer.sep_token_id} - {None}

    def of_batch(batch: Batch, between: Callable[[], None] | None) -> list:
        found = []
        with task.running(runner, {}, record=True, between=between) as run:
            runner.run(batch.inputs)
            for record in run.records:
                if between:
                    between()
                part = task.model.sites[record.site].part
                read = batch.inputs["decoder_input_ids" if "decoder_input_ids" in batch.inputs and part == "decoder" else "input_ids"]
                end = torch.isin(read, torch.tensor(sorted(ends), device=read.device))
                largest = [record.patterns(example=i).masked_fill(end[i], 0).amax(-1).sum(-1) for i in range(len(batch))]  # (heads,) each
                found.append([record.site, torch.stack(largest).sum(0).tolist(), len(batch) * record.query.shape[2]])
        return found

    totals = {site.index: np.zeros(site.heads) for site in task.model.sites}
    tokens = dict.fromkeys(totals, 0)
    for found in _over(task, "batch of weights", of_batch, progress, resumable):
        for site, largest, queries in found:
            totals[site] += largest
            tokens[site] += queries
    return {(site, head): float(value) / tokens[site] for site, total in totals.items() for head, value in enumerate(total)}


def rank_correlation(one: Importance, other: Importance) -> float:
    """Spearman's rank correlation over the heads that both know; nan where one of them holds all for equal."""
    from scipy import stats

    heads = sorted(set(one) & set(other))
    if len({one[h] for h in heads}) < 2 or len({other[h] for h in heads}) < 2:
        return float("nan")
    return float(stats.spearmanr([one[h] for h in heads], [other[h] for h in heads]).statistic)


def table(importance: Importance, sites: list) -> np.ndarray:
    """Importances as (sites, heads); nan where there is no head."""
    made = np.full((len(sites), max(site.heads for site in sites)), np.nan)
    rows = {site.index: row for row, site in enumerate(sites)}
    for (site, head), value in importance.items():
        if site in rows:
            made[rows[site], head] = value
    return made


def _over(task: Task, what: str, of_batch: Callable, progress: Progress | None, resumable: Pieces | None, copies: int = 1) -> Iterator[list]:
    """What `of_batch` makes of each batch; batches that are known already are not run again."""
    done = 0
    for batch in task.batches(copies):
        found = resumable.get(what, batch.index) if resumable is not None else None
        if found is None:
            found = of_batch(batch, repeating(progress, done / len(task)))
            if resumable is not None:
                resumable.put(what, batch.index, found)
        yield found
        done += len(batch)
        if progress:
            progress(done / len(task))
