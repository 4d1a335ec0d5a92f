"""Takes the screenshots of the README, in both themes: `python -m scripts.screenshots [NAME ..]`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
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
    "atlas": "/atlas?atlas_view=relations&layer=2&head=0",
    "atlas-outside": "/atlas?model=gpt2-mini&layer=4&head=7&lands=not-induction",
    "atlas-changed": "/atlas?model=gpt2-mini&pruned=1.0,2.3&atlas_view=changed&layer=3&head=0",
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

ROOM = "room"

_RESTED = """() => {
    // No job is left, and the script has not run, for two seconds: one job may follow another.
    const running = document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'notRunning';
    if (running || document.querySelector('[class*=st-key-stop_job]')) window.restedSince = undefined;
    else window.restedSince ??= performance.now();
    return performance.now() - window.restedSince > 2000;
}"""


def room(theme: str, out: Path) -> None:
    """The stage of a room with votes of five phones, and one of these beside it."""
    with serve(room_key=ROOM) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        stage = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme)
        stage.goto(f"{url}/course?demo=Q3&step=ask&key={ROOM}")
        address = "http://" + stage.locator(".st-key-course_votes b").first.inner_text()
        for option in (0, 1, 1, 2, 1):
            phone = browser.new_context(viewport={"width": 390, "height": 900}, color_scheme=theme).new_page()
            phone.goto(address)
            phone.locator("#room .options button").nth(option).click()
            phone.locator("[aria-pressed=true]").wait_for()
        stage.get_by_role("button", name="Show the votes").first.click()
        stage.locator(".room-bar").first.wait_for()
        stage.wait_for_function("document.querySelector('[data-room=votes]').innerText === '5'")
        stage.wait_for_function(_RESTED, timeout=300_000)
        shots = [Image.open(io.BytesIO(page.screenshot())) for page in (stage, phone)]
    both = Image.new("RGB", (sum(shot.width for shot in shots) + 20, 900), "#808080")
    both.paste(shots[0], (0, 0))
    both.paste(shots[1], (shots[0].width + 20, 0))
    both.save(out / f"room-{theme}.png")


def main(names: list[str], out: Path = ROOT / "docs" / "screenshots") -> None:
    """Writes NAME-light.png and NAME-dark.png, 1440 x 900; of the room with a phone beside it."""
    out.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        if not names or ROOM in names:
            room(theme, out)
    names = [name for name in names or SHOTS if name != ROOM]
    if not names:
        return
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        for theme in ("light", "dark"):
            for name in names:
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
