"""What the commands have in common: which model, which task, a bar that moves, a file of JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

from explorer.i18n import _
from models import Model, load
from models.atomic import put_text
from models.opening.loading import DTYPES


def model_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --model."""
    parser.add_argument("--model", required=True, metavar="M", help=_("name (see `models`), hub id owner/model, or local folder"))


def device_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --device and --dtype, for `opened`."""
    parser.add_argument("--device", default="auto", help=_("auto, cpu, cuda, mps, or split over all of them and the disk (default: auto)"))
    parser.add_argument("--dtype", default="auto", choices=["auto", *DTYPES], help=_("default: auto"))


def opened(given: argparse.Namespace) -> Model:
    """The model that was asked for; what there is to note about it goes to stderr. Raises ModelError."""
    model = load(given.model, given.device, given.dtype)
    note(*model.notes)
    return model


@contextmanager
def bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar on stderr; yields the function that is told the share that is done."""
    with tqdm(total=1000, leave=False, bar_format="{desc} {bar} {percentage:3.0f} % {elapsed}<{remaining}", desc=what) as drawn:

        def tell(share: float) -> None:
            # Told before every layer: drawn only where something moves.
            if (done := round(1000 * share)) != drawn.n:
                drawn.n = done
                drawn.refresh()

        yield tell


def write_json(path: Path, made: object, **how: object) -> None:
    """Writes the file whole or not at all; `how` goes to `json.dumps`."""
    put_text(path, json.dumps(made, indent=1, **how) + "\n")


def for_json(values: np.ndarray | float) -> object:
    """Numbers for JSON, None for nan."""
    if np.ndim(values):
        return [for_json(value) for value in values]
    value = values.item() if isinstance(values, np.generic) else values
    return None if value != value else value


def note(*notes: str) -> None:
    """Says on stderr what there is to know."""
    for one in notes:
        print(_("note: {note}").format(note=_(one)), file=sys.stderr)
