"""Work that goes on where it was interrupted: what is done is kept beside the result, until that is there."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from models.atomic import put_text, writing


class Pieces(Protocol):
    """Finished pieces of long work, by what they are and a key; both anything that JSON knows."""

    def get(self, what: str, key: object) -> object | None:
        """A piece that was put before, or None."""

    def put(self, what: str, key: object, piece: object) -> None:
        """Keeps a piece, anything that JSON knows."""


class Memory:
    """Pieces in memory: a viewer who stopped work goes on from there."""

    def __init__(self) -> None:
        self._known: dict[str, object] = {}

    def get(self, what: str, key: object) -> object | None:
        """A piece that was put before, or None."""
        return self._known.get(_name(what, key))

    def put(self, what: str, key: object, piece: object) -> None:
        """Keeps a piece."""
        self._known[_name(what, key)] = piece

    def __len__(self) -> int:
        return len(self._known)


class Resumable:
    """Pieces in a file of finished pieces, one line of JSON each.

    Args:
        path: the file; made when the first piece is put.
        of: what the pieces belong to: model, data, settings. Pieces of anything else are forgotten.
    """

    def __init__(self, path: Path, of: Mapping[str, object]) -> None:
        self.path, self._of = path, json.loads(json.dumps(of))
        self._known: dict[str, object] = {}
        self._stream: io.TextIOBase | None = None
        if path.is_file():
            self._read()

    def get(self, what: str, key: object) -> object | None:
        """A piece that was put before, or None."""
        return self._known.get(_name(what, key))

    def put(self, what: str, key: object, piece: object) -> None:
        """Keeps a piece, anything that JSON knows. It is written when this returns. Raises WriteError."""
        with writing(self.path):
            if self._stream is None:
                fresh = not self._known
                self._stream = self.path.open("w" if fresh else "a", encoding="utf-8")
                if fresh:
                    self._stream.write(json.dumps({"of": self._of}) + "\n")
            self._stream.write(json.dumps({"key": _name(what, key), "piece": piece}) + "\n")
            self._stream.flush()
        self._known[_name(what, key)] = piece

    def finish(self) -> None:
        """Takes the file away: the result is written."""
        if self._stream is not None:
            self._stream.close()
        self.path.unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self._known)

    def _read(self) -> None:
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        for i, line in enumerate(lines):
            try:
                message = json.loads(line)
                if i == 0:
                    if message["of"] != self._of:
                        return
                else:
                    self._known[message["key"]] = message["piece"]
            except (ValueError, TypeError, KeyError):
                break  # the line that was being written when the work was interrupted
        if self._known:
            # Without the broken line, so that the next piece starts on a line of its own.
            kept = [json.dumps({"of": self._of})] + [json.dumps({"key": k, "piece": p}) for k, p in self._known.items()]
            put_text(self.path, "\n".join(kept) + "\n")


def _name(what: str, key: object) -> str:
    return f"{what} {json.dumps(key)}"
