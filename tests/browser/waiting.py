"""How a browser test waits: for what it expects to see, and never for a length of time.

Where playwright's `expect` can say it (a text, a number of marks, an attribute), tests use that. What is read by the test itself goes
through `eventually`. `settled`, `quiet` and `resting_box` are for the few places that have nothing to expect: a page that has just been
opened or resized, and a page on which nothing may happen.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Error, Locator, Page, expect

PATIENCE = 120.0
"""Seconds that any wait may take: a busy machine is slow, and no browser test is about speed unless it says so."""
FRAMES = 30
"""Animation frames without a change after which a page counts as at rest: half a second where nothing is busy, longer where the browser
draws more slowly."""

T = TypeVar("T")

_QUIET = """([frames, patience, whole]) => new Promise(resolve => {
  let still = 0;
  const begun = performance.now(), observer = new MutationObserver(() => { still = 0; });
  observer.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
  const look = () => {
    const app = document.querySelector('[data-testid=stApp]');
    still = !whole || app?.dataset.testScriptState === 'notRunning' ? still + 1 : 0;
    if (still < frames && performance.now() - begun < patience) return requestAnimationFrame(look);
    observer.disconnect();
    resolve(still >= frames);
  };
  requestAnimationFrame(look);
})"""

_RESTING = """([selector, frames, patience]) => new Promise(resolve => {
  let still = 0, last = '', box = null;
  const begun = performance.now();
  const look = () => {
    const found = document.querySelector(selector)?.getBoundingClientRect();
    box = found ? {x: found.x, y: found.y, width: found.width, height: found.height} : null;
    const now = JSON.stringify(box);
    still = box && now === last ? still + 1 : 0;
    last = now;
    if (still < frames && performance.now() - begun < patience) return requestAnimationFrame(look);
    resolve(still >= frames ? box : null);
  };
  requestAnimationFrame(look);
})"""


def eventually(read: Callable[[], T], expected: T | Callable[[T], bool], timeout: float = PATIENCE) -> T:
    """Reads until what is read is as expected, and gives it.

    Args:
        read: looks at the page. Playwright's errors count as "not yet": an element may be replaced while it is read.
        expected: the value itself, or a function that tells whether a value is as expected.
        timeout: seconds.

    Raises:
        AssertionError: it never was; the text holds what was read last.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            last: object = read()
            if expected(last) if callable(expected) else last == expected:
                return last
        except Error as error:
            last = error
        assert time.monotonic() < end, f"after {timeout:.0f} s it is {last!r}" + ("" if callable(expected) else f", expected {expected!r}")
        time.sleep(0.05)


def shows(locator: Locator, text: str | re.Pattern[str]) -> None:
    """Waits until one of the elements holds this text. While a page runs, what it replaces stands beside what replaces it for a moment."""
    pattern = re.compile(re.escape(text)) if isinstance(text, str) else text
    eventually(locator.all_text_contents, lambda found: any(pattern.search(one) for one in found))


def addressed(page: Page, layer: int | str, head: int | str) -> None:
    """The address names the head, which it does a moment after the page shows it; before that, Back goes one step too far."""
    expect(page).to_have_url(re.compile(f"layer={layer}&head={head}(?!\\d)"))


def quiet(page: Page, frames: int = FRAMES) -> None:
    """Nothing on the page has changed for some animation frames."""
    assert page.evaluate(_QUIET, [frames, PATIENCE * 1000, False]), "the page goes on changing"


def settled(page: Page) -> None:
    """The page's script has ended, and nothing has changed for some animation frames since.

    A script that has not begun has ended, too: after a click, wait for what the click brings.
    """
    assert page.evaluate(_QUIET, [FRAMES, PATIENCE * 1000, True]), "the page goes on changing, or its script goes on running"


def resting_box(page: Page, selector: str) -> dict[str, float]:
    """Where the first such element is, once it has stopped moving: x, y, width, height in pixels of the window."""
    box = page.evaluate(_RESTING, [selector, FRAMES, PATIENCE * 1000])
    assert box, f"{selector} is not there, or goes on moving"
    return box


def resize(page: Page, width: int, height: int) -> None:
    """Gives the window another size, and waits until the page has taken it."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function("([width, height]) => innerWidth === width && innerHeight === height", arg=[width, height])
    settled(page)


def in_reach(page: Page, selector: str, width: float, height: float) -> dict[str, float]:
    """The first such element, which has to lie inside width and height without a scroll; its box."""

    def inside(box: dict[str, float]) -> bool:
        return box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= width and box["y"] + box["height"] <= height

    return eventually(lambda: resting_box(page, selector), inside, timeout=30)
