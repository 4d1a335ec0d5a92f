"""An atlas by brute force: every weight of every head is kept, and sorted at the end. `benchmarks.atlas` holds large ones against it, too."""

from dataclasses import dataclass

import numpy as np
import torch

from explorer.atlas import making, sampled
from explorer.atlas import plan as planning
from explorer.atlas.options import BINS, DECILES, KEYS
from explorer.atlas.reading import _sides
from explorer.atlas.sums import offset_edges
from explorer.capture import capture_sides
from explorer.scores import measure
from models import attention
from models.opening import sites


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


def weights_of(model, plan, options):
    """Every weight of every head, by text and site, (heads, queries, keys), as the model has them in the batches of the plan.

    Weights that are computed again from queries and keys have other last bits, and one in some ten thousands another bin.
    """
    found = {}
    for numbers in plan.batches:
        sides, blocks = [_sides(model, plan, options, number) for number in numbers], {}

        def observe(index, rows, weights, mask, blocks=blocks):
            blocks.setdefault(index, []).append((rows.indices(10**9)[0], weights.float().cpu().numpy()))

        given = measure.inputs([next(iter(one.values())) for one in sides], model.device)
        if model.kind == "encoder-decoder":
            given["decoder_input_ids"] = torch.tensor([one["decoder"].ids for one in sides], device=model.device)
        with model.lock, torch.inference_mode(), attention.attending(model.sites_of, record=False, observe=observe):
            model.network.base_model(**sites.inputs_for(model.network, **given))
        for i, number in enumerate(numbers):
            for index, parts in blocks.items():
                found[number, index] = np.concatenate([part[i] for _first, part in sorted(parts, key=lambda part: part[0])], axis=1)
    return found


def rows_of(model, plan, options):
    """All rows of all heads, by part, layer and head; and the captures, whose weights they have to be."""
    every = {} if model.view_only else weights_of(model, plan, options)
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
                again = captured.pattern(site.layer, head, site.part)
                patterns = every[text, site.index][head] if every else again
                np.testing.assert_allclose(patterns, again, atol=1e-2 if model.dtype == torch.bfloat16 else 2e-5)
                outputs = np.full((len(patterns), 1), np.nan) if model.view_only else captured.outputs(site.layer, head, site.part)
                norms = np.linalg.norm(outputs, axis=1)
                hashes = sampled.mixed(options.seed, text, number[site.index, head], np.arange(len(patterns)))
                for r, weights in enumerate(patterns):
                    one = Row(text, r, weights, float(norms[r]), int(seen[r]), rest[int(weights.argmax())], int(hashes[r]))
                    found.setdefault((site.part, site.layer, head), []).append(one)
    return found, captures


def deciles_of(rows):
    """The decile of each bin of peaks that holds a row."""
    bins, decile = np.sort([row.bin for row in rows if row.sees > 1]), {}
    for b in set(bins.tolist()):
        # The middle one of a bin's rows, among all rows in the order of their peaks.
        where = np.flatnonzero(bins == b)
        decile[b] = min(DECILES - 1, int(DECILES * (where[0] + where[-1] + 1) / 2 / len(bins)))
    return decile


def sample_of(rows, options):
    """Kept rows of each decile, the strongest, and rows by bin, of all rows of one head."""
    decile = deciles_of(rows)
    rows = [row for row in rows if row.sees > 1]
    counts = np.bincount([row.bin for row in rows], minlength=BINS)
    kept = []
    for d in range(DECILES):
        of_decile = sorted((row for row in rows if decile[row.bin] == d), key=lambda row: row.hash)
        kept += [("sample", d, row) for row in of_decile[: options.per_decile]]
    strong = sorted((row for row in rows if not row.rests), key=lambda row: (-round(10_000 * float(row.peak)), row.hash >> 16))
    return kept + [("strongest", -1, row) for row in strong[: options.strongest]], counts


def distances_of(rows):
    """Share of the weight of one head by signed distance, in the bins of an atlas."""
    expected = dict.fromkeys(offset_edges(), 0.0)
    bin_of = {}
    for row in rows:
        for key, weight in enumerate(row.weights.tolist()):
            distance = key - row.row
            if distance not in bin_of:
                bin_of[distance] = next((low, high) for low, high in expected if low <= distance <= high)
            expected[bin_of[distance]] += weight
    total = sum(expected.values())
    return {edges: weight / total for edges, weight in expected.items()}


@dataclass
class Compared:
    """An atlas beside brute force: how many there are, how many are equal, and the largest difference of what is no whole number."""

    heads: int = 0
    read: int = 0
    kept: int = 0
    same: int = 0
    deciles: int = 0
    same_deciles: int = 0
    bins: int = 0
    same_bins: int = 0
    weight: float = 0.0
    distance: float = 0.0

    @property
    def equal(self):
        """Whether all that is counted is the same."""
        return (self.kept, self.deciles, self.bins) == (self.same, self.same_deciles, self.same_bins) and self.kept > 0


def compare(model, texts, options):
    """An atlas of these texts, held against all their weights: kept rows with their keys, deciles of bins, histograms."""
    plan, atlas, found = planning.made(model, texts, options), making.make(model, texts, options), Compared()
    for head, rows in rows_of(model, plan, options)[0].items():
        kept, counts = sample_of(rows, options)
        table = atlas.rows(head)
        table = table[table["kind"].isin(["sample", "strongest"])]
        theirs = {(one.kind, one.decile, one.text, one.row): one for one in table.itertuples()}
        found.heads, found.read, found.kept = found.heads + 1, found.read + len(rows), found.kept + max(len(kept), len(theirs))
        for kind, d, row in kept:
            one = theirs.get((kind, d, row.text, row.row))
            if one is not None and one.keys.tolist() == row.keys:
                found.same += 1
                found.weight = max(found.weight, float(np.abs(one.weights - row.weights[row.keys]).max()))
        peaks = atlas.peaks(head)
        bins = dict(zip(peaks["bin"], peaks["rows"], strict=True))
        found.bins += len(bins.keys() | set(np.flatnonzero(counts)))
        found.same_bins += sum(bins.get(b) == counts[b] for b in np.flatnonzero(counts))
        decile = deciles_of(rows)
        found.deciles += len(decile)
        found.same_deciles += sum(one.decile == decile.get(one.bin) for one in peaks.itertuples())
        if head[0] != "cross":
            shares = {(one.low, one.high): one.share for one in atlas.distances(head).itertuples()}
            found.distance = max(found.distance, *(abs(shares.get(edges, 0) - share) for edges, share in distances_of(rows).items()))
    return found
