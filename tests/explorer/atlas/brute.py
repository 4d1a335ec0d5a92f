"""An atlas by brute force: every weight of every head is kept, and sorted at the end."""

from dataclasses import dataclass

import numpy as np

from explorer.atlas import sampled
from explorer.atlas.options import BINS, DECILES, KEYS
from explorer.atlas.reading import _sides
from explorer.capture import capture_sides


@dataclass
class Row:
    text: int
    row: int
    weights: np.ndarray
    norm: float
    sees: int
    rests: bool
    hash: int

    @property
    def peak(self) -> np.float32:
        return self.weights.max()

    @property
    def bin(self) -> int:
        return min(BINS - 1, int(self.peak * BINS))

    @property
    def keys(self) -> list[int]:
        order = sorted(range(len(self.weights)), key=lambda k: (-self.weights[k], k))
        return [k for k in order[:KEYS] if self.weights[k] > 0]


def rows_of(model, plan, options):
    """All rows of all heads, by part, layer and head; and the captures."""
    number = {(site.index, h): n for n, (site, h) in enumerate((site, h) for site in model.sites for h in range(site.heads))}
    found, captures = {}, []
    for text in range(len(plan.sources)):
        captured = capture_sides(model, _sides(model, plan, options, text))
        captures.append(captured)
        for site in model.sites:
            keys = captured.keys(site.part)
            rest = [special or (site.part == "decoder" and k == 0) for k, special in enumerate(keys.special)]
            seen = captured.visible(site.layer, site.part).sum(1)
            for head in range(site.heads):
                patterns = captured.pattern(site.layer, head, site.part)
                outputs = np.full((len(patterns), 1), np.nan) if model.view_only else captured.outputs(site.layer, head, site.part)
                norms = np.linalg.norm(outputs, axis=1)
                for r, weights in enumerate(patterns):
                    hashed = int(sampled.mixed(options.seed, text, number[site.index, head], r))
                    one = Row(text, r, weights, float(norms[r]), int(seen[r]), rest[int(weights.argmax())], hashed)
                    found.setdefault((site.part, site.layer, head), []).append(one)
    return found, captures


def sample_of(rows, options):
    """Kept rows of each decile, the strongest, and rows by bin, of all rows of one head."""
    rows = [row for row in rows if row.sees > 1]
    counts = np.bincount([row.bin for row in rows], minlength=BINS)
    ordered = sorted(rows, key=lambda row: row.peak)
    bins = np.array([row.bin for row in ordered])
    decile = {}
    for b in set(bins.tolist()):
        # The middle one of a bin's rows, among all rows in the order of their peaks.
        where = np.flatnonzero(bins == b)
        decile[b] = min(DECILES - 1, int(DECILES * (where[0] + where[-1] + 1) / 2 / len(rows)))
    kept = []
    for d in range(DECILES):
        of_decile = sorted((row for row in rows if decile[row.bin] == d), key=lambda row: row.hash)
        kept += [("sample", d, row) for row in of_decile[: options.per_decile]]
    strong = sorted((row for row in rows if not row.rests), key=lambda row: (-round(10_000 * float(row.peak)), row.hash >> 16))
    return kept + [("strongest", -1, row) for row in strong[: options.strongest]], counts
