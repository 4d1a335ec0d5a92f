"""Models are opened once for all claims."""

import pytest

from tests.explorer.claims.shared import model


@pytest.fixture(scope="session")
def opener():
    return model
