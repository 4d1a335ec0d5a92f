"""A forward pass in float32 of a network whose weights are in half precision, without a second copy of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

HALF = (torch.bfloat16, torch.float16)


class InFloat32(TorchDispatchMode):
    """While it holds, every operation gets its half-precision tensors as float32, and gives float32 where it would give half precision.

    Each weight is converted where it is used and given back at once. Rows that are looked up are converted after that: the table of a large
    vocabulary is never there twice. What a network looks up in its own dtype (the lowest number, for a mask) stays as it was.
    """

    def __torch_dispatch__(self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None) -> object:
        if func in _LOOK_UP:
            return tree_map(_widened, func(*args, **(kwargs or {})))
        args, kwargs = tree_map(_widened, (args, kwargs or {}))
        if kwargs.get("dtype") in HALF:
            kwargs["dtype"] = torch.float32
        return func(*args, **kwargs)


@contextmanager
def widened(network: nn.Module) -> Iterator[None]:
    """A block in which the weights themselves are float32, at twice their memory; afterwards they are what they were, bit for bit.

    For networks with an operation that compares its dtypes before `InFloat32` sees it (the convolution of a Mamba layer).
    """
    half = [(tensor, tensor.dtype) for tensor in (*network.parameters(), *network.buffers()) if tensor.dtype in HALF]
    try:
        for tensor, _dtype in half:
            tensor.data = tensor.data.float()
        yield
    finally:
        for tensor, dtype in half:
            tensor.data = tensor.data.to(dtype)


def exact(network: nn.Module) -> AbstractContextManager:
    """A block in which this network computes in float32; nothing where it does so anyway. No other thread may run it meanwhile."""
    if network.dtype not in HALF:
        return nullcontext()
    return widened(network) if any(isinstance(module, nn.Conv1d) for module in network.modules()) else InFloat32()


_LOOK_UP = (torch.ops.aten.embedding.default, torch.ops.aten.index.Tensor, torch.ops.aten.index_select.default)


def _widened(value: object) -> object:
    return value.float() if isinstance(value, Tensor) and value.dtype in HALF else value
