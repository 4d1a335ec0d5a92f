"""What all tests share."""

import functools
import gc
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from tests import rubbish

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# One thread a process: the networks here are tiny, and threads that wait for each other on a busy machine take twenty times as long.
torch.set_num_threads(1)
settings.register_profile("explorer", deadline=None, max_examples=25, derandomize=bool(os.environ.get("CI")))
settings.load_profile("explorer")
# Thousands of tests are made and kept until the end, and torch and transformers beside them. Each look for garbage among them takes a third of a
# second, so there is none while they are made, and afterwards they are left out of it.
gc.disable()


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
    parser.addoption("--thorough", action="store_true", help="all tests there are, as `make nightly` runs them")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--thorough"):
        rubbish.TOTAL, rubbish.PARTS = 10_000, 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A night's inputs are tried in parts: each is given the time of a test."""
    if "part" in metafunc.fixturenames and metafunc.module.__name__.endswith("test_rubbish"):
        metafunc.parametrize("part", range(rubbish.PARTS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why a test was run again, and how much was tried of what nobody would type on purpose."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"run again: {report.nodeid}")
        terminalreporter.line("\n".join(report.longreprtext.splitlines()[-40:]))
    passed = [(report.nodeid, dict(report.user_properties)) for report in terminalreporter.getreports("passed") if report.when == "call"]
    counts: Counter[str] = Counter()
    for name, found in passed:
        if "tried" in found:
            counts[name.partition("::")[2].partition("[")[0]] += found["tried"]
    if counts:
        terminalreporter.section("rubbish")
        for name, count in [*counts.items(), ("together", counts.total())]:
            terminalreporter.line(f"{count:7,} {name}")


def _waits_for_the_night(item: pytest.Item) -> bool:
    """Left out unless --thorough is given. Tests in the browser take most of the time, so each of them says whether every run has it."""
    if item.get_closest_marker("thorough"):
        return True
    return item.path.parent.name == "browser" and not item.get_closest_marker("every_run")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long first, for every worker: at the end one would be at it alone, and one that helps would start a dashboard for it.

    Workers of pytest-xdist begin with parts of the list that are equally long and follow each other; each part begins with its share of the
    tests in the browser, files in one piece as far as possible. A test that is named by its file or its name is run whatever it is marked.
    """
    if not config.getoption("--thorough") and not _asked_for(config):
        left_out = [item for item in items if _waits_for_the_night(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if item.path.parent.name in ("browser", "pages"):
            # Streamlit loses a click where the end of a job runs the page at that moment. A person clicks again; the report names such a test,
            # and says what was wrong.
            item.add_marker(pytest.mark.flaky(reruns=1))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    browser = [item for item in items if item.path.parent.name == "browser"]
    others = [item for item in items if item.path.parent.name != "browser"]
    others.sort(key=lambda item: item.path.name != "test_second_device.py")
    items[:] = [item for share in zip(_parts(browser, workers), _parts(others, workers), strict=True) for part in share for item in part]


def _asked_for(config: pytest.Config) -> bool:
    """Whether someone asks for certain tests, who means all of them."""
    named = any(Path(arg.split("::")[0]).suffix == ".py" for arg in config.args)
    return bool(named or config.option.keyword or config.option.lf)


def _parts(items: list[pytest.Item], n: int) -> list[list[pytest.Item]]:
    """As many parts, as equally long as can be."""
    ends = [round(len(items) * i / n) for i in range(n + 1)]
    return [items[start:end] for start, end in itertools.pairwise(ends)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Whatever is there when all tests are made stays to the end (see `gc.disable` above)."""
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _components_are_looked_for_once():
    """Each AppTest reads the metadata of every installed package to find components, for half a second. No test installs one."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests))
        yield
