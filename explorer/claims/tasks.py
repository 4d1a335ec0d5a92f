"""What models are for, and what is hidden from them."""

from __future__ import annotations

import numpy as np

from explorer.capture import capture
from explorer.claims.claim import Claim, Finding, Verdict
from explorer.lectures import q01_mechanism, q20_mask
from explorer.lectures.demo import Measure, Models

TEXTS = ("The cat sat on the mat", "The dog lay in the sun")
BERT, TRANSLATOR, DECODER = (q01_mechanism.STAND[kind] for kind in ("encoder", "encoder-decoder", "decoder"))
BERT_TASKS = ("GLUE", "SQuAD 1.1", "SQuAD 2.0", "SWAG")
"""What BERT was evaluated on (Devlin et al. 2019, sections 4.1 to 4.4)."""
_LENGTH, _DRAWS, _SEED = 100, 20, 11


def _c10(models: Models) -> Finding:
    cross = {name: sum(site.part == "cross" for site in models(name).sites) for name in (BERT, TRANSLATOR)}
    ahead = q01_mechanism.share_above(capture(models(BERT), TEXTS[0]), "encoder")
    return Finding(
        Verdict.by(any("WMT" in task for task in BERT_TASKS)),
        (
            Measure("bert", cross[BERT], 0, format="d"),
            Measure("translator", cross[TRANSLATOR], 0, "above", format="d"),
            Measure("ahead", ahead, 0, "above", format=".0%"),
        ),
        {f"task_{i}": task for i, task in enumerate(BERT_TASKS, 1)},
    )


def _c11(models: Models) -> Finding:
    seen = [capture(models(DECODER), text).visible(0) for text in TEXTS]
    n = min(map(len, seen))
    hidden = ~seen[0]
    future = float(np.triu(hidden, 1).sum() / hidden.sum())
    differ = int((seen[0][:n, :n] != seen[1][:n, :n]).sum())
    draws = q20_mask.drawn(_LENGTH, _DRAWS, _SEED) > 0
    again = np.mean([(draws[0] != row).any() for row in draws[1:]])
    return Finding(
        # Random would be another mask for another text, and hide also what comes before.
        Verdict.by(bool(differ) or future < 1),
        (
            Measure("hidden", int(hidden.sum()), len(hidden) * (len(hidden) - 1) // 2, format="d"),
            Measure("future", future, 1, format=".0%"),
            Measure("differ", differ, 0, format="d"),
            Measure("bert", float(draws.mean()), q20_mask.HIDDEN, tolerance=1e-9, format=".0%"),
            Measure("again", float(again), 1, format=".0%"),
        ),
    )


CLAIMS = (Claim("C10", _c10, "Q1"), Claim("C11", _c11, "Q20"))
