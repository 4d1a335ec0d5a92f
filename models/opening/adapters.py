"""A folder that holds low-rank adapters (Hu et al. 2022) as PEFT saves them: they are merged into the weights of their base when it is opened."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PretrainedConfig,
)
from transformers.pytorch_utils import Conv1D

from models.errors import ModelError
from models.opening import classes, hub
from models.paths import is_folder, typed
from models.words import told

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX, _DOWN, _UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"
_PARAMETER = re.compile(r"(\.lora_[AB])?\.\w+$")
_PLAIN = {"bias": "none", "alpha_pattern": {}} | dict.fromkeys(
    (
        *("use_dora", "use_qalora", "use_bdlora", "lora_bias", "layer_replication", "target_parameters", "trainable_token_indices"),
        "kasa_config",
        # Adapters that only some tokens pass, or of which each text chooses some.
        *("alora_invocation_tokens", "arrow_config"),
    )
)
"""What is read here of all that PEFT knows: plain adapters of linear layers, and whole layers beside them (`modules_to_save`)."""
_BASE_STAYS = (True, False, None, "gaussian", "orthogonal", "eva", "mica")
"""Beginnings of a training that leave the base as it is. The others (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA) take a part out of its weights first,
and their adapters say nothing of what they took out."""


_HEADS = {
    "SEQ_CLS": AutoModelForSequenceClassification,
    "TOKEN_CLS": AutoModelForTokenClassification,
    "QUESTION_ANS": AutoModelForQuestionAnswering,
}
"""Tasks, as PEFT calls them, whose head is another one than a base is saved with."""


@dataclass(frozen=True)
class Adapters:
    """Adapters that are not merged yet.

    Attributes:
        folder: where they lie.
        base: name of the model that they belong to.
        alpha: numerator of their scale.
        root: whether the scale's denominator is the root of the rank (Kalajdzievski 2023) instead of the rank.
        task: what they were trained for, as PEFT calls it; may be empty.
        tied: whether what the network shares between layers stays shared where one of them is changed.
    """

    folder: Path
    base: str
    alpha: float
    root: bool
    task: str
    tied: bool = False

    def base_folder(self, origin: str, locate: Callable[[str], tuple[Path, str]]) -> Path:
        """The folder of the base.

        Args:
            origin: where the adapters came from, as in `loading.Model`.
            locate: a model's folder, and where it came from, by its name.

        Raises:
            ModelError: adapters from the hub that name a folder of this machine, and whatever `locate` raises.
        """
        path, base_origin = locate(self.base)
        if origin.startswith("hub ") and base_origin.startswith("folder "):
            # A stranger's repository has no say in which of this machine's files are read.
            raise ModelError(
                told("These adapters belong to a folder, {base}.", base=self.base), told("Name their base in adapter_config.json by its hub id.")
            )
        return path

    def merge(self, network: nn.Module) -> list[str]:
        """Adds scale B A to every adapted weight, in float32, and puts in the layers that were saved whole.

        Returns:
            Names of the parameters that were saved whole.

        Raises:
            ValueError: a weight that the network does not have, or of another shape.
        """
        found, whole = _named(self._read(), network), []
        if not self.tied:
            _untie(network, found)
        with torch.no_grad():
            # Whole layers first: adapters are added to them.
            for name, value in sorted(found.items(), key=lambda one: one[0].endswith(_DOWN)):
                if name.endswith(_UP):
                    continue
                if name.endswith(_DOWN):
                    layer = name.removesuffix(_DOWN)
                    module = _at(network, layer)
                    change = self._scale(value.shape[0]) * (found[layer + _UP].float() @ value.float())
                    _add(layer, module.weight, change.T if isinstance(module, Conv1D) else change)
                else:
                    module, _dot, parameter = name.rpartition(".")
                    weight = getattr(_at(network, module), parameter)
                    _add(name, weight.zero_(), value)
                    whole.append(name)
        return whole

    def configured(self, config: PretrainedConfig) -> PretrainedConfig:
        """The base's configuration, with as many classes as were saved where the adapters' folder has no configuration of its own."""
        known = _HEADS[self.task]._model_mapping if self.task in _HEADS else {}
        if type(config) in known:
            config.architectures = [known[type(config)].__name__]
            heads = [value for name, value in self._read().items() if name in classes.LAST]
            config.num_labels = heads[0].shape[0] if heads else config.num_labels
        return config

    def _read(self) -> Mapping[str, Tensor]:
        with safe_open(self.folder / WEIGHTS, framework="pt") as file:
            # Of a layer that has adapters and is saved whole, too, "base_layer" is the part without them.
            found = {
                name.removeprefix(_PREFIX).replace(".base_layer.", "."): file.get_tensor(name)
                for name in file.keys()  # noqa: SIM118, no dictionary
            }
        lone = [name for name in found if name.endswith(_DOWN) and name.removesuffix(_DOWN) + _UP not in found]
        if lone or any("lora_" in name and not name.endswith((_DOWN, _UP)) for name in found):
            raise ValueError(told("its adapters are not those of linear layers"))
        return found

    def _scale(self, rank: int) -> float:
        return self.alpha / (math.sqrt(rank) if self.root else rank)


def read(folder: Path) -> Adapters | None:
    """What a folder says of its adapters; None where it has none.

    Raises:
        ModelError: adapters of a kind that is not read here, or without their weights as safetensors.
    """
    file = folder / CONFIG
    if not file.is_file():
        return None
    advice = told("Merge them with PEFT (merge_and_unload), and save the whole model.")
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        if about["peft_type"] != "LORA":
            raise ModelError(
                told("{folder} holds adapters of the kind {kind}, which are not read here.", folder=folder, kind=about["peft_type"]), advice
            )
        if not about.get("base_model_name_or_path"):
            problem = told("{folder} holds adapters, and does not name the model that they belong to.", folder=folder)
            raise ModelError(problem, told("Write its name or folder into adapter_config.json: base_model_name_or_path."))
        special = sorted(name for name, plain in _PLAIN.items() if about.get(name, plain) not in (plain, None, False))
        if (begun := about.get("init_lora_weights", True)) not in _BASE_STAYS:
            special.append(f"init_lora_weights {begun}")
        if special:
            raise ModelError(
                told("{folder} holds adapters with {names}, which are not read here.", folder=folder, names=", ".join(special)), advice
            )
        found = Adapters(
            folder=folder,
            base=_revised(str(about["base_model_name_or_path"]), about.get("revision")),
            alpha=float(about["lora_alpha"]),
            root=bool(about.get("use_rslora")),
            task=str(about.get("task_type") or ""),
            tied=bool(about.get("ensure_weight_tying")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(told("{file} cannot be read: {error!r}.", file=file, error=error), told("Save the adapters again.")) from error
    if not (folder / WEIGHTS).is_file():
        raise ModelError(told("{folder} has no {weights}.", folder=folder, weights=WEIGHTS), told("Save the adapters again as safetensors."))
    return found


def _revised(base: str, revision: object) -> str:
    """The name of a base with the revision that the adapters were trained on; folders have none."""
    named = isinstance(revision, str) and revision not in ("", "main") and "@" not in base
    return f"{base}@{revision}" if named and hub.is_id(base) and not is_folder(typed(base)) else base


def _named(found: Mapping[str, Tensor], network: nn.Module) -> Mapping[str, Tensor]:
    """Adapters under the names of the network's own layers. Those that were trained without a head, as for vectors of sentences, know nothing
    of the name that a network with one has before its layers; and the other way round. A pooler that no head reads may be missing."""
    prefix = f"{network.base_model_prefix}."
    for names in ({name: name for name in found}, {name: prefix + name for name in found}, {name: name.removeprefix(prefix) for name in found}):
        there = {name: _has(network, _PARAMETER.sub("", new)) for name, new in names.items()}
        if any(there.values()) and all(is_there or "pooler" in name for name, is_there in there.items()):
            return {names[name]: value for name, value in found.items() if there[name]}
    return found


def _has(network: nn.Module, layer: str) -> bool:
    try:
        return network.get_submodule(layer) is not None
    except AttributeError:
        return False


def _at(network: nn.Module, layer: str) -> nn.Module:
    try:
        return network.get_submodule(layer)
    except AttributeError as error:
        raise ValueError(told("its adapters change {layer}, which the model does not have", layer=layer)) from error


def _untie(network: nn.Module, found: Mapping[str, Tensor]) -> None:
    """Gives layers that are changed weights of their own, where they share them with others: PEFT changes a head, and leaves the embeddings."""
    changed = {name.removesuffix(_DOWN) + ".weight" if name.endswith(_DOWN) else name for name in found if not name.endswith(_UP)}
    names: dict[int, list[str]] = {}
    for name, weight in network.named_parameters(remove_duplicate=False):
        names.setdefault(id(weight), []).append(name)
    for alike in names.values():
        if len(alike) > 1:
            for name in changed.intersection(alike):
                module, _dot, parameter = name.rpartition(".")
                layer = _at(network, module)
                setattr(layer, parameter, nn.Parameter(getattr(layer, parameter).detach().clone()))
                # What is written of this network holds both.
                network.config.tie_word_embeddings = False


def _add(name: str, weight: Tensor, change: Tensor) -> None:
    if weight.shape != change.shape:
        raise ValueError(
            told("{name} has the shape {shape}, its adapters {other}", name=name, shape=tuple(weight.shape), other=tuple(change.shape))
        )
    weight.copy_(weight.float() + change.to(weight.device))
