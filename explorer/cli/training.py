"""The command that trains a small transformer from scratch: train."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from explorer.cli.shared import note
from explorer.i18n import _
from explorer.lab.request import BY_COMMAND, passage, switches, task_fields, value_text
from models.atomic import writing
from models.errors import InputError, ModelError
from models.opening import devices
from models.toy import RnnConfig
from models.toy.tasks import TASKS
from models.training import runs
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.stopping import signals
from models.training.toy import State, Training
from models.words import told

UNFINISHED = "unfinished.safetensors"
"""What an interrupted training leaves in its folder."""
_KEEP_EVERY_S = 30
_OF_TASK = {"causal", "max_length"}
"""Switches whose default is the task's."""


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    known = ", ".join(name if name in _OF_TASK else f"{name}={value_text(field.default)}" for name, field in switches().items())
    train = commands.add_parser(
        "train",
        help=_("train a small transformer from scratch on a toy task"),
        description=_("Trains a small transformer from scratch on a task with exact answers; `--model DIR` opens it afterwards."),
        epilog=f"""tasks: {", ".join(TASKS)}
switches of the network, with their defaults where neither the task nor its preset says something else:
  {known}
settings of the task (length, n_symbols, ..) are given by --set as well; a wrong name lists those of the task.
The last line says the held-out accuracy: the share of examples, never trained on, in which every asked position is right
(for characters: the share of the characters).
Ctrl-C keeps what is done in DIR; the same command goes on from there, to the same result.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    train.add_argument("--task", required=True, metavar="T", help=", ".join(TASKS))
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=_("a switch of the network, or a setting of the task"))
    for field in dataclasses.fields(Settings):
        if field.name in BY_COMMAND:
            named = "--" + field.name.replace("_", "-")
            train.add_argument(named, type=type(field.default), metavar=BY_COMMAND[field.name], help=_("default: the task's preset"))
    train.add_argument("--rnn", action="store_true", help=_("a recurrent network (GRU) with about as many parameters instead, for comparison"))
    train.add_argument("--text", type=Path, metavar="F", help=_("the text for characters, UTF-8 (default: the project's passage)"))
    train.add_argument("--device", default="cpu", help=_("auto, cpu, cuda, mps (default: cpu, the fastest for so small a network)"))
    train.add_argument("--threads", type=int, default=1, metavar="N", help=_("of the cpu (default: 1, the fastest for so small a network)"))
    train.add_argument("--out", required=True, type=Path, metavar="DIR", help=_("folder for the model, its snapshots and its curve"))
    train.set_defaults(run=_train)


def _train(given: argparse.Namespace) -> int:
    if given.threads < 1:
        raise InputError(told("--threads wants a number from 1."))
    torch.set_num_threads(given.threads)
    training = _wanted(given)
    if (given.out / runs.HISTORY).is_file():
        return _trained_before(given.out, training)
    file = given.out / UNFINISHED
    if file.is_file():
        state = State.read(file)
        _same(training.identity(), state.about, file)
        training = Training.resume(state, training.device)
        note(_("going on after step {done} of {steps}").format(done=training.done, steps=training.settings.steps))
    with writing(given.out):
        given.out.mkdir(parents=True, exist_ok=True)
    _run(training, file)
    training.save(given.out)
    file.unlink(missing_ok=True)
    print(f"{given.out}: {training.network.num_parameters():,} parameters, {training.done:,} steps in {training.seconds:.0f} s")
    _last_line(training)
    return 0


def _run(training: Training, file: Path) -> None:
    """All steps that are left. Raises ModelError where the viewer stops it, when what is done is kept."""
    kept = time.monotonic()
    with tqdm(total=training.settings.steps, initial=training.done, leave=False, desc=training.task.name) as bar, signals() as stop:
        while not training.finished:
            metrics = training.step()
            bar.update()
            bar.set_postfix_str(f"loss {metrics.loss:.3f}, right {metrics.accuracy:.0%}", refresh=False)
            if stop or time.monotonic() - kept > _KEEP_EVERY_S:
                training.state().write(file)
                kept = time.monotonic()
            if stop:
                raise ModelError(
                    told("Stopped after step {done}. What is done is kept in {file}.", done=training.done, file=file),
                    told("The same command goes on from there."),
                )


def _wanted(given: argparse.Namespace) -> Training:
    """The training that the arguments ask for, before its first step. Raises InputError."""
    if given.task not in TASKS:
        raise InputError(told("There is no task {task!r}.", task=given.task), told("Choose one of {tasks}.", tasks=", ".join(TASKS)))
    preset = PRESETS[given.task]
    chosen, settings = _set(given.set, given.task)
    if given.task == "characters":
        settings["passage"] = _text(given.text)
    elif given.text is not None:
        raise InputError(told("{task} reads no text.", task=given.task), told("Leave --text out, or choose characters."))
    task = preset.toy_task(**settings)
    flags = {name: value for name in BY_COMMAND if (value := getattr(given, name)) is not None}
    here = devices.devices()
    if given.device not in ("auto", *here):
        raise InputError(told("This machine has no {device}.", device=given.device), told("It has {devices}.", devices=", ".join(here)))
    device = here[0] if given.device == "auto" else given.device
    config = preset.config(task, **chosen)
    return Training(task, RnnConfig.like(config) if given.rnn else config, dataclasses.replace(preset.settings, **flags), device)


def _text(file: Path | None) -> str:
    if file is None:
        return passage()
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            told("{file} is not UTF-8: {reason} at byte {start:,}.", file=file, reason=error.reason, start=error.start), told("Save it as UTF-8.")
        ) from error


def _set(given: Sequence[str], task: str) -> tuple[dict[str, object], dict[str, object]]:
    """Switches of the network and settings of the task, typed by their fields. Raises InputError."""
    of_network, of_task = switches(), {field.name: field for field in task_fields(task)}
    found: tuple[dict[str, object], dict[str, object]] = {}, {}
    for pair in given:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise InputError(told("--set {pair} names no value.", pair=pair), told("Write --set heads=4."))
        if name not in of_network | of_task:
            known = f"The network has {', '.join(of_network)}; {task} has {', '.join(of_task) or 'no settings'}."
            raise InputError(told("There is nothing called {name!r} to set.", name=name), known)
        found[name in of_task][name] = _typed(name, value, (of_network | of_task)[name])
    return found


def _typed(name: str, value: str, field: dataclasses.Field) -> object:
    """A value as the field's type has it. Raises InputError."""
    kinds = str(field.type).split(" | ")
    if "None" in kinds and value.lower() == "none":
        return None
    if "bool" in kinds:
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise InputError(told("{name} is {value!r}.", name=name, value=value), told("It is true or false."))
    for kind, read in {"int": int, "float": float, "str": str}.items():
        if kind in kinds:
            try:
                return read(value)
            except ValueError:
                continue
    example = value_text(field.default)
    raise InputError(
        told("{name} is {value!r}.", name=name, value=value),
        told("It is a whole number, such as {example}.", example=example)
        if "int" in kinds
        else told("It is a number, such as {example}.", example=example),
    )


def _trained_before(folder: Path, training: Training) -> int:
    found = runs.load(folder)
    _same(training.identity(), found.identity(), folder)
    # A process that was ended between the last save and this removal leaves it.
    (folder / UNFINISHED).unlink(missing_ok=True)
    note(_("{folder} holds this very training already").format(folder=folder))
    _last_line(found)
    return 0


def _same(request: Mapping[str, object], found: Mapping[str, object], where: Path) -> None:
    """Raises InputError where a folder holds another training, naming what differs."""
    differs = [name for name, value in request.items() if found.get(name) != value]
    if differs:
        called = {"task": "task", "task_settings": "settings of the task", "config": "network", "settings": "settings"}
        names = ", ".join(called[name] for name in differs)
        raise InputError(
            told("{where} holds a training with another {names}.", where=where, names=names),
            told("Give the same arguments again, or another --out."),
        )


def _last_line(run: runs.Run) -> None:
    print(f"held-out accuracy {100 * run.evaluate().held_out_accuracy(run.task):.1f} %")
