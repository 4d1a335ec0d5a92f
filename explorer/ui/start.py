"""Starts the dashboard: `python -m explorer.ui.start [STREAMLIT OPTIONS]`, what `make run` calls; `make room` adds `--room`,
and `make public` adds `--public`."""

from __future__ import annotations

import sys
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

APP = Path(__file__).resolve().parents[2] / "app.py"
SERVED = Path(__file__).with_name("served.py")
"""What is served: `APP`, and the documents that open its pages."""


def main(options: list[str]) -> None:
    """Runs `streamlit run` with these options; does not return."""
    # Streamlit takes a folder named pages/ for its older kind of navigation until app.py has run once: a link to a page,
    # opened first, would show that file alone. app.py says itself which pages there are.
    PagesManager.uses_pages_directory = False
    script = SERVED
    if "--room" in options:
        # Not before it is asked for: who opens no room does not wait for it.
        from explorer.ui.room import opening

        script, options = opening.SERVED, opening.begin(options)
    elif "--public" in options:
        from explorer.ui.public import opening as public

        script, options = public.SERVED, public.begin(options)
    sys.argv = ["streamlit", "run", str(script), *options]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1:])
