"""Fixtures of this folder."""

from tests.explorer.weights.shared import in_precision

__all__ = ["in_precision"]
