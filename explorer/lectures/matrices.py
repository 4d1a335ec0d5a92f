"""The matrices of a real layer's attention, as a course writes them: an input is a row, and each head has its own columns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.surgery.cutting import HeadProjections


def matrices(of: HeadProjections) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
    """W_Q, W_K and W_V with their bias as a last row, (width + 1, heads, d_k) each, of which keys and values may have fewer heads;
    W_O (heads, d_k, width) and its bias; float64."""
    inputs = [_rows(of.module.get_submodule(name)) for name in of.family.inputs]
    if len(inputs) == 1:  # queries, keys and values lie side by side in one matrix
        inputs = list(inputs[0].chunk(3, dim=1))
    w_q, w_k, w_v = (one.unflatten(1, (-1, of.size)) for one in inputs)
    out = _rows(of.output)
    return w_q, w_k, w_v, (out[:-1].unflatten(0, (-1, of.size)), out[-1])


def parameters(of: HeadProjections) -> int:
    """Of all four projections, biases included."""
    modules = [*(of.module.get_submodule(name) for name in of.family.inputs), of.output]
    return sum(weight.numel() for module in modules for weight in module.parameters())


def _rows(layer: nn.Module) -> Tensor:
    """(inputs + 1, outputs): how each input is mapped, and the bias as the last row."""
    weight = layer.weight.detach().double()
    weight = weight.T if isinstance(layer, nn.Linear) else weight  # GPT-2 keeps it the other way round
    bias = torch.zeros(weight.shape[1], dtype=weight.dtype) if layer.bias is None else layer.bias.detach().double()
    return torch.cat([weight, bias[None]])
