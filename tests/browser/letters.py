"""How large letters are on the screen: a hall of two hundred reads 24 pixels at 1920 x 1080."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import Locator, Page

_LETTERS = """(root) => {
  // Of all that can be read: its text and the height of its letters on the screen, in pixels.
  const found = [];
  const shown = (e) => {
    const box = e.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && getComputedStyle(e).visibility !== 'hidden';
  };
  const walker = document.createTreeWalker(document.querySelector(root), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), of = walker.currentNode.parentElement;
    if (!text || !of || !shown(of) || of.closest('style, script, noscript, [data-testid=stIconMaterial], [hidden]')) continue;
    const svg = of.closest('svg.marks');
    const size = svg
      ? parseFloat(of.getAttribute('font-size') || getComputedStyle(of).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
      : parseFloat(getComputedStyle(of).fontSize) * (of.currentCSSZoom || 1);
    found.push([text.slice(0, 40), Math.round(size * 10) / 10]);
  }
  return found;
}"""


def too_small(page: Page, root: str = ".stMain", least: float = 24) -> list[tuple[str, float]]:
    """What cannot be read in a part of the page, by a hall or with `least` pixels: the text, and the height of its letters in pixels."""
    return [(text, size) for text, size in page.evaluate(_LETTERS, root) if size < least - 0.05]


_FITS = """(box, title) => {
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set, before = box.value;
  set.call(box, title);
  const fits = box.scrollWidth <= box.clientWidth + 1;
  set.call(box, before);
  return fits;
}"""


def cut(box: Locator, titles: Iterable[str]) -> list[str]:
    """Of what may stand in a box, all that is not seen whole there."""
    return [title for title in titles if not box.evaluate(_FITS, title)]
