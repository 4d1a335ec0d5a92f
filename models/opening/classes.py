"""How many classes a head has, where config.json does not say."""

from __future__ import annotations

import json
from pathlib import Path

from transformers import PretrainedConfig

from models.opening import folder

LAST = ("classifier.weight", "score.weight", "classifier.out_proj.weight", "classification_head.out_proj.weight", "logits_proj.weight")
"""How the last matrix of a head that classifies is called, whose rows are its classes."""


def count(config: PretrainedConfig, path: Path) -> None:
    """Takes the number of classes from the weights, where config.json names neither classes nor their number.

    transformers 5 leaves two classes without names out of config.json, and of BART and its like it then reads three (seen in 5.23).

    Args:
        config: is changed.
        path: the model's folder.
    """
    said, named = json.loads((path / "config.json").read_text(encoding="utf-8")), (config.architectures or [""])[0]
    if not named.endswith("Classification") or "id2label" in said or "num_labels" in said:
        return
    found = folder.shapes(path, LAST)
    if len(found) == 1 and len(shape := next(iter(found.values()))) == 2 and shape[0] != config.num_labels:
        config.num_labels = shape[0]
