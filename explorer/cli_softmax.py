"""The command that multiplies a model's own scale by factors: scale."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from explorer.softmax.scale import FACTORS, ScaleCurve
from explorer.tasks.choose import TASKS, make, named, possible
from models import load
from models.errors import InputError
from models.loading import DTYPES
from models.whole import whole


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to the parser of `python -m explorer`."""
    scale = commands.add_parser(
        "scale",
        help="multiply the model's own scale by factors, and score it",
        description="Multiplies the scale of all heads by one factor after the other, and writes what becomes of the model.",
        epilog="""the file:
  points     for each factor: entropy of a row in nats, relative (its share of log n), saturated (share of rows with a weight above 0.9),
             agreement (share of predictions that are those of factor 1), score (accuracy), low, high (95 % interval), loss
rows that see one key only are left out
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    scale.add_argument("--model", required=True, metavar="M", help="name (see `models`), hub id owner/model, or local folder")
    scale.add_argument("--task", choices=sorted(TASKS), help="default: the first that the model can do")
    scale.add_argument("--data", metavar="F", help="CSV, TSV, JSONL or text file; hub:owner/name; default: the project's own")
    scale.add_argument("--limit", type=int, metavar="N", help="first N examples only")
    scale.add_argument("--factors", type=_factors, default=FACTORS, metavar="F,..", help="default: 13 from 0.1 to 10")
    scale.add_argument("--json", required=True, type=Path, metavar="OUT", help="file to write")
    scale.add_argument("--device", default="auto", help="auto, cpu, cuda, mps (default: auto)")
    scale.add_argument("--dtype", default="auto", choices=["auto", *DTYPES], help="default: auto")
    scale.set_defaults(run=_scale)


def _scale(given: argparse.Namespace) -> int:
    model = load(given.model, given.device, given.dtype)
    kind = given.task or next(iter(possible(model)), None)
    if kind is None:
        raise InputError(f"{model.name} has no head that predicts anything.", "Choose another model.")
    examples = named(given.data, kind, model)
    if given.limit is not None:
        if given.limit < 1:
            raise InputError("--limit wants a number from 1.")
        examples = replace(examples, examples=examples.examples[: given.limit])
    task = make(kind, model, examples)
    for note in (*model.notes, *examples.notes, *task.notes):
        print(f"note: {note}", file=sys.stderr)
    with tqdm(total=1.0, leave=False, bar_format="{desc} {bar} {percentage:3.0f} % {elapsed}<{remaining}", desc="factors") as bar:
        points = ScaleCurve(task).compute(given.factors, lambda share: bar.update(share - bar.n))
    made = {"model": model.name, "task": kind, "examples": len(task), "points": [vars(point) for point in points]}
    with whole(given.json) as beside:
        beside.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    best = max(points, key=lambda point: point.score)
    print(f"best of {len(points)} factors: {best.factor:g}, score {best.score:.4f}, entropy {best.entropy:.3f} nats")
    return 0


def _factors(text: str) -> Sequence[float]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"numbers with commas between them are wanted, not {text!r}") from None
