"""One head of a long text under a window, as `python -m benchmarks.long_texts --page` prints it: in the server, and in a real Chromium.

The server's part is the processor time of one tile of one head (`explorer.tiles`), of the whole map and of ever nearer windows: what else runs
on the machine adds nothing to it. In the browser it is the time from the press of a button until the frame in which the map of the new window
is on the screen, and the bytes that came over the WebSocket meanwhile.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, WebSocket, sync_playwright

import explorer
import models
from benchmarks import shapes
from explorer.tiles import Window, tile
from explorer.ui.attention.far_map import SIZE
from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve

GOAL_S, GOAL_BYTES = 0.3, 300_000
"""From a click to the picture, median; of a view."""
_STEPS = ["zoom_in", "arrow_downward", "zoom_in", "arrow_back", "zoom_in", "arrow_upward", "zoom_in", "arrow_forward", "zoom_in", "zoom_in"]
VIEWS = len(_STEPS)
_PATIENCE_MS = 600_000

_VIEW = """(selector) => new Promise(done => {
  const roots = [...document.querySelectorAll('*')].map(one => one.shadowRoot).filter(Boolean);
  const far = [document, ...roots].map(root => root.querySelector('.far')).find(Boolean);
  const begun = performance.now(), before = far.dataset.painted;
  const shown = new MutationObserver(() => {
    if (far.dataset.painted === before) return;
    shown.disconnect();
    // The frame that begins after the next one shows what is painted now.
    requestAnimationFrame(() => requestAnimationFrame(() => done((performance.now() - begun) / 1000)));
  });
  shown.observe(far, {attributes: true});
  document.querySelector(selector).click();
})"""


def tiles(model: models.Model, n: int) -> tuple[float, float]:
    """Processor seconds of a tile of one head: of the whole map, and the median over nearer windows."""
    captured, found = explorer.capture(model, shapes.gpt2_text(n)), []
    window = Window.whole(n, n)
    while not found or window.sizes[0] > 16:
        begun = time.process_time()
        tile(captured, 5, "3", None, window, SIZE)
        found.append(time.process_time() - begun)
        window = window.zoomed(0.5)
    return found[0], statistics.median(found[1:])


def clicks(folder: Path, n: int) -> tuple[list[float], list[int]]:
    """Seconds from each click to its picture, and bytes that came for it: closer, on, and further away, on a text of so many tokens."""
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(shell=True), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(_PATIENCE_MS)
        received: list[int] = []

        def listen(socket: WebSocket) -> None:
            socket.on("framereceived", lambda frame: received.append(len(frame)))

        page.on("websocket", listen)
        page.goto(f"{url}/?model={quote(str(folder), safe='')}&layer=5&head=3&text=w1")
        page.get_by_label("Text", exact=True).fill(shapes.gpt2_text(n))
        page.keyboard.press("Control+Enter")
        page.locator(".far[data-painted]").wait_for()
        _at_rest(page)
        seconds, sizes = [], []
        # Each window is one that was not seen before.
        for step in _STEPS:
            received.clear()
            seconds.append(page.evaluate(_VIEW, f".st-key-window_{step} button"))
            page.wait_for_timeout(500)
            sizes.append(sum(received))
        browser.close()
    return seconds, sizes


def _at_rest(page: Page) -> None:
    """Until the grid of all heads is drawn, too."""
    page.locator(".st-key-head_grid image").first.wait_for()
    page.wait_for_function("!document.querySelector('[class*=st-key-stop_job_]')")
    page.wait_for_timeout(2000)
