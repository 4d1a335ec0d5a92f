"""The line that opens a model must be true of models that live in a session only, and open it in its precision."""

import pytest

import models
from explorer.export import TRAINED_HERE, load_line


def opened_by(line: str) -> str:
    """What the line gives to `models.load`."""

    class Models:
        load = staticmethod(lambda name, **how: (name, how) if how else name)

    found = {"models": Models}
    exec(line, found)
    return found["model"]


def test_a_model_with_a_folder_or_an_id_is_opened_by_its_name():
    for name in ("bert", "/a folder/o'clock", "owner/model"):
        assert opened_by(load_line(name)) == name and "#" not in load_line(name)


def test_a_model_of_this_session_is_opened_by_the_folder_of_its_download_and_the_line_says_to_save_it():
    line = load_line(f"{TRAINED_HERE}recall, step 400")
    assert opened_by(line) == "recall" and "Take away" in line


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_said_for_it_gives_other_numbers(dtype):
    assert opened_by(load_line(models.load("bert-mini", device="cpu", dtype=dtype))) == ("bert-mini", {"dtype": dtype})
    assert opened_by(load_line(models.load("bert-mini", device="cpu"))) == "bert-mini"
