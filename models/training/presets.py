"""What to train each toy task with, so that it is learned in less than a minute on two cores; and what fails to learn it.

The networks are as small as they can be: a map of few heads is easier to read. A contrast is a preset with one switch turned, so
that a goal is missed and the class sees what the switch is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from models.toy import ToyConfig, tasks
from models.toy.tasks import ToyTask
from models.training.settings import Settings
from models.training.toy import Training, configure
from models.words import told


@dataclass(frozen=True)
class Preset:
    """A task, a network, and how it is trained.

    Attributes:
        name: name of the task, or of the contrast.
        task: name of the task.
        switches: fields of `ToyConfig` that differ from its defaults.
        settings: how it is trained.
        task_settings: settings of the task that differ from its defaults.
        at_least: held-out accuracy that it reaches.
        at_most: held-out accuracy that a contrast does not get beyond; 1 for all others.
        lesson: what a contrast shows.
    """

    name: str
    task: str
    switches: Mapping[str, object]
    settings: Settings
    task_settings: Mapping[str, object] = field(default_factory=dict)
    at_least: float = 0.99
    at_most: float = 1.0
    lesson: str = ""

    @property
    def is_contrast(self) -> bool:
        return self.at_most < 1

    @property
    def look_at(self) -> str:
        """What to look at in the attention maps."""
        return self.lesson or tasks.TASKS[self.task].look_at

    def toy_task(self, **settings: object) -> ToyTask:
        """The task; `settings` change or add to the preset's. Raises InputError."""
        return tasks.make(self.task, {**self.task_settings, **settings})

    def config(self, task: ToyTask | None = None, **switches: object) -> ToyConfig:
        """The network; `switches` change or add to the preset's. Raises InputError."""
        return configure(task or self.toy_task(), **{**self.switches, **switches})

    def training(self, device: str | torch.device = "cpu") -> Training:
        """A training that has not begun."""
        task = self.toy_task()
        return Training(task, self.config(task), self.settings, device)


def _contrast(of: Preset, name: str, lesson: str, at_most: float, **switches: object) -> Preset:
    return Preset(name, of.task, {**of.switches, **switches}, of.settings, of.task_settings, 0.0, at_most, lesson)


# Embeddings that are not tied learn these tasks several times faster: what a symbol means as a question is not what it means as
# an answer.
_SMALL = {"layers": 1, "d_model": 32, "ffn": 0.0, "tie_embeddings": False}

# Rotations of a small base are fast, and tell a token from the one before it: the previous-token head is a clean line.
_INDUCTION = Preset(
    *("induction", "induction", {**_SMALL, "layers": 2, "heads": 3, "d_model": 48, "positions": "rope", "rope_base": 100.0}),
    Settings(steps=800, learning_rate=5e-3),
)
_ORDER = Preset("order", "order", {**_SMALL, "heads": 2}, Settings(steps=300, learning_rate=5e-3))
_RECALL = Preset("recall", "recall", {**_SMALL, "heads": 1}, Settings(steps=600, learning_rate=5e-3))

_ALL = (
    _INDUCTION,
    _contrast(
        *(_INDUCTION, "induction-one-layer"),
        told("One layer cannot: its keys do not know yet which symbol stood before them, so no head can find the place after the earlier one."),
        at_most=0.1,
        layers=1,
    ),
    _RECALL,
    # Larger weights to begin with: with the usual ones, the two layers mostly do not find each other within 1,500 steps.
    Preset(
        *("recall-apart", "recall", {**_SMALL, "layers": 2, "heads": 4, "init_std": 0.1}, Settings(steps=600, learning_rate=5e-3)),
        {"joined": False, "pairs": 5},
    ),
    Preset("copying", "copying", {**_SMALL, "heads": 2, "ffn": 2.0}, Settings(steps=400, learning_rate=5e-3)),
    Preset("reversal", "reversal", {**_SMALL, "heads": 2, "ffn": 2.0}, Settings(steps=400, learning_rate=5e-3)),
    Preset("sorting", "sorting", {**_SMALL, "heads": 4, "ffn": 4.0}, Settings(steps=1500, learning_rate=5e-3)),
    _ORDER,
    _contrast(
        *(_ORDER, "order-without-positions"),
        told("Without positions both orders of the same words are one and the same to the network: half of its answers are right, by chance."),
        at_most=0.5,
        positions="none",
    ),
    Preset(
        *("addition", "addition", {**_SMALL, "heads": 4, "ffn": 4.0}),
        Settings(steps=1800, batch=512, learning_rate=5e-3, weight_decay=1.0),
    ),
    Preset("brackets", "brackets", {**_SMALL, "heads": 2, "ffn": 4.0}, Settings(steps=600, learning_rate=5e-3)),
    Preset("majority", "majority", {**_SMALL, "d_model": 16, "heads": 2, "ffn": 2.0}, Settings(steps=300, learning_rate=5e-3)),
    Preset("translation", "translation", {**_SMALL, "heads": 4, "ffn": 2.0}, Settings(steps=1200, learning_rate=5e-3)),
    # Dropout and weight decay: a text is short, and would be learned by heart.
    Preset(
        *("characters", "characters", {**_SMALL, "layers": 2, "heads": 4, "d_model": 48, "ffn": 4.0, "positions": "rope", "dropout": 0.2}),
        Settings(steps=600, batch=32, learning_rate=3e-3, weight_decay=0.1),
        at_least=0.0,
    ),
)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}
"""By name; the preset of a task has its name."""
WITHOUT_TEXT = [name for name, preset in PRESETS.items() if preset.task != "characters"]
"""Names of the presets that a viewer need not supply a text for."""
