"""Whether strangers may look at the dashboard."""

import pytest

from explorer.ui.common import strangers


@pytest.mark.parametrize(
    ("address", "said", "expected"),
    [
        ("localhost", None, False),
        ("127.0.0.1", None, False),
        ("0.0.0.0", None, True),
        (None, None, True),
        ("0.0.0.0", "0", False),
        ("localhost", "1", True),
    ],
)
def test_who_may_look(monkeypatch, address, said, expected):
    monkeypatch.setattr(strangers.st, "get_option", lambda name: address)
    monkeypatch.delenv(strangers.SHARED, raising=False)
    if said is not None:
        monkeypatch.setenv(strangers.SHARED, said)
    shared = []
    monkeypatch.setattr(strangers.allowed, "share_with_strangers", lambda: shared.append(True))
    strangers.guard()
    assert strangers.are_there() == expected == bool(shared)
