"""The checksum of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path


def of_file(file: Path) -> str:
    """sha256 of a file's bytes, lower-case hexadecimal. Raises OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
