"""The commands that take heads away: ablate, prune, slice."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from explorer.ablation import costs, curves
from explorer.ablation.heads import by_site, parse, write
from explorer.ablation.intervals import interval
from explorer.ablation.replacements import METHODS
from explorer.ablation.resumable import Resumable
from explorer.ablation.scorer import Scorer
from explorer.ablation.speed import side_by_side
from explorer.ablation.sweep import sweep
from explorer.cli.examples import example_arguments, task_of
from explorer.cli.shared import bar, device_arguments, model_argument, note, opened, write_json
from explorer.cli.units import on_task, on_units, unit_arguments
from explorer.i18n import N_, _
from explorer.tasks.base import Scores, Task
from explorer.tasks.choose import TASKS
from explorer.units import ablation
from explorer.units.plan import Planner
from models import Model, load
from models.errors import InputError, ModelError
from models.surgery import slicing
from models.words import told

TASKS_HELP = N_(
    "classify: one class; multilabel: several labels; tokens: a label for each word (CoNLL, or JSONL with tokens and ner_tags); "
    "regression: a number; masked: masked words; next: next words; exact: a toy's own task"
)


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the commands to the parser of `python -m explorer`."""
    style = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    ablate = commands.add_parser(
        "ablate",
        help=_("remove every head alone and write the scores as JSON"),
        description=_("Removes every head alone, exactly, and writes how the task's score and loss change."),
        epilog=_("""the file:
  {"baseline": {"score": .., "loss": ..}, "score": [[..]], "loss": [[..]], ..}
  tables [layer][head] from 0; score: accuracy (regression: Pearson's correlation); loss: mean over the examples of the
  cross-entropy in nats (multilabel: binary, mean over the labels; regression: squared error)
Ctrl-C keeps what is done beside the file; the same command goes on from there.
"""),
        **style,
    )
    _task_arguments(ablate)
    ablate.add_argument("--json", required=True, type=Path, metavar="OUT", help=_("file to write"))
    unit_arguments(ablate)
    ablate.set_defaults(run=_ablate)

    prune = commands.add_parser(
        "prune",
        help=_("score one set of removed heads, or the curve of removing more and more"),
        description=_("Removes heads, a given set or 0 to 100 % of all in some order, and writes the scores."),
        epilog=_("orders: gradient, exact, greedy, confidence: least important first by that measure; reversed: most important first; random"),
        **style,
    )
    _task_arguments(prune)
    which = prune.add_mutually_exclusive_group(required=True)
    which.add_argument("--order", choices=curves.ORDERS, metavar="O", help=", ".join(curves.ORDERS))
    which.add_argument("--heads", metavar="L.H,..", help=_("one set, such as 0.3,2.11 (layer.head from 0)"))
    prune.add_argument("--seeds", type=int, default=curves.SEEDS, metavar="N", help=_("random orders (default: %(default)s)"))
    prune.add_argument("--json", type=Path, metavar="OUT", help=_("file to write (needed for a curve)"))
    unit_arguments(prune)
    prune.set_defaults(run=_prune)

    cut = commands.add_parser(
        "slice",
        help=_("write a model without some of its heads"),
        description=_("Cuts heads out of a model's weights and writes a smaller model, which `--model DIR` opens."),
        **style,
    )
    model_argument(cut)
    cut.add_argument("--heads", required=True, metavar="L.H,..", help=_("heads to remove, such as 0.3,2.11 (layer.head from 0)"))
    cut.add_argument("--out", required=True, type=Path, metavar="DIR", help=_("folder to write; it must not exist"))
    cut.add_argument("--zeroed", action="store_true", help=_("keep all shapes and write zeros instead, so that plain from_pretrained opens it"))
    cut.add_argument("--speed", action="store_true", help=_("also measure forward passes of the full and of the sliced model"))
    cut.set_defaults(run=_slice)


def _task_arguments(parser: argparse.ArgumentParser) -> None:
    model_argument(parser)
    parser.add_argument("--task", required=True, choices=sorted(TASKS), help=_(TASKS_HELP))
    parser.add_argument("--method", choices=METHODS, default="zero", help=_("what takes the place of a head's output (default: zero)"))
    example_arguments(
        parser,
        N_(
            "CSV, TSV, JSON, JSONL or text file; hub:owner/name; default: the project's own sentences, or its passage; "
            "for exact, held-out examples"
        ),
    )
    device_arguments(parser)


def _ablate(given: argparse.Namespace) -> int:
    task, resumable = _task(given)
    with on_units(given, "ablate", on_task(given, task)) as planner, _interruptible(resumable, planner), bar("heads") as tell:
        if planner is not None:
            found = ablation.swept(planner, task, given.method, tell)
        else:
            found = sweep(task, method=given.method, progress=tell, resumable=resumable)
    tables = {what: _rows(found.table(task.model.sites, name)) for what, name in (("score", "correct"), ("loss", "loss"))}
    write_json(given.json, {"baseline": _note(found.baseline), **tables, **_about(given, task)})
    resumable.finish()
    _summary(task, found.baseline)
    return 0


def _prune(given: argparse.Namespace) -> int:
    if given.order and not given.json:
        raise InputError(told("A curve wants a file."), told("Add --json OUT."))
    task, resumable = _task(given)
    if given.heads is not None:
        heads, scorer = parse(task.model, given.heads), Scorer(task)
        with bar("scoring") as tell:
            scores, full = scorer.score(heads, given.method, tell), scorer.baseline()
        made = {"heads": write(task.model, heads), **_note(scores), "baseline": _note(full)}
        if doubt := task.doubt(full):
            note(doubt)
        made["flipped"] = int(task.differ(scores, full).sum()) if given.task in ("classify", "multilabel") else None
        print(json.dumps(made | _about(given, task), indent=1))
        if given.json:
            write_json(given.json, made | _about(given, task))
        return 0
    scorer = Scorer(task)
    with on_units(given, f"prune {given.order}", on_task(given, task)) as planner, _interruptible(resumable, planner):
        if planner is not None:
            with bar(given.order) as tell:
                found = ablation.curve(planner, scorer, given.order, given.method, given.seeds, tell)
        else:
            scorer.baseline()
            seconds = costs.curve(scorer, given.order, given.method, seeds=given.seeds)
            note(_("about {seconds:.0f} s for the whole curve").format(seconds=seconds))
            with bar(given.order) as tell:
                known = {"method": given.method, "seeds": given.seeds, "resumable": resumable, "scorer": scorer}
                found = curves.curve(task, given.order, progress=lambda share, points: tell(share), **known)
    points = [vars(point) for point in found.points]
    order = write(task.model, []) if not found.heads else [write(task.model, [head]) for head in found.heads]
    write_json(given.json, {"order": given.order, "points": points, "heads": order, **_about(given, task)})
    resumable.finish()
    if found.guesses:
        said = f"with all heads the score is {found.points[0].score:.4f}, no more than always saying the most frequent class"
        print(f"{said} ({found.chance:.4f}): nothing to lose")
        return 0
    print(f"{100 * found.largest_share():.0f} % of the heads can go at less than one point of the score ({given.order})")
    return 0


def _slice(given: argparse.Namespace) -> int:
    model = load(given.model, device="cpu")
    note(*model.notes)
    heads = by_site(parse(model, given.heads))
    if not heads:
        raise InputError(told("No head was named."), told("Write --heads 0.3,2.11."))
    if given.zeroed:
        slicing.export_zeroed(model, heads, given.out)
        print(f"{given.out}: {model.parameters:,} parameters, {sum(map(len, heads.values()))} heads of zeros")
        return 0
    slicing.export_sliced(model, heads, given.out)
    small = load(given.out, device="cpu")
    print(f"{given.out}: {small.parameters:,} of {model.parameters:,} parameters ({small.parameters / model.parameters:.1%})")
    if given.speed:
        print("ratio  batch  full ms  sliced ms")
        for full, less in side_by_side([model, small]):
            print(f"{full.seconds / less.seconds:5.2f}  {full.batch:5}  {1e3 * full.seconds:7.1f}  {1e3 * less.seconds:9.1f}")
    return 0


def _task(given: argparse.Namespace) -> tuple[Task, Resumable]:
    model = opened(given)
    task = task_of(given, model, given.task)
    texts = json.dumps([[item.inputs, item.target] for item in task.items]).encode()
    of = {name: str(getattr(given, name, None)) for name in ("model", "task", "method", "dtype", "order")}
    of |= {"data": hashlib.sha256(texts).hexdigest(), "weights": _fingerprint(model), "seeds": getattr(given, "seeds", None)}
    out = given.json or Path("explorer.json")
    return task, Resumable(out.with_name(out.name + ".unfinished"), of)


def _fingerprint(model: Model) -> str:
    """Weights of the same name may be other weights: a few numbers of each tell them apart."""
    digest = hashlib.sha256()
    for name, weight in model.network.named_parameters():
        digest.update(f"{name}{tuple(weight.shape)}{weight.detach().flatten()[:4].float().tolist()}".encode())
    return digest.hexdigest()


@contextmanager
def _interruptible(resumable: Resumable, planner: Planner | None) -> Iterator[None]:
    if planner is not None:
        yield  # its units are kept instead
        return
    if len(resumable):
        note(_("{n} finished pieces found in {path}").format(n=len(resumable), path=resumable.path))
    try:
        yield
    except KeyboardInterrupt:
        raise ModelError(
            told("Stopped. What is done is kept in {path}.", path=resumable.path), told("The same command goes on from there.")
        ) from None


def _about(given: argparse.Namespace, task: Task) -> dict:
    return {
        "model": task.model.name,
        "task": given.task,
        "method": given.method,
        "examples": len(task),
        "rows": [f"{site.part} {site.layer}" for site in task.model.sites],
    }


def _note(scores: Scores) -> dict:
    low, high = interval(scores.correct, shares=True)
    return {"score": scores.score, "loss": scores.mean_loss, "score_low": low, "score_high": high}


def _summary(task: Task, scores: Scores) -> None:
    if doubt := task.doubt(scores):
        note(doubt)
    print(f"score {scores.score:.4f}, loss {scores.mean_loss:.4f} on {len(scores.loss)} examples with all heads")


def _rows(table: np.ndarray) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in table]
