"""What a training run leaves behind: its curve, snapshots of its weights, and the folder that holds them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig

from models.atomic import whole_folder
from models.errors import ModelError
from models.opening import catalogue, loading, sites
from models.toy import tasks
from models.toy.tasks import IGNORED, Batch, ToyTask
from models.training.settings import Settings
from models.words import told

EVALUATED = 1000
"""Held-out examples of an evaluation, where there are so many."""
_AT_ONCE = 250
HISTORY, SNAPSHOTS = "history.json", "snapshots.safetensors"
SHIPPED = catalogue.SHIPPED / "runs"
"""Runs that come with the project, by preset; `models.training.shipped_runs` makes them."""


@dataclass(frozen=True)
class Metrics:
    """What one step showed, on its own batch.

    Attributes:
        step: steps done, this one included.
        loss: mean cross-entropy of the asked positions, in nats, before the step.
        accuracy: share of the asked positions that were right, before the step.
        gradient_norm: Euclidean norm of the gradient before clipping, by layer, and "rest" for embeddings and head.
        seconds: time spent in steps since the beginning.
    """

    step: int
    loss: float
    accuracy: float
    gradient_norm: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """How well a network does on examples that it was not trained on.

    Attributes:
        loss: mean cross-entropy of the asked positions, in nats.
        accuracy: share of the asked positions that are right.
        exact: share of the examples in which all asked positions are right.
        examples: how many there were.
    """

    loss: float
    accuracy: float
    exact: float
    examples: int

    def held_out_accuracy(self, task: ToyTask) -> float:
        """The figure that goals are set in: `exact`; `accuracy` where no answer is certain (the next character of a text)."""
        return self.exact if task.exact else self.accuracy


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A network in the middle of its training.

    Attributes:
        step: steps done; 0 is the initial network.
        weights: float16, by name, on the cpu; tied ones once.
        evaluation: on held-out examples.
    """

    step: int
    weights: Mapping[str, Tensor]
    evaluation: Evaluation

    def put_into(self, network: nn.Module) -> None:
        """Gives these weights to a network of the same config."""
        network.load_state_dict({name: weight.float() for name, weight in self.weights.items()}, strict=False)


@dataclass(eq=False)
class Run:
    """A training run that can be looked at: how it went, and the network at its snapshots.

    Attributes:
        task: what was learned.
        config: of the network.
        settings: of the training.
        network: as it is now, in evaluation mode.
        done: steps done.
        history: metrics of the steps, thinned out where there are many.
        snapshots: in the order of their steps.
    """

    task: ToyTask
    config: PreTrainedConfig
    settings: Settings
    network: nn.Module
    done: int = 0
    history: list[Metrics] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    def identity(self) -> dict[str, object]:
        """What makes two runs the same: task, network and settings, as JSON knows them."""
        config = {name: getattr(self.config, name) for name in type(self.config).__annotations__ if hasattr(self.config, name)}
        return {
            "task": self.task.name,
            "task_settings": self.task.settings(),
            "config": {"model_type": self.config.model_type, **config},
            "settings": asdict(self.settings),
        }

    def story(self) -> dict[str, list[dict[str, object]]]:
        """How it went, as JSON knows it: figures of the snapshots, without their weights, and the curve."""
        return {
            "snapshots": [{"step": snapshot.step, **asdict(snapshot.evaluation)} for snapshot in self.snapshots],
            "history": [asdict(metrics) for metrics in self.history],
        }

    def evaluate(self, n: int = EVALUATED) -> Evaluation:
        """The network as it is now, on at most n held-out examples, always the same ones."""
        return evaluate(self.network, self.task.held_out(n))

    def model(self, snapshot: Snapshot | None = None) -> loading.Model:
        """The network as it is now, or as it was at a snapshot, opened like any model. A copy: training may go on.

        Raises:
            ModelError: a recurrent network, which has no attention to show.
        """
        network = copy.deepcopy(self.network).requires_grad_(False)
        if snapshot is not None:
            snapshot.put_into(network)
        try:
            layout = sites.find_sites(network)
        except ValueError as error:
            raise ModelError(told("This network has no attention to show: {error}.", error=error), told("Train a transformer.")) from error
        parts = {site.part for site in layout.sites}
        step = self.done if snapshot is None else snapshot.step
        return loading.Model(
            name=f"{self.task.name}, step {step}",
            network=network,
            tokenizer=self.task.tokenizer(),
            kind="encoder-decoder" if len(parts) > 1 else parts.pop(),
            sites=layout.sites,
            parameters=network.num_parameters(),
            max_length=self.config.max_position_embeddings,
            origin="trained here",
            trained=step > 0,
            view_only=layout.reason if layout.view_only else "",
            sites_of=layout.sites_of,
        )

    def save(self, folder: Path, dtype: torch.dtype = torch.float32) -> None:
        """Writes the network, which `models.load` opens, its tokenizer, the snapshots and the curve.

        Args:
            folder: made where it does not exist.
            dtype: of the network's weights; snapshots are float16.

        Raises:
            WriteError: it cannot be written; what was there is as it was.
        """
        about = {
            **self.identity(),
            "held_out": asdict(self.evaluate()),
            **self.story(),
        }
        # The curve says that a run is finished, so it comes last.
        with whole_folder(folder, ("config.json", HISTORY)) as beside:
            copy.deepcopy(self.network).to(device="cpu", dtype=dtype).save_pretrained(beside)
            self.task.tokenizer().save_pretrained(beside)
            save_file(dict(snapshot_tensors(self.snapshots)), beside / SNAPSHOTS)
            (beside / HISTORY).write_text(json.dumps(about, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path) -> Run:
    """A run that `Run.save` wrote, on the cpu.

    Raises:
        ModelError: the folder holds no run, or a broken one.
    """
    try:
        about = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        network = AutoModel.from_pretrained(folder, config=config, dtype=torch.float32, use_safetensors=True, local_files_only=True).eval()
        return Run(
            task=tasks.make(about["task"], about["task_settings"]),
            config=config,
            settings=Settings(**about["settings"]),
            network=network,
            done=about["snapshots"][-1]["step"],
            history=[Metrics(**metrics) for metrics in about["history"]],
            snapshots=read_snapshots(load_file(folder / SNAPSHOTS), about["snapshots"]),
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            told("{folder} holds no training run: {error}.", folder=folder, error=error), told("Train one with `python -m explorer train`.")
        ) from error


@torch.inference_mode()
def evaluate(network: nn.Module, batches: Sequence[Batch]) -> Evaluation:
    """Loss, accuracy and exact matches of a network, in evaluation mode, on examples of a task."""
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    loss, right, asked, exact, examples = 0.0, 0, 0, 0, 0
    for batch in batches:
        for rows in torch.arange(len(batch)).split(_AT_ONCE):
            part = batch.rows(rows).to(device)
            logits, targets = network(**part.inputs).logits.float(), part.targets
            wanted = targets != IGNORED
            same = (logits.argmax(-1) == targets) & wanted
            loss += float(nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum", ignore_index=IGNORED))
            right, asked = right + int(same.sum()), asked + int(wanted.sum())
            exact, examples = exact + int((same == wanted).all(dim=1).sum()), examples + len(part)
    network.train(training)
    return Evaluation(loss / asked, right / asked, exact / examples, examples)


def named_weights(network: nn.Module) -> dict[str, Tensor]:
    """The weights of a network by name, tied ones once."""
    return {name: weight.detach() for name, weight in network.named_parameters()}


def snapshot_tensors(snapshots: Sequence[Snapshot]) -> Iterator[tuple[str, Tensor]]:
    """All weights of all snapshots under names such as "000100/layers.0.norm.weight"."""
    for snapshot in snapshots:
        for name, weight in snapshot.weights.items():
            yield f"{snapshot.step:06}/{name}", weight


def read_snapshots(tensors: Mapping[str, Tensor], about: Sequence[Mapping[str, object]]) -> list[Snapshot]:
    """The snapshots behind `snapshot_tensors`, and what JSON says of each."""
    found = []
    for message in about:
        prefix = f"{message['step']:06}/"
        weights = {name.removeprefix(prefix): weight for name, weight in tensors.items() if name.startswith(prefix)}
        found.append(Snapshot(message["step"], weights, Evaluation(**{name: value for name, value in message.items() if name != "step"})))
    return found
