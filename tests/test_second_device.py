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


SPLIT = """
import sys
from pathlib import Path

import torch

torch.set_num_threads(1)
import explorer
import models
from explorer.ablation import heads
from models.opening import split
from tests import tiny
from tests.second_device import SECOND, second_device

split._SMALL = 0  # of a tiny network's matrices none would rest elsewhere
for name in ("bert", "gpt2", "llama", "t5"):
    folder = Path(sys.argv[1]) / name
    tiny.save(name, folder)
    whole = models.load(folder, "cpu", "float32")
    size = sum(weight.nbytes for weight in whole.network.parameters())
    parted = models.load(folder, "split", "float32", room={"cpu": size * 6 // 10})
    given = ["the cat sat on the mat", None, "the dog" if name == "t5" else None]
    off = [heads.changes(whole, {(0, 1), (len(whole.sites) - 1, 2)})]
    seen = [explorer.capture(whole, *given, changes=changes) for changes in (None, *off)]

    def same(parted=parted):
        for expected, changes in zip(seen, (None, *off)):
            found = explorer.capture(parted, *given, changes=changes)
            for site in found.layout:
                one, other = (captured.patterns(site.layer, site.part) for captured in (found, expected))
                assert abs(one - other).max() < 1e-5, (name, site)

    # One more, over two cards, main memory and disk, as accelerate says.
    third = models.load(folder, "split", "float32", room={"cpu": size * 6 // 10})
    room = {0: size * 4 // 10, 1: size * 3 // 10, "cpu": size}
    placement = split.Placement(torch.device("cuda", 0), room, folder, True)
    places = placement.arguments(type(whole.network), whole.network.config, torch.float32)["device_map"]
    assert {0, 1} <= set(places.values()), places
    ids = torch.tensor([[5, 6, 7, 8]])

    def logits(model):
        more = {"decoder_input_ids": ids.to(model.device)} if name == "t5" else {}
        with torch.no_grad():
            return model.network(input_ids=ids.to(model.device), **more)[0].cpu()

    expected_logits = logits(whole)
    with second_device() as card:
        cards = {0: card, 1: SECOND}
        moved = {}
        for prefix, module in third.network.named_modules():
            for own, weight in module._parameters.items():
                at = f"{prefix}.{own}" if prefix else own
                found = [place for of, place in places.items() if not of or at == of or at.startswith(of + ".")]
                if weight is not None and found and found[0] in cards:
                    # A table that modules share lies in one place.
                    if id(weight) not in moved:
                        moved[id(weight)] = torch.nn.Parameter(weight.to(cards[found[0]]), requires_grad=False)
                    module._parameters[own] = moved[id(weight)]
        split._compute_on(third.network, card)
        assert {card, SECOND} <= {weight.device for weight in third.network.parameters()}
        assert third.device == card and split._where(third.network, card, set()).values["others"] > 0
        same(third)
        assert torch.allclose(logits(third), expected_logits, atol=1e-5)
        third.release()
        assert {weight.device.type for weight in third.network.parameters()} == {"cpu"}
        same(third)
        assert torch.allclose(logits(third), expected_logits, atol=1e-5)

    with second_device() as card:
        split._compute_on(parted.network, card)
        assert parted.device == card and split.elsewhere(parted.network)
        assert {weight.device.type for weight in parted.network.parameters()} == {"cpu", card.type}
        same()
        parted.release()
        assert parted.device.type == "cpu" and not split.elsewhere(parted.network)
        same()
"""


def test_weights_that_rest_elsewhere_are_computed_with_on_one_card(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SPLIT, str(tmp_path)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
