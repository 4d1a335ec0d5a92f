"""Tests of the whole project; the folders mirror the tree. `gpu/` needs a graphics card, `second_device` makes one up; `tiny` makes models;
`matrix` says which cases every run takes; `punctuation` finds signs of English in Chinese.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""
