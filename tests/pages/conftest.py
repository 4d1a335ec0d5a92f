"""What several tests of pages open."""

import pytest

from explorer.ui.common import model_names
from tests import tiny


@pytest.fixture(scope="session")
def long_folder(tmp_path_factory):
    """A tiny model that has places for long texts."""
    return str(tiny.save_long(tmp_path_factory.mktemp("long")))


@pytest.fixture
def listed(long_folder, monkeypatch):
    """AppTest cannot run a page twice whose model was typed: here it is in the list."""
    names = model_names.names
    monkeypatch.setattr(model_names, "names", lambda: [*names(), long_folder])
