"""A real browser on a running dashboard; every request it makes is watched."""

import contextlib
import os
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page, expect, sync_playwright

from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve
from tests import tiny
from tests.browser import dragging
from tests.browser.waiting import PATIENCE, eventually, settled

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session")
def browser():
    path = find(shell=True)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium: run `make test`, which installs one")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
"""For the dashboard under test. With one dashboard for each worker of pytest, threads that wait for each other by spinning take the
cores away from the threads that they wait for, and a test takes twenty times as long. No browser test measures the computation."""


@pytest.fixture(scope="session")
def app_url():
    """A dashboard of this process alone: each worker of pytest-xdist starts its own, on a port that the system gives."""
    with serve(timeout=180, environment=ONE_THREAD) as url:
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


_OPEN = pytest.StashKey[list]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """What stood on the pages where a test failed is part of its report: a failure that comes once in a hundred runs has to tell all it can."""
    report = yield
    if report.when == "call" and report.failed:
        for i, context in enumerate(item.stash.get(_OPEN, [])):
            for page in context.pages:
                with contextlib.suppress(Error):
                    report.sections.append((f"page {i}: {page.url}", page.locator("body").inner_text(timeout=5_000)))
    return report


@pytest.fixture
def open_page(request, browser, app_url):
    """Opens a page of the app. In the end nothing may have raised, no request left this machine, and no text run as a script."""
    seen, contexts, dialogs = [], [], []
    request.node.stash[_OPEN] = contexts

    def opened(
        path: str = "/",
        theme: str = "light",
        wait_for: str = ".st-key-head_panel",
        at_rest: bool = True,
        sent: list[object] | None = None,
        console: list[str] | None = None,
        size: tuple[int, int] = (1440, 900),
    ) -> Page:
        """A page in a context of its own: another viewer.

        Args:
            path: of the address, with its parameters.
            wait_for: selector of what has to be there.
            at_rest: wait also until the page has stopped changing.
            sent: grows with each message that the page sends to the server.
            console: grows with each warning and error of the browser's console, and each address where nothing was found.
            size: of the window, in pixels.
        """
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme, accept_downloads=True)
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: seen.append(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        if sent is not None:
            dragging.watch(page, sent)
        if console is not None:
            page.on("console", lambda message: console.append(message.text) if message.type in ("warning", "error") else None)
            page.on("response", lambda response: console.append(f"{response.status} {response.url}") if response.status == 404 else None)
        page.goto(app_url + path)
        page.locator(wait_for).first.wait_for()
        # Keys are heard once the page's own script listens, which a browser on a busy machine loads after all else.
        # Asked from outside: a page may forbid that words are run as a script, as `wait_for_function` does.
        eventually(lambda: page.evaluate("window.__attentionExplorerBrowser?.watching"), True)
        if at_rest:
            settled(page)
        return page

    yield opened
    for context in contexts:
        for page in context.pages:
            assert page.locator("[data-testid=stException]").count() == 0
        context.close()
    assert not dialogs
    left = [url for url in seen if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1"]
    assert seen and not left
