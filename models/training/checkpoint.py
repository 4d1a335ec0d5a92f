"""A training run between two steps, in one safetensors file: weights, the optimiser's state, and how far it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn, optim

from models.atomic import whole, writing
from models.errors import InputError
from models.training.optimiser import moments, put_moments
from models.training.schedule import Schedule

_WEIGHTS, _OPTIMISER = "weights/", "optimiser/"
_AGAIN = "Or start over with --restart."


def save(file: Path, network: nn.Module, optimisers: Sequence[optim.Optimizer], recipe: Schedule, step: int, seconds: float) -> None:
    """Writes the file, or leaves the old one as it is: a kill in the middle loses nothing.

    Args:
        step: number of steps that are done.
        seconds: processor time that they took.

    Raises:
        WriteError: it cannot be written.
    """
    tensors = {_WEIGHTS + name: value.detach().contiguous() for name, value in network.named_parameters()}
    for number, optimiser in enumerate(optimisers):
        tensors |= {f"{_OPTIMISER}{number}/{name}": value.contiguous() for name, value in moments(optimiser).items()}
    about = {"recipe": recipe.as_json(), "step": step, "seconds": seconds}
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    with whole(file) as beside:
        save_file(tensors, beside, metadata={"about": json.dumps(about)})


def about(file: Path) -> dict | None:
    """Recipe, step and seconds of a saved run, or None where there is no file.

    Raises:
        InputError: the file is broken.
    """
    if not file.is_file():
        return None
    try:
        with safe_open(file, "pt") as saved:
            return json.loads(saved.metadata()["about"])
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file} is not a checkpoint: {error}.", "Start over with --restart.") from error


def resume(file: Path, network: nn.Module, optimisers: Sequence[optim.Optimizer], recipe: Schedule) -> tuple[int, float]:
    """Puts weights and the optimisers' states back, to the bit.

    Returns:
        The steps that are done and the seconds they took; (0, 0.0) where there is no file.

    Raises:
        InputError: the file is broken, of another recipe, or too far to change the number of steps.
    """
    found = about(file)
    if found is None:
        return 0, 0.0
    if differs := [name for name, value in recipe.as_json().items() if found["recipe"].get(name) != value and name != "steps"]:
        raise InputError(f"{file} is of a run with another {', '.join(differs)}.", f"Give the same again. {_AGAIN}")
    # Until the learning rate falls, runs of all lengths are one and the same.
    steps = found["recipe"]["steps"]
    if recipe.steps != steps and found["step"] > min(replace(recipe, steps=steps).stays_until, recipe.stays_until):
        raise InputError(f"{file} is too far for another number of steps: {found['step']} of {steps}.", f"Give --steps {steps}. {_AGAIN}")
    with safe_open(file, "pt") as saved, torch.no_grad():
        for name, value in network.named_parameters():
            value.copy_(saved.get_tensor(_WEIGHTS + name))
        # The file itself cannot be looped over.
        names = list(saved.keys())
        for number, optimiser in enumerate(optimisers):
            of_it = f"{_OPTIMISER}{number}/"
            put_moments(optimiser, {name.removeprefix(of_it): saved.get_tensor(name) for name in names if name.startswith(of_it)})
    return found["step"], found["seconds"]
