"""All scores of all heads, against the forward passes alone: `python -m benchmarks.head_scores`.

1,000 sentences of 25 words, made of the words of the project's own sentences, through the bundled BERT. The forward passes of the
other side are the same batches through the same network, as it is, with transformers' own fast attention ("sdpa"), and with the
attention function that records. Both sides take turns.

Exits 1 where the scores take more than 1.3 times the recorded forward passes.
"""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median

import numpy as np
import torch

import models
from benchmarks import report
from explorer.scores import definitions, measure
from explorer.tasks.data import sentiment
from models import attention
from models.opening import catalogue, sites

GOAL = 1.3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--words", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    model = models.load(catalogue.BUNDLED_BERT)
    texts = sentences(given.sentences, given.words)
    ids = [model.tokenizer(text)["input_ids"] for text in texts]
    times: dict[str, list[float]] = {"scores": [], "attention function": [], "sdpa": []}
    for _round in range(given.rounds):
        times["scores"].append(_timed(lambda: measure.on_texts(model, texts)))
        times["attention function"].append(_timed(lambda: forward(model, ids)))
        model.network.set_attn_implementation("sdpa")
        times["sdpa"].append(_timed(lambda: forward(model, ids)))
        model.network.set_attn_implementation(attention.NAME)
    scores = median(times["scores"])
    rows = []
    for name in ("attention function", "sdpa"):
        alone = median(times[name])
        ratios = [one / other for one, other in zip(times["scores"], times[name], strict=True)]
        goal = report.verdict(scores / alone, GOAL) if name == "attention function" else ""
        rows.append(
            [
                f"forward passes, {name}",
                f"{scores / alone:.2f}x",
                goal,
                f"{min(ratios):.2f}..{max(ratios):.2f}",
                f"{scores:.2f} s",
                f"{alone:.2f} s",
            ]
        )
    title = f"All {len(definitions.SCORES)} scores of 72 heads on {given.sentences:,} sentences of {given.words} words, on {model.device}"
    report.show(title, ["against", "ratio", "", "of rounds", "scores", "alone"], rows)
    return int(rows[0][2] == "MISSED")


def sentences(n: int, words: int) -> list[str]:
    """Sentences of so many words, drawn from those of the project's own, by a seed."""
    known = sorted({word for example in sentiment().examples for word in example.text.split()})
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(known, words)) for _sentence in range(n)]


def forward(model: models.Model, ids: list[list[int]]) -> None:
    """The same batches as the scores', through the network alone."""
    order = sorted(ids, key=len)
    start = 0
    while start < len(order):
        n = len(order[start])
        step = max(1, measure.TOKENS // n)
        batch = [one for one in order[start : start + step] if len(one) == n]
        start += len(batch)
        tensor = torch.tensor(batch, device=model.device)
        with torch.inference_mode():
            model.network.base_model(**sites.inputs_for(model.network, input_ids=tensor, attention_mask=torch.ones_like(tensor)))
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


def _timed(work: object) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
