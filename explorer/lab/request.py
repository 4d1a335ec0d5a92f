"""What a viewer of the lab asks for, and the command that trains the very same."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.tasks import data
from models.toy import ToyConfig
from models.toy.tasks import TASKS, ToyTask
from models.training.presets import PRESETS, Preset
from models.training.settings import Settings, limits
from models.training.toy import Training

_SET_BY_TASK = {"vocab_size", "encoder_decoder", "task", "task_settings", "pad_token_id"}
_SET_BY_TASK |= {"bos_token_id", "eos_token_id", "decoder_start_token_id"}
BY_COMMAND = {"steps": "N", "batch": "N", "learning_rate": "R", "warm_up": "N", "weight_decay": "W", "seed": "S", "snapshot_every": "N"}
"""Settings that the command takes, and what stands for their values in its help."""


@dataclass(frozen=True)
class TrainingRequest:
    """A training that a viewer asks for.

    Attributes:
        preset: its name.
        switches: of the network; only those that differ from the preset's matter.
        task_settings: likewise of the task, without a text.
        settings: how it is trained.
        text: for characters; empty for the project's passage.
    """

    preset: str
    switches: Mapping[str, object] = field(default_factory=dict)
    task_settings: Mapping[str, object] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    text: str = ""

    @property
    def base(self) -> Preset:
        return PRESETS[self.preset]

    def parts(self) -> tuple[ToyTask, ToyConfig]:
        """The task and the network. Raises InputError for what does not go together."""
        settings = dict(self.task_settings)
        if self.base.task == "characters":
            settings["passage"] = self.text or passage()
        task = self.base.toy_task(**settings)
        return task, self.base.config(task, **self._turned())

    def training(self) -> Training:
        """The training, before its first step. Raises InputError as `parts` does, and for what is too much for a laptop."""
        return Training(*self.parts(), self.settings)

    def check(self) -> None:
        """Raises the InputError of `training` where it is quickly found."""
        task, config = self.parts()
        limits(config, self.settings, task.n_tokens)

    def same_as(self, other: TrainingRequest) -> bool:
        """Whether the same is trained, however it was asked for."""
        return (self.preset, self.changed(), self.text) == (other.preset, other.changed(), other.text)

    def changed(self) -> dict[str, object]:
        """What differs from the preset, by name."""
        found = self._turned()
        found |= {name: value for name, value in self.task_settings.items() if value != of_task(self.base, name)}
        own, preset = dataclasses.asdict(self.settings), dataclasses.asdict(self.base.settings)
        return found | {name: value for name, value in own.items() if value != preset[name]}

    def _turned(self) -> dict[str, object]:
        """Switches that differ from the preset."""
        return {name: value for name, value in self.switches.items() if value != of_preset(self.base, name)}

    def command(self, out: str) -> str:
        """The line of shell that trains the same: the command starts from the preset that has the task's name."""
        named_preset = PRESETS[self.base.task]
        request = {name: of_preset(self.base, name) for name in switches()} | dict(self.switches)
        set_ = {name: value for name, value in request.items() if value != of_preset(named_preset, name)}
        task = {field.name: of_task(self.base, field.name) for field in task_fields(self.base.task)} | dict(self.task_settings)
        set_ |= {name: value for name, value in task.items() if value != of_task(named_preset, name)}
        words = ["python", "-m", "explorer", "train", "--task", self.base.task]
        for name, value in set_.items():
            words += ["--set", f"{name}={value_text(value)}"]
        for name in BY_COMMAND:
            if (value := getattr(self.settings, name)) != getattr(named_preset.settings, name):
                words += [f"--{name.replace('_', '-')}", value_text(value)]
        words += ["--text", "text.txt"] if self.text else []
        return shlex.join([*words, "--out", out])


def switches() -> dict[str, dataclasses.Field]:
    """Fields of `ToyConfig` that a viewer may set, by name; the task sets the others."""
    own = ToyConfig.__annotations__
    return {field.name: field for field in dataclasses.fields(ToyConfig) if field.name in own and field.name not in _SET_BY_TASK}


def task_fields(task: str) -> list[dataclasses.Field]:
    """Settings of a task, without a text of the viewer's."""
    return [field for field in dataclasses.fields(TASKS[task]) if not field.metadata.get("bulky")]


def of_preset(preset: Preset, switch: str) -> object:
    """What a preset says for a switch. None for `max_length` is the length of the task's examples."""
    by_task = {"max_length": None, "causal": TASKS[preset.task].kind != "encoder"}
    return preset.switches.get(switch, by_task.get(switch, switches()[switch].default))


def of_task(preset: Preset, setting: str) -> object:
    """What a preset says for a setting of its task."""
    default = next(field.default for field in task_fields(preset.task) if field.name == setting)
    return preset.task_settings.get(setting, default)


def value_text(value: object) -> str:
    """A value as the command reads it."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def passage() -> str:
    """The project's own text for characters."""
    return "\n".join(example.text for example in data.passage().examples)
