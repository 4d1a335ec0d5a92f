"""Which heads matter, estimated without removing any: gradients of the gates, and confidence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from explorer.ablation.heads import Head, every
from explorer.tasks.base import Batch, Progress, Task
from models import attention
from models.surgery.resume import Runner

Importance = dict[Head, float]


def gradient(task: Task, *, progress: Progress | None = None, normalise: bool = True) -> Importance:
    """E |dL / dgate| of every head, all of them in one backward pass per batch (Michel et al. 2019, section 4.1).

    Args:
        task: model and examples.
        progress: told the share that is done.
        normalise: divide by the L2 norm of a layer's importances, as the paper does (after Molchanov et al. 2017).
    """
    runner = Runner(task.model)
    totals = {site.index: torch.zeros(site.heads, dtype=torch.float64) for site in task.model.sites}

    def add(batch: Batch) -> None:
        # A gate per example, so that the absolute value is taken before the mean over examples.
        gates = {site: torch.ones(len(batch), len(total), device=task.device, requires_grad=True) for site, total in totals.items()}
        changes = {site: attention.Change(gate=gate) for site, gate in gates.items()}
        with task.running(runner, changes, grad=True):
            loss = task.outcome(runner, batch, runner.run).loss.sum()
            found = torch.autograd.grad(loss, list(gates.values()), allow_unused=True)
        for site, grad in zip(gates, found, strict=True):
            if grad is not None:
                totals[site] += grad.abs().sum(dim=0).double().cpu()

    _over(task, add, progress)
    made = {}
    for site, total in totals.items():
        mean = total / len(task)
        norm = float(mean.norm()) if normalise else 1.0
        made |= {(site, head): float(value) / (norm or 1.0) for head, value in enumerate(mean)}
    return made


def confidence(task: Task, *, progress: Progress | None = None) -> Importance:
    """Mean over tokens of a head's largest weight (Voita et al. 2019, section 4), the last special token of a text left out.

    The paper leaves out the end-of-sentence symbol, which many heads attend to when they have nothing to do.
    """
    runner = Runner(task.model)
    totals = dict.fromkeys(every(task.model), 0.0)
    tokens = dict.fromkeys(totals, 0)
    ends = {task.model.tokenizer.eos_token_id, task.model.tokenizer.sep_token_id} - {None}

    def add(batch: Batch) -> None:
        with task.running(runner, {}, record=True) as run:
            runner.run(batch.inputs)
            for record in run.records:
                part = task.model.sites[record.site].part
                read = batch.inputs["decoder_input_ids" if "decoder_input_ids" in batch.inputs and part == "decoder" else "input_ids"]
                end = torch.isin(read, torch.tensor(sorted(ends), device=read.device))
                for i in range(len(batch)):
                    largest = record.patterns(example=i).masked_fill(end[i], 0).amax(-1)  # (heads, query)
                    for head, total in enumerate(largest.sum(-1).tolist()):
                        totals[record.site, head] += total
                        tokens[record.site, head] += largest.shape[1]

    _over(task, add, progress)
    return {head: total / tokens[head] for head, total in totals.items()}


def rank_correlation(one: Importance, other: Importance) -> float:
    """Spearman's rank correlation over the heads that both know."""
    from scipy import stats

    heads = sorted(set(one) & set(other))
    return float(stats.spearmanr([one[h] for h in heads], [other[h] for h in heads]).statistic)


def table(importance: Importance, sites: list) -> np.ndarray:
    """Importances as (sites, heads); nan where there is no head."""
    made = np.full((len(sites), max(site.heads for site in sites)), np.nan)
    rows = {site.index: row for row, site in enumerate(sites)}
    for (site, head), value in importance.items():
        if site in rows:
            made[rows[site], head] = value
    return made


def _over(task: Task, add: Callable[[Batch], None], progress: Progress | None) -> None:
    done = 0
    for batch in task.batches():
        add(batch)
        done += len(batch)
        if progress:
            progress(done / len(task))
