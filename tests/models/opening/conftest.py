"""The order of the tests here."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of one family one after the other: a worker that takes some of them then opens its model once."""
    places = [i for i, item in enumerate(items) if item.path.name == "test_families.py" and item.path.parent.name == "opening"]
    by_family = sorted((items[i] for i in places), key=lambda item: item.callspec.params["name"] if hasattr(item, "callspec") else "")
    for i, item in zip(places, by_family, strict=True):
        items[i] = item
