"""What is loaded once is looked through once."""

import gc
import tomllib
from types import SimpleNamespace

from explorer.ui.common import garbage
from tests import ROOT


def test_what_is_there_is_not_looked_through_again_and_what_comes_later_is():
    garbage.freeze.cache_clear()
    gc.unfreeze()
    before = len(gc.get_objects())
    try:
        garbage.freeze("test")
        assert gc.get_freeze_count() >= before / 2 and len(gc.get_objects()) < before / 2
        later: list = []
        later.append(later)
        number = id(later)
        del later
        assert any(id(one) == number for one in gc.get_objects())
        gc.collect()
        assert not any(id(one) == number and isinstance(one, list) for one in gc.get_objects())
    finally:
        # As tests/conftest.py leaves it for all tests.
        gc.freeze()
        garbage.freeze.cache_clear()


def test_it_is_collected_once_in_a_while_for_all_viewers(monkeypatch):
    now, collected = [1000.0], []
    monkeypatch.setattr(garbage, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(garbage, "gc", SimpleNamespace(collect=lambda: collected.append(now[0])))
    monkeypatch.setattr(garbage, "_last", [0.0])
    for later in (0.0, 0.1, garbage.EVERY_S - 0.2, 0.2):
        now[0] += later
        garbage.collect()
    assert collected == [1000.0, now[0]]


def test_streamlit_leaves_it_to_the_app():
    runner = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["runner"]
    assert runner == {"postScriptGC": False, "magicEnabled": False} and "garbage.collect()" in (ROOT / "app.py").read_text(encoding="utf-8")
