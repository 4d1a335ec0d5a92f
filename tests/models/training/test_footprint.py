"""How much memory a step takes, beside what the operating system says of a process that does it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.toy import RnnConfig, ToyConfig
from models.toy.model import ToyModel
from models.toy.rnn import ToyRnn
from models.training.footprint import fewest_parameters, step_bytes
from models.training.presets import PRESETS
from tests import ROOT

MEASURE = """
import json, os, sys
import models, torch
from models.training import footprint, settings
from models.training.presets import PRESETS
from models.training.toy import Training

def kilobytes(name):
    lines = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
    return int(lines[name].split()[0])

torch.set_num_threads(1)
for name, batch, switches in json.loads(sys.argv[1]):
    # A process for each, which takes nothing that another one has left; the imports are made once.
    if os.fork():
        os.wait()
        continue
    preset = PRESETS[name]
    task = preset.toy_task()
    run = Training(task, preset.config(task, **switches), settings.Settings(steps=1, batch=batch, learning_rate=1e-3))
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak is that of now
    before = kilobytes("VmRSS")
    run.step()
    estimate = footprint.step_bytes(run.config, batch, task.n_tokens, run.network.num_parameters())
    print(json.dumps([estimate, 1024 * (kilobytes("VmHWM") - before)]), flush=True)
    os._exit(0)
"""
CASES = [
    ("recall", 8000, {}),
    ("recall", 1500, {"d_model": 64, "heads": 8, "layers": 2, "attention": "sparsemax"}),
    ("translation", 2000, {"dropout": 0.1}),
]


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a process from a moment on")
def test_it_is_of_the_order_of_what_is_taken():
    done = subprocess.run([sys.executable, "-c", MEASURE, json.dumps(CASES)], cwd=ROOT, capture_output=True, text=True, check=True)
    for case, line in zip(CASES, done.stdout.splitlines(), strict=True):
        estimate, taken = json.loads(line)
        assert taken > 100e6 and taken / 2 < estimate < 2 * taken, case


def test_known_peaks():
    """Measured with batches that are too large for a test, and are refused now."""
    preset = PRESETS["recall"]
    task = preset.toy_task()
    for batch, gigabytes in ((100_000, 3.3), (200_000, 6.0)):
        assert step_bytes(preset.config(task), batch, task.n_tokens, 10_000) / 1e9 == pytest.approx(gigabytes, rel=0.2)


def test_each_switch_that_keeps_more_counts():
    def taken(**switches: object) -> float:
        return step_bytes(ToyConfig(**{"ffn": 0.0, "norm": "none", **switches}), 64, 32, 0)

    plain = taken()
    grown = {"ffn": 1.0, "norm": "pre", "dropout": 0.1, "positions": "rope", "attention": "sparsemax", "encoder_decoder": True, "layers": 3}
    for name, value in {**grown, "heads": 8, "vocab_size": 64, "d_model": 128, "head": "bert"}.items():
        more = taken(**{name: value}, **({"d_k": 16} if name == "heads" else {}))
        assert more > plain, name
    assert step_bytes(ToyConfig(), 64, 32, 1000) - step_bytes(ToyConfig(), 64, 32, 0) == 16_000


@pytest.mark.parametrize(
    "config",
    [ToyConfig(), ToyConfig(tie_kv=True, ffn=0.0), ToyConfig(encoder_decoder=True), ToyConfig(d_k=3, layers=5), RnnConfig(), RnnConfig(layers=4)],
)
def test_no_network_has_fewer_parameters_than_are_counted(config):
    network = (ToyRnn if isinstance(config, RnnConfig) else ToyModel)(config)
    assert 0.3 * network.num_parameters() < fewest_parameters(config) <= network.num_parameters()
