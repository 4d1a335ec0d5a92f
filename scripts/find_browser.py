"""Finds a Chromium for the browser tests, or installs one, and a font with Chinese: `python -m scripts.find_browser --install`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
"""For Chromium: run as root in a container, and ask nothing of anybody's network."""


def find() -> str | None:
    """Path of a Chromium, or None. EXPLORER_CHROMIUM names one; else the system's, else Playwright's own."""
    if named := os.environ.get("EXPLORER_CHROMIUM"):
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def draws_chinese() -> bool:
    """Whether the system has a font with Chinese characters; only Linux comes without one."""
    if not shutil.which("fc-list"):
        return sys.platform != "linux"
    return bool(subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True, check=False).stdout.strip())


def install() -> None:
    """Debian's chromium and a font with Chinese where apt and the right to use it are there, else Playwright's. Raises CalledProcessError."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdin": subprocess.DEVNULL, "check": True}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        # One by one: without the font all but one test run.
        for package in [*(["chromium"] if find() is None else []), *(["fonts-noto-cjk"] if not draws_chinese() else [])]:
            subprocess.run(["apt-get", "install", "-y", "-qq", package], stdout=subprocess.DEVNULL, **quiet)
    elif find() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def main() -> int:
    path = find()
    if (path is None or not draws_chinese()) and "--install" in sys.argv:
        try:
            install()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"no browser could be installed: {error}", file=sys.stderr)
        path = find()
    print(path or "no browser: its tests will be skipped, or fail where CI is set")
    return 1 if path is None and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
