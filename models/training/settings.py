"""How a toy is trained: steps, batch, learning rate, seed, and what a lecture laptop bears."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from transformers import AutoModel, PreTrainedConfig

from models.errors import InputError
from models.training import footprint
from models.words import told

SNAPSHOTS = 20
"""About so many snapshots a run, where nobody says how often."""
MOST_LAYERS = 32
MOST_PARAMETERS = 10_000_000
MOST_STEPS = 200_000
MOST_SCORES = 2**28
"""Attention scores of one step, all layers: 1 GiB in float32."""
MOST_STEP_WORK = 3e10
"""Multiply-adds of one step: two or three seconds on one core of a laptop. Nobody can stop a step in its middle."""


@dataclass
class Most:
    """What one training may take in this process; a server for strangers puts it lower.

    Attributes:
        bytes: memory of one step at its peak. A server has several viewers, and five trainings of each may be under way.
        work: multiply-adds of a whole run: one or two hours on a laptop.
    """

    bytes: float = 768 * 2**20
    work: float = 4e14


MOST = Most()


@dataclass(frozen=True)
class Settings:
    """Settings of one training run.

    Attributes:
        steps: batches that are learned from.
        batch: examples of a batch.
        learning_rate: of AdamW (Loshchilov & Hutter 2019), after the warm-up.
        warm_up: steps in which it rises from 0.
        decay: whether it falls to 0 afterwards, along a line; else it stays.
        weight_decay: of matrices and embeddings; biases and norms have none.
        clip: the gradient is scaled down to this norm where it is larger; 0 leaves it.
        seed: of the initial weights and of all examples.
        snapshot_every: steps between snapshots; 0 for about `SNAPSHOTS` that lie ever further apart.
    """

    steps: int = 1000
    batch: int = 64
    learning_rate: float = 3e-3
    warm_up: int = 50
    decay: bool = True
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 0
    snapshot_every: int = 0

    def __post_init__(self) -> None:
        least = {"steps": 1, "batch": 1, "warm_up": 0, "weight_decay": 0, "clip": 0, "seed": 0, "snapshot_every": 0}
        for field in fields(self):
            value = getattr(self, field.name)
            if value < least.get(field.name, 0):
                raise InputError(
                    told("{name} is {value}.", name=field.name, value=value), told("It is at least {least}.", least=least.get(field.name, 0))
                )
        if self.learning_rate == 0:
            raise InputError(told("With a learning rate of 0 nothing is learned."), told("Choose one such as 0.003."))
        if self.steps > MOST_STEPS:
            raise InputError(
                told("{steps:,} steps are too many.", steps=self.steps), told("Choose at most {most_steps:,}.", most_steps=MOST_STEPS)
            )

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        rising = (step + 1) / (self.warm_up + 1)
        falling = (self.steps - step) / max(1, self.steps - self.warm_up) if self.decay else 1.0
        return self.learning_rate * min(1.0, rising, falling)

    def snapshot_steps(self) -> tuple[int, ...]:
        """After how many steps a snapshot is taken: 0, .., `steps`."""
        if self.snapshot_every:
            return tuple(sorted({*range(0, self.steps, self.snapshot_every), self.steps}))
        most = min(SNAPSHOTS, self.steps)
        return tuple(sorted({round(self.steps * (i / most) ** 2) for i in range(most + 1)}))


def limits(config: PreTrainedConfig, settings: Settings, length: int | None = None) -> None:
    """Refuses what a lecture laptop does not bear. What is far too large is refused by arithmetic, before anything is built.

    Args:
        config: the network.
        settings: how it is trained.
        length: tokens of an example; None for as many as the network has positions.

    Raises:
        InputError: too many layers or parameters, too large a batch, or too long a step or run, with the number and the limit.
    """
    advice = told("Choose fewer layers, a smaller d_model, a smaller batch or fewer steps.")
    length = length or config.max_length
    if config.layers > MOST_LAYERS:
        raise InputError(
            told("{layers:,} layers are too many.", layers=config.layers), told("Choose at most {most_layers}.", most_layers=MOST_LAYERS)
        )
    size = footprint.fewest_parameters(config)
    if size <= MOST_PARAMETERS:
        with torch.device("meta"):
            size = AutoModel.from_config(config).num_parameters()
    if size > MOST_PARAMETERS:
        raise InputError(
            told(
                "This network has {size:,.1f} million parameters; at most {most:.0f} are trained here.",
                size=size / 1e6,
                most=MOST_PARAMETERS / 1e6,
            ),
            advice,
        )
    heads = config.heads * (3 if config.encoder_decoder else 1) if hasattr(config, "heads") else 0  # a recurrent toy has none
    scores = settings.batch * config.layers * heads * length**2
    if scores > MOST_SCORES:
        raise InputError(
            told(
                "One step computes {scores:,.0f} million attention scores; at most {most:,.0f} million fit here.",
                scores=scores / 1e6,
                most=MOST_SCORES / 1e6,
            ),
            told("Choose shorter examples, fewer heads or a smaller batch."),
        )
    if (needed := footprint.step_bytes(config, settings.batch, length, size)) > MOST.bytes:
        raise InputError(
            told(
                "One step takes about {needed:,.1f} GB of memory; at most {most:.1f} GB are used here.",
                needed=needed / 1e9,
                most=MOST.bytes / 1e9,
            ),
            told("Choose a smaller batch than {batch:,}, shorter examples, fewer layers or a smaller d_model.", batch=settings.batch),
        )
    # Forward once, backward twice: 3 multiply-adds for each parameter and token, and for each score and number of a head.
    work = 3.0 * (size * settings.batch * length + 2 * scores * getattr(config, "head_dim", 0))
    if work > MOST_STEP_WORK:
        raise InputError(
            told(
                "One step takes about {work:.0e} multiply-adds; at most {most_step_work:.0e} are done here, so that it can be stopped soon.",
                work=work,
                most_step_work=MOST_STEP_WORK,
            ),
            told("Choose a smaller batch than {batch:,}, shorter examples, fewer layers or a smaller d_model.", batch=settings.batch),
        )
    if (work := settings.steps * work) > MOST.work:
        raise InputError(
            told("This run takes about {work:.0e} multiply-adds; at most {most_work:.0e} are done here.", work=work, most_work=MOST.work), advice
        )
