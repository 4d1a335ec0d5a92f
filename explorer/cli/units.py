"""Where a command's work runs: here, in several processes, or on a cluster; the result is the same."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from explorer.atlas.corpus import Corpus
from explorer.atlas.options import Options
from explorer.cli.examples import asked
from explorer.cli.shared import note
from explorer.i18n import _
from explorer.tasks.base import Task
from explorer.tasks.choose import HUB
from explorer.units.atlas import options_json
from explorer.units.bench import Bench
from explorer.units.executors import TIMEOUT_S, Executor, Here, Processes
from explorer.units.on_dask import OnDask
from explorer.units.plan import Planner, device_of
from models import Model
from models.errors import InputError, ModelError
from models.paths import typed
from models.words import told


def unit_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --scheduler, --processes, --units, --timeout, for `on_units`."""
    group = parser.add_argument_group(_("where it runs (docs/cluster.md); the file is the same, to the byte"))
    where = group.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="tcp://..", help=_("on the workers of this Dask scheduler; one that only you can reach"))
    where.add_argument("--processes", type=int, metavar="N", help=_("in N processes of this machine, in turn on each of its devices"))
    group.add_argument("--units", type=Path, metavar="DIR", help=_("folder of the units that are done (default: beside the file)"))
    late = _("seconds after which a unit goes to another worker (default: %(default)s)")
    group.add_argument("--timeout", type=float, default=TIMEOUT_S, metavar="S", help=late)


@contextmanager
def on_units(given: argparse.Namespace, command: str, opened: Bench) -> Iterator[Planner | None]:
    """A block whose work is done in units, where one of those arguments asks for it; None where none does.

    Raises:
        ExplorerError: the folder is of another job, or nobody does the work; and what was done where Ctrl+C ends it.
    """
    if given.scheduler is None and given.processes is None and given.units is None:
        yield None
        return
    if given.processes is not None and given.processes < 1:
        raise InputError(told("--processes wants a number from 1."))
    out = given.out if command == "atlas" else given.json
    folder = given.units or out.with_name(out.name + ".units")
    executor = _executor(given, opened.model)
    try:
        planner = Planner(command, opened, folder, executor)
        yield planner
        planner.job.finish()
    except KeyboardInterrupt:
        raise ModelError(told("Stopped. What is done is kept in {path}.", path=folder), told("The same command goes on from there.")) from None
    finally:
        executor.close()
    note(_("the units are in {path}; nothing else needs them now").format(path=folder))


def on_task(given: argparse.Namespace, task: Task) -> Bench:
    """What the units of a task work on."""
    return Bench(_on(task.model) | {"task": given.task, "method": given.method} | _examples(given), task.model, task=task)


def on_texts(given: argparse.Namespace, model: Model, texts: list[str], kind: str) -> Bench:
    """What the units of head scores work on."""
    return Bench(_on(model) | {"read": kind, "part": given.part or model.parts[0]} | _examples(given), model, texts=texts)


def on_sentences(given: argparse.Namespace, model: Model) -> Bench:
    """What the units of syntax work on."""
    treebank = None if given.conllu is None else str(given.conllu.absolute())
    return Bench(_on(model) | {"conllu": treebank, "own": given.own, "words": given.words, "limit": given.limit}, model)


def on_corpus(given: argparse.Namespace, model: Model, corpus: Corpus, options: Options) -> Bench:
    """What the units of an atlas work on."""
    examples = _examples(given)
    named = given.data if (given.data or "own").partition(":")[0] == "own" else examples["data"]
    read = {"corpus": named, "atlas": options_json(options), "limit": given.limit, "asked": examples["asked"]}
    return Bench(_on(model) | read, model, corpus=corpus)


def _on(model: Model) -> dict[str, object]:
    return device_of(model.device, model.network.dtype)


def _examples(given: argparse.Namespace) -> dict[str, object]:
    data = given.data if given.data is None or given.data.startswith(HUB) else str(typed(given.data).absolute())
    return {"data": data, "limit": given.limit, "asked": dataclasses.asdict(asked(given))}


def _executor(given: argparse.Namespace, model: Model) -> Executor:
    if given.scheduler is not None:
        return OnDask(given.scheduler, note, given.timeout)
    if given.processes is None:
        return Here()
    several = model.device.type == "cuda"
    devices = [f"cuda:{i % torch.cuda.device_count()}" if several else model.device.type for i in range(given.processes)]
    return Processes(devices, note, given.timeout)
