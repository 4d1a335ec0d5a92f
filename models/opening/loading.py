"""`load`: from a name or a folder to the one object that everything else takes."""

from __future__ import annotations

import itertools
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from models import toy
from models.errors import ModelError, OutOfMemoryError
from models.opening import (
    adapters,
    allowed,
    catalogue,
    claimed,
    classes,
    devices,
    embeddings,
    folder,
    hub,
    last_token,
    limits,
    pieces,
    rotary,
    sites,
    sliced_folder,
    split,
    tokenizing,
    weights,
)
from models.paths import is_folder, typed
from models.words import told

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

_NUMBER = re.compile(r"\.\d+(?=\.)")
_BUFFERS = ("inv_freq", "position_ids", "masked_bias", "attn.bias", "attention.bias")
"""What older files hold of each layer beside its weights."""
_HALF = {"BF16": torch.bfloat16, "F16": torch.float16}

transformers.utils.logging.disable_progress_bar()  # a page or the command line shows the progress instead


@dataclass(eq=False)
class Model:
    """A loaded model. Shared between viewers: nothing in it changes after loading, until `release`.

    Attributes:
        name: the name it was asked for by, in full.
        network: the transformers network, in evaluation mode.
        tokenizer: its tokenizer.
        kind: "encoder", "decoder" (its mask is causal) or "encoder-decoder".
        sites: where it attends, in the order of the forward pass.
        parameters: number of parameters.
        max_length: longest text in tokens, special tokens included; None where it has no limit.
        origin: where the weights came from, for a viewer.
        trained: False where any weight was made up at random: not in the file, or never trained.
        view_only: why its attention can be seen but not changed; empty where both work.
        notes: what a viewer should know about how it was opened.
    """

    name: str
    network: nn.Module
    tokenizer: transformers.PreTrainedTokenizerBase
    kind: str
    sites: tuple[sites.Site, ...]
    parameters: int
    max_length: int | None
    origin: str
    trained: bool
    view_only: str = ""
    notes: tuple[str, ...] = ()
    stored: torch.dtype | None = None
    """The precision of its weights on disk, where that is narrower than the one it was opened in; what is exported is written in it."""
    sites_of: dict[int, tuple[int, ...]] = field(default_factory=dict, repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while the network runs, so that `release` never moves it under a viewer's feet."""
    number: int = field(default_factory=itertools.count().__next__, init=False)
    """Unlike `id`, never used twice: part of the identity of what is computed with this model."""

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of its weights, see `weights.fingerprint`."""
        with self.lock:
            return weights.fingerprint(self.network)

    @property
    def short_name(self) -> str:
        """For a title: of a folder its own name, without the folders that it lies in."""
        return typed(self.name).resolve().name if self.origin.startswith("folder ") else self.name

    @property
    def device(self) -> torch.device:
        return split.home(self.network)

    @property
    def dtype(self) -> torch.dtype:
        return next(self.network.parameters()).dtype

    @property
    def parts(self) -> tuple[str, ...]:
        """The kinds of attention it has: ("encoder",), ("decoder",) or ("encoder", "decoder", "cross")."""
        return tuple(part for part in sites.Parts if any(site.part == part for site in self.sites))

    def sites_in(self, part: str) -> tuple[sites.Site, ...]:
        """The sites of one part, by layer."""
        return tuple(site for site in self.sites if site.part == part)

    @cached_property
    def memory_bytes(self) -> int:
        """Memory that parameters and buffers take, in bytes; tied weights count once. The same on every device."""
        tensors = {t.data_ptr(): t for t in [*self.network.parameters(), *self.network.buffers()]}
        return sum(t.numel() * t.element_size() for t in tensors.values())

    def release(self) -> None:
        """Gives the memory of the accelerator back. A viewer who still holds the model goes on with it on the CPU."""
        with self.lock:
            used_accelerator = self.device.type != "cpu"
            split.bring_home(self.network)
        if used_accelerator:
            devices.give_back()


def load(
    name_or_folder: str | Path,
    device: str = "auto",
    dtype: str = "auto",
    progress: hub.Progress | None = None,
    room: split.Room | None = None,
    admit: Callable[[torch.device, int], None] | None = None,
) -> Model:
    """Opens a model by its name in the catalogue, by its hub id, or from a local folder.

    Args:
        name_or_folder: e.g. "all-MiniLM-L6-v2", "gpt2", "owner/model@revision", "/path/to/folder".
        device: "auto" (cuda, else mps, else cpu), or one of those, or "cuda:1"; or "split", for a model that is larger than it: what has no
            room there rests in main memory, and what has none there on disk (`models.opening.split`).
        dtype: "float32", "bfloat16", "float16", or "auto": float32, or bfloat16 where float32 has no room on the accelerator;
            split, what most of the file is in.
        progress: told what is going on, with the share that is done.
        room: split, the most that weights may take by device, {0: "10GB", "cpu": "20GB"}; without it, what accelerate finds free.
        admit: not split, told before weights are read on which device they will lie and how many bytes they will take there at least. It may
            make room first, or raise a ModelError; OutOfMemoryError where there will never be room: auto takes the cpu then.

    Raises:
        ModelError: with a problem and an advice in a viewer's words. Safetensors only; no code of a model is ever run.
    """
    name = catalogue.resolve(str(name_or_folder).strip())
    if not name:
        raise ModelError(told("No model was named."), told("Choose one from the catalogue, or give a folder or a hub id."))
    where = devices.chosen("auto" if device == split.NAME else device)
    if dtype != "auto" and dtype not in DTYPES:
        raise ModelError(told("There is no dtype {dtype}.", dtype=dtype), told("Use auto, {dtypes}.", dtypes=", ".join(DTYPES)))
    path, origin = locate(name, progress)
    adapted = adapters.read(path) if is_folder(path) else None
    whole = path if adapted is None else adapted.base_folder(origin, lambda name: locate(catalogue.resolve(name), progress))
    placed: list[str] = []
    folder.check(whole)
    if adapted is not None and device == split.NAME:
        raise ModelError(told("Adapters are merged into weights that lie in one place."), told("Choose one device."))
    if progress:
        progress(told("{name}: reading the weights", name=name), 0.0)
    try:
        if admit and device != split.NAME:
            # On an accelerator without room for float32, auto is bfloat16.
            least = torch.bfloat16 if dtype == "auto" and where.type == "cuda" else DTYPES.get(dtype, torch.float32)
            try:
                admit(where, folder.numbers(whole) * least.itemsize)
            except OutOfMemoryError:
                if device != "auto" or where.type == "cpu":
                    raise
                placed, where = [devices.too_small(where)], torch.device("cpu")
                admit(where, folder.numbers(whole) * DTYPES.get(dtype, torch.float32).itemsize)
        chosen = _auto_dtype(where, whole) if dtype == "auto" else DTYPES[dtype]
        words = path if folder.has_tokenizer(path) else whole
        tokenizer, of_words = tokenizing.opened(words)
        narrower = _HALF.get(folder.stored(whole))
        if device == split.NAME:
            chosen = chosen if dtype != "auto" or narrower is None else narrower
            make = partial(_network, whole, chosen, adapted)
            network, fresh, left, placed = split.opened(make, where, room, trusted=not origin.startswith("folder"))
        else:
            network, fresh, left = _network(whole, chosen, adapted)
    except ModelError:
        raise
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, AttributeError, SafetensorError) as error:
        raise folder.unreadable(name, path, error) from error
    except Exception as error:  # the tokenizers library raises a bare Exception for a broken tokenizer.json
        raise folder.unreadable(name, path, error) from error
    if broken := weights.not_finite(network):
        raise ModelError(
            told("The weights of {name} are no numbers (NaN or infinite) in {broken}.", name=name, broken=broken),
            told("Fetch or save the model again."),
        )
    notes = of_words + _notes(fresh, left, network)
    last_token.keep(network)
    rotary.forget(network)
    pieces.prepare(network)
    if device != split.NAME:
        network, where, told_of = devices.moved(network, where, fallback=device == "auto")
        placed += told_of
        if origin.startswith("folder"):
            folder.unmap(network)
    if progress:
        progress(told("{name}: finding its attention", name=name), 0.9)
    try:
        layout = sites.find_sites(network)
    except ValueError as error:
        raise ModelError(told("{name} has no attention to show: {error}.", name=name, error=error), told("Choose a transformer.")) from error
    except Exception as error:
        raise ModelError(
            told("{name} cannot be run on a text: {error}.", name=name, error=error), told("Choose a model that reads text.")
        ) from error
    parts = {site.part for site in layout.sites}
    model = Model(
        name=name,
        network=network,
        tokenizer=tokenizer,
        kind="encoder-decoder" if len(parts) > 1 else parts.pop(),
        sites=layout.sites,
        parameters=network.num_parameters(),
        max_length=limits.longest(network, tokenizer),
        origin=origin,
        trained=not fresh and not weights.untouched(network),
        view_only=layout.reason if layout.view_only else "",
        notes=tuple(notes + placed + sliced_folder.notes(network, layout.sites) + [*filter(None, [sites.depth_note(network, layout)])]),
        sites_of=layout.sites_of,
        stored=narrower if adapted is None and network.dtype == torch.float32 else None,
    )
    if progress:
        progress(told("{name}: ready", name=name), 1.0)
    return model


def locate(name: str, progress: hub.Progress | None = None) -> tuple[Path, str]:
    """The folder behind a full name, fetched from the hub if need be, and where it came from. Raises ModelError."""
    bundled = catalogue.bundled_folder(name)
    if bundled is not None:
        return bundled, "bundled"
    # Anybody may put a revision of anybody's model on the hub (refs/pr/1), so a revision is another model.
    if allowed.NOW.names is not None and name not in allowed.NOW.names:
        raise ModelError(
            told("{name} is not among the models of this server.", name=name),
            told("Choose a model of the list, or run the dashboard on your own machine."),
        )
    if not allowed.NOW.folders:
        # Whether there is such a path is not said either.
        if not hub.is_id(name):
            raise ModelError(
                told("Folders of this machine are not opened for its guests."), told("Choose a model of the list, or give a hub id.")
            )
        return hub.fetch(name, progress), f"hub {name}"
    path = typed(name)
    # "owner/model" may be both; a folder that is really there wins, as in transformers.
    if is_folder(path) or path.is_absolute() or name.startswith((".", "~")):
        return path, f"folder {path}"
    return hub.fetch(name, progress), f"hub {name}"


def _auto_dtype(device: torch.device, weights: Path) -> torch.dtype:
    free = devices.free_bytes(device)
    return torch.bfloat16 if free is not None and 4 * folder.numbers(weights) > 0.6 * free else torch.float32


# Weights that no file holds are told by `load`, in a viewer's words; adapters bring some of them later.
logging.getLogger("transformers.modeling_utils").addFilter(lambda record: "LOAD REPORT" not in record.getMessage())


def _network(
    path: Path, dtype: torch.dtype, adapted: adapters.Adapters | None, placed: Callable[..., dict] | None = None
) -> tuple[nn.Module, list[str], list[str]]:
    """The network with the head it was saved with, its adapters merged; the names of weights that no file holds; and of those that a file
    holds for layers, for which the network has no place."""
    own = adapted is not None and (adapted.folder / "config.json").is_file()
    config = AutoConfig.from_pretrained(adapted.folder if own else path, local_files_only=True, trust_remote_code=False)
    if adapted is not None and not own:
        config = adapted.configured(config)
    elif adapted is None:
        classes.count(config, path)
    named = (config.architectures or [""])[0]
    saved_as = getattr(transformers, named, None) or toy.NETWORKS.get(named)
    if saved_as is None:
        saved_as = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModel
        if type(config) in AutoModelForCausalLM._model_mapping and "CausalLM" in named:
            saved_as = AutoModelForCausalLM
    saved_as = sliced_folder.architecture(saved_as, config)
    # What a network returns, and in how many pieces it computes, is not its own to say: whoever reads it asks for names.
    config.return_dict, config.chunk_size_feed_forward = True, 0
    claimed.check(saved_as, config, path)
    network, info = saved_as.from_pretrained(
        path,
        config=config,
        dtype=dtype,
        attn_implementation="eager",
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are told below, by name
        **(placed(saved_as, config, dtype) if placed else {}),
    )
    if isinstance(network, transformers.UMT5EncoderModel):
        network.config.is_encoder_decoder = False  # it keeps the configuration of both stacks, unlike T5's
    weights.all_in(network, dtype)
    shared = embeddings.share(network, folder.names(path)) if placed is None else []
    # Encoders are often saved without a pooler. It is not on any path that a page shows, unless a head reads it.
    unread = "pooler" if network.base_model is network else None
    given = shared + ([] if adapted is None else adapted.merge(network))
    fresh = [key for key in info["missing_keys"] if not (unread and unread in key) and key not in given]
    if wrong := sorted(key for key, *_shapes in info.get("mismatched_keys") or ()):
        raise ValueError(told("{name} has another shape in the file than config.json says", name=wrong[0]))
    # Numbers of layers and experts stand between dots.
    left = [key for key in info.get("unexpected_keys") or () if _NUMBER.search(key) and not key.endswith(_BUFFERS)]
    return network.eval(), sorted(fresh), sorted(left)


def _notes(fresh: list[str], left: list[str], network: nn.Module) -> list[str]:
    alike, notes = {_NUMBER.sub(".#", name) for name in network.state_dict()}, []
    more = [name for name in left if _NUMBER.sub(".#", name) in alike]
    other = [name for name in left if _NUMBER.sub(".#", name) not in alike]
    if more:
        notes.append(told("The file also holds {name} and the like, of more layers than config.json says: they are left out.", name=more[0]))
    if other:
        notes.append(
            told("The file also holds {name} and the like, for which transformers has no place here: it computes without them.", name=other[0])
        )
    if fresh:
        named, more = ", ".join(fresh[:3]), len(fresh) - 3
        if more > 0:
            notes.append(told("The file lacks {names} and {more} more: those weights are random.", names=named, more=more))
        else:
            notes.append(told("The file lacks {names}: those weights are random.", names=named))
    return notes
