"""Drags a slider of a chart as a lecturer does, and watches: how soon the picture changed, and that nothing was sent to the server.

`watch(page)` before the page is opened, or opened again, then `drag(..)` as often as wanted. The chart has to be drawn as SVG.

    sent = dragging.watch(page)
    page.goto(url)
    found = dragging.drag(page, ".st-key-vectors", "d_k_step", sent)
    assert found.sent == 0 and found.changed
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page, WebSocket

from tests.browser.waiting import quiet

STEPS = 40
"""Movements of the mouse in one drag."""
_PAUSE_MS = 50
"""Between two movements: a hand that moves slowly enough for every position to be looked at."""

_LISTEN = """(box, name) => {
  const input = box.querySelector(`input[name="${name}"]`), picture = box.querySelector('svg.marks');
  const seen = {times: [], inputs: 0, values: [], waiting: null, last: input.value};
  input.addEventListener('input', event => {
    seen.inputs += 1; seen.values.push(+input.value);
    if (seen.waiting === null && input.value !== seen.last) seen.waiting = event.timeStamp;
    seen.last = input.value;
  }, true);
  // A frame that has begun may not show the change yet. The one after it begins when the change has been drawn.
  seen.observer = new MutationObserver(() => {
    if (seen.waiting === null) return;
    const since = seen.waiting; seen.waiting = null;
    requestAnimationFrame(() => requestAnimationFrame(now => seen.times.push(now - since)));
  });
  seen.observer.observe(picture, {subtree: true, childList: true, attributes: true, characterData: true});
  window.__dragged = seen;
}"""
_STOP = "() => { const {observer, waiting, last, ...seen} = window.__dragged; observer.disconnect(); return seen; }"


@dataclass(frozen=True)
class Drag:
    """What one drag showed.

    Attributes:
        times: for each movement that changed the picture, milliseconds from the input event until the frame that shows it was drawn.
        inputs: movements that the input noticed.
        values: what the input said after each.
        sent: messages to the server between press and release.
    """

    times: np.ndarray
    inputs: int
    values: tuple[float, ...]
    sent: int

    @property
    def changed(self) -> int:
        """How often the picture changed."""
        return len(self.times)

    @property
    def median(self) -> float:
        """Milliseconds."""
        return float(np.median(self.times)) if len(self.times) else float("nan")

    @property
    def slow(self) -> float:
        """Milliseconds within which 95 % were drawn."""
        return float(np.quantile(self.times, 0.95)) if len(self.times) else float("nan")


def watch(page: Page, sent: list[object] | None = None) -> list[object]:
    """A list, that given or a new one, that grows with each message that the page sends from now on. Call it before the page is opened."""
    sent = [] if sent is None else sent

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda message: sent.append(message))  # playwright marks its handlers, and a built-in bears no mark

    page.on("websocket", listen)
    return sent


def drag(
    page: Page, inside: str, name: str, sent: list[object], *, start: float = 0.1, end: float = 0.9, steps: int = STEPS, patient: bool = False
) -> Drag:
    """Presses a slider, moves it in steps, and releases it.

    Args:
        inside: selector of the container that holds chart and slider.
        name: of the input: that of the parameter, with "_exponent" or "_step" where `sliders.log` or `sliders.steps` made it.
        sent: from `watch`.
        start, end: shares of the slider's way.
        patient: whether the hand waits at each position until the page has drawn it, so that the count of changes does not depend on how busy
            the machine is. The times do.
    """
    box = page.locator(inside).first
    slider = box.locator(f'input[name="{name}"]').first
    slider.scroll_into_view_if_needed()
    room = slider.bounding_box()
    assert room is not None
    y = room["y"] + room["height"] / 2

    def at(share: float) -> tuple[float, float]:
        return room["x"] + share * room["width"], y

    page.mouse.move(*at(start))
    page.mouse.down()
    quiet(page)  # what the press itself sets off is over
    before = len(sent)
    box.evaluate(_LISTEN, name)
    for i in range(1, steps + 1):
        page.mouse.move(*at(start + (end - start) * i / steps))
        page.wait_for_timeout(_PAUSE_MS)
        if patient:
            quiet(page, frames=2)
    quiet(page)
    found, during = page.evaluate(_STOP), len(sent) - before
    page.mouse.up()
    return Drag(np.array(found["times"]), found["inputs"], tuple(found["values"]), during)


def readout(page: Page, inside: str, name: str) -> float:
    """A number of `sliders.readouts` as the page holds it, with all digits. Raises playwright's TimeoutError where there is none."""
    label = page.locator(f'{inside} svg.marks [aria-label^="{name}: "]').first.get_attribute("aria-label", timeout=10_000)
    return float(label.removeprefix(f"{name}: ").replace("−", "-"))
