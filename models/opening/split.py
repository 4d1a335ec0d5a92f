"""A model that is larger than a device: its weights rest on accelerators, in main memory and on disk, and one device computes with them.

Which weights rest where is accelerate's to say. Its own hooks leave an empty tensor ("meta") in the place of a weight that was sent away, and
whoever reads weights outside of a forward pass reads nothing. Here a weight on disk is a tensor like any other, whose numbers are pages of a
safetensors file: the system reads them where they are used, and forgets them where it needs the memory. So capture, gates, private copies,
norms and cut heads need not know that a model is split.

On the processor that is all: it computes with the pages. For an accelerator the modules of large matrices fetch them for as long as they run
(`_fetching`), from other cards too; everything small lies there for good. So whatever is given to the network, recorded of it or changed in it
is on one device, wherever the cut is.
"""

from __future__ import annotations

import functools
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import infer_auto_device_map, init_empty_weights
from accelerate.hooks import remove_hook_from_module
from accelerate.utils import PrefixedDataset, get_max_memory
from huggingface_hub import constants
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedConfig
from transformers.pytorch_utils import Conv1D

from models.atomic import WriteError, whole
from models.errors import ModelError
from models.opening.quiet import quiet
from models.words import Told, told

NAME = "split"
"""What the choice is called among the devices."""
_FOLDER = "attention-explorer-split"
"""In the cache folder: weights on disk that had to be written anew while a model is opened."""
_DISK = "disk"
_HOME = "_computes_on"
_OTHERS = 0.9
"""Share of what is free on other cards that weights may take there."""
_SMALL = 2**20
"""Bytes of a weight that is not worth sending away from an accelerator."""

Room = Mapping[int | str, int | str]
"""Most that weights may take, by device: {0: "10GB", "cpu": "20GB"}; a card by its number. What has no room rests on disk."""


@dataclass(frozen=True)
class Placement:
    """How `from_pretrained` is told to place weights, and where those may lie that it has to write anew.

    Attributes:
        home: where everything is computed.
        room: as `Room`; None asks the devices.
        folder: for weights on disk; it lives as long as the opening does.
        trusted: files of the model are never written again, as in the hub's cache: its own pages may be used.
    """

    home: torch.device
    room: Room | None
    folder: Path
    trusted: bool

    def arguments(self, architecture: type, config: PreTrainedConfig, dtype: torch.dtype) -> dict[str, object]:
        """For `from_pretrained` of this architecture: accelerate counts the bytes of an empty network of this kind."""
        build = getattr(architecture, "_from_config", None) or architecture.from_config
        with init_empty_weights():
            empty = build(config, dtype=dtype)
        empty.tie_weights()
        room = None if self.room is None else dict(self.room)
        if room is None and self.home.type == "cuda":
            # All is computed on the first card. What rests on another is sent over for each use, as from main memory, but sooner.
            room = {of: most if of in (self.home.index, "cpu") else int(_OTHERS * most) for of, most in get_max_memory().items()}
        try:
            places = infer_auto_device_map(empty, max_memory=room, dtype=dtype)
        except IndexError as error:  # where a weight that modules share belongs to none that can be placed by itself, as in the toys
            problem = told("accelerate finds no places for the weights of {name}.", name=architecture.__name__)
            raise ModelError(problem, told("Open the model on one device.")) from error
        return {"device_map": places, "offload_folder": str(self.folder)}


def opened(make: Callable[..., tuple[nn.Module, list[str], list[str]]], device: torch.device, room: Room | None, trusted: bool) -> tuple:
    """What `make` gives when it is told where to place weights, and notes for the viewer.

    Args:
        make: opens the network; it is given `Placement.arguments`.
        device: where everything is computed.
        room, trusted: as in `Placement`.

    Raises:
        ModelError: the cache folder cannot be written, or has no room.
    """
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)  # as its weights say where they are
    with _placing(device, room, trusted) as placement:
        network, *more = make(placement.arguments)
        return network, *more, _settle(network, placement)


@contextmanager
def _placing(home: torch.device, room: Room | None, trusted: bool) -> Iterator[Placement]:
    """A block in which a model is opened split.

    Its folder of offloaded weights lies in the cache folder. On Linux and macOS it is gone when the block ends: pages that a network holds stay
    readable until it is let go of, and then the disk gets them back, even if the process is killed. Windows keeps it until the next
    opening.

    Raises:
        ModelError: the cache folder cannot be written.
    """
    cache = Path(constants.HF_HUB_CACHE) / _FOLDER
    try:
        cache.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(dir=cache, ignore_cleanup_errors=True)
    except OSError as error:
        raise ModelError(
            told("The cache folder {folder} cannot be written: {error}.", folder=cache, error=error),
            told("Set HF_HOME to a folder with room for the model's weights."),
        ) from error
    # accelerate warns that weights are "on the meta device"; the note says where they are.
    with made as folder, quiet("accelerate.big_modeling"):
        yield Placement(home, room, Path(folder), trusted)


def _settle(network: nn.Module, placement: Placement) -> list[Told]:
    """Makes real tensors of all weights that were sent away, and has the network compute in one place; the note for the viewer.

    Raises:
        ModelError: weights for which the disk has no room, or that no file holds.
    """
    sent = _sent_away(network)
    remove_hook_from_module(network, recurse=True)
    vars(network).pop("hf_device_map", None)  # transformers would look for hooks there
    resting: dict[int, nn.Parameter] = {}
    for prefix, module in network.named_modules():
        for name, weight in module._parameters.items():
            if weight is not None and weight.is_meta:
                if id(weight) not in resting:
                    resting[id(weight)] = _resting(weight, f"{prefix}.{name}" if prefix else name, sent, placement)
                module._parameters[name] = resting[id(weight)]
    on_disk = set(map(id, resting.values()))
    for weight in network.parameters():
        if id(weight) not in on_disk and weight.device.type == "cpu" and not placement.trusted:
            weight.data = weight.data.clone()  # as `folder.unmap`
    if placement.home.type != "cpu":
        _compute_on(network, placement.home)
    return [_where(network, placement.home, on_disk)]


def _where(network: nn.Module, home: torch.device, on_disk: AbstractSet[int]) -> Told:
    """How much of a network rests where, for the viewer; `on_disk` are ids of weights."""
    sizes: Counter[str] = Counter()
    for weight in network.parameters():
        kind = "card" if weight.device == home else weight.device.type if weight.device.type == "cpu" else "others"
        sizes[_DISK if id(weight) in on_disk else kind] += weight.nbytes
    card, others, in_memory, disk = (sizes[kind] / 1e6 for kind in ("card", "others", "cpu", _DISK))
    if home.type == "cpu":
        return told("Of its weights {memory:,.2f} MB lie in main memory and {disk:,.2f} MB on disk.", memory=card, disk=disk)
    if others:
        return told(
            "Of its weights {card:,.2f} MB lie on {device}, which computes, {others:,.2f} MB on other cards, {memory:,.2f} MB in main memory "
            "and {disk:,.2f} MB on disk.",
            card=card,
            device=home,
            others=others,
            memory=in_memory,
            disk=disk,
        )
    return told(
        "Of its weights {card:,.2f} MB lie on {device}, which computes, {memory:,.2f} MB in main memory and {disk:,.2f} MB on disk.",
        card=card,
        device=home,
        memory=in_memory,
        disk=disk,
    )


def home(network: nn.Module) -> torch.device:
    """Where a network computes: its inputs go there, wherever its weights rest."""
    return getattr(network, _HOME, None) or next(network.parameters()).device


def elsewhere(network: nn.Module) -> bool:
    """Whether some weights rest on another device than the one that computes."""
    return hasattr(network, _HOME)


def bring_home(network: nn.Module) -> None:
    """Takes a network off its accelerator: from now on it computes on the processor, with what rests in memory and on disk."""
    for module in network.modules():
        if isinstance(vars(module).get("forward"), functools.partial) and vars(module)["forward"].func is _fetching:
            del module.forward
    if elsewhere(network):
        delattr(network, _HOME)
    network.to("cpu")


def _sent_away(network: nn.Module) -> Mapping[str, Tensor]:
    """What accelerate's hooks would fetch, by name of the weight; empty where nothing was sent away."""
    for module in network.modules():
        hook = getattr(module, "_hf_hook", None)
        for one in getattr(hook, "hooks", [hook]):
            found = getattr(one, "weights_map", None)
            while isinstance(found, PrefixedDataset):
                found = found.dataset
            if found is not None:
                return found
    return {}


def _resting(empty: nn.Parameter, name: str, sent: Mapping[str, Tensor], placement: Placement) -> nn.Parameter:
    """A weight that was left on disk as pages of a file that nobody writes again, in the precision that was asked for."""
    about = getattr(sent, "index", {}).get(name)
    if about is None:
        raise ModelError(told("The file lacks {name}, and what is split cannot make it up.", name=name), told("Open the model on one device."))
    file, inside = about["safetensors_file"], about.get("weight_name", name)
    with safe_open(file, "pt") as tensors:
        found = tensors.get_tensor(inside)
    own = Path(file).parent == placement.folder
    if found.dtype != empty.dtype or not (own or placement.trusted):
        file = placement.folder / f"again-{sum(1 for _file in placement.folder.iterdir())}.safetensors"
        try:
            with whole(file) as beside:
                save_file({"weight": found.to(empty.dtype).contiguous()}, beside)
        except WriteError as error:
            advice = told("Free some space, or set HF_HOME to another disk.")
            raise ModelError(told("The disk has no room for {name}: {error}.", name=name, error=error), advice) from error
        with safe_open(file, "pt") as tensors:
            found = tensors.get_tensor("weight")
    return nn.Parameter(found, requires_grad=empty.requires_grad)


def _compute_on(network: nn.Module, device: torch.device) -> None:
    """Small weights and all buffers go to the device for good; large matrices are fetched by the module that they belong to."""
    for module in network.modules():
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = buffer.to(device)
        for name, weight in module._parameters.items():
            large = (
                isinstance(module, nn.Linear | nn.Embedding | Conv1D) and weight is not None and weight.numel() * weight.element_size() > _SMALL
            )
            if weight is not None and not large and weight.device != device:
                module._parameters[name] = nn.Parameter(weight.to(device), requires_grad=weight.requires_grad)
        if any(weight is not None and weight.device != device for weight in module._parameters.values()):
            module.forward = functools.partial(_fetching, module, device)
    setattr(network, _HOME, device)


def _fetching(module: nn.Module, device: torch.device, *args: object, **kwargs: object) -> object:
    """The module's forward pass with its weights on the device, which they leave afterwards. Whoever runs a network holds `Model.lock`."""
    resting = {name: weight for name, weight in module._parameters.items() if weight is not None and weight.device != device}
    try:
        for name, weight in resting.items():
            module._parameters[name] = nn.Parameter(weight.to(device), requires_grad=weight.requires_grad)
        return type(module).forward(module, *args, **kwargs)
    finally:
        module._parameters.update(resting)
