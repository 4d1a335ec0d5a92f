"""What the tests of the lab share."""

import pytest

from explorer.lab import live
from models.training.toy import Training


@pytest.fixture
def begun():
    """Starts a training in the background, and stops all of them in the end."""
    made = []

    def start(run: Training, **given: object) -> live.Live:
        made.append(live.Live(run, **given).start())
        return made[-1]

    yield start
    for one in made:
        one.stop()
        assert one.join(20)
