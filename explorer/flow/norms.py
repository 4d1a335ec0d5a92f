"""Norm-weighted attention (Kobayashi et al. 2020): the length of what a token passes on, and not its weight alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from explorer.capture import Capture
from explorer.i18n import _
from models import InputError, Model
from models.surgery.projections import of_sites, output


def of_heads(model: Model, captured: Capture, layer: int, part: str | None = None) -> np.ndarray:
    """||a f(x)|| of each head: weight times the length of the value after its output projection (Kobayashi et al. 2020, section 3).

    Returns:
        float32 (heads, query, key), in units of the residual stream.

    Raises:
        InputError: a view-only model, or an architecture whose output projection is not known.
    """
    lengths = _passed_on(model, captured, layer, part).norm(dim=-1)  # (heads, key)
    return captured.patterns(layer, part) * lengths[:, None].numpy()


def of_layer(model: Model, captured: Capture, layer: int, part: str | None = None) -> np.ndarray:
    """||sum over heads of a f(x)||: what a layer's attention as a whole brings from key to query (Kobayashi et al. 2020, section 4).

    Vectors of several heads may cancel, so it is at most the sum of `of_heads`.

    Returns:
        float32 (query, key).

    Raises:
        InputError: as `of_heads`.
    """
    passed = _passed_on(model, captured, layer, part)  # (heads, key, width)
    patterns = torch.from_numpy(captured.patterns(layer, part))
    found = np.zeros(patterns.shape[1:], np.float32)
    for key in range(patterns.shape[2]):
        found[:, key] = (patterns[:, :, key].T @ passed[:, key]).norm(dim=-1).numpy()
    return found


def _passed_on(model: Model, captured: Capture, layer: int, part: str | None) -> Tensor:
    """f(x): values through the output projection of their head, float32 (heads, key, width)."""
    record, site = captured.record(layer, part), captured.site(layer, part)
    projections = of_sites(model).get(site.index)
    if projections is None:
        raise InputError(
            _("{name} has no output projection that is known head by head.").format(name=model.name),
            _("Choose a BERT, a GPT-2, a Llama or another model whose heads can be cut out."),
        )
    by_head = output(projections)[0].float().cpu()  # (heads, size, width)
    values = record.value[0].float().repeat_interleave(record.group, dim=0)  # (heads, key, size)
    return values @ by_head
