"""Files that are whole or not there at all: a full disk, or a kill in the middle, leaves the old one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A path beside the file to write to; at the end of the block it takes the file's place."""
    beside = file.with_name(file.name + ".partial")
    try:
        yield beside
        os.replace(beside, file)
    finally:
        beside.unlink(missing_ok=True)
