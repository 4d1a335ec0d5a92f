"""Paths as somebody typed them: anything may stand there, and a path that cannot be is one that is not there."""

from __future__ import annotations

from pathlib import Path


def typed(text: str | Path) -> Path:
    """The path, with "~" as the home of the user who is named; as it stands where there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_folder(path: Path) -> bool:
    """Whether there is such a folder that can be looked at; False for a name that is too long or holds what no name can."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """The same for a file."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
