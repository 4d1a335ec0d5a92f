"""Softmax, its scale and its gradients."""

from __future__ import annotations

from scipy.special import softmax

from explorer.claims.claim import Claim, Finding, Verdict
from explorer.lectures.demo import Measure, Models


def _c1(_models: Models) -> Finding:
    largest = float(softmax([10.0, 0.0, 0.0])[0])
    # "About" is read as the claim writes it: to four digits.
    return Finding(Verdict.by(round(largest, 4) == 0.9999), (Measure("largest", largest, 0.99991, tolerance=5e-6, format=".5f"),))


CLAIMS = (Claim("C1", _c1, "Q3"),)
