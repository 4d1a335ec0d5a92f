"""Tests of the whole project; the folders mirror the tree."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""
