"""Gradient-weighted relevance (Chefer et al. 2021, "Generic attention-model explainability"): weights that matter to one target."""

from __future__ import annotations

import numpy as np
import torch

from explorer.flow.targets import Target
from models import Model, attention
from models.opening.devices import room_on
from models.words import told


def relevance(model: Model, target: Target) -> np.ndarray:
    """Relevance of every input token to every token of the last layer, for one target (Chefer et al. 2021, equations 5 and 6).

    Each layer adds A' R to R, which begins as the identity; A' is the mean over the heads of the positive part of the gradient of the
    target with respect to the weights, times the weights.

    Returns:
        float64 (n, n): token of the last layer, input token.
    """
    # The gradient of a weight is dL/dz of its query times the value of its key, so that no n x n gradient is kept.
    n = len(target.ids)
    with model.lock, room_on(model.device, told("{n} tokens", n=n)):
        ids = target.ids[None].to(model.device)
        with attention.attending(model.sites_of) as run, torch.no_grad():
            target.values(model.network, ids)
        records = {record.site: record for record in run.records}
        added = {site: torch.zeros_like(record.query[..., :1]).expand(-1, -1, -1, record.value.shape[-1]) for site, record in records.items()}
        added = {site: zeros.float().clone().requires_grad_() for site, zeros in added.items()}
        changes = {site: attention.Change(added=zeros) for site, zeros in added.items()}
        with attention.attending(model.sites_of, changes=changes, record=False), torch.enable_grad():
            value = target.values(model.network, ids)[0].sum()
            gradients = torch.autograd.grad(value, list(added.values()), allow_unused=True)
    found = np.eye(n)
    for site, gradient in zip(added, gradients, strict=True):
        if gradient is None:
            continue
        record = records[site].cpu()
        values = record.value[0].float().repeat_interleave(record.group, dim=0)  # (heads, key, value dim)
        of_weights = gradient[0].float().cpu() @ values.transpose(1, 2)  # (heads, query, key)
        found = found + (of_weights * record.patterns()).clamp(min=0).mean(0).double().numpy() @ found
    return found
