"""Begins a public server (`make public`), says what it bears, and gives the options of Streamlit for it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from explorer import i18n
from explorer.i18n import _
from explorer.public import bounds
from explorer.ui.common import strangers

SERVED = Path(__file__).with_name("served.py")
"""What is served on a public server."""
OPTIONS = {
    "--server.headless": "true",
    "--server.maxUploadSize": str(bounds.UPLOAD_MB),
    "--server.maxMessageSize": "50",
    # What goes wrong is in the server's log; a page tells no paths.
    "--client.showErrorDetails": "none",
    # Pages are for people: what drives them without a browser has no tab that is counted.
    "--server.enableAgentApi": "false",
}
"""Of Streamlit, where the command line does not say otherwise."""


def begin(options: list[str]) -> list[str]:
    """The options of the server, from those that `make public` was given.

    `--models OWNER/MODEL,..` names models of the hub that may be opened beside those of the list in the sidebar.
    """
    parser = argparse.ArgumentParser("python -m explorer.ui.start", add_help=False, allow_abbrev=False)
    parser.add_argument("--public", action="store_true")
    parser.add_argument("--models", default="")
    given, rest = parser.parse_known_args(options)
    os.environ[strangers.SHARED] = "1"
    bounds.begin(name.strip() for name in given.models.split(",") if name.strip())
    said = {option.partition("=")[0] for option in rest}
    with i18n.speaking(i18n.of_shell()):
        lines = [
            _("A public server: no folders of this machine, no token of yours, and only the models of the list."),
            _("A file has at most {size} MB, a computation {minutes:.0f} minutes, a viewer {jobs} of them at once.").format(
                size=bounds.UPLOAD_MB, minutes=bounds.JOB_SECONDS / 60, jobs=bounds.JOBS
            ),
            _("It listens to this machine alone, for a proxy that speaks https (docs/operating.md); --server.address says otherwise."),
        ]
    print("\n".join(["", *lines, ""]), flush=True)
    return [*rest, *(part for name, value in OPTIONS.items() if name not in said for part in (name, value))]
