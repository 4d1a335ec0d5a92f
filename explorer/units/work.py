"""One unit, done: what is there already is left, what does not fit is refused, the result is written."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from explorer.tasks.base import Progress
from explorer.units import bench, store, versions
from explorer.units.kinds import KINDS
from explorer.units.unit import Unit
from models.cores import computing_on
from models.errors import ExplorerError, InputError, OutOfMemoryError, WriteError
from models.words import told

DONE, REFUSED, FAILED = "done", "refused", "failed"

CODE = versions.code()
"""As it was when this process loaded it: files may change while it runs."""


class RefusedError(ExplorerError):
    """This process is not the one to do a unit: it has other weights, other code, other data, or does not see the folder."""


def do(unit: Unit, folder: Path, tell: Progress | None = None) -> bool:
    """Does a unit, where its file is not there yet.

    Args:
        unit: what is to be done.
        folder: of the job.
        tell: told the share of it that is done; what it raises ends it, and nothing is written.

    Returns:
        Whether it was done here.

    Raises:
        RefusedError: this process is another version, or has other data.
        ExplorerError: whatever the work says.
    """
    if store.read(folder, unit) is not None:
        return False
    if unit.code != CODE:
        raise _refused(told("It has other code: {here}, where {wanted} is asked for.", here=CODE, wanted=unit.code))
    if unit.kind not in KINDS:
        raise _refused(told("It knows no work that is called {kind}.", kind=unit.kind))
    if not (folder / store.MANIFEST).is_file():
        raise _refused(told("It does not see the folder {folder}.", folder=folder))
    begun = time.perf_counter()
    with computing_on(int(unit.options["on"]["threads"])):
        opened = bench.of(unit)
        if (found := opened.model.fingerprint) != unit.weights:
            raise _refused(
                told("Its weights of {name} are others: {found}, where {wanted} is asked for.", name=unit.model, found=found, wanted=unit.weights)
            )
        if opened.data != unit.options["data"]:
            raise _refused(told("Its examples are others: the file has changed, or is another one there."))
        with opened.lock:
            opened.folder = folder
            result = KINDS[unit.kind](opened, unit, tell)
    store.write(folder, unit, result, time.perf_counter() - begun)
    return True


def answer(unit: Mapping[str, object], folder: str) -> dict[str, str]:
    """`do` in another process: what became of the unit, in words that travel.

    Returns:
        "state": DONE; REFUSED, where another process may do it; FAILED, where the work itself does not succeed. "why": in words.
        "lasting": not "" where trying again is no use. "where": this process; "worker": as Dask calls it.
    """
    state, why, lasting = DONE, "", False
    try:
        do(_understood(unit), Path(folder))
    except (RefusedError, OutOfMemoryError, WriteError) as error:
        state, why = REFUSED, str(error)
    except InputError as error:
        state, why, lasting = FAILED, str(error), True
    except Exception as error:
        state, why = FAILED, f"{type(error).__name__}: {error}"
    return {"state": state, "why": why, "lasting": "yes" if lasting else "", "where": store.here(), "worker": _worker()}


def _worker() -> str:
    if "distributed" not in sys.modules:
        return ""
    from distributed import get_worker

    try:
        return get_worker().address
    except ValueError:  # not on a worker
        return ""


def _understood(unit: Mapping[str, object]) -> Unit:
    try:
        return Unit.from_json(unit)
    except (KeyError, TypeError) as error:
        raise _refused(told("It has other code: it does not know what a unit says ({error}).", error=error)) from error


def _refused(problem: str) -> RefusedError:
    return RefusedError(problem, told("Give every worker the same code, weights and data."))
