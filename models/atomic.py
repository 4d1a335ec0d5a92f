"""Files and folders that are whole or not there at all: a full disk, or a kill in the middle, leaves the old ones."""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
import socket
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from safetensors import SafetensorError

from models.errors import WriteError
from models.words import told

PARTIAL = ".partial"
"""How the names end of what is being written. Nothing reads such a file; what a kill left is taken away by who next writes to that place."""
_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
"""Of this machine, in names of what is being written: machines may share a disk."""
_COUNT = itertools.count()
_STALE_S = 24 * 3600
"""What another machine writes is left alone for so long after its last change: whether its process still lives cannot be seen from here."""
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """A block that writes to a place. Raises WriteError, with an advice, for what the system says against it."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise _explained(place, error) from error


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A path beside the file to write to; at the end of the block it takes the file's place.

    Raises:
        WriteError: it cannot be written; the old file is as it was.
    """
    beside = file.with_name(f"{file.name}.{_unlike_any()}")
    try:
        with writing(file):
            _clear(file.parent, f"{file.name}.")
            yield beside
            os.replace(beside, file)
    finally:
        # In a folder that may not be written to there is nothing to take away, and what went wrong is told already.
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def put_text(file: Path, text: str) -> None:
    """Writes a text, in UTF-8, whole or not at all. Raises WriteError."""
    with whole(file) as beside:
        beside.write_text(text, encoding="utf-8")


@contextmanager
def whole_folder(folder: Path, last: Sequence[str] = ("config.json",)) -> Iterator[Path]:
    """A folder to write to; at the end of the block what is in it takes its place in the folder that is wanted.

    A folder that is not there yet appears at once. In one that is there each file is put in its place whole, other files stay, and those of
    `last` go first and come at the very end: who is killed in between leaves a folder that says itself that it is none.

    Args:
        last: files without which the folder is nothing, in the order in which they come.

    Raises:
        WriteError: it cannot be written; what was there is as it was.
    """
    there = folder.is_dir()
    # Within a folder that is there, which may be a disk of its own: nothing can be renamed from one disk to another.
    beside = folder / _unlike_any() if there else folder.with_name(f".{folder.name}.{_unlike_any()}")
    try:
        with writing(folder):
            if there:
                _clear(folder)
            beside.mkdir(parents=True)
            if not there:
                _clear(folder.parent, f".{folder.name}.")
            yield beside
            # Another process may have made the folder meanwhile.
            if there or folder.is_dir():
                _moved(beside, folder, last)
            else:
                beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unlike_any() -> str:
    """End of a name that no other process, thread or machine writes to: two who write one file take its place one after the other."""
    return f"{_HOST}-{os.getpid()}-{next(_COUNT)}{PARTIAL}"


def _clear(folder: Path, before: str = "") -> None:
    """Takes away what killed processes were writing in a folder under names that begin so."""
    # By their ends alone first: a folder of many files is gone through at each write to it.
    names = [name for name in os.listdir(folder) if name.endswith(PARTIAL)] if folder.is_dir() else []
    for path in map(folder.joinpath, names):
        if path.name != before.removesuffix(".") + PARTIAL:  # not of a version that named no process
            found = re.fullmatch(re.escape(before) + rf"([0-9a-f]{{8}})-(\d+)-\d+{re.escape(PARTIAL)}", path.name)
            if not found or _is_written(path, found[1], int(found[2])):
                continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_written(path: Path, host: str, process: int) -> bool:
    """Whether somebody may still be writing it."""
    if host == _HOST:
        return psutil.pid_exists(process)
    try:
        return time.time() - path.stat().st_mtime < _STALE_S
    except OSError:
        return True


def _moved(beside: Path, folder: Path, last: Sequence[str]) -> None:
    for name in reversed(last):
        (folder / name).unlink(missing_ok=True)
    names = sorted(path.name for path in beside.iterdir() if path.name not in last)
    for name in [*names, *(name for name in last if (beside / name).exists())]:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        os.replace(beside / name, folder / name)


def is_full(error: BaseException) -> bool:
    """Whether an error says, or was caused by one that says, that there is no room on the disk."""
    return _number(error) in _FULL


def is_forbidden(error: BaseException) -> bool:
    """Whether an error says, or was caused by one that says, that this user may not write there."""
    return _number(error) in _FORBIDDEN


def _number(error: BaseException | None) -> int:
    """The system's number of an error, 0 where it has none. Libraries in Rust, such as that of safetensors, tell it in their words alone."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        if found := re.search(r"os error (\d+)", str(error)):
            return int(found[1])
        error = error.__cause__
    return 0


def _explained(place: Path, error: OSError | SafetensorError) -> WriteError:
    number = _number(error)
    reason = os.strerror(number) if number else str(error)
    problem = told("{place} could not be written: {reason}.", place=place, reason=reason)
    if number in _FULL:
        return WriteError(problem, told("Make room, or name another place. What was there before is as it was."))
    if number in _FORBIDDEN:
        return WriteError(problem, told("Name a place that this user may write to. What was there before is as it was."))
    if number in (errno.ENOENT, errno.ENOTDIR):
        return WriteError(problem, told("Make the folder first, or name another."))
    return WriteError(problem, told("Name another place. What was there before is as it was."))
