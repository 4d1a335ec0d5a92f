"""Files that claim to be large: refused in words, before anybody gives them the memory."""

import json
import shutil

import pytest

from benchmarks.memory import peak_memory
from models import load
from models.errors import ModelError
from tests import rubbish, tiny

MOST = 200e6
"""Bytes that a refusal may take; each of these claims a billion and more."""
TENSORS = {
    "offsets": {"dtype": "F32", "shape": [250_000_000], "data_offsets": [0, 10**9]},
    "shape": {"dtype": "F32", "shape": [250_000_000], "data_offsets": [0, 4]},
}
CONFIGS = {
    "vocab_size": 25_000_000,
    "max_position_embeddings": 50_000_000,
    "hidden_size": 24_000,
    "intermediate_size": 10**8,
    "num_hidden_layers": 10**6,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tiny.save("bert", tmp_path_factory.mktemp("honest") / "bert")
    load(made, device="cpu")  # what is loaded once is not memory that a lie takes
    return made


@pytest.fixture
def mine(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "bert")


def refused(folder, about: str) -> None:
    with peak_memory() as taken, pytest.raises(ModelError, match=about) as caught:
        load(folder, device="cpu")
    assert caught.value.advice and taken["peak"] < MOST, f"{taken['peak'] / 1e6:.0f} MB"


@pytest.mark.parametrize("lie", [*TENSORS, "header"])
def test_weights_that_say_a_billion_bytes(mine, lie):
    file = mine / "model.safetensors"
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    said = json.loads(content[8 : 8 + length])
    some = next(name for name in said if name != "__metadata__")
    head = rubbish.header(said, 10**9) if lie == "header" else rubbish.header({**said, some: TENSORS[lie]})
    file.write_bytes(head + content[8 + length :])
    refused(mine, "are broken")


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_that_says_a_billion_bytes(mine, name):
    file = mine / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: CONFIGS[name]}))
    refused(mine, "config.json claims")


def test_a_large_number_that_is_no_size_of_a_weight_is_no_lie(tmp_path):
    folder = tiny.save("llama", tmp_path / "llama")
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"max_position_embeddings": 2_000_000}))
    assert load(folder, device="cpu").trained
