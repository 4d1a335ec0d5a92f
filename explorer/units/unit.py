"""A unit of work: pure data that names what is done, to which weights, on which shard, by which code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property


@dataclass(frozen=True)
class Unit:
    """What one file holds the result of. Everything that the result depends on stands here, and all of it is JSON.

    Attributes:
        kind: name of the function, of `kinds.KINDS`.
        model: name of the model, or its folder.
        revision: that was asked for, of a model of the hub; "" for the newest one, a folder or a bundled model.
        weights: sha256 of its parameters, see `Model.fingerprint`.
        options: what the function is told, with what it works on under "on" (see `bench`).
        shard, shards: which part this is, from 0, and of how many.
        seed: of whatever is drawn.
        code: version of the code, see `versions.code`.
    """

    kind: str
    model: str
    revision: str
    weights: str
    options: Mapping[str, object]
    shard: int
    shards: int
    seed: int
    code: str

    @cached_property
    def digest(self) -> str:
        """Names its file: sha256 of all of it, so other work has another name."""
        return hashlib.sha256(self._written().encode()).hexdigest()

    def to_json(self) -> dict[str, object]:
        """As a dictionary of JSON."""
        return json.loads(self._written())

    @staticmethod
    def from_json(found: Mapping[str, object]) -> Unit:
        """From such a dictionary; fields that it does not know are another version's. Raises KeyError, TypeError."""
        return Unit(**{field.name: found[field.name] for field in fields(Unit)})

    def _written(self) -> str:
        # Not by `asdict`, which copies each number of long lists of heads first.
        return canonical({field.name: getattr(self, field.name) for field in fields(self)})


def canonical(value: object) -> str:
    """The one way in which a value is written as JSON, so that equal values have equal digests."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
