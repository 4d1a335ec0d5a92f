"""Trains small networks at one length and reads them at longer ones: `python -m models.training.extrapolation_runs --out FOLDER`.

One network for each kind of positions and each seed, on induction: what followed this symbol the last time? The segment that repeats
is as long in long examples as in short ones, so a longer example asks for nothing new but to count further. Each runs on one thread
of the CPU. What is in the file already is left as it is; no weights are kept.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from models.atomic import put_text
from models.errors import ExplorerError, ModelError
from models.opening import catalogue
from models.toy import tasks
from models.toy.tasks import IGNORED, Batch
from models.training.runs import evaluate
from models.training.settings import Settings
from models.training.toy import Training, configure
from models.words import told

INTERPOLATED = "rope-interpolated"
SCHEMES = ("none", "learned", "sinusoidal", "rope", INTERPOLATED, "alibi")
"""What is compared: `positions` of `ToyConfig`, and RoPE whose positions are squeezed into the trained length when it is read."""
TRAINED = tuple(scheme for scheme in SCHEMES if scheme != INTERPOLATED)
"""The networks: RoPE's is read in two ways."""
NOTES = {
    "learned": told("There is no position beyond the trained length: it cannot be read there, and has no figure."),
    INTERPOLATED: told(
        "The network of rope; when it is read, positions are divided by length / trained length. Chen et al. 2023 also fine-tune "
        "it afterwards; here nothing is fine-tuned."
    ),
}
SHIPPED = catalogue.SHIPPED / "extrapolation"
CURVES = "curves.json"


@dataclass(frozen=True)
class Plan:
    """What is trained, and at which lengths it is read.

    Attributes:
        length: tokens of an example while training.
        times: lengths that are read, as multiples of it.
        seeds: one network for each, of each kind.
        examples: held-out examples for each length.
        steps: of a training.
        switches: of the network, besides its positions.
    """

    length: int = 32
    times: tuple[int, ...] = (1, 2, 4, 8)
    seeds: tuple[int, ...] = (0, 1, 2)
    examples: int = 200
    steps: int = 2000
    switches: Mapping[str, object] = field(
        default_factory=lambda: {"layers": 2, "heads": 4, "d_model": 64, "ffn": 0.0, "tie_embeddings": False},
    )

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(self.length * times for times in self.times)

    def training(self, positions: str, seed: int) -> Training:
        """One network, before its first step. Raises InputError."""
        task = tasks.make("induction", {"length": self.length})
        settings = Settings(steps=self.steps, learning_rate=5e-3, seed=seed, snapshot_every=self.steps)
        return Training(task, configure(task, positions=positions, **self.switches), settings)

    def about(self) -> dict[str, object]:
        """All that decides the figures, as JSON knows it; seeds apart."""
        training = self.training("none", 0)
        plan = {name: value for name, value in asdict(self).items() if name != "seeds"}
        settings = {name: value for name, value in asdict(training.settings).items() if name != "seed"}
        return json.loads(json.dumps({**plan, "task": training.task.name, "task_settings": training.task.settings(), "settings": settings}))


@dataclass(frozen=True)
class Reading:
    """One network, read at one length; no figures where it cannot be read.

    Attributes:
        scheme: one of `SCHEMES`.
        seed: of its training.
        length: tokens of an example.
        loss: mean cross-entropy of the asked positions, in nats.
        accuracy: share of the asked positions that are right.
        end_accuracy: the same among the last tokens alone, as many as the trained length: the farthest out.
    """

    scheme: str
    seed: int
    length: int
    loss: float | None
    accuracy: float | None
    end_accuracy: float | None


def read(plan: Plan, training: Training) -> list[Reading]:
    """A trained network at all lengths of the plan; RoPE's also with interpolation."""
    schemes = [training.config.positions, *([INTERPOLATED] if training.config.positions == "rope" else [])]
    return [_read(plan, training, scheme, length) for scheme in schemes for length in plan.lengths]


def _read(plan: Plan, training: Training, scheme: str, length: int) -> Reading:
    longest = training.config.max_position_embeddings
    if longest and length > longest:
        return Reading(scheme, training.settings.seed, length, None, None, None)
    network = training.network
    if scheme == INTERPOLATED:
        network = _interpolated(network, length / plan.length)
    batches = replace(training.task, length=length).held_out(plan.examples)
    whole_, end = evaluate(network, batches), evaluate(network, [_end(batch, plan.length) for batch in batches])
    return Reading(scheme, training.settings.seed, length, whole_.loss, whole_.accuracy, end.accuracy)


def _interpolated(network: nn.Module, factor: float) -> nn.Module:
    network = copy.deepcopy(network)
    network.config.position_interpolation = factor
    return network


def _end(batch: Batch, n: int) -> Batch:
    """The same examples, asked at their last n tokens alone."""
    targets = batch.targets.clone()
    targets[:, :-n] = IGNORED
    return replace(batch, targets=targets)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m models.training.extrapolation_runs", description="Trains small networks at one length and reads them at longer ones."
    )
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder for the figures (%(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=Plan().seeds, metavar="S", help="one network of each kind for each (0 1 2)")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    words = ["python", "-m", "models.training.extrapolation_runs", *(sys.argv[1:] if arguments is None else arguments)]
    try:
        found = made(Plan(seeds=tuple(given.seeds)), given.out, " ".join(words))
    except ExplorerError as error:
        print(error, file=sys.stderr)
        return 1
    for scheme in SCHEMES:
        figures = [[r.accuracy for r in found if (r.scheme, r.length) == (scheme, length)] for length in Plan().lengths]
        message = ["   none" if None in at or not at else f"{sum(at) / len(at):7.1%}" for at in figures]
        print(f"{scheme:<18}" + " ".join(message))
    return 0


def made(plan: Plan, folder: Path, command: str) -> list[Reading]:
    """All readings of a plan: those of the folder's file, and the others, which are made and added to it.

    Raises:
        ModelError: the file is broken, or was made by another plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CURVES
    about, found = load(file) if file.is_file() else ({"plan": plan.about()}, [])
    if about["plan"] != plan.about():
        raise ModelError(f"{file} was made by another plan.", "Give another --out, or delete it.")
    for seed in plan.seeds:
        for positions in TRAINED:
            if any((reading.scheme, reading.seed) == (positions, seed) for reading in found):
                continue
            training = plan.training(positions, seed)
            for _step in tqdm(range(plan.steps), desc=f"{positions}, seed {seed}", leave=False):
                training.step()
            found += read(plan, training)
            _write(file, {"command": command, "date": date.today().isoformat(), "plan": plan.about(), "notes": NOTES}, found)
    return found


def load(file: Path) -> tuple[dict[str, object], list[Reading]]:
    """What a file says of its making (command, date, plan, notes), and its readings. Raises ModelError."""
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        return about, [Reading(**reading) for reading in about.pop("readings")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{file} holds no extrapolation runs: {error}.", "Make it with `python -m models.training.extrapolation_runs`."
        ) from error


def _write(file: Path, about: Mapping[str, object], readings: Sequence[Reading]) -> None:
    rows = ",\n".join("  " + json.dumps(asdict(reading)) for reading in readings)
    head = json.dumps(about, indent=1, ensure_ascii=False)[:-2]
    put_text(file, f'{head},\n "readings": [\n{rows}\n ]\n}}\n')


if __name__ == "__main__":
    sys.exit(main())
