"""Models that are split over main memory and disk compute what they compute whole, to the bit, and leave nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

import explorer
import models
from explorer.ablation import heads
from explorer.flow import norms
from models.opening import split
from models.surgery import slicing
from models.surgery.private import private
from tests import ROOT
from tests import tiny as making

TEXT = "the cat sat on the mat because it was warm"
NAMES = ["bert", "gpt2", "llama", "t5", "albert", "bart"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of its own, to see what stays in it."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _both(folder: Path, dtype: str = "float32", share: float = 0.6) -> tuple[models.Model, models.Model]:
    """The model whole, and with so much of its weights in memory at most, the rest on disk."""
    whole = models.load(folder, "cpu", dtype)
    room = int(share * sum(weight.nbytes for weight in whole.network.parameters()))
    return whole, models.load(folder, "split", dtype, room={"cpu": room})


def _saved(name: str, tmp_path: Path) -> Path:
    making.save(name, tmp_path / "model")
    return tmp_path / "model"


def _captured(model: models.Model, **how: object) -> explorer.Capture:
    return explorer.capture(model, TEXT, target="the dog" if model.kind == "encoder-decoder" else None, **how)


def _on_disk(network: torch.nn.Module) -> int:
    """How many weights are pages of a file."""
    maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if ".safetensors" in line]
    areas = [tuple(int(end, 16) for end in line[0].split("-")) for line in maps]
    return sum(any(start <= weight.data_ptr() < end for start, end in areas) for weight in network.parameters())


@pytest.mark.filterwarnings("ignore:The following device_map keys")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_split_gives_the_same(name, dtype, tmp_path):
    whole, parted = _both(_saved(name, tmp_path), dtype)
    said = parted.notes[-1].values
    assert said["disk"] > 0 and said["memory"] > 0 and not parted.view_only
    assert said["disk"] + said["memory"] == pytest.approx(sum(weight.nbytes for weight in whole.network.parameters()) / 1e6)
    if sys.platform == "linux":
        assert 0 < _on_disk(parted.network) < len(list(parted.network.parameters()))
    assert not any(weight.is_meta for weight in parted.network.parameters()) and parted.dtype == whole.dtype
    one, other = _captured(whole), _captured(parted)
    for site in one.layout:
        assert (one.patterns(site.layer, site.part) == other.patterns(site.layer, site.part)).all()
    # Heads of the first and of the last layer are switched off: on both sides of the cut.
    off = {(0, 1), (len(whole.sites) - 1, 2)}
    gated = [_captured(model, changes=heads.changes(model, off)) for model in (whole, parted)]
    last = one.layout[-1]
    assert (gated[0].patterns(last.layer, last.part) == gated[1].patterns(last.layer, last.part)).all()
    assert not (gated[0].patterns(last.layer, last.part) == one.patterns(last.layer, last.part)).all()


def test_whoever_reads_weights_finds_them(tmp_path):
    whole, parted = _both(_saved("gpt2", tmp_path), share=0.4)
    found = [[norms.of_heads(model, _captured(model), site.layer) for site in model.sites] for model in (whole, parted)]
    assert all((one == other).all() for one, other in zip(*found, strict=True))
    copy = private(parted.network)
    assert all(one is other for one, other in zip(copy.parameters(), parted.network.parameters(), strict=True))
    cut = [_captured(slicing.sliced(model, {1: [3]})) for model in (whole, parted)]
    assert (cut[0].patterns(1) == cut[1].patterns(1)).all()
    slicing.export_sliced(parted, {1: [3]}, tmp_path / "cut")
    assert (_captured(models.load(tmp_path / "cut")).patterns(1) == cut[0].patterns(1)).all()


def test_an_open_model_does_not_change_with_its_folder(tmp_path, cache):
    folder = _saved("gpt2", tmp_path)
    whole, parted = _both(folder, share=0.4)
    before = _captured(whole).patterns(1)
    file = folder / "model.safetensors"
    other = {name: weight + 1 for name, weight in load_file(file).items()}
    save_file(other, file, metadata={"format": "pt"})
    os.truncate(file, 100)  # who reads pages of it is ended by the system
    assert (_captured(parted).patterns(1) == before).all()
    assert not list((cache / "attention-explorer-split").iterdir()) or os.name == "nt"


@pytest.mark.thorough
def test_nothing_is_left_of_one_that_is_killed(tmp_path, cache):
    folder = _saved("gpt2", tmp_path)
    code = f"""
import os, signal
from huggingface_hub import constants
constants.HF_HUB_CACHE = {str(cache)!r}
import models
model = models.load({str(folder)!r}, "split", "bfloat16", room={{"cpu": 40000}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert not list((cache / "attention-explorer-split").iterdir())


def test_large_matrices_are_fetched_for_as_long_as_they_are_used(tmp_path, monkeypatch):
    # A device without numbers will do to see that each module fetches its own, and gives them back.
    _whole, parted = _both(_saved("llama", tmp_path))
    monkeypatch.setattr(split, "_SMALL", 0)
    away = torch.device("meta")
    split._compute_on(parted.network, away)
    assert split.elsewhere(parted.network) and parted.device == away
    copy = private(parted.network)
    for network in (parted.network, copy):
        for module in network.modules():
            if isinstance(module, torch.nn.Linear | torch.nn.Embedding):
                table = isinstance(module, torch.nn.Embedding)
                given = torch.zeros(1, 3, *(() if table else (module.in_features,)), dtype=torch.long if table else torch.float32, device=away)
                assert module(given).is_meta and not module.weight.is_meta
            elif isinstance(getattr(module, "weight", None), torch.nn.Parameter):
                assert module.weight.is_meta
        with pytest.raises(TypeError):
            network.get_input_embeddings()(None)
        assert not network.get_input_embeddings().weight.is_meta


def test_other_cards_are_filled_before_main_memory(tmp_path, monkeypatch):
    folder = _saved("llama", tmp_path)
    network = models.load(folder, "cpu").network
    size = sum(weight.nbytes for weight in network.parameters())
    # As on a machine with three cards, on the first of which little is free.
    monkeypatch.setattr(split, "get_max_memory", lambda: {0: size * 6 // 10, 1: size // 4, 2: size // 8, "cpu": 10 * size})
    placement = split.Placement(torch.device("cuda", 0), None, tmp_path, True)
    places = placement.arguments(type(network), network.config, torch.float32)["device_map"]
    assert {0, 1} <= set(places.values()) <= {0, 1, 2, "cpu"}
    resting = {place: 0 for place in places.values()}
    for name, weight in network.named_parameters():
        resting[next(place for of, place in places.items() if name == of or name.startswith(of + "."))] += weight.nbytes
    # Some room is left on each: for what is fetched on the first, for what others need on the second.
    assert resting[0] < size * 6 // 10 and resting[1] <= 0.9 * size / 4


def test_a_model_on_several_devices_is_not_cut(tmp_path):
    _whole, parted = _both(_saved("gpt2", tmp_path))
    setattr(parted.network, split._HOME, torch.device("cpu"))
    with pytest.raises(models.ModelError, match="several devices") as caught:
        slicing.sliced(parted, {0: [0]})
    assert "Open it on the cpu" in str(caught.value)


def test_what_cannot_be_split_says_so(tmp_path, monkeypatch):
    with pytest.raises(models.ModelError, match="no places for the weights of ToyModel"):
        _both(_saved("toy", tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "model" / "config.json"))  # a file, in which there are no folders
    with pytest.raises(models.ModelError, match="cannot be written"):
        models.load(_saved("bert", tmp_path / "bert"), "split")


def test_a_full_disk_says_so(tmp_path, cache, monkeypatch):
    def full(*_args, **_how):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(split, "save_file", full)
    with pytest.raises(models.ModelError, match="disk has no room") as caught:
        _both(_saved("gpt2", tmp_path))
    assert "Free some space" in str(caught.value) and not list((cache / "attention-explorer-split").iterdir())


def test_without_a_limit_all_of_a_small_model_stays_in_memory(tmp_path):
    parted = models.load(_saved("bert", tmp_path), "split")
    assert parted.notes[-1].values["disk"] == 0 and _captured(parted).tokens
