"""What all tasks share: examples in batches without padding, and results per example."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from explorer.i18n import _
from explorer.reading import encode
from explorer.tasks.guards import when_full
from explorer.tasks.score import score_of
from models import InputError, Model, attention
from models.errors import MovedError
from models.opening import last_token
from models.opening.devices import free_bytes, room_on
from models.surgery.resume import Runner, repeated

Progress = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""

TOKENS = 2048
"""Tokens that one forward pass on a CPU takes at once. Larger tensors are fetched from the system and cleared each time."""
LOGITS_BYTES = 400 * 2**20
"""Logits that one forward pass may make."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What a model did on every example.

    Attributes:
        loss: mean cross-entropy of the predictions of each example, in nats, (examples,).
        correct: share of its predictions that were right, 0 or 1 where an example has one, (examples,); of a number, what was predicted and
            what is right, (examples, 2).
        predicted: the class that was predicted, -1 where there are no classes, (examples,); where several labels may apply, 1 for each that
            was predicted and 0 for the others, (examples, labels).
        count: number of predictions of each example, (examples,).
    """

    loss: np.ndarray
    correct: np.ndarray
    predicted: np.ndarray
    count: np.ndarray

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return sum(values.nbytes for values in vars(self).values())

    @property
    def mean_loss(self) -> float:
        """Mean cross-entropy over the examples, in nats."""
        return float(self.loss.mean())

    @property
    def score(self) -> float:
        """Mean share of right predictions over the examples: accuracy. Of numbers, Pearson's correlation."""
        return score_of(self.correct)

    @property
    def perplexity(self) -> float:
        """exp of the mean cross-entropy over all predictions."""
        return float(np.exp((self.loss * self.count).sum() / self.count.sum()))

    def put(self, index: Sequence[int], outcome: Outcome) -> None:
        """Fills in the results of some examples."""
        at = list(index)
        self.loss[at] = outcome.loss.float().cpu().numpy()
        self.correct[at] = outcome.correct.float().cpu().numpy()
        self.predicted[at] = outcome.predicted.cpu().numpy()
        self.count[at] = outcome.count.cpu().numpy()


@dataclass(frozen=True, eq=False)
class Outcome:
    """Results of one batch, each (batch, ..) as in `Scores`; `loss` may carry gradients."""

    loss: Tensor
    correct: Tensor
    predicted: Tensor
    count: Tensor


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples of one length, so that nothing is padded.

    Attributes:
        index: numbers of the examples.
        inputs: arguments of the network, each (batch, tokens).
        targets: what is right: (batch,) classes or numbers; (batch, tokens) ids of tokens or labels, -100 where nothing is predicted; or
            (batch, labels), 1 for each that applies.
    """

    index: tuple[int, ...]
    inputs: Mapping[str, Tensor]
    targets: Tensor

    def __len__(self) -> int:
        return len(self.index)

    @property
    def tokens(self) -> int:
        """Tokens per example, both sides together."""
        return sum(values.shape[1] for name, values in self.inputs.items() if name.endswith("input_ids"))

    def repeat(self, times: int) -> Batch:
        """Every example `times` times in a row."""
        index = tuple(i for i in self.index for _ in range(times))
        return Batch(index, repeated(self.inputs, times), self.targets.repeat_interleave(times, dim=0))


@dataclass(frozen=True, eq=False)
class Item:
    """One encoded example: `inputs` by name, each a list of ids, what is right, and its number among the examples given."""

    inputs: dict[str, list[int]]
    target: int | float | list[int] | list[float]
    number: int


class Task(ABC):
    """A model, examples, and how well it does on them with some of its heads changed.

    Attributes:
        kind: its name in the shell, e.g. "classify".
        answers: what its examples are labelled with, of `answers.KINDS`; None where nothing is needed.
        model: the model.
        items: the examples, encoded.
        notes: what a viewer should know: how many were cut.
    """

    kind: str
    answers: str | None = None

    def __init__(self, model: Model, items: Sequence[Item], notes: tuple[str, ...] = ()) -> None:
        if not items:
            raise InputError(_("There are no examples."), _("Give at least one."))
        if model.view_only:
            raise InputError(_("{name} is opened view-only: its heads cannot be changed.").format(name=model.name), _("Choose another model."))
        self.check(model)
        self.model, self.items, self.notes = model, list(items), notes

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    @abstractmethod
    def check(cls, model: Model) -> None:
        """Raises InputError where a model cannot do this."""

    @abstractmethod
    def outcome(self, runner: Runner, batch: Batch, forward: Callable[[Mapping[str, Tensor]], object]) -> Outcome:
        """Loss and predictions of a batch; `forward` runs the network of the runner."""

    def doubt(self, full: Scores) -> str:
        """What there is to doubt about the task, from the scores with all heads; "" where there is nothing."""
        return ""

    def empty(self) -> Scores:
        """Room for the scores of all examples."""
        n = len(self)
        return Scores(np.full(n, np.nan), np.full(n, np.nan), np.full(n, -1), np.zeros(n, dtype=int))

    def differ(self, one: Scores, other: Scores) -> np.ndarray:
        """Which examples came out differently, bool (examples,)."""
        return one.correct != other.correct

    def columns(self, before: Scores, after: Scores) -> dict[str, object]:
        """What is right for each example, and what was said, by the name of a column."""
        return {"accuracy before": before.correct, "accuracy after": after.correct}

    @property
    def room(self) -> int:
        """Tokens per forward pass that this device bears, heads as extra examples included."""
        free = free_bytes(self.model.device)
        if free is None:
            return TOKENS
        # Activations of one layer, some forty numbers a token and dimension, in half of what is free.
        width = self.model.network.config.get_text_config().hidden_size
        return max(TOKENS, int(free / 2 / (40 * width * self.model.dtype.itemsize)))

    def batches(self, copies: int = 1, members: Sequence[int] | None = None) -> list[Batch]:
        """The examples, sorted by length, of one length each.

        Args:
            copies: of each example that are to fit into one forward pass.
            members: numbers of the examples; all where None. Those of one length stay in this order.
        """

        def lengths(i: int) -> tuple[int, ...]:
            inputs = self.items[i].inputs
            return (*map(len, inputs.values()), last_token.ends(self.model.network, inputs["input_ids"]))

        made = []
        for _size, group in groupby(sorted(range(len(self)) if members is None else members, key=lengths), key=lengths):
            alike = list(group)
            tokens = sum(len(ids) for name, ids in self.items[alike[0]].inputs.items() if name.endswith("input_ids"))
            most = max(1, self.room // max(1, copies * tokens))
            # Parts of equal size: a pass over the one example that is left over takes as long as one over many.
            step = math.ceil(len(alike) / math.ceil(len(alike) / most))
            made += [self.batch(alike[i : i + step]) for i in range(0, len(alike), step)]
        return made

    @when_full
    def score(
        self,
        changes: Callable[[Batch], Mapping[int, attention.Change]] | None = None,
        *,
        runner: Runner | None = None,
        progress: Progress | None = None,
    ) -> Scores:
        """Runs all examples.

        Args:
            changes: what to change at which site, for a batch; nothing where None.
            runner: a private copy of the network; made here where None.
            progress: told the share that is done.
        """
        scores = self.empty()
        runner = runner or Runner(self.model)
        done = 0
        for batch in self.batches():
            with self.running(runner, changes(batch) if changes else {}, between=repeating(progress, done / len(self))):
                scores.put(batch.index, self.outcome(runner, batch, runner.run))
            done += len(batch)
            if progress:
                progress(done / len(self))
        return scores

    @contextmanager
    def running(
        self,
        runner: Runner,
        changes: Mapping[int, attention.Change],
        *,
        record: bool = False,
        grad: bool = False,
        between: Callable[[], None] | None = None,
    ) -> Iterator[attention.Run]:
        """A block in which the network runs with these changes, and no other thread runs the model.

        Args:
            runner: that will run; several threads may share one that they use in such blocks only.
            changes: by site.
            record: whether attention is recorded.
            grad: whether gradients are.
            between: called before each layer; what it raises ends the block.
        """
        with (
            self.model.lock,
            self.room_on_device(),
            torch.enable_grad() if grad else torch.inference_mode(),
            attention.attending(runner.sites_of, changes=changes, record=record) as run,
        ):
            if runner.device != self.device:
                raise MovedError(_("The model was moved to another device meanwhile."), _("Try again."))
            runner.between = between
            try:
                yield run
            finally:
                runner.between = None

    def room_on_device(self) -> AbstractContextManager[None]:
        """A block in which a full accelerator is an error in a viewer's words."""
        return room_on(self.device, _("these examples"), _("Choose shorter texts or a smaller model, or choose the cpu."))

    def subset(self, members: Sequence[int]) -> Task:
        """The same task on some of its examples, which share their encodings; example i of it is example `members[i]` of this one.

        Raises:
            InputError: no members.
        """
        if not len(members):
            raise InputError(_("There are no examples."), _("Give at least one."))
        part = copy.copy(self)
        part.items = [self.items[i] for i in members]
        return part

    def sample(self, n: int, seed: int = 0) -> list[int]:
        """Numbers of n examples drawn at random, of each class (or of each length, where there are no classes) as many as its share asks for.

        Returns:
            Sorted numbers, all of them where there are no more than n; the same for the same n and seed.
        """
        if n >= len(self):
            return list(range(len(self)))
        draw = np.random.default_rng(seed)
        shuffled = draw.permutation(len(self)).tolist()

        def stratum(i: int) -> int:
            target = self.items[i].target
            return target if isinstance(target, int) else len(target) if isinstance(target, list) else 0

        # Every (N / n)-th of the examples, sorted by stratum and at random within it.
        ranked = sorted(shuffled, key=stratum)
        return sorted(ranked[draw.integers(k * len(self) // n, (k + 1) * len(self) // n)] for k in range(n))

    @property
    def device(self) -> torch.device:
        """Where the network is now: `Model.release` moves it to the CPU."""
        return self.model.device

    def batch(self, members: Sequence[int]) -> Batch:
        """Examples of one length, by their numbers, as one batch."""
        items = [self.items[i] for i in members]
        inputs = {name: torch.tensor([item.inputs[name] for item in items], device=self.device) for name in items[0].inputs}
        return Batch(tuple(members), inputs, torch.tensor([item.target for item in items], device=self.device))


def encoded(model: Model, texts: Sequence[tuple[str, str]]) -> tuple[list[dict[str, list[int]]], tuple[str, ...]]:
    """Ids of texts and pairs, each cut at the model's limit, and a note of how many were cut.

    Raises:
        InputError: an empty text, or one that the tokenizer makes nothing of.
    """
    found, cut = [], 0
    for number, (text, pair) in enumerate(texts):
        made = encode(model, text, pair, limit=model.max_length)
        if not text.strip() or not made.ids:
            raise InputError(_("Example {number} is empty.").format(number=number + 1), _("Take it out."))
        cut += any(made.unread)
        found.append({"input_ids": list(made.ids)} | ({"token_type_ids": list(made.types)} if made.types else {}))
    return found, cut_note(model, cut, len(found))


def cut_note(model: Model, cut: int, n: int) -> tuple[str, ...]:
    """How many of n texts were cut at the model's limit, for a viewer; nothing where none was."""
    message = _("{cut} of {n} texts are longer than {limit} tokens and were cut.")
    return (message.format(cut=cut, n=n, limit=model.max_length),) if cut else ()


def repeating(progress: Progress | None, share: float) -> Callable[[], None] | None:
    """Says the same share again and again while a pass is on its way, so that who listens can end it; None where nobody listens."""
    return None if progress is None else lambda: progress(share)


def within(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Tells the share of a part of the work, which lasts from `start` to `end`, as one of all of it; None where nobody listens."""
    return None if progress is None else lambda share: progress(start + (end - start) * share)
