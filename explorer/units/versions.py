"""The version of the code: two processes of equal code and equal weights (`Model.fingerprint`) find the same, others are refused."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

import explorer
import models

_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy")
_NOT_COMPUTED_WITH = {"charts", "claims", "cli", "lab", "lectures", "public", "room", "talk", "ui"}
"""Folders of `explorer` that no unit uses: what is only shown differently computes the same."""


@cache
def code() -> str:
    """The version of the code that computes: sha256 of its source, and versions of the libraries that decide on digits.

    How a library was built (the "+cpu" of torch) is not in it.
    """
    digest = hashlib.sha256()
    for package in (explorer, models):
        root = Path(package.__file__).parent
        for file in sorted(root.rglob("*.py")):
            name = file.relative_to(root).as_posix()
            if package is models or name.split("/")[0] not in _NOT_COMPUTED_WITH:
                digest.update(f"{package.__name__}/{name}\0".encode() + file.read_bytes() + b"\0")
    libraries = ", ".join(f"{name} {metadata.version(name).split('+')[0]}" for name in _LIBRARIES)
    return f"{digest.hexdigest()[:16]}, {libraries}"
