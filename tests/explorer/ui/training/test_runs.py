"""How many trainings one viewer may have under way."""

import pytest

from explorer.lab.request import TrainingRequest
from explorer.ui.common import address
from explorer.ui.training import runs
from models import InputError
from models.training.settings import Settings

LONG = TrainingRequest("order", {"d_model": 8}, {}, Settings(steps=100_000, batch=4))


@pytest.fixture
def lab(monkeypatch):
    monkeypatch.setattr(address, "write", lambda **_values: None)
    made = runs.Lab()
    yield made
    for entry in made.own:
        entry.watched.stop()
        assert entry.watched.join(20)


def test_another_training_than_the_most_is_told_to_wait(lab):
    for _n in range(runs.MOST):
        lab.begin(LONG, lambda: True)
    with pytest.raises(InputError, match=f"{runs.MOST} trainings") as told:
        lab.begin(LONG, lambda: True)
    assert "Stop one" in told.value.advice and len(lab.own) == runs.MOST
    first = lab.own[0]
    first.watched.stop()
    assert first.watched.join(20)
    lab.begin(LONG, lambda: True)
    # The one that was stopped made room, and is not kept beside the others.
    assert len(lab.own) == runs.MOST and first not in lab.own and lab.shown is lab.own[-1]
    assert all(not entry.watched.read().over for entry in lab.own)
