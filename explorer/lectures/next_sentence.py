"""BERT's second objective: whether a sentence followed another in the text, where a loaded BERT has the head for it (Devlin et al. 2019, 3.1)."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch
from safetensors import safe_open
from torch import nn
from transformers import BertForPreTraining

from explorer.reading import encode, tokens_of
from models import Model
from models.opening.folder import weights
from models.opening.loading import locate

PAIRS = {
    "en": (
        "She opened the door and looked outside.",
        "It was raining, and the street was empty.",
        "Copper is a good conductor of heat.",
    ),
    "zh": ("她打开门，朝外面看了看。", "外面正在下雨，街上一个人也没有。", "铜是热的良导体。"),
}
"""By language: a sentence, the one that follows it, and one from elsewhere."""
_HEAD = "cls.seq_relationship.weight"
_HEADS: WeakKeyDictionary[Model, nn.Module | None] = WeakKeyDictionary()


def head_of(model: Model) -> nn.Module | None:
    """The network with its next-sentence head; None for a model that has none.

    BERT's published files hold the head although they name a class without it: it is read from there.
    """
    if model not in _HEADS:
        _HEADS[model] = _found(model)
    return _HEADS[model]


def _found(model: Model) -> nn.Module | None:
    if hasattr(getattr(model.network, "cls", None), "seq_relationship"):
        return model.network
    if model.network.config.model_type != "bert" or not model.origin:
        return None
    folder, _origin = locate(model.name)
    if not any(_HEAD in safe_open(file, "pt").keys() for file in weights(folder)):  # noqa: SIM118 (no dictionary)
        return None
    network = BertForPreTraining.from_pretrained(folder, local_files_only=True, use_safetensors=True, attn_implementation="eager")
    return network.eval().requires_grad_(False).to(model.device)


def chances(model: Model) -> tuple[float, float] | None:
    """Probability that the second sentence followed the first: of the one that does, and of one from elsewhere. None without the head."""
    network = head_of(model)
    if network is None:
        return None
    unknown = model.tokenizer.unk_token_id
    # In the language that it reads: of the other it knows few tokens.
    pairs = min(PAIRS.values(), key=lambda texts: encode(model, " ".join(texts)).ids.count(unknown))
    found = []
    with model.lock, torch.inference_mode():
        for second in pairs[1:]:
            out = network(**tokens_of(model, encode(model, pairs[0], second)).inputs(model.device))
            # BertForNextSentencePrediction has logits of one kind; the first of the two is "follows".
            logits = out.seq_relationship_logits if "seq_relationship_logits" in out else out.logits
            found.append(float(logits[0].float().softmax(-1)[0]))
    return found[0], found[1]
