"""Arrays as a file."""

from __future__ import annotations

import io

import numpy as np


def npz(**arrays: np.ndarray) -> bytes:
    """The bytes of a compressed .npz file."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()
