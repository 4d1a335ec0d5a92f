"""Scores of a task without any set of heads, each pass started at the lowest layer that changes.

What the layers return with all heads is kept while the baseline is scored; a score without some heads goes on from there.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
import torch

from explorer.ablation import passes
from explorer.ablation.heads import Heads
from explorer.ablation.replacements import ReplacementsOf, replacements
from explorer.tasks.base import Batch, Progress, Scores, Task, repeating, within
from explorer.tasks.guards import when_full
from models.opening.devices import free_bytes
from models.surgery.resume import Runner

KEPT_BYTES = 512 * 2**20
"""Outputs of layers that are kept for one task; examples beyond it are run from the bottom each time."""
_UNFINISHED = 4
"""Scores that were stopped and are kept to go on with."""


class Scorer:
    """Scores one task. Threads may share it: the model's lock is held during each pass, and what is stored is whole when it is stored.

    Attributes:
        task: model and examples.
        seconds: from the start of each layer call to the end of a pass over all examples, (calls,), as the baseline was measured; None
            before that. What a score costs whose lowest removed head is computed by that call.
    """

    def __init__(self, task: Task, kept_bytes: int = KEPT_BYTES) -> None:
        self.task, self._most = task, kept_bytes
        self.seconds: np.ndarray | None = None
        self._baseline: Scores | None = None
        self._runner: Runner | None = None
        self._device: torch.device | None = None
        self._batches: list[Batch] = []
        self._kept: list[passes.Kept | None] = []
        self._measured: list[np.ndarray] = []
        self._first = task.empty()
        self._replacements: dict[str, ReplacementsOf] = {}
        self._unfinished: OrderedDict[tuple[str, Heads], tuple[Scores, int]] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def knows_baseline(self) -> bool:
        """Whether `baseline` is there already."""
        return self._baseline is not None

    @property
    def runner(self) -> Runner:
        """A private copy of the network, to be used within `Task.running` only. A new one where the model was moved since."""
        with self._lock:
            if self._runner is None or self._device != self.task.device:
                # What was kept lies on the device that the model has left.
                self._device, self._batches, self._kept, self._measured = self.task.device, [], [], []
                self._replacements.clear()
                self._unfinished.clear()
                self._runner = Runner(self.task.model)
            return self._runner

    @when_full
    def replacement_of(self, method: str, progress: Progress | None = None) -> ReplacementsOf:
        """What takes the place of a removed output; the means over the examples are computed once."""
        runner = self.runner
        if method not in self._replacements:
            self._replacements[method] = replacements(self.task, method, runner=runner, progress=progress)
        return self._replacements[method]

    @when_full
    def baseline(self, progress: Progress | None = None) -> Scores:
        """Scores with all heads. Stopped by what `progress` raises, it goes on at the next call with the batch that it was at."""
        while True:
            # The lock is taken anew for each batch: who waits here meanwhile can be stopped, and does the next one.
            with self._lock:
                if self._baseline is not None and self._kept and len(self._kept) == len(self._batches):
                    return self._baseline
                self._next_batch(progress)
            if progress:
                progress(sum(map(len, self._batches[: len(self._kept)])) / len(self.task))

    def _next_batch(self, progress: Progress | None) -> None:
        """Runs one more batch with all heads and keeps what its layers returned."""
        runner = self.runner
        if not self._batches:
            self._batches, self._first = self.task.batches(), self.task.empty()
        batch = self._batches[len(self._kept)]
        done = sum(map(len, self._batches[: len(self._kept)]))
        found = passes.kept(self.task, runner, batch, frozenset(), {}, between=repeating(progress, done / len(self.task)))
        room = self.room - sum(kept.passed.bytes for kept in self._kept if kept is not None)
        self._first.put(batch.index, found.outcome)
        self._measured.append(found.seconds)
        self._kept.append(found if found.passed.bytes <= room else None)
        if len(self._kept) == len(self._batches):
            self._baseline, self.seconds = self._first, np.sum(self._measured, axis=0)

    @when_full
    def score(self, heads: Heads, method: str = "zero", progress: Progress | None = None) -> Scores:
        """Scores without these heads.

        Args:
            heads: to remove.
            method: what takes the place of their outputs, one of `replacements.METHODS`.
            progress: told the share that is done, before every layer. What it raises ends the work, and the next call for the same
                heads goes on with the batch that it was at.
        """
        # What comes first is needed once for all scores: it counts as little of this one.
        if not heads:
            return self.baseline(progress)
        before = 0.0 if self.seconds is not None else 0.4
        # A runner that is new, as the model was moved, has forgotten what was kept: so it is asked for first.
        runner = self.runner
        self.baseline(within(progress, 0.0, before / 2))
        replacement_of = self.replacement_of(method, within(progress, before / 2, before))
        scores, start = self._unfinished.pop((method, heads), None) or (self.task.empty(), 0)
        batches, known, at = self._batches, self._kept, start
        try:
            for at in range(start, len(batches)):
                if self.runner is not runner:
                    break  # the model was moved
                batch = batches[at]
                share = sum(map(len, batches[:at])) / len(self.task)
                tell = repeating(progress, before + (1 - before) * share)
                outcome = passes.without(self.task, runner, batch, [heads], replacement_of(batch), known=known[at], between=tell)
                scores.put(batch.index, outcome[0])
        except BaseException:
            self._unfinished[method, heads] = scores, at
            while len(self._unfinished) > _UNFINISHED:
                self._unfinished.popitem(last=False)
            raise
        if self.runner is not runner:
            return self.score(heads, method, progress)
        if progress:
            progress(1.0)
        return scores

    @property
    def room(self) -> int:
        """Bytes of layer outputs that may be kept."""
        free = free_bytes(self.task.device)
        return self._most if free is None else min(self._most, free // 4)
