"""All heads of a text, against BertViz' model view: `python -m benchmarks.against_bertviz --tokens 64 128 512`.

A random GPT-2-small-shaped network, 12 layers x 12 heads, in a real Chromium of 1440 x 900. Ours is the page *Attention*: what comes from Enter
until all heads are drawn and one of them beside them, over the WebSocket and over HTTP, and how long it takes, the network's pass
included. BertViz' is the document that its model view returns for the weights of transformers' eager attention, which are there
already: its bytes, and, with its libraries from this machine, how long the browser needs until all heads are drawn. Where that takes longer than
`--patience` seconds, or the browser gives up, it has no time; `--bertviz-most` is the longest text that it is asked for at all.

Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
import torch
import transformers
from bertviz import model_view
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from benchmarks import report, shapes
from benchmarks.attention_page import received
from explorer.ui.attention.bertviz_frame import model_view_html
from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve

GOAL = {512: 300.0}
"""How many times fewer bytes, by tokens."""
LAYERS, HEADS, SUMMARIES = 12, 12, 2
POSITIONS = 16_384
_PATIENCE_MS = 900_000
_HREFS = """() => [...document.querySelectorAll('.st-key-head_grid image')]
  .map(one => one.getAttribute('href') || one.getAttribute('xlink:href') || '')"""
# When (seconds since 1970) all pictures of the grid are other ones than before, and a map stands beside them.
_DRAWN = """(before) => {
  const found = (HREFS)();
  const panel = document.querySelector('.st-key-head_panel');
  const roots = panel ? [panel, ...[...panel.querySelectorAll('*')].map(one => one.shadowRoot).filter(Boolean)] : [];
  const map = roots.some(root => root.querySelector('.far[data-painted], svg.marks, canvas.marks'));
  const all = found.length === PICTURES && found.every(href => href.length > 20 && !before.includes(href));
  return all && map && !document.querySelector('[class*=st-key-stop_job_]') ? Date.now() / 1000 : null;
}""".replace("HREFS", _HREFS).replace("PICTURES", str(LAYERS * (HEADS + SUMMARIES)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=[64, 128, 512])
    parser.add_argument("--bertviz-most", type=int, default=512)
    parser.add_argument("--patience", type=float, default=120.0, help="seconds that BertViz may draw")
    given = parser.parse_args()
    rows, missed = [], False
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = shapes.gpt2_small(Path(made) / "gpt2-small", positions=POSITIONS)
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        with serve(environment={"OMP_NUM_THREADS": str(torch.get_num_threads())}) as url:
            for n in given.tokens:
                size, seconds = _ours(browser, url, folder, n)
                theirs, drawn = _bertviz(browser, folder, n, given.patience) if n <= given.bertviz_most else (None, None)
                fewer = None if theirs is None else theirs / size
                missed |= n in GOAL and (fewer is None or fewer < GOAL[n])
                rows.append(
                    [
                        "" if fewer is None else f"{fewer:,.0f}",
                        f"{n:,}",
                        f"{size / 1e6:.3f}",
                        "not asked" if theirs is None else f"{theirs / 1e6:,.1f}",
                        f"{seconds:.1f}",
                        "" if theirs is None else "gave up" if drawn is None else f"{drawn:.1f}",
                        f"at least {GOAL[n]:.0f}" if n in GOAL else "",
                    ]
                )
        browser.close()
    report.show(
        f"All heads of a GPT-2-small shape, {LAYERS} x {HEADS}, in Chromium, against BertViz' model view (bertviz 1.4.1)",
        ["fewer bytes, times", "tokens", "MB, ours", "MB, BertViz", "s from Enter, ours", "s to draw, BertViz", "goal"],
        rows,
    )
    return int(missed)


def _ours(browser: Browser, url: str, folder: Path, n: int) -> tuple[int, float]:
    """Bytes and seconds from Enter until all heads and the map of one are drawn."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(_PATIENCE_MS)
    got = received(page)
    page.goto(f"{url}/?model={quote(str(folder), safe='')}&layer=0&head=0&text=w1%20w2")
    _until(page, [])
    page.wait_for_timeout(2000)
    before, bytes_before = page.evaluate(_HREFS), got.data()
    page.get_by_label("Text", exact=True).fill(shapes.gpt2_text(n))
    begun = page.evaluate("() => Date.now() / 1000")
    page.keyboard.press("Control+Enter")
    ended = _until(page, before)
    page.wait_for_timeout(1000)
    size = got.data() - bytes_before
    page.close()
    return size, ended - begun


def _until(page: Page, before: list[str]) -> float:
    return page.wait_for_function(_DRAWN, arg=before, polling=50).json_value()


def _bertviz(browser: Browser, folder: Path, n: int, patience: float) -> tuple[int, float | None]:
    """Bytes of the document, and seconds until it is drawn; None where it is not."""
    tokens = shapes.gpt2_text(n).split()
    network = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        weights = network(**tokenizer(" ".join(tokens), return_tensors="pt"), output_attentions=True).attentions
    size = len(model_view(weights, tokens, html_action="return").data.encode())
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(patience * 1000)
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".html") as file:
            file.write(model_view_html({i: np.asarray(of[0]) for i, of in enumerate(weights)}, tokens))
            file.flush()
            begun = time.monotonic()
            page.goto(f"file://{file.name}")
            page.wait_for_function("n => document.querySelectorAll('svg .attention_row, svg path, svg line').length >= n", arg=LAYERS * HEADS)
            return size, time.monotonic() - begun
    except (BrowserError, MemoryError):
        return size, None
    finally:
        page.close()


if __name__ == "__main__":
    sys.exit(main())
