"""The attention page in a real Chromium, 1440 x 900: `python -m benchmarks.attention_page`.

On a random BERT-base-shaped folder (12 layers x 12 heads) and 128 tokens:

- bytes to the browser, counted by the browser itself: WebSocket frames, and what the page fetches over HTTP beside
  Streamlit's own files (`/static/`). A warm browser has those already: it opened the app's bundled BERT before. The figure
  held against the goal is what came until the page rests, the first head's map included.
- a click: from the press of the mouse to the last frame in which the map of the new head changed on the screen, with its
  title above it. The browser looks at every frame; heads are clicked that were not looked at before.
- a warm start: from `make run` (.venv is there) to the first map, the bundled BERT's, drawn in a browser that is running.

Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import base64
import math
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from benchmarks import report, shapes
from scripts.find_browser import ARGUMENTS, find
from scripts.serve import ROOT, serve

TOKENS, LAYERS, HEADS, EXTRA_COLUMNS = 128, 12, 12, 2
GOAL_MB, GOAL_CLICK, GOAL_START = 1.2, 0.5, 15.0
"""MB of 10^6 bytes; seconds; seconds."""

GRID = ".st-key-head_grid [data-testid=stVegaLiteChart]"
RESTING = "[data-testid=stApp][data-test-script-state=notRunning]"

WATCH = """
() => {
    const small = document.createElement('canvas');
    small.width = 96; small.height = 96;
    const pen = small.getContext('2d', {willReadFrequently: true});
    // What the first chart of the panel looks like: a number for its picture, 0 where nothing is drawn.
    window.mapNow = () => {
        const chart = document.querySelector('.st-key-head_panel [data-testid=stVegaLiteChart]');
        if (!chart) return 0;
        let hash = 0;
        for (const canvas of chart.querySelectorAll('canvas')) {
            if (!canvas.width || !canvas.height) continue;
            pen.clearRect(0, 0, 96, 96);
            pen.drawImage(canvas, 0, 0, 96, 96);
            const pixels = new Uint32Array(pen.getImageData(0, 0, 96, 96).data.buffer);
            if (new Set(pixels).size < 4) continue;  // blank, or its frame only
            for (const p of pixels) hash = (Math.imul(hash, 31) + p) | 0;
        }
        for (const svg of chart.querySelectorAll('svg')) {
            if (!svg.querySelector('.mark-rect path, image')) continue;
            const text = svg.outerHTML;
            for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
        }
        return hash;
    };
    // From the next press of the mouse on: `last`, the end of the last frame in which title and map of that head changed.
    window.watchClick = (title) => {
        const seen = {title, before: mapNow(), last: null, frames: 0, longest: 0};
        window.seen = seen;
        addEventListener('pointerdown', (event) => { seen.pressed = event.timeStamp; }, {capture: true, once: true});
        let now = seen.before, changed = false, earlier = performance.now();
        const look = (at) => {
            if (window.seen !== seen) return;
            if (changed) { seen.last = performance.now(); changed = false; }  // the frame that showed it is over
            const panel = document.querySelector('.st-key-head_panel');
            const titled = panel && panel.innerText.replace(/\\s+/g, ' ').includes(title);
            const picture = mapNow();
            if (seen.pressed && titled && picture && picture !== seen.before && picture !== now) changed = true;
            if (picture) now = picture;
            seen.frames += 1; seen.longest = Math.max(seen.longest, at - earlier); earlier = at;
            requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    };
    // `gridDrawn`: when (seconds since 1970) the grid first had so many pictures as it has heads, each with its data.
    const lookAtGrid = () => {
        const all = [...document.querySelectorAll('GRID image')];
        const full = (i) => (i.getAttribute('href') || i.getAttribute('xlink:href') || '').length > 20;
        if (all.length >= PICTURES && all.every(full)) window.gridDrawn = Date.now() / 1000;
        else requestAnimationFrame(lookAtGrid);
    };
    lookAtGrid();
}
""".replace("GRID", GRID).replace("PICTURES", str(LAYERS * (HEADS + EXTRA_COLUMNS)))
QUIET_MS = 1_000
"""A map that has not changed for so long is the final one."""


@dataclass
class Received:
    """What one page got, each as (seconds since 1970, bytes).

    Attributes:
        socket: frames of its WebSocket.
        fetched: over HTTP beside `/static/`, as transferred.
        static: `/static/`, as transferred.
    """

    socket: list[tuple[float, int]] = field(default_factory=list)
    fetched: list[tuple[float, int]] = field(default_factory=list)
    static: list[tuple[float, int]] = field(default_factory=list)

    def data(self, until: float = math.inf) -> int:
        """Bytes of socket and HTTP, without `/static/`."""
        return total(self.socket, until) + total(self.fetched, until)


def total(received: list[tuple[float, int]], until: float = math.inf) -> int:
    return sum(size for at, size in received if at <= until)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=10, help="heads to click, default 10")
    parser.add_argument("--starts", type=int, default=3, help="times to start `make run`, default 3")
    given = parser.parse_args()
    text = shapes.bert_text(TOKENS)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = shapes.bert_base(Path(made) / "bert-base")
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        starts = [_start(browser) for _ in range(given.starts)]
        with serve() as url:
            address = f"{url}/?model={quote(str(folder), safe='')}&text={quote(text)}&layer=0&head=0"
            cold = _context(browser)
            everything = _opened(cold, address)[1]
            cold.close()
            warm = _context(browser)
            page = warm.new_page()
            page.goto(url)
            page.wait_for_function("() => window.mapNow() !== 0", timeout=90_000)
            page.close()
            page, got, drawn = _opened(warm, address)
            rested, fetched = got.data(), total(got.fetched)
            clicks, sent = _clicks(page, got, given.clicks)
            warm.close()
        browser.close()
    megabytes, click, start = rested / 1e6, statistics.median(clicks), statistics.median(starts)
    report.show(
        f"The attention page: BERT-base shape, {LAYERS} x {HEADS} heads, {TOKENS} tokens, random weights; Chromium, 1440 x 900",
        ["figure / goal", "figure", "measured", "range", "goal"],
        [
            _row(megabytes, "MB to a warm browser until the page rests", "", GOAL_MB, 3),
            ["", f"  of it until all {LAYERS * HEADS} heads are drawn", f"{drawn / 1e6:.3f}", "", ""],
            ["", "  of it over HTTP (page, media), the rest over the WebSocket", f"{fetched / 1e6:.3f}", "", ""],
            [
                "",
                "MB to a cold browser, static files included",
                f"{(everything.data() + total(everything.static)) / 1e6:.3f}",
                "",
                "",
            ],
            ["", "MB that one click sends, median", f"{statistics.median(sent) / 1e6:.3f}", "", ""],
            _row(click, f"s from a click to the head's map, median of {len(clicks)}", _range(clicks, 2), GOAL_CLICK, 2),
            _row(start, f"s from a warm `make run` to the first map, median of {len(starts)}", _range(starts, 1), GOAL_START, 1),
        ],
    )
    return int(megabytes > GOAL_MB or click > GOAL_CLICK or start > GOAL_START)


def _context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.add_init_script(f"({WATCH})()")
    return context


def _opened(context: BrowserContext, address: str) -> tuple[Page, Received, int]:
    """The page at rest, what it gets, and the bytes of data it had when all heads were drawn."""
    page = context.new_page()
    got = received(page)
    page.goto(address)
    page.wait_for_function("() => window.gridDrawn && window.mapNow() !== 0", timeout=90_000)
    page.locator(RESTING).wait_for()
    page.wait_for_timeout(QUIET_MS)
    count = page.locator(f"{GRID} image").count()
    if count != LAYERS * (HEADS + EXTRA_COLUMNS):
        raise RuntimeError(f"{count} pictures in the grid")
    return page, got, got.data(page.evaluate("() => window.gridDrawn"))


def received(page: Page) -> Received:
    """Grows for as long as the page lives."""
    got, addresses, clock = Received(), {}, []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def asked(event: dict) -> None:
        addresses.setdefault(event["requestId"], event["request"]["url"])
        clock.append(event["wallTime"] - event["timestamp"])  # the browser stamps what comes in by another clock

    def frame(event: dict) -> None:
        data, binary = event["response"]["payloadData"], event["response"]["opcode"] == 2
        got.socket.append((clock[0] + event["timestamp"], len(base64.b64decode(data) if binary else data.encode())))

    def loaded(event: dict) -> None:
        # Bytes on the wire, headers included; 0 from the browser's cache.
        static = urlsplit(addresses.get(event["requestId"], "")).path.startswith("/static/")
        (got.static if static else got.fetched).append((clock[0] + event["timestamp"], int(event["encodedDataLength"])))

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.webSocketFrameReceived", frame)
    session.on("Network.loadingFinished", loaded)
    return got


def _clicks(page: Page, got: Received, n: int) -> tuple[list[float], list[int]]:
    """Seconds from press to picture, and bytes received, of n clicks on heads that differ."""
    places = [(layer, head) for layer in range(LAYERS) for head in range(HEADS) if (layer, head) != (0, 0)]
    seconds, sent, pictures = [], [], set()
    for layer, head in random.Random(0).sample(places, n):
        before = got.data()
        box = page.locator(f"{GRID} image").nth(layer * (HEADS + EXTRA_COLUMNS) + head).bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(300)  # the tooltip comes before the click, as under a hand
        page.evaluate("title => window.watchClick(title)", f"Layer {layer}, head {head} ")
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function(f"() => seen.last && performance.now() - seen.last > {QUIET_MS}", timeout=30_000)
        page.locator(RESTING).wait_for()
        seconds.append(page.evaluate("() => (seen.last - seen.pressed) / 1000"))
        sent.append(got.data() - before)
        pictures.add(page.evaluate("() => window.mapNow()"))
    if len(pictures) != n:
        raise RuntimeError(f"{n} heads gave {len(pictures)} different maps: what was timed is not the drawing of the map")
    return seconds, sent


def _start(browser: Browser) -> float:
    """Seconds from `make run` to the first map on the screen of a running browser."""
    subprocess.run(["make", "--quiet", ".venv/.run"], cwd=ROOT, check=True)  # warm: whatever is to be installed is
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = _context(browser)
    page = context.new_page()
    # A group of its own, so that exactly what this started can be stopped.
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    started = time.monotonic()
    server = subprocess.Popen(["make", "run", f"ARGS=--server.headless true --server.port {port}"], cwd=ROOT, **quiet)
    try:
        _answered(page, f"http://127.0.0.1:{port}/", server, started + 120)
        page.wait_for_function("() => window.mapNow() !== 0", timeout=90_000)
        return time.monotonic() - started
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        context.close()


def _answered(page: Page, url: str, server: subprocess.Popen, deadline: float) -> None:
    while True:
        try:
            page.goto(url)
            return
        except BrowserError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"`make run` did not come up: {error}") from error
            time.sleep(0.1)


def _row(value: float, figure: str, spread: str, goal: float, digits: int) -> list[str]:
    return [f"{value / goal:.2f}", figure, f"{value:.{digits}f}", spread, f"<= {goal:g}: {report.verdict(value, goal)}"]


def _range(values: list[float], digits: int) -> str:
    return f"{min(values):.{digits}f} .. {max(values):.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
