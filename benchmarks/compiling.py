"""What compiling the loss of the small language models changes, and what it saves: `python -m benchmarks.compiling`.

Both are trained from scratch with `--compile` or without (`models/training/language.py`). Here each takes a forward and a backward pass on
the same batch, as it is and as machine code by torch's own compiler, which takes half a minute to write it: the losses and the gradients of
all weights may differ by the rounding of bfloat16 alone. The tests hold the same, up to where machine code would be written.

Exits 1 where they differ by more. Needs a C++ compiler.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor

from benchmarks import report
from explorer.tasks.data import sentiment
from models.training import language
from models.training.corpus import Corpus
from models.training.recipe import BERT, GPT2, RECIPES, network_of

LOSS, GRADIENT = 5e-3, 0.05
"""How far losses may be apart, in nats, and gradients, in units of the largest of their weight."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=1024, help="of a batch")
    parser.add_argument("--repeats", type=int, default=10)
    given = parser.parse_args()
    text = "\n".join(example.text for example in sentiment().examples)
    texts, rows = Corpus(raw=text, articles=(text,), books=(text,), book_ends=(text,)), []
    for model in (GPT2, BERT):
        recipe = dataclasses.replace(RECIPES[model], layers=given.layers, tokens=given.tokens, contexts=(128,), vocabulary=400)
        tokenizer = language.tokenizer_of(recipe, texts)
        network = network_of(recipe, tokenizer)
        asked = language.asked(language.batch_of(recipe, 0, language.streams_of(recipe, texts, tokenizer), tokenizer), torch.device("cpu"))
        weights = [weight for weight in network.parameters() if weight.requires_grad]

        def passes(loss: Callable[..., Tensor], network=network, asked=asked, weights=weights) -> tuple[Tensor, list[Tensor | None]]:
            value = loss(network, *asked)
            return value, list(torch.autograd.grad(value, weights, allow_unused=True))

        plain = passes(language.loss)
        before = _seconds(lambda passes=passes: passes(language.loss), given.repeats)
        loss = language.compiled_loss(network)
        compiled = passes(loss)
        after = _seconds(lambda passes=passes, loss=loss: passes(loss), given.repeats)
        apart = abs(compiled[0].item() - plain[0].item())
        pairs = [(one, other) for one, other in zip(plain[1], compiled[1], strict=True) if one is not None and other is not None]
        assert all((one is None) == (other is None) for one, other in zip(plain[1], compiled[1], strict=True))
        gradients = max(((one - other).abs().max() / (one.abs().max() + 1e-12)).item() for one, other in pairs)
        verdicts = report.verdict(apart, LOSS), report.verdict(gradients, GRADIENT)
        times = f"{1000 * after:.0f} ms", f"{1000 * before:.0f} ms"
        rows.append([model, f"{before / after:.2f}x", *times, f"{apart:.1e}", verdicts[0], f"{gradients:.1e}", verdicts[1]])
    title = f"A forward and a backward pass of {given.tokens:,} tokens, {given.layers} layers, compiled against as it is"
    header = ["model", "as it is : compiled", "compiled", "as it is", "losses apart, nats", "", "gradients apart", ""]
    report.show(title, header, rows)
    return int(any("MISSED" in row for row in rows))


def _seconds(run: Callable[[], object], repeats: int) -> float:
    took = []
    for _round in range(repeats):
        begun = time.perf_counter()
        run()
        took.append(time.perf_counter() - begun)
    return median(took)


if __name__ == "__main__":
    sys.exit(main())
