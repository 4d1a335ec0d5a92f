"""Finds a Chromium for the browser tests, or installs one, and a font with Chinese: `python -m scripts.find_browser --install`.

The tests take Chromium's headless shell where there is one: the same engine without a window around each page, whose tabs and buttons cost
the processor half as much again as the page. It is also what Playwright takes by itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--font-render-hinting=none"),
]
"""For Chromium: run as root in a container, ask nothing of anybody's network, and give letters their width to the fraction of a pixel."""
SHELL = "chromium-headless-shell"


def find(shell: bool = False) -> str | None:
    """Path of a Chromium, or None. EXPLORER_CHROMIUM names one; else the system's, the headless shell first where `shell`, else Playwright's."""
    if named := os.environ.get("EXPLORER_CHROMIUM"):
        return named
    names = ["chromium", "chromium-browser", "google-chrome"]
    for name in [SHELL, *names] if shell else [*names, SHELL]:
        if found := shutil.which(name):
            return found
    # Who asks may have begun Playwright already, and no thread begins it twice.
    with ThreadPoolExecutor(1) as apart:
        path = apart.submit(_of_playwright).result()
    return path if Path(path).exists() else None


def _of_playwright() -> str:
    """Where Playwright's own Chromium is, or would be."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def draws_chinese() -> bool:
    """Whether the system has a font with Chinese characters; only Linux comes without one."""
    if not shutil.which("fc-list"):
        return sys.platform != "linux"
    return bool(subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True, check=False).stdout.strip())


def install() -> None:
    """What is missing of Debian's Chromium and a font with Chinese, where apt and the right to use it are there; else Playwright's Chromium.

    Raises:
        CalledProcessError: there is no browser afterwards, or no font.
    """
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        _apt("update", "-qq")
        if not shutil.which(SHELL):
            # Not every distribution has the shell alone.
            with contextlib.suppress(subprocess.CalledProcessError):
                _apt("install", "-y", "-qq", SHELL)
        # One by one: without the font all but one test run.
        if find() is None:
            _apt("install", "-y", "-qq", "chromium")
        if not draws_chinese():
            _apt("install", "-y", "-qq", "fonts-noto-cjk")
    elif find() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def _apt(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def main() -> int:
    path = find(shell=True)
    # One that was named is wanted as it is.
    whole = os.environ.get("EXPLORER_CHROMIUM") or (path and (shutil.which(SHELL) or not shutil.which("apt-get")))
    if not (whole and draws_chinese()) and "--install" in sys.argv:
        try:
            install()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"not everything could be installed: {error}", file=sys.stderr)
        path = find(shell=True)
    print(path or "no browser: its tests will be skipped, or fail where CI is set")
    return 1 if path is None and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
