"""A real browser on a running dashboard; every request it makes is watched."""

import os
from urllib.parse import urlsplit

import pytest

from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve
from tests import tiny


@pytest.fixture(scope="session")
def browser():
    path = find()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium: run `make test`, which installs one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def app_url():
    with serve() as url:
        yield url


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """Folder of a tiny random model, by its name in `tests.tiny`; each is made once."""
    made = {}

    def folder(name: str) -> str:
        if name not in made:
            made[name] = str(tiny.save(name, tmp_path_factory.mktemp(name)))
        return made[name]

    return folder


@pytest.fixture
def open_page(browser, app_url):
    """Opens a page of the app; afterwards no request may have left this machine, and nothing may have raised."""
    seen, contexts = [], []

    def opened(path: str = "/", theme: str = "light", wait_for: str = ".st-key-head_panel", settled: bool = True):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: seen.append(request.url))
        page.goto(app_url + path, timeout=120_000)
        page.locator(wait_for).first.wait_for(timeout=90_000)
        if settled:
            page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=120_000)
            page.wait_for_timeout(500)
        return page

    yield opened
    for context in contexts:
        for page in context.pages:
            assert page.locator("[data-testid=stException]").count() == 0
        context.close()
    left = [url for url in seen if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1"]
    assert seen and not left
