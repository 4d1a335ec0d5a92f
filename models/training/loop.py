"""A long run, from its first step or from where it was stopped: progress, checkpoints, Ctrl-C."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn, optim
from transformers import PreTrainedTokenizerBase

from models.atomic import whole_folder
from models.errors import ExplorerError, ModelError
from models.training import checkpoint, stopping
from models.training.schedule import Schedule

_SHOWN = 50
_KEPT = 120.0
"""Steps from one line of progress to the next, and seconds from one checkpoint to the next."""


class Stopped(Exception):
    """The run was asked to stop; its checkpoint is written."""


def status(make: Callable[[], None]) -> int:
    """Runs the work of a command: 0, or 1 where an error was explained on stderr, or 130 where it was asked to stop."""
    try:
        make()
    except ExplorerError as error:
        print(error, file=sys.stderr)
        return 1
    except Stopped:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def checkpoint_of(out: Path) -> Path:
    """Where the unfinished run of a model is kept that goes to the folder `out`: in a folder of its own beside it."""
    return out.with_name(out.name + ".work") / "run.safetensors"


def forget(file: Path) -> None:
    """Takes a checkpoint and its folder away. The checkpoint goes first: a vocabulary is kept beside it, without which it is worth nothing."""
    file.unlink(missing_ok=True)
    shutil.rmtree(file.parent, ignore_errors=True)


def write(out: Path, network: nn.Module, tokenizer: PreTrainedTokenizerBase) -> None:
    """Writes a trained model as it is shipped: float16, with its tokenizer. Raises WriteError."""
    with whole_folder(out) as beside:
        network.half().save_pretrained(beside)
        tokenizer.save_pretrained(beside)


def machine() -> str:
    """What a run was computed on, for its card."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def device() -> torch.device:
    """Where long runs are computed: on a GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def run(
    network: nn.Module,
    optimisers: Sequence[optim.Optimizer],
    recipe: Schedule,
    step_of: Callable[[int], Tensor],
    file: Path,
    say: Callable[[str], None] = print,
    every: Callable[[int], str] | None = None,
) -> float:
    """Takes all steps that are still to be taken.

    Args:
        network: on its device; its weights are those of the checkpoint first, where there is one.
        step_of: takes the step of a number, counted from 0, and gives the loss before it, in nats.
        file: checkpoint, read where it is there, written every few minutes, when the run is stopped, and at the end.
        say: told how far it is.
        every: what else to say in a line of progress, from the number of steps that are done.

    Returns:
        Seconds of processor time that all steps took, which no break or busy machine adds to.

    Raises:
        InputError: the checkpoint is broken or of another recipe.
        ModelError: the loss is no longer a number.
        Stopped: on Ctrl-C or SIGTERM.
    """
    step, seconds = checkpoint.resume(file, network, optimisers, recipe)
    if step:
        say(f"goes on after step {step:,} of {recipe.steps:,}")
    begun = time.process_time() - seconds
    shown = kept = time.monotonic()
    losses: list[Tensor] = []
    with stopping.signals() as asked_to_stop:
        while step < recipe.steps:
            losses.append(step_of(step))
            step += 1
            now = time.monotonic()
            last = step == recipe.steps
            if step % _SHOWN == 0 or last:
                mean = torch.stack(losses).mean().item()
                if not math.isfinite(mean):
                    raise ModelError("The loss is no longer a number.", "Start over with --restart and a smaller --rate.")
                speed = len(losses) / (now - shown)
                left = (recipe.steps - step) / speed / 60
                more = f"   {every(step)}" if every else ""
                say(f"step {step:,} of {recipe.steps:,}   loss {mean:.3f}   {speed:,.1f} steps/s   {left:.0f} min left{more}")
                losses, shown = [], time.monotonic()
            if asked_to_stop or last or now - kept > _KEPT:
                checkpoint.save(file, network, optimisers, recipe, step, time.process_time() - begun)
                kept = now
            if asked_to_stop and not last:
                raise Stopped
    return time.process_time() - begun


def update(network: nn.Module, optimisers: Sequence[optim.Optimizer], recipe: Schedule, step: int, loss: Tensor) -> Tensor:
    """One step of the optimisers down the gradient of a loss; gives the loss back, without gradient."""
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate_at(step)
        optimiser.step()
        optimiser.zero_grad()
    return loss.detach()
