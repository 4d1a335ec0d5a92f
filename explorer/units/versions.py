"""Versions of weights and code: two processes whose versions are equal find the same, others are refused."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path
from weakref import WeakKeyDictionary

import torch

import explorer
import models
from models import Model

_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy")
_NOT_COMPUTED_WITH = {"charts", "claims", "cli", "lab", "lectures", "public", "room", "talk", "ui"}
"""Folders of `explorer` that no unit uses: what is only shown differently computes the same."""
_known: WeakKeyDictionary[Model, str] = WeakKeyDictionary()


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


def weights(model: Model) -> str:
    """sha256 of a model's parameters, as they are in memory: names, shapes, precision and every byte. The same on every device."""
    if model not in _known:
        digest = hashlib.sha256()
        with model.lock:
            for name, parameter in model.network.named_parameters():
                value = parameter.detach().cpu().contiguous()
                digest.update(f"{name} {tuple(value.shape)} {value.dtype}\0".encode())
                digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
        _known[model] = digest.hexdigest()
    return _known[model]
