"""Softmax, its scale and its gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import softmax

from explorer.capture import Capture, capture
from explorer.claims.claim import Claim, Finding, Verdict
from explorer.lectures import q03_scaling, q09b_roles, scales
from explorer.lectures.demo import Measure, Models
from explorer.scores import measure
from models.stopping import look

CLAIMED = {1: (0.506, 0.307, 0.186), 2: (0.705,), 4: (0.930,), 8: (0.998,)}
"""Of C2: entries of the softmax of `scales.SCORES` times a factor, as the claim has them."""
D_K = (64, 256, 1024)
WIDTHS, KEY_SETS, QUERIES = (16, 256, 4096), 20, 100
"""Of C4: one set of keys is one draw, however many queries look at it."""
MODEL = "all-MiniLM-L6-v2"
"""Of C50: a model that others have trained."""
SINK, LOWEST, EMPTY = 0.5, 0.25, 0.25
"""A sink takes this share of a head's attention; heads in this share of all have low entropy; a value this long, of the mean, is nearly empty."""
_SEED = 4


def _c1(_models: Models) -> Finding:
    largest = float(softmax([10.0, 0.0, 0.0])[0])
    # "About" is read as the claim writes it: to four digits.
    return Finding(Verdict.by(round(largest, 4) == 0.9999), (Measure("largest", largest, 0.99991, tolerance=5e-6, format=".5f"),))


def _c2(_models: Models) -> Finding:
    weights = dict(zip(scales.TIMES, scales.by_hand()[1]["weights"], strict=True))
    right = all(round(float(w), 3) == said for factor, all_said in CLAIMED.items() for w, said in zip(weights[factor], all_said, strict=False))
    expected = {"first": 0.6285, "second": 0.2312, "third": 0.1402}
    named = [Measure(name, float(w), said, tolerance=5e-5, format=".4f") for (name, said), w in zip(expected.items(), weights[1], strict=True)]
    at = {2: 0.8438, 4: 0.9796, 8: 0.9997}
    return Finding(
        Verdict.by(right),
        (*named, *(Measure(f"times_{factor}", float(weights[factor][0]), said, tolerance=5e-5, format=".4f") for factor, said in at.items())),
    )


def _c3(models: Models) -> Finding:
    variances = {d: q03_scaling.compute(models, d_k=d)["variance"] for d in D_K}
    scaled = q03_scaling.compute(models, d_k=D_K[-1], divisor="sqrt")["after"]
    return Finding(
        Verdict.by(all(abs(found - 1) < 0.1 for found in variances.values())),
        (
            *(Measure(f"variance_{d}", found, d, tolerance=0.1 * d, format=".1f") for d, found in variances.items()),
            Measure("scaled", scaled, 1, tolerance=0.1, format=".3f"),
        ),
    )


def gradients(d_k: int, divisors: Sequence[str] = ("none", "sqrt")) -> Mapping[str, np.ndarray]:
    """Norms of the gradient of the weights with respect to q by divisor, over draws of keys and queries."""
    random, found = np.random.default_rng(_SEED), {name: [] for name in divisors}
    for _set in range(KEY_SETS):
        look()
        keys, queries = (random.standard_normal((n, d_k)) for n in (q03_scaling.KEYS, QUERIES))
        for name, norms in found.items():
            norms.append(q03_scaling.gradient_norms(queries, keys, q03_scaling.DIVISORS[name](d_k)))
    return {name: np.concatenate(norms) for name, norms in found.items()}


def _c4(models: Models) -> Finding:
    narrow, middle, wide = (gradients(d) for d in WIDTHS)
    means = [of["none"].mean() / of["sqrt"].mean() for of in (narrow, middle, wide)]
    median = float(np.median(wide["none"]) / np.median(wide["sqrt"]))
    # With respect to the scores: the trace of the softmax' Jacobian.
    scores = [q03_scaling.compute(models, d_k=D_K[-1], divisor=divisor)["jacobian"] for divisor in ("none", "sqrt")]
    explodes, vanishes = min(means) > 1, median < 1 and scores[0] < scores[1]
    return Finding(
        Verdict.ONLY_IF if explodes and vanishes else Verdict.by(explodes),
        (
            Measure("scores_none", scores[0], 0.1, "below", format=".3f"),
            Measure("scores_scaled", scores[1], 0.96, tolerance=0.01, format=".3f"),
            Measure("median", median, 1e-4, "below", format=".1e"),
            # The syllabus says 6 to 11; in the widest head it is a little more.
            *(Measure(f"mean_{d}", mean, 6, "at least", format=".1f") for d, mean in zip(WIDTHS, means, strict=True)),
        ),
    )


def _c43(models: Models) -> Finding:
    by_d_k, by_root = (q03_scaling.compute(models, d_k=64, divisor=divisor) for divisor in ("d_k", "sqrt"))
    norms = by_d_k.data["norms"]
    query = norms["d_k"].mean() / norms["sqrt"].mean()
    largest = 1 - 1 / q03_scaling.KEYS
    kept, shrinks = by_d_k["jacobian"] >= by_root["jacobian"], query < 1
    return Finding(
        Verdict.ONLY_IF if kept and shrinks else Verdict.by(shrinks),
        (
            Measure("trace", by_d_k["jacobian"], 0.984, tolerance=5e-4, format=".4f"),
            Measure("most", largest, 63 / 64, tolerance=1e-9, format=".4f"),
            Measure("root", by_root["jacobian"], by_d_k["jacobian"], "below", format=".4f"),
            Measure("query", query, 1, "below", format=".3f"),
        ),
    )


def lengths(captures: Sequence[Capture]) -> np.ndarray:
    """How long the value is that each head looks at most, as a share of the mean length of its values, (layers, heads); mean over texts."""
    found = []
    for captured in captures:
        for site in captured.sites():
            long = captured.record(site.layer).value[0].float().norm(dim=-1).numpy()  # (heads, key)
            top = captured.patterns(site.layer).mean(axis=1).argmax(axis=1)
            found.append(long[np.arange(site.heads), top] / long.mean(axis=1))
    return np.array(found).reshape(len(captures), -1, len(found[0])).mean(axis=0)


def _c50(models: Models) -> Finding:
    captures = [capture(models(MODEL), text) for text in q09b_roles.texts(q09b_roles.TEXTS)]
    scores = measure.on_captures(captures).values
    entropy, sinks = scores["relative_entropy"], np.fmax(scores["first"], scores["special"]) > SINK
    long = lengths(captures)
    low = entropy <= np.quantile(entropy, LOWEST)
    empty, full = low & sinks & (long < EMPTY), low & ~sinks
    # Both kinds are among those of low entropy, or the claim is plainly right or wrong.
    verdict = Verdict.ONLY_IF if empty.any() and full.any() else Verdict.by(full.any())
    return Finding(
        verdict,
        (
            Measure("entropy_sinks", float(entropy[sinks].mean()), float(entropy[~sinks].mean()), "below", format=".2f"),
            Measure("length_sinks", float(long[sinks].mean()), EMPTY, "below", format=".2f"),
            Measure("low", int(low.sum()), format="d"),
            Measure("low_sinks", float((low & sinks).sum() / low.sum()), 0.5, "above", format=".0%"),
            Measure("lowest", float(entropy.min()), 0.01, "below", format=".3f"),
            Measure("length_lowest", float(long.flat[entropy.argmin()]), EMPTY, "above", format=".2f"),
        ),
        {"model": MODEL},
    )


CLAIMS = (
    Claim("C1", _c1, "Q3"),
    Claim("C2", _c2, "Q3"),
    Claim("C3", _c3, "Q3"),
    Claim("C4", _c4, "Q3"),
    Claim("C43", _c43, "Q3"),
    Claim("C50", _c50, "Q5b"),
)
