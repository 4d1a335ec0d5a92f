"""What a head gives by torch's fused attention, which never has a table of weights: an independent way to the same output."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from explorer.capture import Capture


def fused(captured: Capture, layer: int, head: int, mask: Tensor, rows: slice = slice(None)) -> np.ndarray:
    """Outputs of some queries of a head of the first part, (rows, d_v).

    Args:
        captured: a text that was read.
        layer, head: which head.
        mask: (rows, key), which keys are seen, or what is added to their scores.
        rows: the queries.
    """
    record = captured.record(layer)
    group, scale = head // record.group, float(record.scale[0, head if record.scale.shape[1] > 1 else 0])
    query, key, value = record.query[:, head, rows].float(), record.key[:, group].float(), record.value[:, group].float()
    return scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)[0].numpy()
