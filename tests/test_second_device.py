"""Everything that is computed with a model, on a device that is made for it here: no tensor is on the wrong one.

On the second device the processor computes, so that the numbers are the same; a few sums are made in another order there.
"""

import os
import subprocess
import sys

import pytest

from tests import ROOT

CHECK = """
import sys
from pathlib import Path

import torch

torch.set_num_threads(1)
import models
from benchmarks import cards, gpu, operations
from tests import tiny
from tests.second_device import second_device

what, folder, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
# Without a curve of many steps, each of which the operations that are left do, too; and a full device with one of each way of running.
kept = {"attention", "lens", "generated", "pruned"} if what == "full" else set(operations.OPERATIONS) - {"greedy"}
operations.OPERATIONS = {name: function for name, function in operations.OPERATIONS.items() if name in kept}
# Every operation on a tensor goes through Python here: two texts say what ten would.
operations.TEXTS = operations.TEXTS[:2]
table, folders = cards.Table(), {}
for name in names:
    folders[name] = folder / name
    folders[name].mkdir()
    tiny.save(name, folders[name])
with second_device() as card:
    getattr(gpu, what)(table, folders, card)
sys.exit(table.failed or not table.rows)
"""


@pytest.mark.parametrize(
    ("what", "names"),
    [("same", ["bert", "t5"]), ("full", ["gpt2"]), ("release", ["bert", "bart"])],
    ids=["same", "full", "released"],
)
def test_nothing_is_on_the_wrong_device(what, names, tmp_path):
    # A process of its own: torch learns of the device for as long as it runs.
    done = subprocess.run(
        [sys.executable, "-c", CHECK, what, str(tmp_path), *names],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
