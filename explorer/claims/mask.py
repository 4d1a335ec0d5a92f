"""What a causal mask hides, and what is left to wait for when a text is made."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import rel_entr

from explorer.capture import capture
from explorer.claims.claim import Claim, Finding, Verdict, in_cases
from explorer.lectures import q20_mask, q23_serial
from explorer.lectures.demo import Measure, Models
from explorer.reading import read
from explorer.tokens import labels, readable
from models import Model
from models.surgery.private import private

PROMPT = "The sun was shining and the birds were"
_LAYER, _HEAD = 2, 1
_N, _LAYERS, _MADE = 1024, 12, 8
"""Tokens and layers whose steps are counted; tokens that are made here."""
_EQUAL = 1e-4


def _c12(models: Models) -> Finding:
    captured = capture(models("gpt2-mini"), q20_mask.TEXT, max_tokens=q20_mask.TOKENS)
    scores, seen = q20_mask.unmasked_scores(captured, _LAYER, _HEAD), captured.visible(_LAYER)
    leak = {how: _future(q20_mask.masked(scores, seen, how), seen) for how in ("before", "inf")}
    five = np.tri(5, dtype=bool)
    measures = (
        Measure("five", _future(q20_mask.masked(np.zeros((5, 5)), five, "before"), five), 0.4, tolerance=1e-12, format=".2f"),
        Measure("real", leak["before"], 0, "above", format=".0%"),
        Measure("infinite", leak["inf"], 0, format=".0%"),
    )
    said = {"model": captured.model, "layer": str(_LAYER), "head": str(_HEAD)}
    return Finding(Verdict.by(leak["before"] == 0), measures, said)


def _future(weights: np.ndarray, seen: np.ndarray) -> float:
    """Weight on what a query may not see, mean over the queries."""
    return float(np.where(seen, 0, weights).sum(axis=1).mean())


def _c24(models: Models) -> Finding:
    training, generating = (q23_serial.serial_steps("transformer", _N, _LAYERS, generating=mode) for mode in (False, True))
    passes = passes_for(models("gpt2-mini"), _MADE)
    measures = (
        Measure("training", training, _LAYERS, format=",d"),
        Measure("generating", generating, _N * _LAYERS, format=",d"),
        Measure("passes", passes, _MADE, format="d"),
    )
    return Finding(Verdict.by(generating == training and passes == 1), measures, {"n": f"{_N:,}", "layers": str(_LAYERS), "made": str(_MADE)})


def passes_for(model: Model, tokens: int) -> int:
    """Passes through the network that the library needs to make so many tokens, the one over the prompt included."""
    ids, seen = torch.tensor([list(read(model, PROMPT).ids)], device=model.device), []
    network = private(model.network)
    network.register_forward_pre_hook(lambda *_args: seen.append(1))
    with model.lock, torch.inference_mode():
        made = network.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0
        )
    return len(seen) if made.shape[1] == ids.shape[1] + tokens else 0


def _c27(models: Models) -> Finding:
    model = models("gpt2-mini")
    captured = capture(model, PROMPT)
    masked, free = (q20_mask.logits(model, captured, masked=how)[-1].double() for how in (True, False))
    newest = unmasked_newest(model, captured.queries().ids).double()
    chances = [found.softmax(-1).numpy() for found in (masked, free, newest)]
    tops = [int(found.argmax()) for found in chances]
    seen = captured.visible(0)
    alone, prompt = (float(rel_entr(chances[0], chances[i]).sum()) for i in (2, 1))
    measures = (
        Measure("hidden_newest", int((~seen[-1]).sum()), 0, format="d"),
        Measure("newest", abs(alone), 0, tolerance=_EQUAL, format=".1e"),
        Measure("hidden_prompt", int((~seen).sum()), len(seen) * (len(seen) - 1) // 2, format="d"),
        Measure("prompt", prompt, 0.01, "above", format=".2f"),
        Measure("changed", int(tops[0] != tops[1]), 1, format="d"),
    )
    first, second = labels(readable(model.tokenizer, tops[:2]))
    said = {"model": model.name, "text": PROMPT, "with": first, "without": second}
    return Finding(in_cases([abs(alone) < _EQUAL, prompt < _EQUAL]), measures, said)


def unmasked_newest(model: Model, ids: list[int]) -> torch.Tensor:
    """What follows a text, where the prompt was read with the mask and kept, and the last token alone is read without one."""
    given = torch.tensor([list(ids)], device=model.device)
    everything = torch.ones(1, 1, 1, given.shape[1], dtype=torch.bool, device=model.device)
    with model.lock, torch.inference_mode():
        kept = model.network(input_ids=given[:, :-1], use_cache=True).past_key_values
        made = model.network(input_ids=given[:, -1:], past_key_values=kept, attention_mask=everything)
    return made.logits[0, -1].float().cpu()


CLAIMS = (
    Claim("C12", _c12, "Q20"),
    Claim("C24", _c24, "Q23"),
    Claim("C27", _c27, "Q20"),
)
