"""An exported lecture, opened from disk on a hall's screen by a browser that has no network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.waiting import PATIENCE

DRAWN = "() => [...document.querySelectorAll('.pictures > div')].every((box) => box.shown && box.querySelector('.marks'))"
"""Whether all pictures of the step are there."""


@contextmanager
def opened(browser: Browser, file: Path) -> Iterator[tuple[Page, list[str]]]:
    """The page, and a list that grows with whatever it asks for and whatever goes wrong on it."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, offline=True)
    context.set_default_timeout(PATIENCE * 1000)
    page, wrong = context.new_page(), []
    page.on("request", lambda request: None if request.url.startswith(("file:", "data:", "blob:", "about:")) else wrong.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    page.locator("#bar button").first.wait_for()
    yield page, wrong
    context.close()
