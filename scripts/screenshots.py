"""Takes the screenshots of the README, in both themes: `python -m scripts.screenshots [NAME ..]`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts.find_browser import ARGUMENTS, find
from scripts.serve import ROOT, serve

SHOTS = {
    "attention": "/?layer=2&head=4&q=3",
    "translation": "/?lang=zh&model=translate-mini&text=I%20love%20you%2C%20but%20you%20love%20him.&part=cross&layer=0&head=4",
    "lines": "/?layer=0&head=2&view=lines",
    "whole-model": "/?view=model",
    "neurons": "/?layer=0&head=2&view=neurons&q=3",
    "prune": "/prune?pruned=5.9,2.1,3.9",
    "importance": "/importance?orders=gradient",
    "training": "/training?lab_over=roles",
    "heads": "/heads?model=gpt2-mini&heads=roles&layer=1&head=6&scored_on=own",
    "syntax": "/syntax",
    "weights": "/weights?model=gpt2-mini&look=write&layer=0&head=1",
    "beyond": "/beyond?text=The%20film%20was%20a%20wonderful%20surprise%2C%20and%20never%20dull.",
    "lens": "/beyond?beyond=lens&model=gpt2-mini&text=In%20the%20summer%20of%201914%20the%20army%20crossed%20the%20river%20and",
    "compare": "/compare",
    "softmax": "/softmax",
    "positions": "/positions",
    "order": "/positions?positions=order",
    "claims": "/claims?claim=C3&shown=1",
    "course": "/course",
    "course-show": "/course?demo=Q3&step=show&q3_d_k=256",
    "course-notice": "/course?demo=Q3&step=notice&q3_d_k=256",
}

_RESTED = """() => {
    // No job is left, and the script has not run, for two seconds: one job may follow another.
    const running = document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'notRunning';
    if (running || document.querySelector('[class*=st-key-stop_job]')) window.restedSince = undefined;
    else window.restedSince ??= performance.now();
    return performance.now() - window.restedSince > 2000;
}"""


def main(names: list[str], out: Path = ROOT / "docs" / "screenshots") -> None:
    """Writes NAME-light.png and NAME-dark.png, 1440 x 900."""
    out.mkdir(parents=True, exist_ok=True)
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        for theme in ("light", "dark"):
            for name in names or SHOTS:
                page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme)
                page.goto(url + SHOTS[name])
                page.locator("[data-testid=stVegaLiteChart] svg.marks, iframe, [class*=st-key-card_], .course-measures").first.wait_for(
                    timeout=60_000
                )
                page.wait_for_function(_RESTED, timeout=300_000)
                page.screenshot(path=out / f"{name}-{theme}.png")
                page.close()


if __name__ == "__main__":
    main(sys.argv[1:])
