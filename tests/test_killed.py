"""Long work that is killed goes on, or begins again: a few kills, of the commands of `benchmarks/killed.py`."""

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_what_is_killed_goes_on_and_leaves_no_half_of_a_file():
    given = ("--kills", "3", "--seconds", "80", "--only", "ablate", "capture", "slice")
    # A process of its own, as it is copied for each start: one with threads may not be.
    done = subprocess.run([sys.executable, "-m", "benchmarks.killed", *given], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(given[5:])]
    assert len(rows) == 3
