"""What all tests share."""

import itertools
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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough", action="store_true", help="also the tests marked thorough: every page in every theme, every demo in each language"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long first, for every worker: at the end one would be at it alone, and one that helps would start a dashboard for it.

    Workers of pytest-xdist begin with parts of the list that are equally long and follow each other; each part begins with its share of the
    tests in the browser, files in one piece as far as possible.
    """
    if not config.getoption("--thorough"):
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if item.path.parent.name == "browser":
            # Streamlit loses a click where the end of a job runs the page at that moment. A person clicks again; the report names such a test.
            item.add_marker(pytest.mark.flaky(reruns=1))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    browser = [item for item in items if item.path.parent.name == "browser"]
    others = [item for item in items if item.path.parent.name != "browser"]
    others.sort(key=lambda item: item.path.name != "test_second_device.py")
    items[:] = [item for share in zip(_parts(browser, workers), _parts(others, workers), strict=True) for part in share for item in part]


def _parts(items: list[pytest.Item], n: int) -> list[list[pytest.Item]]:
    """As many parts, as equally long as can be."""
    ends = [round(len(items) * i / n) for i in range(n + 1)]
    return [items[start:end] for start, end in itertools.pairwise(ends)]
