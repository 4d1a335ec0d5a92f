"""Really removing heads: a smaller network, and folders of it that can be opened elsewhere.

Gating (`models.attention.Change`) computes a head and then drops its output. Here the head's weights go, so that the network
has fewer parameters and runs faster (Michel et al. 2019, section 4). Both give the same logits.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from models.atomic import PARTIAL, whole_folder, writing
from models.errors import ModelError, WriteError
from models.opening import sites, sliced_folder, split
from models.opening.devices import room_on
from models.opening.loading import Model
from models.paths import typed
from models.surgery import cutting
from models.words import told

Heads = Mapping[int, Collection[int]]
"""Head numbers by `Site.index`, both as the model at hand counts them."""


def sliced(model: Model, heads: Heads) -> Model:
    """A smaller model without the given heads; the given model stays as it is.

    Its sites keep their numbers and have fewer heads, those left numbered anew. A site that lost all heads has `heads == 0`
    and one key/value head of zeros, which only the cache sees. A sliced model can be sliced again.

    Weights that are not cut share their memory with the given model: several viewers may hold differently pruned copies of
    one large model. They are frozen (`requires_grad` is False), so that training a copy cannot reach into a model that
    others look at; to train it, `copy.deepcopy` its network first.

    Args:
        model: BERT, RoBERTa, ELECTRA, DistilBERT, GPT-2, OPT, Llama, Mistral, Qwen2, T5, BART or Marian, with any head; or a toy with an
            output projection whose heads are concatenated.
        heads: what to remove. Where several heads read one key/value head, they go together (Ainslie et al. 2023).

    Raises:
        InputError: no such site or head, or an incomplete group of heads.
        ModelError: slicing is not known for this architecture.
    """
    with room_on(model.device, told("a smaller copy")):
        network = _copy(model)
        cutting.cut(network, heads)
        layout = sites.find_sites(network)
    if layout.view_only:
        raise ModelError(
            told("{name} does not run without these heads: {reason}.", name=model.name, reason=layout.reason),
            told("Switch them off with a gate."),
        )
    before = sum(site.heads for site in model.sites)
    before_cut = sliced_folder.notes(model.network, model.sites)
    return replace(
        model,
        name=f"{model.name} without {before - sum(site.heads for site in layout.sites)} heads",
        network=network,
        sites=layout.sites,
        sites_of=layout.sites_of,
        parameters=network.num_parameters(),
        notes=(*(note for note in model.notes if note not in before_cut), *sliced_folder.notes(network, layout.sites)),
        lock=threading.RLock(),
    )


def zeroed(model: Model, heads: Heads) -> nn.Module:
    """A copy of the network in its original shapes, whose output projections take nothing from the given heads.

    After `save_pretrained`, plain transformers opens it. Single heads of a key/value group may go, too. All other weights
    share their memory with the given model and are frozen, as in `sliced`.

    Raises:
        InputError: no such site or head.
        ModelError: the places of this architecture's heads are not known.
    """
    with room_on(model.device, told("a copy")), torch.no_grad():
        network = _copy(model)
        for projections, gone in cutting.chosen(cutting.head_projections(network), heads):
            weight = projections.output.weight.clone()
            inputs = 1 if isinstance(projections.output, nn.Linear) else 0
            weight.index_fill_(inputs, cutting.columns(projections, gone, weight.device), 0)
            projections.output.weight = nn.Parameter(weight, requires_grad=False)
    return network


def export_zeroed(model: Model, heads: Heads, folder: str | Path) -> Path:
    """Writes `zeroed` with the tokenizer into a new folder that plain `from_pretrained` opens; safetensors, no pickle.

    Weights are written in the precision in which they were stored, or opened, whichever is narrower. The folder appears once it is complete.

    Raises:
        InputError, ModelError: as `zeroed`; a model that is sliced already; a folder that is there.
        WriteError: a folder that cannot be written.
    """
    if sliced_folder.removed(model.network.config):
        raise ModelError(
            told("{name} no longer has its original shapes.", name=model.name), told("Start from the full model, or export it sliced.")
        )
    return _write(zeroed(model, heads), model, folder)


def export_sliced(model: Model, heads: Heads, folder: str | Path) -> Path:
    """Writes `sliced` with the tokenizer into a new folder that `models.load` opens; safetensors, no pickle.

    config.json is that of the full model plus `cutting.ENTRY`. Plain `from_pretrained` does not know that entry and stops
    with a RuntimeError about sizes that do not match, unless it is told to ignore them.

    Raises:
        InputError, ModelError: as `sliced`; a folder that is there.
        WriteError: a folder that cannot be written.
    """
    return _write(sliced(model, heads).network, model, folder)


def _copy(model: Model) -> nn.Module:
    """A network of its own whose parameters share the memory of the model's, frozen. Raises ModelError if it cannot be cut."""
    _check(model)
    with model.lock:
        # Parameters of its own, not the model's: `Model.release` moves those to another device under the copy's feet.
        memo = {id(weight): nn.Parameter(weight.detach(), requires_grad=False) for weight in model.network.parameters()}
        network = copy.deepcopy(model.network, memo)
    # What belongs to the model it was cut from, such as a classifier in a file of its own, goes on belonging to it.
    setattr(network.config, cutting.FROM, getattr(model.network.config, cutting.FROM, model.name))
    return network


def _check(model: Model) -> None:
    if model.view_only:
        raise ModelError(
            told("{name} is opened view-only, so its heads can only be looked at: {view_only}.", name=model.name, view_only=model.view_only),
            told("Choose another model."),
        )
    if split.elsewhere(model.network):
        raise ModelError(
            told("The weights of {name} lie on several devices: its heads cannot be cut out.", name=model.name),
            told("Open it on the cpu. Gating works: switch the head off."),
        )
    if any(len(numbers) > 1 for numbers in model.sites_of.values()):
        raise ModelError(
            told("The layers of {name} share their weights: a head cannot leave a single layer.", name=model.name),
            told("Gating works: switch the head off."),
        )
    # A folder names its heads by site, before there are weights to run: the order of the modules must be that of the sites.
    registered = [id(projections.module) for projections in cutting.head_projections(model.network)]
    if registered != [module for module, _ in sorted(model.sites_of.items(), key=lambda item: item[1])]:
        raise ModelError(
            told("Slicing is not known for {name} ({name_2}).", name=type(model.network).__name__, name_2=model.name),
            told("Gating works: switch the heads off."),
        )


def _write(network: nn.Module, model: Model, folder: str | Path) -> Path:
    """Writes a network that was cut from this model. Beside the folder at first: a full disk leaves nothing behind that looks like a model."""
    folder = typed(folder).absolute()
    try:
        with writing(folder):
            # What a kill left of the folder's own making is no model.
            if folder.exists() and (not folder.is_dir() or any(not path.name.endswith(PARTIAL) for path in folder.iterdir())):
                raise ModelError(told("{folder} is there already.", folder=folder), told("Name a new folder; nothing is overwritten."))
        with whole_folder(folder) as beside:
            if model.stored is not None:
                network.to(model.stored)
            network.save_pretrained(beside)
            model.tokenizer.save_pretrained(beside)
    except ValueError as error:
        raise WriteError(told("{place} could not be written: {reason}.", place=folder, reason=error), told("Name another place.")) from error
    return folder
