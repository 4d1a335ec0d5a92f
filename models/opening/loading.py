"""`load`: from a name or a folder to the one object that everything else takes."""

from __future__ import annotations

import gc
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil
import torch
import transformers
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from models import toy
from models.errors import ModelError, OutOfMemoryError
from models.opening import catalogue, folder, hub, sites, sliced_folder

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

transformers.utils.logging.disable_progress_bar()  # a page or the command line shows the progress instead

_NO_LIMIT = 1_000_000
"""Tokenizers without a limit report a huge number instead."""


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
    sites_of: dict[int, tuple[int, ...]] = field(default_factory=dict, repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while the network runs, so that `release` never moves it under a viewer's feet."""
    number: int = field(default_factory=itertools.count().__next__, init=False)
    """Unlike `id`, never used twice: part of the identity of what is computed with this model."""

    @property
    def short_name(self) -> str:
        """For a title: of a folder its own name, without the folders that it lies in."""
        return Path(self.name).expanduser().resolve().name if self.origin.startswith("folder ") else self.name

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

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
            self.network.to("cpu")
        if used_accelerator:
            _empty_cache()


def load(
    name_or_folder: str | Path,
    device: str = "auto",
    dtype: str = "auto",
    progress: hub.Progress | None = None,
) -> Model:
    """Opens a model by its name in the catalogue, by its hub id, or from a local folder.

    Args:
        name_or_folder: e.g. "all-MiniLM-L6-v2", "gpt2", "owner/model@revision", "/path/to/folder".
        device: "auto" (cuda, else mps, else cpu), or one of those, or "cuda:1".
        dtype: "float32", "bfloat16", "float16", or "auto": float32, or bfloat16 where float32 has no room on the accelerator.
        progress: told what is going on, with the share that is done.

    Raises:
        ModelError: with a problem and an advice in a viewer's words. Safetensors only; no code of a model is ever run.
    """
    name = catalogue.resolve(str(name_or_folder).strip())
    if not name:
        raise ModelError("No model was named.", "Choose one from the catalogue, or give a folder or a hub id.")
    where = _device(device)
    if dtype != "auto" and dtype not in DTYPES:
        raise ModelError(f"There is no dtype {dtype}.", f"Use auto, {', '.join(DTYPES)}.")
    path, origin = locate(name, progress)
    folder.check(path)
    if progress:
        progress(f"{name}: reading the weights", 0.0)
    chosen = _auto_dtype(where, folder.weight_bytes(path)) if dtype == "auto" else DTYPES[dtype]
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        network, fresh = _network(path, chosen)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        ImportError,
        RuntimeError,
        AttributeError,
        SafetensorError,
    ) as error:
        raise _unreadable(name, path, error) from error
    except Exception as error:  # the tokenizers library raises a bare Exception for a broken tokenizer.json
        raise _unreadable(name, path, error) from error
    notes = _notes(fresh)
    network, where, moved = _moved(network, where, fallback=device == "auto")
    if progress:
        progress(f"{name}: finding its attention", 0.9)
    try:
        layout = sites.find_sites(network)
    except ValueError as error:
        raise ModelError(f"{name} has no attention to show: {error}.", "Choose a transformer.") from error
    except Exception as error:
        raise ModelError(f"{name} cannot be run on a text: {error}.", "Choose a model that reads text.") from error
    parts = {site.part for site in layout.sites}
    model = Model(
        name=name,
        network=network,
        tokenizer=tokenizer,
        kind="encoder-decoder" if len(parts) > 1 else parts.pop(),
        sites=layout.sites,
        parameters=network.num_parameters(),
        max_length=_max_length(network.config, tokenizer),
        origin=origin,
        trained=not fresh and not _untouched(network),
        view_only=layout.reason if layout.view_only else "",
        notes=tuple(notes + moved + sliced_folder.notes(network, layout.sites)),
        sites_of=layout.sites_of,
    )
    if progress:
        progress(f"{name}: ready", 1.0)
    return model


def devices() -> list[str]:
    """The devices of this machine, best first."""
    found = [f"cuda:{i}" if i else "cuda" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def memory(device: torch.device) -> tuple[int, int]:
    """Memory in use and in total, in bytes: of the accelerator, or this process's own beside the machine's."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return total - free, total
    if device.type == "mps":
        return torch.mps.driver_allocated_memory(), torch.mps.recommended_max_memory()
    return psutil.Process().memory_info().rss, psutil.virtual_memory().total


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that the accelerator is full."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()


@contextmanager
def room_on(device: torch.device, what: str) -> Iterator[None]:
    """A block in which a full accelerator is an error in a viewer's words. Raises OutOfMemoryError."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise OutOfMemoryError(f"{device} has no room for {what}.", "Shorten the text, or choose the cpu.") from error


def locate(name: str, progress: hub.Progress | None = None) -> tuple[Path, str]:
    """The folder behind a full name, fetched from the hub if need be, and where it came from. Raises ModelError."""
    bundled = catalogue.bundled_folder(name)
    if bundled is not None:
        return bundled, "bundled"
    path = Path(name).expanduser()
    # "owner/model" may be both; a folder that is really there wins, as in transformers.
    if path.is_dir() or path.is_absolute() or name.startswith((".", "~")):
        return path, f"folder {path}"
    return hub.fetch(name, progress), f"hub {name}"


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device(devices()[0])
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ModelError(f"There is no device {device}.", f"This machine has {', '.join(devices())}.") from error
    here = devices()
    if wanted.type not in {d.split(":")[0] for d in here} or ((wanted.index or 0) and str(wanted) not in here):
        raise ModelError(f"This machine has no {device}.", f"It has {', '.join(here)}.")
    return wanted


def _auto_dtype(device: torch.device, weight_bytes: int) -> torch.dtype:
    if device.type == "cuda" and weight_bytes > 0.6 * torch.cuda.mem_get_info(device)[0]:
        return torch.bfloat16
    return torch.float32


def _network(path: Path, dtype: torch.dtype) -> tuple[nn.Module, list[str]]:
    """The network with the head it was saved with, and the names of weights that the file does not hold."""
    config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    named = (config.architectures or [""])[0]
    saved_as = getattr(transformers, named, None) or toy.NETWORKS.get(named)
    if saved_as is None:
        saved_as = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModel
        if type(config) in AutoModelForCausalLM._model_mapping and "CausalLM" in named:
            saved_as = AutoModelForCausalLM
    saved_as = sliced_folder.architecture(saved_as, config)
    network, info = saved_as.from_pretrained(
        path,
        config=config,
        dtype=dtype,
        attn_implementation="eager",
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    # A pooler is not on any path that a page shows; encoders are often saved without one.
    fresh = [key for key in info["missing_keys"] if "pooler" not in key]
    if info.get("mismatched_keys"):
        raise ValueError("its weights do not have the shapes that config.json says")
    return network.eval(), sorted(fresh)


def _moved(network: nn.Module, device: torch.device, fallback: bool) -> tuple[nn.Module, torch.device, list[str]]:
    try:
        return network.to(device), device, []
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        network.to("cpu")
        _empty_cache()
        if not fallback:
            raise OutOfMemoryError(f"{device} has no room for this model.", "Choose the cpu, a smaller model, or bfloat16.") from error
        if network.dtype == torch.float16:
            network.float()
        return network, torch.device("cpu"), [f"{device} has no room for this model: it runs on the cpu."]


def _empty_cache() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _max_length(config: transformers.PretrainedConfig, tokenizer: transformers.PreTrainedTokenizerBase) -> int | None:
    text = config.get_text_config()
    positions = getattr(text, "max_position_embeddings", None) or getattr(text, "n_positions", None)
    if config.model_type in {"t5", "mt5", "umt5", "longt5"}:
        positions = None  # relative buckets: n_positions is what it was trained on, not a limit
    if positions and config.model_type in {"roberta", "xlm-roberta", "camembert", "mpnet", "longformer"}:
        # Positions are counted from padding_idx + 1, so the first rows of the table are never used.
        positions -= (config.pad_token_id or 0) + 1
    message = tokenizer.model_max_length
    limits = [n for n in (positions, message if message and message < _NO_LIMIT else None) if n]
    return min(limits) if limits else None


def _untouched(network: nn.Module) -> bool:
    """Whether every norm is still as initialised (weights 1, biases 0): training moves them all."""
    norms = [m for m in network.modules() if "norm" in type(m).__name__.lower() and getattr(m, "weight", None) is not None]
    return bool(norms) and all(_constant(m.weight, 1.0) and (getattr(m, "bias", None) is None or _constant(m.bias, 0.0)) for m in norms)


def _constant(t: torch.Tensor, value: float) -> bool:
    return bool((t == value).all())


def _notes(fresh: list[str]) -> list[str]:
    if not fresh:
        return []
    named = ", ".join(fresh[:3]) + (f" and {len(fresh) - 3} more" if len(fresh) > 3 else "")
    return [f"The file lacks {named}: those weights are random."]


def _unreadable(name: str, path: Path, error: Exception) -> ModelError:
    text = str(error).strip().splitlines()
    first = text[0][:300] if text else type(error).__name__
    if "trust_remote_code" in str(error):
        return ModelError(f"{name} needs Python code of its own, which is not run here.", "Choose another model.")
    if isinstance(error, SafetensorError) or "safetensors" in first.lower() or "header" in first.lower():
        return ModelError(f"The weights in {path} are broken: {first}.", "Fetch or save the model again.")
    if isinstance(error, ImportError):
        return ModelError(f"{name} needs a library that is not installed: {first}", "Install it into .venv.")
    return ModelError(f"{name} could not be read: {first}.", "Fetch or save the model again, or choose another one.")
