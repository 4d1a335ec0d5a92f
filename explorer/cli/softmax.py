"""The command that multiplies a model's own scale by factors: scale."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from explorer.cli.examples import example_arguments, task_of
from explorer.cli.shared import bar, device_arguments, model_argument, opened, write_json
from explorer.i18n import _
from explorer.softmax.scale import FACTORS, ScaleCurve
from explorer.tasks.choose import TASKS, possible
from models.errors import InputError
from models.words import told


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    scale = commands.add_parser(
        "scale",
        help=_("multiply the model's own scale by factors, and score it"),
        description=_("Multiplies the scale of all heads by one factor after the other, and writes what becomes of the model."),
        epilog=_("""the file:
  points     for each factor: entropy of a row in nats, relative (its share of log n), saturated (share of rows with a weight above 0.9),
             agreement (share of predictions that are those of factor 1), score (accuracy), low, high (95 % interval), loss
rows that see one key only are left out
"""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model_argument(scale)
    scale.add_argument("--task", choices=sorted(TASKS), help=_("default: the first that the model can do"))
    scale.add_argument("--factors", type=_factors, default=FACTORS, metavar="F,..", help=_("default: 13 from 0.1 to 10"))
    scale.add_argument("--json", required=True, type=Path, metavar="OUT", help=_("file to write"))
    device_arguments(scale)
    example_arguments(scale)
    scale.set_defaults(run=_scale)


def _scale(given: argparse.Namespace) -> int:
    model = opened(given)
    kind = given.task or next(iter(possible(model)), None)
    if kind is None:
        raise InputError(told("{name} has no head that predicts anything.", name=model.name), told("Choose another model."))
    task = task_of(given, model, kind)
    with bar("factors") as tell:
        points = ScaleCurve(task).compute(given.factors, tell)
    made = {"model": model.name, "task": kind, "examples": len(task), "points": [vars(point) for point in points]}
    write_json(given.json, made)
    best = max(points, key=lambda point: point.score)
    print(f"best of {len(points)} factors: {best.factor:g}, score {best.score:.4f}, entropy {best.entropy:.3f} nats")
    return 0


def _factors(text: str) -> Sequence[float]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"numbers with commas between them are wanted, not {text!r}") from None
