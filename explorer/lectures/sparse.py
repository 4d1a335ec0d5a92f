"""Sparse patterns: which keys a query keeps, at an equal number of pairs; laid over a head, and imposed on a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from explorer.bounded import BoundedCache, memory_of
from explorer.tasks import choose
from explorer.tasks.base import Batch, Task
from models import Model, attention

PATTERNS = ("window", "strided", "random", "sinks", "dilated", "block", "global")
"""All of them keep the token itself. The first four keep exactly as many keys in each row, and are what the class chooses from."""
EQUAL = PATTERNS[:4]
SINKS = 4
"""First tokens that are kept beside a window (Xiao et al. 2023); no more than half of all that are kept."""
READING = ("next", "masked")
"""Tasks of a model that reads a text of ours."""
EXAMPLES = 6
"""Of them, where a model is measured while a class waits."""
_SEED = 22
_FOUND: BoundedCache[tuple[float, float]] = BoundedCache(2**20, memory_of)
"""Score and loss by the model's number, pattern and keys: the slider measures what is new alone."""


def kept(pattern: str, n: int, k: int, causal: bool, seed: int = _SEED) -> np.ndarray:
    """Which keys each query keeps, bool (query, key).

    Args:
        pattern: "window", the nearest; "strided", spread evenly over all that it may see; "random"; "sinks", a few first tokens and the
            nearest; "dilated", the nearest of each second; "block", its own block of k tokens (fewer pairs where it is causal);
            "global", the nearest k - 1 and the first token, which itself sees everything (Beltagy et al. 2020).
        n: tokens.
        k: keys of each query, itself included; fewer where it may see fewer.
        causal: whether a query sees itself and what comes before alone.
    """
    random = np.random.default_rng(seed)
    made = np.zeros((n, n), bool)
    for i in range(n):
        made[i, _row(pattern, i, i + 1 if causal else n, k, random)] = True
    if pattern == "global":
        made[:, 0] = True
        made[0] = np.tril(np.ones((n, n), bool))[0] if causal else True
    return made


def _row(pattern: str, i: int, seen: int, k: int, random: np.random.Generator) -> list[int]:
    """Keys of query i, which may see the first `seen` tokens."""
    k = min(k, seen)
    nearest = sorted(range(seen), key=lambda j: (abs(i - j), j > i))
    if pattern == "strided":
        # From itself on in equal steps, round the end of what it may see.
        return [(i - round(step * seen / k)) % seen for step in range(k)]
    if pattern == "random":
        others = [j for j in range(seen) if j != i]
        return [i, *random.choice(others, k - 1, replace=False)] if k > 1 else [i]
    if pattern == "sinks":
        first = list(range(min(SINKS, k // 2)))
        return [*first, *[j for j in nearest if j not in first][: k - len(first)]]
    if pattern == "dilated":
        return [j for j in nearest if (i - j) % 2 == 0][:k]
    if pattern == "block":
        return [j for j in range(seen) if j // k == i // k]
    return nearest[: max(1, k - 1) if pattern == "global" else k]


def pairs(mask: np.ndarray, visible: np.ndarray) -> float:
    """Share of the pairs that a model sees which are kept: what scores and weighted sum still cost."""
    return float((mask & visible).sum() / visible.sum())


def mass(weights: np.ndarray, mask: np.ndarray) -> float:
    """Share of the attention of a head that lies on what is kept, mean over its queries."""
    return float(np.where(mask, weights, 0).sum(axis=-1).mean())


def low_rank(weights: np.ndarray, rank: int) -> float:
    """How much of a map the best product of two matrices of so many columns and rows holds: 1 minus the relative error, in squares (Eckart &
    Young 1936). Linformer (Wang et al. 2020) learns projections of keys and values to so few rows; none does better than this."""
    values = np.linalg.svd(weights.astype(float), compute_uv=False) ** 2
    return float(values[:rank].sum() / values.sum())


def imposed(task: Task, pattern: str, k: int, progress: Callable[[float], None] | None = None) -> tuple[float, float]:
    """Score and mean loss of a task, in nats, where every head of a model keeps no more than the pattern; rows still sum to 1."""
    causal = task.model.kind == "decoder"

    def changes(batch: Batch) -> Mapping[int, attention.Change]:
        n = next(iter(batch.inputs.values())).shape[1]
        allow = torch.from_numpy(kept(pattern, n, k, causal))
        return {site.index: attention.Change(allow=allow) for site in task.model.sites}

    found = task.score(changes if pattern else None, progress=progress)
    return found.score, found.mean_loss


@dataclass(frozen=True, eq=False)
class Imposed:
    """What patterns cost a model that every one of its heads was given.

    Attributes:
        reader: name of the model.
        full: score and loss without a pattern.
        rows: score and loss by pattern and keys.
    """

    reader: str
    full: tuple[float, float]
    rows: Mapping[tuple[str, int], tuple[float, float]]

    def loss(self, pattern: str, k: int) -> float:
        return self.rows[pattern, k][1]


def task_of(model: Model) -> Task | None:
    """The task of `READING` that a model can do, on our own text; None where it has no head for words, or reads one text and writes another."""
    kind = next((kind for kind in READING if model.kind in ("encoder", "decoder") and kind in choose.possible(model)), None)
    return None if kind is None else choose.make(kind, model, choose.built_in(kind))


def measured(model: Model, wanted: Iterable[tuple[str, int]]) -> Imposed | None:
    """Patterns imposed on a model, each a name and a number of keys, on its first few examples; None where it has no such task."""
    task = task_of(model)
    if task is None:
        return None
    task = task.subset(range(min(EXAMPLES, len(task.items))))

    def found(pattern: str, k: int) -> tuple[float, float]:
        return _FOUND.get_or_compute((model.number, pattern, k), lambda: imposed(task, pattern, k))

    return Imposed(model.name, found("", 0), {(pattern, k): found(pattern, k) for pattern, k in wanted})
