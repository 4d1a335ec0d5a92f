"""What axe-core, and a look at the drawings, which axe-core does not judge, say of a page."""

from __future__ import annotations

import re

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_PALE = """(least) => {
  const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true}), known = new Map();
  const light = (colour) => {
    if (!known.has(colour)) {
      pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
      const numbers = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
      const [r, g, b] = numbers.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      known.set(colour, 0.2126 * r + 0.7152 * g + 0.0722 * b);
    }
    return known.get(colour);
  };
  const ground = light(getComputedStyle(document.querySelector('.stApp')).backgroundColor), found = [];
  const roles = ['axis-label', 'axis-title', 'legend-label', 'legend-title', 'title-text', 'title-subtitle'];
  const beside = roles.map(name => `svg.marks .role-${name} text`);
  for (const text of document.querySelectorAll(beside.join())) {
    if (!text.textContent.trim() || parseFloat(text.getAttribute('opacity') ?? 1) === 0) continue;
    const ink = light(getComputedStyle(text).fill);
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    const opacity = parseFloat(text.getAttribute('opacity') ?? 1);
    if (ratio < least || opacity < 1) found.push([text.textContent, Math.round(ratio * 100) / 100, opacity]);
  }
  return found;
}"""


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Rules of WCAG 2 A and AA that the page breaks, each with where and how."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)["violations"]
    return [(rule["id"], [f"{node['html'][:200]}: {node['failureSummary'][:200]}" for node in rule["nodes"]]) for rule in found]


def pale_letters(page: Page, least: float = 4.5) -> list[tuple[str, float, float]]:
    """Of what is written beside the marks of charts, on the ground of the page: all with less contrast than this, or not opaque."""
    return page.evaluate(_PALE, least)


def said(page: Page) -> list[str]:
    """What a screen reader says of each chart."""
    return page.locator(".stVegaLiteChart").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")


def hexadecimal(colours: list[str]) -> list[str]:
    """Colours as charts write them, whichever way a browser does."""
    return ["#" + "".join(f"{int(n):02x}" for n in re.findall(r"\d+", one)) if one.startswith("rgb") else one for one in colours]
