"""A run as a film: where each head attends on one example, and what role it plays, at each snapshot."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from explorer.capture import Capture, capture
from explorer.lab.state import Watched
from explorer.scores import masks
from models import Model, attention
from models.toy.tasks import END, IGNORED, START, Batch, ToyTask
from models.training.runs import Snapshot

EXAMPLES = 8
"""Held-out examples that a viewer may choose from."""
SCORED = 24
"""Held-out examples of one length on which roles are scored."""
RoleScores = Mapping[str, Mapping[tuple[str, int], np.ndarray]]
"""By role, then by part and layer, (heads,)."""
_numbers = itertools.count()


@dataclass(frozen=True)
class Example:
    """A text of the task, and what is right; `target` is empty where one sequence holds both."""

    text: str
    target: str = ""
    answer: str = ""


class Film:
    """Captures of a run at its snapshots, made when they are asked for and kept. It has a network of its own to put the weights into.

    Args:
        watched: the run; it may go on meanwhile.

    Attributes:
        number: tells it from all other films of this process.
    """

    def __init__(self, watched: Watched) -> None:
        self.number = next(_numbers)
        with watched.still() as run:
            self.task, self._model = run.task, run.model(run.snapshots[0])
        self._lock = threading.Lock()
        self._held_out = self.task.held_out(max(EXAMPLES, SCORED))
        self.examples = examples(self.task, self._held_out)
        self._captures: dict[tuple[int, Example], Capture] = {}
        self._roles: dict[int, RoleScores] = {}

    @property
    def model(self) -> Model:
        """The network that the weights of the last frame are in; for its layout."""
        return self._model

    def at(self, frame: Snapshot, example: Example) -> Capture:
        """Where the run attended at a snapshot. Raises InputError for an example that it cannot read."""
        key = (frame.step, example)
        with self._lock:
            if key not in self._captures:
                frame.put_into(self._model.network)
                model = replace(self._model, name=f"{self.task.name}, step {frame.step}")
                self._captures[key] = capture(model, example.text, None, example.target or None)
            return self._captures[key]

    def roles(self, frame: Snapshot) -> RoleScores:
        """Role scores at a snapshot, on `SCORED` held-out examples."""
        with self._lock:
            if frame.step not in self._roles:
                frame.put_into(self._model.network)
                self._roles[frame.step] = self._scored(max(self._held_out, key=len))
            return self._roles[frame.step]

    @torch.inference_mode()
    def _scored(self, batch: Batch) -> RoleScores:
        with attention.attending(self._model.sites_of) as run:
            self._model.network(**batch.rows(torch.arange(min(SCORED, len(batch)))).inputs)
        found: dict[str, dict[tuple[str, int], np.ndarray]] = {name: {} for name in masks.ROLES}
        for record in run.records:
            site = self._model.sites[record.site]
            if site.part == "cross":
                continue  # roles speak of one sequence
            ids = (batch.input_ids if site.part == "encoder" or batch.decoder_input_ids is None else batch.decoder_input_ids).tolist()
            shown = [(record.patterns(example=i).numpy(), ids[i]) for i in range(len(record.query))]
            for name, scores in masks.scores(shown).items():
                found[name][site.part, site.layer] = scores
        return found


def examples(task: ToyTask, batches: Sequence[Batch]) -> list[Example]:
    """The first held-out examples, from batches of several lengths in turn."""
    found = []
    for i in range(EXAMPLES):
        for batch in batches:
            if i < len(batch) and len(found) < EXAMPLES:
                targets = batch.targets[i].tolist()
                answer = task.text([t for t in targets if t != IGNORED and task.tokens[t] not in (START, END)])
                found.append(Example(task.text(batch.input_ids[i]), answer if batch.decoder_input_ids is not None else "", answer))
    return found
