"""Models for demos: each bundled one is opened once a process."""

from functools import cache

import pytest

from models import load


@pytest.fixture(scope="session")
def opener():
    return cache(lambda name: load(name, "cpu"))
