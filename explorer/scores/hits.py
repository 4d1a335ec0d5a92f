"""What counts as a hit for the scores that are a product of the weights with it, for texts of one length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from explorer.reading import Tokens
from explorer.scores import masks

_SPLIT = re.compile(r"<[0-9A-F]{2}(?: [0-9A-F]{2})*>")
"""A token that is a part of a character's bytes, as `explorer.tokens.readable` writes it."""
_KEPT_BYTES = 64 * 2**20
"""Of what counts as a hit, as much as is kept from layer to layer."""
MASSES = ("offset", "distance", "previous", "next", "same", "first", "special", "punctuation", "rare", "duplicate", "induction")
"""Scores that are a product with what counts as a hit, in the order of its columns."""
_MASKS = {
    "previous": masks.previous_token,
    "next": masks.next_token,
    "same": masks.same_token,
    "first": masks.first_token,
    "duplicate": masks.duplicate_token,
    "induction": masks.induction,
}
"""Those of them whose hits are a mask of queries and keys."""


class Hits:
    """What counts as a hit for each of `MASSES`, for texts of one length.

    Args:
        tokens: the keys of each text.
        rarest: number of the rarest key of each text, or None.
        device: where the weights are.
        queries: how many there are, where they are other tokens than the keys.
    """

    def __init__(self, tokens: Sequence[Tokens], rarest: Sequence[int | None], device: torch.device, queries: int | None = None) -> None:
        self.keys, self.square = len(tokens[0]), queries is None
        self.queries, self.texts, self.device = self.keys if queries is None else queries, len(tokens), device
        columns = np.zeros((len(tokens), 3, self.keys), np.float32)
        for t, (of, rare) in enumerate(zip(tokens, rarest, strict=True)):
            columns[t, 0], columns[t, 1] = (
                of.special,
                [mark and not special for mark, special in zip(punctuation(of.text), of.special, strict=True)],
            )
            if rare is not None:
                columns[t, 2, rare] = 1
        self.columns = torch.from_numpy(columns).to(device)
        self.has_rare = torch.tensor([rare is not None for rare in rarest], device=device)
        self.ids = torch.tensor([of.ids for of in tokens], device=device)
        self._kept: dict[tuple[int, int, int, int], tuple[Tensor, Tensor]] = {}
        self._kept_bytes = 0

    def may_look(self, at: Tensor, visible: Tensor) -> Tensor:
        """Whether each query may see the key at a place of its own, bool (rows,); never in attention to other tokens."""
        there = (at >= 0) & (at < self.keys) & self.square
        return there & visible.gather(1, at.clamp(0, self.keys - 1)[:, None])[:, 0]

    def of(self, texts: slice, rows: slice) -> tuple[Tensor, Tensor]:
        """Of some texts and query rows: hits (texts, rows, keys, masses), and which queries count, bool (texts, rows, masses)."""
        # Layers with fewer heads are worked on in larger blocks, so where a block ends belongs to its name.
        at = (texts.start, texts.stop, rows.start, rows.stop)
        if at in self._kept:
            return self._kept[at]
        made = self._made(texts, rows)
        size = made[0].numel() * made[0].element_size()
        if self._kept_bytes + size <= _KEPT_BYTES:
            self._kept[at] = made
            self._kept_bytes += size
        return made

    def _made(self, texts: slice, rows: slice) -> tuple[Tensor, Tensor]:
        i = torch.arange(self.queries, device=self.device)[rows, None]
        shape = (len(self.ids[texts]), len(i), self.keys)
        by_name = {name: self.columns[texts, c, None] for c, name in enumerate(("special", "punctuation", "rare"))}
        if self.square:
            offset = (torch.arange(self.keys, device=self.device) - i).float()
            by_name |= {"offset": offset, "distance": offset.abs()}
            by_name |= {name: mask(self.ids[texts], rows).float() for name, mask in _MASKS.items()}
        nothing = torch.zeros(1, device=self.device)
        hits = torch.stack([by_name.get(name, nothing).expand(shape) for name in MASSES], dim=-1)
        counts = torch.ones(*shape[:2], len(MASSES), dtype=torch.bool, device=self.device)
        for name in ("previous", "next", "first", "duplicate", "induction"):
            at = MASSES.index(name)
            counts[..., at] = hits[..., at].any(-1)
        counts[..., MASSES.index("rare")] = self.has_rare[texts, None]
        for name in MASSES:
            if name not in by_name:  # in attention to other tokens: it speaks of one sequence
                counts[..., MASSES.index(name)] = False
        return hits, counts


def punctuation(texts: Sequence[str]) -> list[bool]:
    """Which tokens of a text are punctuation or symbols and nothing else.

    A mark whose bytes are split over several tokens ("<E2 80>", "<99>") is told by them together, and counts at each of them.
    """
    found = [_is_punctuation(text) for text in texts]
    run: list[int] = []
    for i, text in enumerate([*texts, ""]):
        if _SPLIT.fullmatch(text):
            run.append(i)
        elif run:
            together = bytes.fromhex("".join(texts[at][1:-1] for at in run)).decode("utf-8", errors="replace")
            for at in run:
                found[at] = _is_punctuation(together) and "\ufffd" not in together
            run = []
    return found


@lru_cache(maxsize=2**16)
def _is_punctuation(text: str) -> bool:
    kept = text.strip().removeprefix("##")
    return bool(kept) and all(unicodedata.category(character)[0] in "PSZ" for character in kept)
