"""What decides the numbers of an atlas, beside model and corpus."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

VERSION = 1
"""Of the numbers and the tables: what another version has written is not merged and not opened."""
KEYS = 8
"""Keys that are kept of a row, the largest weights first."""
BINS = 100
"""Bins of equal width that a row's peak, 0 to 1, is counted in."""
DECILES = 10
LONGEST = 512
"""Tokens at which a text is cut: what is looked at grows with the square of it."""


@dataclass(frozen=True)
class Options:
    """How a corpus is read. The same options, model and corpus give the same bytes, in however many shards.

    Attributes:
        seed: of the sample of rows.
        tokens: the first texts that hold so many tokens are read, the one that reaches it included; None for all.
        longest: tokens at which a text is cut, where the model does not cut it sooner.
        per_decile: rows kept of each tenth of a head's rows.
        strongest: rows kept beside them, those of the largest weight.
        per_edge: rows kept of each relation, of those where the head finds it, and of those where it does not.
        pruned: heads that are switched off while the corpus is read, as `ablation.heads.write` writes them.
        batch_tokens: tokens that go through the model together.
    """

    seed: int = 0
    tokens: int | None = None
    longest: int = LONGEST
    per_decile: int = 4
    strongest: int = 12
    per_edge: int = 3
    pruned: str = ""
    batch_tokens: int = 2048

    def digest(self, *more: str) -> str:
        """A short name for these options, and what else decides the numbers."""
        return hashlib.sha256(json.dumps([VERSION, asdict(self), *more]).encode()).hexdigest()[:16]
