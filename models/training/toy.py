"""Trains a toy on one of the toy tasks, step by step, so that whoever watches can stop, look, and go on.

The seed decides everything: the initial weights, every batch, dropout. Stopping, saving, and going on in another process gives the
same weights, to the bit, on the same machine.
"""

from __future__ import annotations

import json
import math
import re
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig

from models.atomic import whole
from models.errors import InputError, ModelError
from models.seeded import seeded
from models.toy import tasks
from models.toy.config import SHORTEST, ToyConfig
from models.toy.model import loss_of
from models.toy.tasks import IGNORED, ToyTask
from models.training.optimiser import adamw, moments, put_moments
from models.training.runs import Metrics, Run, Snapshot, evaluate, named_weights, read_snapshots, snapshot_tensors
from models.training.settings import Settings, limits
from models.words import told

POINTS = 500
"""So many steps of a run at most, one more or less, are kept for its curve."""
_SNAPSHOT_EXAMPLES = 250
_FORMAT = "toy training 1"


def configure(task: ToyTask, **switches: object) -> ToyConfig:
    """The config of a toy for a task: vocabulary, length, direction and name of the task, and any switches of `ToyConfig`."""
    tokenizer = task.tokenizer()
    given = {
        "vocab_size": len(tokenizer),
        "max_length": max(SHORTEST, task.n_tokens),
        "causal": task.kind != "encoder",
        "encoder_decoder": task.kind == "encoder-decoder",
        "task": task.name,
        "task_settings": task.settings(bulky=False),
    }
    if task.kind == "encoder-decoder":
        start = tokenizer.bos_token_id
        given |= {"bos_token_id": start, "decoder_start_token_id": start, "eos_token_id": tokenizer.eos_token_id}
    return ToyConfig(**given | switches)


@dataclass(frozen=True, eq=False)
class State:
    """All that a training needs to go on: tensors, and the rest as JSON knows it."""

    tensors: dict[str, Tensor]
    about: dict[str, object]

    def write(self, file: Path) -> None:
        """One safetensors file, whole or not at all."""
        with whole(file) as beside:
            save_file(self.tensors, beside, metadata={"format": _FORMAT, "about": json.dumps(self.about)})

    @staticmethod
    def read(file: Path) -> State:
        """Raises ModelError for a file that is missing, broken, or of another kind."""
        try:
            with safe_open(file, framework="pt") as stream:
                about = stream.metadata() or {}
                if about.get("format") != _FORMAT:
                    raise ModelError(told("{file} is no unfinished training.", file=file), told("Delete it, and train again."))
                return State({name: stream.get_tensor(name) for name in stream.keys()}, json.loads(about["about"]))  # noqa: SIM118
        except (OSError, SafetensorError, ValueError) as error:
            raise ModelError(
                told("The unfinished training in {file} cannot be read: {error}.", file=file, error=error), told("Delete it, and train again.")
            ) from error


class Training(Run):
    """A toy that learns, one `step` at a time; not calling it is a pause.

    Args:
        task: what is to be learned.
        config: the network, made by `configure`, or of another kind that gives logits for the same vocabulary.
        settings: how it is trained.
        device: where.

    Attributes:
        seconds: time spent in steps.
        generator: draws the examples.

    Raises:
        InputError: the network does not fit the task, or is too much for a laptop.
    """

    def __init__(self, task: ToyTask, config: PreTrainedConfig, settings: Settings, device: str | torch.device = "cpu") -> None:
        _check(task, config)
        limits(config, settings, task.n_tokens)
        with seeded(settings.seed):
            network = AutoModel.from_config(config)
        super().__init__(task, config, settings, network.to(device))
        self.device = torch.device(device)
        self.seconds = 0.0
        self.generator = torch.Generator().manual_seed(settings.seed)
        # Betas of Vaswani et al. 2017, section 5.3: the second moment forgets faster than by default, which suits short runs.
        self.optimizer = adamw(self.network.parameters(), settings.learning_rate, settings.weight_decay, (0.9, 0.98))
        self._layers = _by_layer(self.network)
        self._snapshot_steps = frozenset(settings.snapshot_steps())
        self._held_out = task.held_out(_SNAPSHOT_EXAMPLES)
        self.snapshots.append(self.now())

    @property
    def finished(self) -> bool:
        return self.done >= self.settings.steps

    def step(self) -> Metrics:
        """Learns from one batch.

        Raises:
            ValueError: all steps are done.
            ModelError: the loss is no number any more; the step is done all the same.
        """
        if self.finished:
            raise ValueError(f"all {self.settings.steps} steps are done")
        start = time.perf_counter()
        batch = self.task.batch(self.settings.batch, self.generator).to(self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate(self.done)
        self.network.train()
        # Dropout is the one thing that draws from torch's own generator.
        with seeded(self.settings.seed + self.done) if getattr(self.config, "dropout", 0) else nullcontext():
            logits = self.network(**batch.inputs).logits.float()
            loss = loss_of(logits, batch.targets)
            loss.backward()
        norms = {name: nn.utils.get_total_norm([p.grad for p in layer if p.grad is not None]) for name, layer in self._layers.items()}
        if self.settings.clip:
            total = torch.stack(list(norms.values())).norm()
            nn.utils.clip_grads_with_norm_(self.network.parameters(), self.settings.clip, total)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.done += 1
        asked = batch.targets != IGNORED
        accuracy = ((logits.argmax(-1) == batch.targets) & asked).sum() / asked.sum()
        shown = torch.stack([loss.detach(), accuracy, *norms.values()]).tolist()
        self.network.eval()
        self.seconds += time.perf_counter() - start
        metrics = Metrics(self.done, shown[0], shown[1], dict(zip(norms, shown[2:], strict=True)), self.seconds)
        if self.done % math.ceil(self.settings.steps / POINTS) == 0 or self.finished:
            self.history.append(metrics)
        if self.done in self._snapshot_steps:
            self.snapshots.append(self.now())
        if not math.isfinite(metrics.loss):
            raise ModelError(
                told("After {done} steps the loss is no number any more.", done=self.done), told("Lower the learning rate, or add a norm.")
            )
        return metrics

    def state(self) -> State:
        """Everything as it is now: weights, optimiser, generator, snapshots, curve."""
        tensors = {f"weights/{name}": weight for name, weight in named_weights(self.network).items()}
        tensors |= {f"optimizer/{name}": value for name, value in moments(self.optimizer).items()}
        tensors["generator"] = self.generator.get_state()
        tensors |= {f"snapshots/{name}": weight for name, weight in snapshot_tensors(self.snapshots)}
        about = {
            **self.identity(),
            "done": self.done,
            "seconds": self.seconds,
            **self.story(),
        }
        # A copy: training may go on before it is written.
        return State({name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}, about)

    @classmethod
    def resume(cls, state: State, device: str | torch.device = "cpu") -> Training:
        """A training that goes on where `state` was taken, as if it had never stopped."""
        about = state.about
        config = AutoConfig.for_model(**about["config"])
        training = cls(tasks.make(about["task"], about["task_settings"]), config, Settings(**about["settings"]), device)
        training._restore(state)
        return training

    def _restore(self, state: State) -> None:
        def under(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): tensor for name, tensor in state.tensors.items() if name.startswith(prefix)}

        with torch.no_grad():
            weights = under("weights/")
            for name, weight in self.network.named_parameters():
                weight.copy_(weights[name])
        put_moments(self.optimizer, under("optimizer/"))
        self.generator.set_state(state.tensors["generator"])
        self.done, self.seconds = state.about["done"], state.about["seconds"]
        self.snapshots = read_snapshots(under("snapshots/"), state.about["snapshots"])
        self.history = [Metrics(**metrics) for metrics in state.about["history"]]

    def now(self) -> Snapshot:
        """The network as it is, measured; the run does not keep it."""
        weights = {name: weight.to("cpu", torch.float16, copy=True) for name, weight in named_weights(self.network).items()}
        return Snapshot(self.done, weights, evaluate(self.network, self._held_out))


def _check(task: ToyTask, config: PreTrainedConfig) -> None:
    if config.vocab_size != (size := len(task.tokenizer())):
        raise InputError(
            told("The network knows {vocab_size} tokens, and {name} has {size}.", vocab_size=config.vocab_size, name=task.name, size=size),
            told("Make it with `configure`."),
        )
    if task.kind == "decoder" and not config.causal:
        raise InputError(told("In {name} a network that sees the tokens to come reads the answers off.", name=task.name), told("Set causal."))
    if (task.kind == "encoder-decoder") != config.is_encoder_decoder:
        raise InputError(told("{name} is a task for {kind}s.", name=task.name, kind=task.kind), told("Make the network with `configure`."))
    longest = getattr(config, "max_position_embeddings", None)
    if longest and longest < task.n_tokens:
        raise InputError(
            told(
                "Examples of {name} have {n_tokens} tokens, the network has {longest} positions.",
                name=task.name,
                n_tokens=task.n_tokens,
                longest=longest,
            ),
            told("Raise max_length."),
        )


def _by_layer(network: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Parameters by the layer that they belong to: "layer 0", .., or "encoder 0", "decoder 0", ..; and "rest"."""
    called = {"stack": "decoder" if network.config.is_encoder_decoder else "layer"}
    found: dict[str, list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        at = re.search(r"(\w+)\.layers\.(\d+)\.", name)
        found.setdefault(f"{called.get(at[1], at[1])} {at[2]}" if at else "rest", []).append(weight)
    return found
