"""The finished tables of an atlas, made of what all shards found together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from explorer.atlas.edges import DIRECTIONS
from explorer.atlas.options import BINS, DECILES, Options
from explorer.atlas.sampled import STRONGEST
from explorer.atlas.shards import Merged
from explorer.atlas.sums import BY_TEXT, METRICS, TEXT_UNITS, offset_edges
from explorer.scores.definitions import REPEATED
from explorer.scores.roles import ROLES

TOP = 20
"""Tokens by mass, and as many by lift, of each head and side."""
LEAST = 5
"""Times that a token must come to be among those by lift."""
_BEST = 3
"""Heads of each relation whose rows are kept, the best ones."""
_LEAST_DUE = 5
SIDES = ("query", "key")


def of(merged: Merged) -> dict[str, pa.Table]:
    """By name: `heads` (a line a head), `tokens`, `distances`, `peaks`, `rows`, `edges`, `texts`. Orders and types are fixed."""
    made = {
        "heads": _heads(merged),
        "tokens": _tokens(merged),
        "distances": _distances(merged),
        "peaks": _peaks(merged),
        "edges": _edges(merged),
    }
    made["rows"] = _rows(merged)
    kept = {*made["rows"]["text"].to_pylist()}
    for role, _metrics, _threshold in BY_TEXT:
        kept |= {number for name in (f"{role}_on", f"{role}_off") for number in made["heads"][name].to_pylist() if number >= 0}
    made["texts"] = _texts(merged, kept)
    return made


def decile_of_bins(counts: np.ndarray) -> np.ndarray:
    """The tenth of its rows that each bin of peaks belongs to, 0 .. 9: where the middle one of its rows lies among all.

    Args:
        counts: rows in each bin, (bins,).
    """
    before = np.cumsum(counts) - counts
    return np.minimum(DECILES - 1, (DECILES * (2 * before + counts)) // max(1, 2 * int(counts.sum())))


def _where(merged: Merged, numbers: Sequence[int] | np.ndarray) -> dict[str, pa.Array]:
    heads = [merged.about["heads"][int(i)] for i in numbers]
    return {
        "part": pa.array([part for part, _layer, _head in heads], pa.string()),
        "layer": pa.array([layer for _part, layer, _head in heads], pa.int16()),
        "head": pa.array([head for _part, _layer, head in heads], pa.int16()),
    }


def _heads(merged: Merged) -> pa.Table:
    sums, n = merged.sums, len(merged.about["heads"])
    made, means = _where(merged, range(n)), sums.means()
    with np.errstate(invalid="ignore", divide="ignore"):
        # As whole numbers the variance is exact, also where it is nothing.
        number = np.maximum(sums.texts, 1).astype(object)
        spread = (sums.second.astype(object) * number - sums.first.astype(object) ** 2) / number**2
        spread = np.where(sums.texts > 1, np.sqrt(np.maximum(spread.astype(np.float64), 0)) / TEXT_UNITS, np.nan)
        of_texts = np.where(sums.texts > 0, sums.first / TEXT_UNITS / np.maximum(sums.texts, 1), np.nan)
    for at, name in enumerate(METRICS):
        made |= {name: pa.array(means[:, at]), f"{name}_texts": pa.array(of_texts[:, at]), f"{name}_sd": pa.array(spread[:, at])}
        made |= {f"{name}_n": pa.array(sums.texts[:, at])}
    made |= {score.name: pa.array(merged.repeated[:, at]) for at, score in enumerate(REPEATED)}
    made["rows"] = pa.array(sums.counts[:, METRICS.index("confidence")])
    made["roles"] = pa.array(_roles(merged, means), pa.list_(pa.string()))
    for at, (role, _metrics, _threshold) in enumerate(BY_TEXT):
        made |= {f"{role}_texts_on": pa.array(sums.roles[:, at, 0]), f"{role}_texts": pa.array(sums.roles[:, at, 1])}
        made |= {f"{role}_on": pa.array(sums.witnesses[:, at, 0]), f"{role}_off": pa.array(sums.witnesses[:, at, 1])}
    return pa.table(made)


def _roles(merged: Merged, means: np.ndarray) -> list[list[str]]:
    """By the rule of `explorer.scores.roles`: a threshold, and more than any head with random weights; none of those before these are known."""
    values = {name: means[:, at] for at, name in enumerate(METRICS)}
    values |= {score.name: merged.repeated[:, at] for at, score in enumerate(REPEATED)}
    found: list[list[str]] = [[] for _head in merged.about["heads"]]
    for at, role in enumerate(ROLES):
        if role.beats_random and not len(merged.bounds):
            continue  # what it has to beat is not known yet
        best = np.max([np.nan_to_num(values[name], nan=-1) for name in role.scores], axis=0)
        for number, (part, _layer, _head) in enumerate(merged.about["heads"]):
            bound = merged.bounds[merged.about["parts"].index(part), at] if role.beats_random else np.nan
            if best[number] >= role.threshold and not (np.isfinite(bound) and best[number] <= bound):
                found[number].append(role.name)
    return found


def _tokens(merged: Merged) -> pa.Table:
    vocabulary, heads = merged.vocabulary, merged.about["heads"]
    # Tokens were met in the order of the shards.
    order = np.argsort(vocabulary.ids)
    ids = vocabulary.ids[order]
    columns: dict[str, list] = {name: [] for name in ("number", "side", "by", "rank", "id", "share", "count", "lift")}
    for side in SIDES:
        mass, counts = vocabulary.mass(side)[:, order], vocabulary.counts(side)[:, order]
        for number, (part, _layer, _head) in enumerate(heads):
            count, share = counts[merged.about["parts"].index(part)], mass[number] / max(1, int(mass[number].sum()))
            lift = share * count.sum() / np.maximum(count, 1)
            for by, value in (("mass", share), ("lift", np.where(count >= LEAST, lift, -1.0))):
                best = np.argsort(-value, kind="stable")[:TOP]
                best = best[(value[best] > 0) & (count[best] > 0)]
                for name, column in (("id", ids[best]), ("share", share[best]), ("count", count[best]), ("lift", lift[best])):
                    columns[name] += column.tolist()
                columns["rank"] += range(len(best))
                for name, value_ in (("number", number), ("side", side), ("by", by)):
                    columns[name] += [value_] * len(best)
    made = _where(merged, columns.pop("number"))
    made["token"] = pa.array([merged.words[number] for number in columns["id"]], pa.string())
    kinds = {"side": pa.string(), "by": pa.string(), "rank": pa.int16(), "id": pa.int32(), "share": pa.float32(), "lift": pa.float32()}
    return pa.table(made | {name: pa.array(column, kinds.get(name, pa.int64())) for name, column in columns.items()})


def _distances(merged: Merged) -> pa.Table:
    edges, offsets = offset_edges(), merged.sums.offsets
    number, at = np.nonzero(offsets)
    share = offsets[number, at] / offsets.sum(1)[number]
    low, high = (np.array(edges, np.int32)[at, i] for i in (0, 1))
    return pa.table(_where(merged, number) | {"low": low, "high": high, "share": share})


def _peaks(merged: Merged) -> pa.Table:
    number, at = np.nonzero(merged.sums.peaks)
    deciles = np.array([decile_of_bins(counts) for counts in merged.sums.peaks])
    return pa.table(
        _where(merged, number)
        | {"bin": at.astype(np.int16), "rows": merged.sums.peaks[number, at], "decile": deciles[number, at].astype(np.int8)}
    )


def _edges(merged: Merged) -> pa.Table:
    found, due = merged.sums.edges, merged.sums.due
    there = np.flatnonzero(due)
    first = merged.about["parts"][0]
    heads = [i for i, (part, _layer, _head) in enumerate(merged.about["heads"]) if part == first] if len(there) else []
    number, kind = np.repeat(heads, len(there)).astype(int), np.tile(there, len(heads))
    names = merged.about["relations"]
    return pa.table(
        _where(merged, number)
        | {
            "relation": pa.array([names[k // 2] for k in kind], pa.string()),
            "direction": pa.array([DIRECTIONS[k % 2] for k in kind], pa.string()),
            "due": pa.array(due[kind], pa.int64()),
            "found": pa.array(found[number, kind] if len(kind) else [], pa.int64()),
        }
    )


def _rows(merged: Merged) -> pa.Table:
    options, rows = Options(**merged.about["options"]), merged.rows
    relation = rows["stratum"] > STRONGEST
    kind = np.where(relation, (rows["stratum"] - STRONGEST - 1) // 2, -1)
    decile = np.full(len(rows), -1)
    binned = rows["stratum"] < BINS
    table = np.array([decile_of_bins(counts) for counts in merged.sums.peaks]) if len(rows) else np.zeros((0, BINS), int)
    decile[binned] = table[rows["head"][binned], rows["stratum"][binned]]
    what = np.where(binned, decile, np.where(rows["stratum"] == STRONGEST, DECILES, DECILES + 1 + rows["stratum"]))
    order = np.lexsort((rows["row"], rows["text"], rows["priority"], what, rows["head"]))
    group = rows["head"][order].astype(np.int64) * (10**6) + what[order]
    place = np.arange(len(order)) - np.searchsorted(group, group)
    # Of the bins of one decile the lowest priorities of all are kept, as if it had been known before.
    kept = order[(~binned[order] | (place < options.per_decile)) & (~relation[order] | _among_best(merged, rows, kind)[order])]
    rows, kind, decile = rows[kept], kind[kept], decile[kept]
    found = (rows["stratum"] - STRONGEST - 1) % 2
    names = np.array([*merged.about["relations"], ""])
    words = np.where(decile >= 0, "sample", np.where(kind < 0, "strongest", np.where(found == 1, "found", "missed")))
    lists = {}
    n = (rows["keys"] >= 0).sum(1)
    for name in ("keys", "weights", "norms"):
        flat = rows[name][rows["keys"] >= 0]
        lists[name] = pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(n)]), pa.int32()), pa.array(flat))
    return pa.table(
        _where(merged, rows["head"])
        | {
            "kind": pa.array(words.tolist(), pa.string()),
            "decile": decile.astype(np.int8),
            "relation": pa.array(names[np.where(kind < 0, len(names) - 1, kind // 2)].tolist(), pa.string()),
            "direction": pa.array(["" if k < 0 else DIRECTIONS[k % 2] for k in kind], pa.string()),
            "text": rows["text"],
            "row": rows["row"],
            "target": rows["target"],
            **{name: rows[name] for name in ("peak", "left", "norm")},
            **lists,
        }
    )


def _among_best(merged: Merged, rows: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Whether the head of each row is one of the best of its relation."""
    found = merged.sums.edges
    best = np.zeros(found.shape, bool)
    for k in np.flatnonzero(merged.sums.due >= _LEAST_DUE):
        best[np.argsort(-found[:, k], kind="stable")[:_BEST], k] = True
    return best[rows["head"], kind] if found.shape[1] else np.zeros(len(rows), bool)


def _texts(merged: Merged, kept: set[int]) -> pa.Table:
    lines = [(number, side, *merged.texts[number][side]) for number in sorted(kept) for side in sorted(merged.texts[number])]
    kinds = (pa.int32(), pa.string(), pa.list_(pa.string()), pa.list_(pa.bool_()), pa.string())
    columns = list(zip(*lines, strict=True)) or [(), (), (), (), ()]
    names = ("text", "side", "tokens", "special", "written")
    return pa.table({name: pa.array(list(column), kind) for name, column, kind in zip(names, columns, kinds, strict=True)})
