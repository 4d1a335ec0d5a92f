"""The heads that weights find, beside those that behaviour finds: `python -m benchmarks.weights [MODEL ..]`.

By weights alone (`explorer.weights`): which heads look at the token before (positions alone), which copy (eigenvalues), which are induction
heads (keys that read a head of the first kind). By behaviour on random tokens that are repeated once: weight on the token before, weight
on what followed the first copy (`explorer.scores.repeated`), and whether what a head moves there makes the moved token likelier, by the values
that it has really got from the layers below. A head above layer 0 is given what the layers below have made of a token: the last row reads its
weights with that, of each token alone (`arriving`), instead of the embedding.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from scipy.stats import spearmanr

import models
from benchmarks import report
from explorer.capture import capture_ids
from explorer.scores.repeated import on_repeated
from explorer.weights.copying import copying
from explorer.weights.opened import Weights, opened
from explorer.weights.survey import survey

TOKENS, SEQUENCES, SHOWN = 40, 8, 5


def copying_seen(weights: Weights) -> np.ndarray:
    """Sum over all pairs of tokens of weight times what the key's own value adds to the key's logit (less the mean over words), as a share of
    the sum of the sizes, (layers, heads)."""
    model, of_part = weights.model, weights.sites()
    ordinary = torch.tensor(sorted(set(range(weights.exit.size)) - set(model.tokenizer.all_special_ids)))
    sums = np.zeros((2, len(of_part), max(site.heads for site in of_part)))
    for sequence in range(SEQUENCES):
        copy = ordinary[torch.randint(len(ordinary), (TOKENS,), generator=torch.Generator().manual_seed(sequence))]
        ids = torch.cat([copy, copy])
        captured = capture_ids(model, ids.tolist())
        for site in of_part:
            record, patterns = captured.record(site.layer), torch.from_numpy(captured.patterns(site.layer))
            for of in weights.heads(site):
                value = record.value[0, of.head // record.group].float()
                added = weights.exit.logits(value @ of.output)[torch.arange(len(ids)), ids]
                moved = patterns[of.head] * added
                sums[0, of.layer, of.head] += float(moved.sum())
                sums[1, of.layer, of.head] += float(moved.abs().sum())
    return sums[0] / sums[1]


def compared(name: str) -> None:
    """Prints one table."""
    model = models.load(name, "cpu")
    began = time.process_time()
    weights = opened(model)
    found = survey(weights)
    read = time.process_time() - began
    began = time.process_time()
    seen = on_repeated(model, TOKENS, SEQUENCES)
    ran = time.process_time() - began
    rows = [
        ("previous token", found.distances.previous, seen["repeated_previous"]),
        ("induction", found.induction, seen["repeated_induction"]),
        ("copying", found.copying, (copied := copying_seen(weights))),
        ("copying, tokens as they arrive", copying(opened(model, arriving=True)), copied),
    ]
    title = f"{name}: by weights {read:.1f} s, by behaviour {ran:.1f} s of a processor"
    report.show(title, ["", "rank correlation", "both ways", f"first {SHOWN} by weights", f"first {SHOWN} by behaviour"], list(map(_row, rows)))


def _row(of: tuple[str, np.ndarray, np.ndarray]) -> list[str]:
    title, by_weights, by_behaviour = of
    there = ~np.isnan(by_weights)
    rank = spearmanr(by_weights[there], by_behaviour[there]).statistic
    both = set(_first(by_weights)) & set(_first(by_behaviour))
    return [title, f"{rank:.2f}", f"{len(both)} of {SHOWN}", _top(by_weights), _top(by_behaviour)]


def _first(values: np.ndarray) -> list[tuple[int, int]]:
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), axis=None, kind="stable")[:SHOWN]
    return [divmod(int(at), values.shape[1]) for at in order]


def _top(values: np.ndarray) -> str:
    return " ".join(f"{layer}.{head} {values[layer, head]:.2f}" for layer, head in _first(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["gpt2-mini"], metavar="MODEL", help="default: gpt2-mini")
    for name in parser.parse_args().models:
        compared(name)


if __name__ == "__main__":
    main()
