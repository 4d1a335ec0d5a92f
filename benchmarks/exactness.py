"""Our patterns and logits against plain eager transformers, float32, on real weights: `python -m benchmarks.exactness`.

The reference is a second network that transformers itself opens from the same folder with `attn_implementation="eager"`;
beside it, as a yardstick, how far transformers' default attention (sdpa) is from eager. MiniLM is saved without a language
head: its last hidden states stand for logits. Padding counts too: every row of a padded batch is compared (with sdpa only
rows of real tokens).

Logits: our function leaves what nobody looks at to torch's flash kernel, which sums in another order than eager does, so logits
differ by rounding, as sdpa's do.

Patterns: they are computed again from the recorded q and k as exp(score - log-sum-exp), where eager's are torch.softmax of the
same scores. That alone makes the difference: the column "softmax again" applies torch.softmax to our
recomputed scores instead, and its deviation is what the scores themselves add.

Exits 1 where patterns deviate by more than 1e-5, or logits by more than 1e-5 of the largest |logit|.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModel, AutoModelForCausalLM

import models
from benchmarks import real, report
from models import attention
from models.opening import catalogue, sites

TOLERANCE = 1e-5
"""Largest deviation of a pattern, and of logits relative to the largest |logit|."""
LONG = 1200
"""Tokens of the long text: more than one block of query rows."""

SENTENCE = "The trophy does not fit in the suitcase because it is too big."
PAIR = ("Where did the children play?", "They played in the garden behind the old house.")
BATCH = ["The cat sat on the mat.", "Red lamp, blue chair, green table. Red lamp, blue chair, green", SENTENCE]


@dataclass(frozen=True)
class Deviation:
    """Largest absolute differences from plain eager transformers.

    Attributes:
        shape: examples and tokens.
        patterns: of our attention weights.
        again: of torch.softmax over our recomputed scores; nan where it was not asked for.
        logits: of our logits (of the last hidden states, for a network without a language head).
        sdpa: of the logits of real tokens that transformers' default attention gives; nan where it was not asked for.
        largest: largest |logit| of plain eager.
    """

    shape: tuple[int, int]
    patterns: float
    again: float
    logits: float
    sdpa: float
    largest: float

    @property
    def relative(self) -> float:
        """Deviation of our logits in units of the largest |logit|."""
        return self.logits / self.largest

    @property
    def exact(self) -> bool:
        return self.patterns <= TOLERANCE and self.relative <= TOLERANCE


def eager(folder: Path, kind: str) -> torch.nn.Module:
    """The network as transformers opens it, float32, with eager attention; a "decoder" with its language head."""
    opened = AutoModelForCausalLM if kind == "decoder" else AutoModel
    return opened.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", local_files_only=True).eval()


def deviation(model: models.Model, reference: torch.nn.Module, encoded: dict[str, torch.Tensor], yardsticks: bool = False) -> Deviation:
    """Runs one batch through both; every head, every example, every row. `yardsticks`: `again` and `sdpa` too, which takes longer."""
    given = sites.inputs_for(reference, **encoded)
    patterns, again, sdpa = 0.0, 0.0 if yardsticks else math.nan, math.nan
    with torch.inference_mode():
        expected = reference(**given, output_attentions=True)
        logits = _logits(expected)
        if yardsticks:
            reference.set_attn_implementation("sdpa")
            real_tokens = encoded["attention_mask"].bool()  # a padding row that sees nothing is anything in sdpa
            sdpa = _apart(_logits(reference(**given))[real_tokens], logits[real_tokens])
            reference.set_attn_implementation("eager")
        with attention.attending(model.sites_of) as run:
            ours = _apart(_logits(model.network(**given)), logits)
        for record in run.records:
            weights = expected.attentions[model.sites[record.site].layer]
            for example in range(len(weights)):
                patterns = max(patterns, _apart(record.patterns(example=example), weights[example]))
                if yardsticks:
                    scores = torch.stack([record.scores(head, example=example) for head in range(record.heads)])
                    again = max(again, _apart(torch.softmax(scores, dim=-1), weights[example]))
    return Deviation(tuple(encoded["input_ids"].shape), patterns, again, ours, sdpa, logits.abs().max().item())


def cases(model: models.Model, long: int = LONG) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """Named batches: single text and padded batch for all, a pair for encoders, a text of `long` tokens for decoders."""
    tokenizer = model.tokenizer
    yield "single", _kept(tokenizer(SENTENCE, return_tensors="pt"), model)
    if model.kind == "encoder":
        yield "pair", _kept(tokenizer(*PAIR, return_tensors="pt"), model)
    for side in ("right", "left") if model.kind == "decoder" else ("right",):
        yield f"batch padded {side}", _kept(tokenizer(BATCH, padding=True, padding_side=side, return_tensors="pt"), model)
    if model.kind == "decoder":
        varied = " ".join(f"{i} times {i} is {i * i}." for i in range(2, long // 4))
        yield "long", _kept(tokenizer(varied, truncation=True, max_length=long, return_tensors="pt"), model)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smollm2", type=Path, help="folder of SmolLM2-135M; made by ../shared/tools/real_models.py where absent")
    given = parser.parse_args()
    rows, exact = [], True
    for title, folder in {"MiniLM": None, "SmolLM2-135M": given.smollm2 or real.smollm2()}.items():
        model = models.load(folder or catalogue.BUNDLED_BERT, device="cpu", dtype="float32")
        reference = eager(folder or catalogue.bundled_folder(catalogue.BUNDLED_BERT), model.kind)
        for name, encoded in cases(model):
            found = deviation(model, reference, encoded, yardsticks=True)
            exact &= found.exact
            numbers = [found.patterns, found.again, found.logits, found.relative, found.sdpa]
            shape = " x ".join(map(str, found.shape))
            verdict = "equal" if found.exact else "DIFFERENT"
            rows.append([title, name, shape, *(f"{n:.1e}" if n else "0" for n in numbers), f"{found.largest:.1f}", verdict])
    report.show(
        f"Largest |difference| from plain eager transformers, float32, every head; tolerance {TOLERANCE:.0e} (logits: relative)",
        ["model", "input", "size", "patterns", "softmax again", "logits", "logits, relative", "sdpa's logits", "largest |logit|", ""],
        rows,
    )
    return int(not exact)


def _logits(outputs: object) -> torch.Tensor:
    return outputs.logits if hasattr(outputs, "logits") else outputs.last_hidden_state


def _apart(a: torch.Tensor, b: torch.Tensor) -> float:
    apart = (a - b).abs().max().item()
    return math.inf if math.isnan(apart) else apart  # nan would pass as small: every comparison with it is false


def _kept(encoded: dict, model: models.Model) -> dict[str, torch.Tensor]:
    names = {"input_ids", "attention_mask"} | ({"token_type_ids"} if model.kind == "encoder" else set())
    return {name: values for name, values in encoded.items() if name in names}


if __name__ == "__main__":
    sys.exit(main())
