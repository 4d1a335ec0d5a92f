"""The dashboard as `make run` starts it, and a line in a file for each model that it opens; `benchmarks.viewers` counts them.

`WATCHED_OPENINGS` names the file. Where `WATCHED_PROFILE` names one, what the pages' scripts spend their time on is written there, as
`python -m pstats` reads it.
"""

from __future__ import annotations

import cProfile
import os
import sys
import threading
from pathlib import Path

from streamlit.runtime.scriptrunner import script_runner

from explorer.ui import start
from explorer.ui.common import session


def _count(file: Path) -> None:
    opened = session.load

    def load(name: str, *how: object, **more: object) -> object:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(f"{name}\n")
        return opened(name, *how, **more)

    session.load = load


def _profile(file: str) -> None:
    """One profile of all scripts: they take turns while it is on, or it would count a script that waits for another one."""
    run, turn, profile = script_runner.ScriptRunner._run_script, threading.Lock(), cProfile.Profile()

    def profiled(self: script_runner.ScriptRunner, *given: object) -> None:
        with turn:
            profile.enable()
            try:
                run(self, *given)
            finally:
                profile.disable()
                profile.dump_stats(file)

    script_runner.ScriptRunner._run_script = profiled


if __name__ == "__main__":
    if found := os.environ.get("WATCHED_OPENINGS"):
        _count(Path(found))
    if found := os.environ.get("WATCHED_PROFILE"):
        _profile(found)
    start.main(sys.argv[1:])
