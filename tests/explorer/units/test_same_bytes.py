"""The commands in units write the same bytes as alone."""

import json
import random
from dataclasses import asdict

import pytest

from explorer.atlas import corpus
from explorer.atlas.options import Options
from explorer.cli import main
from explorer.tasks import choose
from explorer.units import store
from explorer.units.bench import Bench
from explorer.units.plan import Planner, device_of
from models import load
from tests import tiny

COMMANDS = {
    "ablate": ("ablate", "--task", "next", "--method", "mean"),
    "ablate-resample": ("ablate", "--task", "next", "--method", "resample"),
    **{f"prune-{order}": ("prune", "--task", "next", "--order", order) for order in ("exact", "reversed", "greedy", "random", "gradient")},
    "heads": ("heads",),
    "syntax": ("syntax",),
}
_ASKED = {
    "text": None,
    "label": None,
    "pair": None,
    "classes": [],
    "format": {"encoding": None, "separator": None, "quoting": None, "header": None},
}


def run(*arguments: object) -> int:
    return main.main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Texts of several lengths, more than fit into one batch where batches are small."""
    draw, file = random.Random(0), tmp_path_factory.mktemp("data") / "lines.txt"
    file.write_text("".join(" ".join(draw.choices(tiny.WORDS, k=3 + i % 5)) + "\n" for i in range(24)))
    return file


@pytest.fixture
def small_batches(monkeypatch):
    """So that there are several units of each kind."""
    monkeypatch.setattr("explorer.tasks.base.TOKENS", 128)
    monkeypatch.setattr("explorer.scores.measure.TOKENS", 32)
    monkeypatch.setattr("explorer.units.ablation.TOKENS", 64)


def command_of(name, model, data):
    command = [*COMMANDS[name], "--model", model, *(["--data", data] if name != "syntax" else [])]
    return [*command, "--seeds", 2] if "random" in name else command


def same_as_alone(name, model, data, tmp_path, *where):
    """Runs a command alone and in units, and gives the folder of these."""
    command = command_of(name, model, data)
    assert run(*command, "--json", tmp_path / "alone.json") == 0
    assert run(*command, "--json", tmp_path / "units.json", "--units", tmp_path / "units", *where) == 0
    assert (tmp_path / "units.json").read_bytes() == (tmp_path / "alone.json").read_bytes()
    return tmp_path / "units"


def planner_of(folder, data, units, executor):
    """A job of a sweep, without a command."""
    model = load(folder, "cpu")
    on = device_of(model.device, model.network.dtype) | {"task": "next", "method": "zero", "data": str(data), "limit": None, "asked": _ASKED}
    task = choose.make("next", model, choose.named(str(data), "next"))
    return Planner("ablate", Bench(on, model, task=task), units, executor), task


def atlas_planner_of(folder, data, units, executor):
    """A job of an atlas and what it works on, without a command."""
    model = load(folder, "cpu")
    on = device_of(model.device, model.network.dtype) | {"corpus": str(data), "atlas": asdict(Options()), "limit": None, "asked": _ASKED}
    opened = Bench(on, model, corpus=corpus.named(str(data)))
    return Planner("atlas", opened, units, executor), opened


@pytest.mark.parametrize("name", COMMANDS)
def test_in_this_process(llama_folder, data, small_batches, tmp_path, name):
    folder = same_as_alone(name, llama_folder, data, tmp_path)
    plans = [json.loads(plan.read_text()) for plan in sorted((folder / "plan").iterdir())]
    assert [plan["phase"] for plan in plans] == list(range(len(plans)))
    planned = {digest for plan in plans for digest in plan["units"]}
    files = list((folder / store.UNITS).rglob("*.json"))
    assert {file.stem for file in files} == planned and len(planned) > 3
    assert all(store.read_any(folder, digest) for digest in planned)


@pytest.mark.parametrize("kind", ["bert", "t5", "falcon"])
def test_heads_of_encoders_pairs_and_what_is_view_only(small_batches, lines, tmp_path, kind):
    same_as_alone("heads", tiny.save(kind, tmp_path / "model"), lines, tmp_path)
