"""Every score once more, as a loop over queries and keys: what the tests compare with."""

from __future__ import annotations

import math
import unicodedata

import numpy as np


def score(
    weights: np.ndarray, visible: np.ndarray, ids: list[int], special: list[bool], texts: list[str], rare: int | None
) -> dict[str, list[float]]:
    """For one head on one text, by score the value of each query that it is defined for; (query, key)."""
    n = len(ids)
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for i in range(n):
        row = [float(w) for w in weights[i]]
        seen = [j for j in range(n) if visible[i, j]]
        if len(seen) > 1:
            entropy = -sum(w * math.log(w) for w in row if w > 0)
            found["entropy"].append(entropy)
            found["relative_entropy"].append(entropy / math.log(len(seen)))
        found["confidence"].append(max(row))
        found["distance"].append(sum(w * abs(i - j) for j, w in enumerate(row)))
        found["offset"].append(sum(w * (j - i) for j, w in enumerate(row)))
        found["same"].append(row[i])
        found["special"].append(sum(w for j, w in enumerate(row) if special[j]))
        found["punctuation"].append(sum(w for j, w in enumerate(row) if not special[j] and is_punctuation(texts[j])))
        if rare is not None:
            found["rare"].append(row[rare])
        largest = row.index(max(row))
        if i > 0:
            found["first"].append(row[0])
            found["previous"].append(row[i - 1])
            if visible[i, i - 1]:
                found["peak_previous"].append(float(largest == i - 1))
        if i < n - 1 and visible[i, i + 1]:
            found["next"].append(row[i + 1])
            found["peak_next"].append(float(largest == i + 1))
        if copies := [j for j in range(i) if ids[j] == ids[i]]:
            found["duplicate"].append(sum(row[j] for j in copies))
        if after := [j + 1 for j in range(i) if ids[j] == ids[i] and j + 1 < i]:
            found["induction"].append(sum(row[j] for j in after))
    return found


NAMES = (
    "entropy", "relative_entropy", "confidence", "distance", "offset", "previous", "next", "same", "peak_previous", "peak_next", "first",
    "special", "punctuation", "rare", "duplicate", "induction",
)  # fmt: skip


def is_punctuation(text: str) -> bool:
    kept = text.strip().removeprefix("##")
    return bool(kept) and not any(unicodedata.category(character)[0] in "LNMC" for character in kept)
