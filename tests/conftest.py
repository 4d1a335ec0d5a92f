"""What all tests share."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# One thread a process: the networks here are tiny, and threads that wait for each other on a busy machine take twenty times as long.
torch.set_num_threads(1)
settings.register_profile("explorer", deadline=None, max_examples=25, derandomize=bool(os.environ.get("CI")))
settings.load_profile("explorer")


@pytest.fixture(scope="session")
def bert():
    import models

    return models.load("bert", device="cpu")


@pytest.fixture(scope="session")
def classifier():
    """The model that the pages about pruning open at first."""
    import models
    from models.opening import catalogue

    return models.load(catalogue.SENTIMENT, device="cpu")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Loads a tiny random model of an architecture, by its name in `tests.tiny`; each is made once."""
    import models
    from tests import tiny as making

    made = {}

    def load(name: str) -> models.Model:
        if name not in made:
            folder: Path = tmp_path_factory.mktemp(name)
            making.save(name, folder)
            made[name] = models.load(folder, device="cpu")
        return made[name]

    return load


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test first: at the end one worker would be at it alone."""
    items.sort(key=lambda item: item.path.name != "test_second_device.py")
