"""A factor on a model's own scale: what it does to the entropy of its heads, to its predictions, and to the score of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from explorer.ablation.intervals import interval
from explorer.i18n import _
from explorer.softmax.heads import SATURATED
from explorer.tasks.base import Batch, Outcome, Progress, Scores, Task, repeating
from explorer.tasks.guards import again_where_moved, when_full
from explorer.tasks.language import IGNORED
from models import InputError, attention
from models.surgery.resume import Runner

FACTORS = tuple(float(f"{10 ** (i / 6):.4g}") for i in range(-6, 7))
"""From a tenth to ten times the model's own scale, a sixth of a decade apart."""


@dataclass(frozen=True)
class Point:
    """One factor.

    Attributes:
        factor: on the scale of every head.
        entropy: of a row, in nats, mean over rows that see two keys or more, heads and examples.
        relative: mean of entropy / log(keys that the row sees).
        saturated: share of rows with a weight above `heads.SATURATED`.
        agreement: share of predictions that are those of factor 1; of numbers, those that `Task.differ` takes for the same.
        score, low, high, loss: of the task, with its 95 % interval.
    """

    factor: float
    entropy: float
    relative: float
    saturated: float
    agreement: float
    score: float
    low: float
    high: float
    loss: float


@dataclass(eq=False)
class ScaleCurve:
    """Points of one task; what is computed once is kept, so that stopped work goes on where it was.

    Attributes:
        task: model and examples.
        points: by factor.
    """

    task: Task
    points: dict[float, Point] = field(default_factory=dict)
    _own: np.ndarray | None = None
    """Predictions with factor 1."""
    _full: Scores | None = None
    """Scores with factor 1."""
    _batches: dict[tuple[float, tuple[int, ...]], tuple] = field(default_factory=dict)
    """Batches of a factor whose work was stopped."""

    def known(self, factors: Sequence[float] = FACTORS) -> bool:
        """Whether all of these are computed."""
        return set(factors) <= set(self.points)

    @again_where_moved
    @when_full
    def compute(self, factors: Sequence[float] = FACTORS, progress: Progress | None = None) -> list[Point]:
        """The points of these factors, in their order.

        Args:
            factors: on the scale.
            progress: told the share that is done, before every layer. What it raises ends the work; it goes on with the batch that it was at.

        Raises:
            InputError: a factor that is not above 0; attention without a scale.
        """
        if not factors or min(factors) <= 0:
            raise InputError(_("A factor on the scale is above 0."), _("Give numbers such as 0.5, 1, 2."))
        runner = Runner(self.task.model)
        # Factor 1 first: the others' predictions are compared with its own.
        missing = [1.0] * (self._own is None) + [f for f in sorted(factors, key=lambda f: abs(np.log(f))) if f != 1 and f not in self.points]
        for done, factor in enumerate(missing):
            self._add(factor, runner, (lambda share, at=done: progress((at + share) / len(missing))) if progress else None)
        return [self.points[factor] for factor in factors]

    def _add(self, factor: float, runner: Runner, progress: Progress | None) -> None:
        sums, rows, tops = np.zeros(3), 0, []
        scores = self.task.empty()
        batches = self.task.batches()
        done = 0
        for batch in batches:
            key = (factor, batch.index)
            if key not in self._batches:
                self._batches[key] = self._of_batch(factor, runner, batch, repeating(progress, done / len(self.task)))
            outcome, predicted, more, n = self._batches[key]
            tops.append(predicted)
            sums, rows = sums + more, rows + n
            scores.put(batch.index, outcome)
            done += len(batch.index)
            if progress:
                progress(done / len(self.task))
        predicted = np.concatenate(tops)
        low, high = interval(scores.correct, between=repeating(progress, 1.0), shares=True)
        if factor == 1:
            self._own, self._full = predicted, scores
        entropy, relative, saturated = (sums / max(1, rows)).tolist()
        # No number comes out twice to the last bit.
        same = ~self.task.differ(self._full, scores) if scores.correct.ndim == 2 else predicted == self._own
        agreement = float(same.mean())
        self.points[factor] = Point(factor, entropy, relative, saturated, agreement, scores.score, low, high, scores.mean_loss)
        for batch in batches:
            self._batches.pop((factor, batch.index), None)

    def _of_batch(
        self, factor: float, runner: Runner, batch: Batch, between: Callable[[], None] | None
    ) -> tuple[Outcome, np.ndarray, np.ndarray, int]:
        """What a batch does under a factor, its predictions, and the sums and the number of rows of `_over_rows`."""
        changes = {site.index: attention.Change(scale=factor) for site in self.task.model.sites}
        sums, rows, output = np.zeros(3), 0, None

        def forward(inputs: Mapping[str, torch.Tensor]) -> object:
            nonlocal output
            output = runner.run(inputs)
            return output

        with self.task.running(runner, changes, record=True, between=between) as run:
            outcome = self.task.outcome(runner, batch, forward)
            predicted = _predicted(output, batch, outcome, runner)
            for record in run.records:
                if between:
                    between()
                more, n = _over_rows(record)
                sums, rows = sums + more, rows + n
        return outcome, predicted, sums, rows


def _predicted(output: object, batch: Batch, outcome: Outcome, runner: Runner) -> np.ndarray:
    """The class of each example, the number, the labels; or the most likely token at each place that is asked for."""
    if outcome.correct.dim() == 2:
        return outcome.correct[:, 0].cpu().numpy()
    if batch.targets.dim() == 1 or outcome.predicted.dim() == 2:
        return outcome.predicted.cpu().numpy()
    logits = output.logits[0] if runner.did_select else output.logits[batch.targets != IGNORED]
    return logits.argmax(dim=-1).cpu().numpy()


def _over_rows(record: attention.Record) -> tuple[np.ndarray, int]:
    """Sums of entropy, relative entropy and saturation over heads and rows, and how many these are."""
    if record.normaliser == "linear":
        raise InputError(_("Linear attention has no scale: any factor cancels."), _("Choose a model with a softmax."))
    # Examples of a batch have one length and no padding, so that all of them see the same.
    seen = record.visible().sum(dim=1)
    several = seen > 1
    most = seen[several].log().to(record.query.device)
    sums, rows = torch.zeros(3, dtype=torch.double), 0
    for example in range(len(record.query)):
        weights = record.patterns(example=example)[:, several.to(record.query.device)]
        entropy = torch.special.entr(weights).sum(dim=-1)
        saturated = weights.amax(dim=-1) > SATURATED
        sums += torch.stack([entropy.sum(), (entropy / most).sum(), saturated.sum()]).cpu().double()
        rows += entropy.numel()
    return sums.numpy(), rows
