"""A tiny decoder in a folder, and a file of lines: what the commands are tried on."""

import pytest

from tests import tiny


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory):
    return tiny.save("llama", tmp_path_factory.mktemp("llama"))


@pytest.fixture
def lines(tmp_path):
    (tmp_path / "lines.txt").write_text("the cat sat on the mat\na dog\nthey play in the garden .\n")
    return tmp_path / "lines.txt"
