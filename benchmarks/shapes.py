"""Folders with networks of well-known shapes and random weights, made on the spot.

Weights as initialised give nearly uniform patterns, whose pictures compress to nothing and whose deviations hide below any
tolerance. So queries and keys are multiplied by `SPREAD`, which gives rows about as peaked as a trained BERT's: see
`python -m benchmarks.shapes`.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers import models as token_models

from models.opening import catalogue

SPREAD = 3.2
"""Factor on the weights of queries and of keys; scores grow with its square. 1 leaves them as initialised."""


def bert_base(folder: Path, spread: float = SPREAD) -> Path:
    """12 layers x 12 heads, 768 wide, with the tokenizer of the bundled MiniLM (30,522 pieces)."""
    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(catalogue.bundled_folder(catalogue.BUNDLED_BERT), local_files_only=True)
    tokenizer.model_max_length = 512
    network = transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=len(tokenizer))).eval()
    with torch.no_grad():
        for layer in network.bert.encoder.layer:
            layer.attention.self.query.weight.mul_(spread)
            layer.attention.self.key.weight.mul_(spread)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def bert_text(n_tokens: int) -> str:
    """A text of exactly so many tokens for `bert_base`, [CLS] and [SEP] included: words that are one piece each."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(catalogue.bundled_folder(catalogue.BUNDLED_BERT), local_files_only=True)
    words = sorted(w for w in tokenizer.get_vocab() if w.isascii() and w.isalpha() and 3 <= len(w) <= 7)
    text = " ".join(random.Random(0).sample(words, n_tokens - 2))
    if len(tokenizer(text)["input_ids"]) != n_tokens:
        raise RuntimeError(f"the text does not have {n_tokens} tokens")
    return text


def gpt2_small(folder: Path, spread: float = SPREAD, positions: int = 1024) -> Path:
    """12 layers x 12 heads, 768 wide; its tokenizer knows the words w0 .. w50256."""
    torch.manual_seed(0)
    network = transformers.GPT2LMHeadModel(transformers.GPT2Config(n_positions=positions)).eval()
    width = network.config.n_embd
    with torch.no_grad():
        for block in network.transformer.h:
            block.attn.c_attn.weight[:, : 2 * width].mul_(spread)  # (in, out): queries, keys, values side by side
    network.save_pretrained(folder)
    backend = Tokenizer(token_models.WordLevel({f"w{i}": i for i in range(network.config.vocab_size)}, unk_token="w0"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    end = f"w{network.config.eos_token_id}"
    transformers.PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=positions, eos_token=end).save_pretrained(folder)
    return folder


def gpt2_text(n_tokens: int) -> str:
    """A text of exactly so many tokens for `gpt2_small`."""
    draw = random.Random(n_tokens)
    return " ".join(f"w{draw.randrange(1, 50_000)}" for _ in range(n_tokens))


def peakedness(captured: object) -> tuple[float, float]:
    """Mean entropy of a row in nats, and mean of a row's largest weight, over all heads of an `explorer.Capture`."""
    entropies, peaks = [], []
    for site in captured.layout:
        weights = captured.patterns(site.layer).astype(np.float64)
        entropies.append(-(weights * np.log(np.maximum(weights, 1e-30))).sum(-1).mean())
        peaks.append(weights.max(-1).mean())
    return float(np.mean(entropies)), float(np.mean(peaks))


def main() -> None:
    """Prints how peaked the rows of the random BERT are, beside those of the trained MiniLM on the same 128 tokens."""
    import explorer
    import models
    from benchmarks.report import show

    argparse.ArgumentParser(description=main.__doc__).parse_args()
    text, rows = bert_text(128), []
    with tempfile.TemporaryDirectory() as made:
        folders = {f"BERT-base, random, spread {s}": bert_base(Path(made) / str(s), s) for s in (1.0, SPREAD)}
        for name, folder in {"MiniLM, trained": catalogue.BUNDLED_BERT, **folders}.items():
            entropy, peak = peakedness(explorer.capture(models.load(folder, device="cpu"), text))
            rows.append([name, f"{entropy:.2f}", f"{np.log(128):.2f}", f"{peak:.3f}"])
    show("How peaked are the rows, 128 tokens", ["model", "mean entropy, nats", "its maximum, log 128", "mean largest weight"], rows)


if __name__ == "__main__":
    main()
