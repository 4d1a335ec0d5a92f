"""Tiny models with a head that labels texts or words."""

from pathlib import Path

import torch
import transformers

import models
from tests import tiny


def headed(folder: Path, network: str, base: str = "bert", **settings: object) -> models.Model:
    """A seeded model with unequal weights, saved and opened; `network` is a class of transformers, `settings` go into its configuration."""
    torch.manual_seed(1)
    config = tiny.network(base).config
    for name, value in settings.items():
        setattr(config, name, value)
    made = getattr(transformers, network)(config).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    made.save_pretrained(folder)
    tiny.tokenizer(base).save_pretrained(folder)
    return models.load(folder, device="cpu")


def named(*labels: str) -> dict[str, dict]:
    """Names of labels, as a configuration holds them."""
    return {"id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}}
