"""Models are opened once for all claims."""

from functools import cache

import pytest

from models import load


@pytest.fixture(scope="session")
def opener():
    return cache(lambda name: load(name, "cpu"))
