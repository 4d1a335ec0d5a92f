"""Which browser is found, also by who has begun Playwright already."""

import shutil

import pytest

from scripts.find_browser import find


@pytest.mark.every_run
def test_playwrights_own_browser_is_looked_for_beside_one_that_is_open(browser, monkeypatch):
    monkeypatch.delenv("EXPLORER_CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    own = browser.browser_type.executable_path
    assert find() in (own, None)  # None where it was never installed
    monkeypatch.setenv("EXPLORER_CHROMIUM", "/somewhere/else")
    assert find() == "/somewhere/else"
