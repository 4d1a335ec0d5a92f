"""A second device for machines that have none: tensors that say they lie on "cuda", and whose numbers lie on the processor.

Operations on them run on the processor, and fail as on a graphics card where tensors of both devices meet, where one is handed to numpy,
or where it holds what a card does not know. What is computed there is bit for bit what the processor computes, so that a result can be
compared exactly.

The tensors are wrapper subclasses (`Tensor._make_wrapper_subclass`), as torch's fake tensors are, but they have numbers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_map_only
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

from models.opening import devices

_NAME = "card"


class _Cards(_DummyBackendModule):
    def device_count(self) -> int:
        return 2


_setup_privateuseone_for_python_backend(_NAME, _Cards())
CARD, SECOND = torch.device(_NAME, 0), torch.device(_NAME, 1)
"""A machine has two of them; without a number the first is meant."""


class There(Tensor):
    """A tensor on a card; `here` holds its numbers."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor, requires_grad: bool = False, card: torch.device = CARD) -> There:
        if here.dtype == torch.float64:
            raise TypeError("This device knows no float64.")  # as Apple's
        how = {"strides": here.stride(), "storage_offset": here.storage_offset(), "requires_grad": requires_grad}
        made = Tensor._make_wrapper_subclass(cls, here.shape, dtype=here.dtype, device=card, **how)
        made.here = here
        return made

    def __deepcopy__(self, memo: dict) -> There:
        if id(self) not in memo:
            memo[id(self)] = There(self.here.clone(), self.requires_grad, self.device)
        return memo[id(self)]

    def data_ptr(self) -> int:
        return self.here.data_ptr()

    def untyped_storage(self) -> torch.UntypedStorage:
        return self.here.untyped_storage()

    def tolist(self) -> object:
        return self.here.tolist()

    def __repr__(self, *, tensor_contents: object = None) -> str:
        return f"There({self.here!r}, on {self.device})"

    @classmethod
    def __torch_dispatch__(cls, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None) -> object:
        return _run(func, args, kwargs or {})


class _Card(TorchDispatchMode):
    """Factories and copies that name the second device land on it."""

    def __torch_dispatch__(self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None) -> object:
        return _run(func, args, kwargs or {})


_TO_CPU = torch.device("cpu")
_MAY_MIX = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_", "aten::copy_", "aten::_to_copy"}
"""Operations that take an index or a source from the processor."""
_UNTOUCHED = {"aten::detach", "aten::alias"}


def _run(func: Callable, args: tuple, kwargs: dict) -> object:
    name = func._schema.name
    given = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
    there = [one for one in given if isinstance(one, There)]
    asked = kwargs.get("device")
    asked = None if asked is None else torch.device(asked)
    on_card = (asked.type == _NAME) if asked is not None else bool(there)
    card = torch.device(_NAME, asked.index or 0) if asked is not None and on_card else there[0].device if there else CARD
    if name == "aten::copy_" and isinstance(args[0], There):
        card = args[0].device
    if there and name not in _MAY_MIX:
        strangers = [one for one in given if not isinstance(one, There) and one.dim()]
        if strangers:
            raise RuntimeError(f"Expected all tensors to be on the same device, but found card:0 and cpu, in {name}")
    # Of what may mix with the processor only copies may mix two cards.
    cards = {one.device for one in there}
    if len(cards) > 1 and name not in ("aten::copy_", "aten::_to_copy"):
        raise RuntimeError(f"Expected all tensors to be on the same device, but found {cards}, in {name}")
    if name == "aten::copy_" and not isinstance(args[0], There):
        on_card = False
    here_args, here_kwargs = tree_map_only(There, lambda one: one.here, (args, kwargs))
    if asked is not None:
        here_kwargs["device"] = _TO_CPU
    made = func(*here_args, **here_kwargs)
    if not on_card:
        return made
    known = {id(one.here): one for one in there}

    def back(one: object) -> object:
        if not isinstance(one, Tensor) or isinstance(one, There):
            return one
        return known[id(one)] if id(one) in known else There(one, card=card)

    return tree_map(back, made)


@contextlib.contextmanager
def second_device() -> Iterator[torch.device]:
    """A block in which "cuda" is there."""
    overwrite, lift = torch.__future__.get_overwrite_module_params_on_conversion(), torch._C._only_lift_cpu_tensors()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    # `torch.tensor` makes its numbers here, and moves them then.
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        with (
            mock.patch.object(devices, "devices", lambda: [_NAME, "cpu"]),
            # Wrapper subclasses do not bear inference mode.
            mock.patch.object(torch, "inference_mode", lambda on=True: torch.no_grad() if on else torch.enable_grad()),
            _Card(),
        ):
            yield CARD
    finally:
        torch._C._set_only_lift_cpu_tensors(lift)
        torch.__future__.set_overwrite_module_params_on_conversion(overwrite)
