"""An atlas in the making: what the shards say together that are there already."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.atlas import shards
from explorer.atlas.atlas import MANIFEST, Atlas
from explorer.atlas.making import WORK
from models.errors import InputError
from models.paths import is_file, is_folder
from models.words import told

IN_UNITS = "atlas"
"""Folder of the shards in one of units, see `explorer.units.store`."""


@dataclass(frozen=True)
class There:
    """Shards of one atlas that are there.

    Attributes:
        files: each with its time of writing and its size, by which it is known; in the order of the shards.
        all: how many shards there will be; 0 where none is there.
    """

    files: tuple[tuple[Path, int, int], ...] = ()
    all: int = 0


def there(folder: Path) -> There | None:
    """The shards that somebody has written for an atlas that is not there yet; None where nobody makes one.

    Args:
        folder: that `atlas` was given as --out or --units, or that of the shards itself. Of several atlases the one written last counts.
    """
    if is_file(folder / MANIFEST):
        return None
    beside = [folder.with_name(folder.name + WORK)] if folder.name else []
    places = [place for place in (folder / IN_UNITS, *beside, folder) if is_folder(place)]
    found: dict[tuple[Path, str, int], list[tuple[Path, int, int]]] = {}
    for place in places:
        for file in _files(place):
            if (named := shards.named_by(file)) is None:
                continue
            try:
                about = file.stat()
            except OSError:
                continue  # broken, and taken away to be read again
            found.setdefault((place, *named), []).append((file, about.st_mtime_ns, about.st_size))
    if found:
        best = max(found, key=lambda key: max(time for _file, time, _size in found[key]))
        return There(tuple(found[best]), best[2])
    return There() if is_file(folder / "job.json") or any(place.name.endswith(WORK) for place in places) else None


def _files(place: Path) -> list[Path]:
    """What lies in a folder; nothing where that may not be known."""
    try:
        return sorted(place.iterdir())
    except OSError:
        return []


class Growing:
    """Puts shards together as they come; what was added once is not read again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._merged: shards.Merged | None = None
        self._added: set[tuple[Path, int, int]] = set()

    def atlas(self, now: There) -> Atlas:
        """The atlas of the shards that are there: what one of them alone would be.

        Its manifest says under `shards` how many they are, of how many. A file that cannot be read counts as not there: whoever makes the atlas
        reads it again. Roles that have to beat random weights are given to no head before the shard is there that brings these, the first one.

        Raises:
            InputError: none of them can be read.
        """
        with self._lock:
            if not self._added <= set(now.files):
                self._merged, self._added = None, set()  # one was written anew, or it is another atlas
            problem = None
            for file in now.files:
                if file not in self._added:
                    try:
                        self._merged = shards.added(self._merged, file[0])
                        self._added.add(file)
                    except InputError as error:
                        problem = error
            if self._merged is None:
                none = InputError(told("No part of this atlas is read yet."), told("Wait until one is there."))
                raise problem or none
            made = Atlas.of(shards.so_far(self._merged))
            return Atlas({**made.manifest, "shards": [len(self._added), now.all]}, None, made._tables)


def of_shards(atlas: Atlas) -> Sequence[int] | None:
    """Shards that an atlas is of, and how many there will be; None for a whole one."""
    return atlas.manifest.get("shards")
