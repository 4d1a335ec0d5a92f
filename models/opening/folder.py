"""A model folder, checked before anything is read from it: weights as safetensors, and no code of its own."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection
from math import prod
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import nn
from transformers.quantizers.auto import AUTO_QUANTIZATION_CONFIG_MAPPING

from models.errors import ModelError
from models.paths import is_folder
from models.words import Told, told

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
_TOKENIZERS = (
    *("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json"),
    *("tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "source.spm"),
)

_FLOATS = ("F64", "F32", "F16", "BF16")
_NO_WEIGHTS = ("_ids", "attn.bias", "attention.bias", "_index", "_mask", "_buckets")
"""How tables of whole numbers are called that networks keep beside their weights: masks, places, pairs of places."""


def check(folder: Path) -> dict:
    """The folder's config, once it is sure that the folder can be opened without pickle and without remote code.

    Raises:
        ModelError: no such folder, no or a broken config.json, no safetensors, weights that are quantised in a way that config.json does not
            tell, no tokenizer.
    """
    if not is_folder(folder):
        raise ModelError(told("There is no folder {folder}.", folder=folder), told("Give the folder that holds config.json."))
    config_file = folder / "config.json"
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ModelError(told("The folder {folder} may not be read.", folder=folder), told("Give the user of this process the right to read it."))
    if not config_file.is_file():
        raise ModelError(told("{folder} has no config.json.", folder=folder), told("Give the folder that save_pretrained wrote."))
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            told("{config_file} cannot be read: {error}.", config_file=config_file, error=error), told("Save the model again.")
        ) from error
    if not isinstance(config, dict):
        raise ModelError(told("{config_file} is not a model's configuration.", config_file=config_file), told("Save the model again."))
    if not weights(folder):
        if any(found for pattern in _PICKLES for found in folder.glob(pattern)):
            raise ModelError(
                told(
                    "{folder} holds its weights in a format that can run code when it is opened (pickle) or that is not read here.", folder=folder
                ),
                told("Save it with save_pretrained(..., safe_serialization=True), which writes model.safetensors."),
            )
        raise ModelError(told("{folder} has no model.safetensors.", folder=folder), told("Save the model again with its weights."))
    if not _knows_how(config.get("quantization_config")) and (found := _quantised(folder)):
        raise ModelError(
            told("{folder} holds its weights as {precision}: such numbers mean nothing without their scales.", folder=folder, precision=found),
            told("Choose a model whose weights are stored in float32, float16 or bfloat16."),
        )
    if not has_tokenizer(folder):
        raise ModelError(told("{folder} has no tokenizer.", folder=folder), told("Save the tokenizer into the same folder."))
    return config


def has_tokenizer(folder: Path) -> bool:
    """Whether a tokenizer was saved there."""
    return any((folder / name).is_file() for name in _TOKENIZERS)


def weights(folder: Path) -> list[Path]:
    """The safetensors files that transformers would read: one file, or the shards that an index names."""
    index, whole = folder / "model.safetensors.index.json", folder / "model.safetensors"
    # One file goes before an index, which may be left over from an older save.
    if index.is_file() and not whole.is_file():
        try:
            names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            missing = sorted(name for name in names if not (folder / name).is_file())
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise ModelError(told("{index} cannot be read: {error}.", index=index, error=error), told("Copy the whole folder again.")) from error
        if missing:
            raise ModelError(told("{folder} lacks {files}.", folder=folder, files=", ".join(missing)), told("Copy the whole folder again."))
        return sorted(folder / name for name in names)
    return [whole] if whole.is_file() else []


def _knows_how(said: object) -> bool:
    """Whether transformers knows how weights were quantised, from `quantization_config`; else it takes the numbers for the weights."""
    how = said.get("quant_method") if isinstance(said, dict) else None
    return isinstance(how, str) and any(known.startswith(how) for known in AUTO_QUANTIZATION_CONFIG_MAPPING)


def _quantised(folder: Path) -> str:
    """The precision of the first weights that are stored in eight bits, or of the first matrix or stack of them (the experts of a layer) that is
    stored as whole numbers; "" where there are none.

    transformers would take the numbers for the weights, where config.json does not say how they were quantised. A broken file is told later.
    """
    for file in weights(folder):
        try:
            with safe_open(file, "pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118 - no dictionary
                    part = tensors.get_slice(name)
                    if (kind := part.get_dtype()) in _FLOATS or kind == "BOOL" or name.endswith(_NO_WEIGHTS):
                        continue
                    if kind.startswith("F") or len(part.get_shape()) > 1:
                        return kind
        except (SafetensorError, OSError):
            return ""
    return ""


def stored(folder: Path) -> str:
    """The precision in which most numbers of the weights are stored, as safetensors calls it: "F32", "F16", "BF16", .."""
    counts = _counts(folder)
    return max(counts, key=counts.__getitem__, default="F32")


def numbers(folder: Path) -> int:
    """How many numbers the weights are, in whatever precision they are stored. Raises SafetensorError for a broken file."""
    return _counts(folder).total()


def names(folder: Path) -> set[str]:
    """Names of the weights in the files of a folder."""
    found: set[str] = set()
    for file in weights(folder):
        with safe_open(file, "pt") as tensors:
            found.update(tensors.keys())
    return found


def shapes(folder: Path, wanted: Collection[str]) -> dict[str, list[int]]:
    """Shapes of these weights, as far as the files of a folder hold them."""
    found = {}
    for file in weights(folder):
        with safe_open(file, "pt") as tensors:
            found |= {name: tensors.get_slice(name).get_shape() for name in wanted if name in tensors.keys()}  # noqa: SIM118 - no dictionary
    return found


def _counts(folder: Path) -> Counter[str]:
    """Numbers of the weights by precision; only the heads of the files are read."""
    counts: Counter[str] = Counter()
    for file in weights(folder):
        with safe_open(file, "pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - no dictionary
                part = tensors.get_slice(name)
                counts[part.get_dtype()] += prod(part.get_shape())
    return counts


def unmap(network: nn.Module) -> None:
    """Gives weights memory of their own. Else they are pages of the file, and who saves another model over it ends this process (SIGBUS).

    Files of the hub's cache are never written again, and our own are replaced as a whole.
    """
    for weight in (*network.parameters(), *network.buffers()):
        if weight.device.type == "cpu":
            weight.data = weight.data.clone()


def unreadable(name: str, path: Path, error: Exception) -> ModelError:
    """What a viewer is told where a library could not read it."""
    text = str(error).strip().splitlines()
    # A sentence of ours stays one, so that it can be said in another language.
    first = error.args[0] if error.args and isinstance(error.args[0], Told) else text[0][:300] if text else type(error).__name__
    if "trust_remote_code" in str(error):
        return ModelError(told("{name} needs Python code of its own, which is not run here.", name=name), told("Choose another model."))
    if isinstance(error, SafetensorError) or "safetensors" in first.lower() or "header" in first.lower():
        return ModelError(told("The weights in {path} are broken: {first}.", path=path, first=first), told("Fetch or save the model again."))
    if isinstance(error, ImportError):
        return ModelError(told("{name} needs a library that is not installed: {first}", name=name, first=first), told("Install it into .venv."))
    return ModelError(
        told("{name} could not be read: {first}.", name=name, first=first), told("Fetch or save the model again, or choose another one.")
    )
