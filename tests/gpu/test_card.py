"""The parts of `benchmarks.gpu` that take seconds: the same numbers on the card, and what is said when it is full."""

import pytest
import torch

from benchmarks import cards, gpu
from tests import tiny

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


@pytest.mark.parametrize("part", [gpu.exact, gpu.same, gpu.full, gpu.release, gpu.training])
def test_part(part, tmp_path):
    folders = {}
    for name in ("bert", "gpt2", "llama", "bart", "toy"):
        folders[name] = tmp_path / name
        folders[name].mkdir()
        tiny.save(name, folders[name])
    table = cards.Table()
    part(table, folders, torch.device("cuda"))
    assert table.rows and not table.failed, table.rows
