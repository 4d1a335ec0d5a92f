"""A TransformerLens loop over heads, run by `benchmarks.ablation` in TransformerLens' own environment.

For each head a forward pass of every batch, with a hook on `blocks.L.attn.hook_z` that zeroes the head. TransformerLens 4
has no bridge for BertForSequenceClassification. It has one for BertForNextSentencePrediction, which is the same network:
encoder, pooler, a linear layer to two classes; that layer gets the weights of the classifier.

Reads requests from standard input, a line of JSON each, and answers with a line of JSON; imports nothing of the project.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file
from transformer_lens.model_bridge import TransformerBridge


def bridge(folder: str, kind: str) -> TransformerBridge:
    """The local folder, opened by TransformerLens; nothing is asked of a hub."""
    if kind == "next":
        network = transformers.GPT2LMHeadModel.from_pretrained(folder, local_files_only=True)
    else:
        network = transformers.BertForNextSentencePrediction.from_pretrained(folder, local_files_only=True)
        weights = load_file(Path(folder) / "model.safetensors")
        with torch.no_grad():
            network.cls.seq_relationship.weight.copy_(weights["classifier.weight"])
            network.cls.seq_relationship.bias.copy_(weights["classifier.bias"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return TransformerBridge.boot_transformers(folder, hf_model=network.eval(), tokenizer=tokenizer, device="cpu")


@torch.inference_mode()
def losses(model: TransformerBridge, case: dict, removed: tuple[int, int] | None) -> list[float]:
    """Loss of every example, with one head removed."""
    hooks = []
    if removed is not None:
        layer, head = removed

        def zero(z: torch.Tensor, hook: object) -> torch.Tensor:
            z[:, :, head] = 0
            return z

        hooks.append((f"blocks.{layer}.attn.hook_z", zero))
    found = []
    for batch in case["batches"]:
        ids = torch.tensor(batch["ids"])
        mask = {"attention_mask": torch.tensor(batch["mask"])} if batch["mask"] else {}
        if case["kind"] == "next":
            loss = model.run_with_hooks(ids, fwd_hooks=hooks, return_type="loss", loss_per_token=True, **mask).mean(-1)
        else:
            logits = model.run_with_hooks(ids, fwd_hooks=hooks, return_type="logits", **mask)
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(batch["labels"]), reduction="none")
        found += loss.tolist()
    return found


def main() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    opened: tuple[str, TransformerBridge | None] = ("", None)
    for line in sys.stdin:
        case, heads = (request := json.loads(line))["case"], request["heads"]
        if opened[0] != case["folder"]:
            opened = (case["folder"], bridge(case["folder"], case["kind"]))
        losses(opened[1], case, None)
        start = time.perf_counter()
        found = [losses(opened[1], case, tuple(head)) for head in heads]
        print(json.dumps({"seconds": time.perf_counter() - start, "losses": found}), file=answers, flush=True)


if __name__ == "__main__":
    main()
