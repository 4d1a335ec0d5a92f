"""Everything that is computed with a model, on a device that is made for it here: no tensor is on the wrong one.

On the second device the processor computes, so that the numbers are the same; a few sums are made in another order there.
"""

import os
import subprocess
import sys

from tests import ROOT

CHECK = """
import sys
from importlib import import_module
from pathlib import Path

import torch

torch.set_num_threads(1)
import models
from benchmarks import cards, gpu, operations
from tests import tiny
from tests.second_device import second_device

folder = Path(sys.argv[1])
# Every operation on a tensor goes through Python here: two texts say what ten would.
operations.TEXTS = operations.TEXTS[:2]
# A target of random weights never ends by itself: a few tokens say what 64 would.
import_module("explorer.capture").MAX_NEW_TOKENS = 6
# Without a curve of many steps, each of which the operations that are left do, too; and a full device with one of each way of running.
every = {name: function for name, function in operations.OPERATIONS.items() if name != "greedy"}
some = {name: every[name] for name in ("attention", "lens", "generated", "pruned")}
table, folders = cards.Table(), {}
for name in ("bert", "gpt2", "t5", "bart"):
    folders[name] = folder / name
    folders[name].mkdir()
    tiny.save(name, folders[name])

def only(*names):
    return {name: folders[name] for name in names}

with second_device() as card:
    operations.OPERATIONS = every
    gpu.same(table, only("bert", "t5"), card)
    tried = len(table.rows)
    operations.OPERATIONS = some
    gpu.full(table, only("gpt2"), card)
    filled = len(table.rows)
    gpu.release(table, only("bert", "bart"), card)
sys.exit(table.failed or not 0 < tried < filled < len(table.rows))
"""


def test_nothing_is_on_the_wrong_device(tmp_path):
    # A process of its own: torch learns of the device for as long as it runs.
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
