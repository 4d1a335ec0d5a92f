"""A clicker in the course: what stands below the window comes first, then the next step."""

from __future__ import annotations

from playwright.sync_api import Page

_TURNED = "() => window.__attentionExplorerCourse.number"
_MOST = 6
"""Windows that one step may fill."""


def forward(page: Page) -> None:
    """Presses until the page is told to turn."""
    before = page.evaluate(_TURNED)
    for _press in range(_MOST):
        page.keyboard.press("PageDown")
        if page.evaluate(_TURNED) != before:
            return
        page.evaluate("() => new Promise((done) => { document.querySelector('.stMain').onscrollend = done; setTimeout(done, 1000); })")
    raise AssertionError(f"{page.evaluate('location.search')}: {_MOST} presses do not turn the page")
