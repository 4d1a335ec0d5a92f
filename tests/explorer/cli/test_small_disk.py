"""Each command that writes, on a disk that is full, may only be read, or whose folder disappears: a message, and what was there is intact.

The disk is a small tmpfs that is mounted where nobody else sees it (`unshare`), so that the system itself says what it says of a disk.
"""

import json
import shutil
import subprocess
import sys

import pytest

from tests import ROOT

PROGRAM = """
import contextlib, io, json, os, shutil, subprocess, sys
from pathlib import Path

import torch

torch.set_num_threads(1)
from explorer.cli import main
from explorer.lectures import shipped
from tests import tiny
from tests.explorer.cli.test_bad_days import NAMES, command, contents

work = Path(sys.argv[1])
disk = work / "disk"
disk.mkdir()
folder, lines = tiny.save("llama", work / "model"), work / "lines.txt"
lines.write_text("the cat sat on the mat\\na dog\\nthey play in the garden .\\n")
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", disk], check=True)
out = shipped.FOLDER = disk / "out"
OLD = ("made.json", "made.npz", "made.html", "q07_diversity.json")
taken = []

def heard(event, values):
    # The first file that is opened for writing finds no folder.
    if taken and event == "open" and str(values[0]).startswith(str(out)) and values[2] & (os.O_WRONLY | os.O_RDWR):
        taken.clear()
        shutil.rmtree(out)

sys.addaudithook(heard)
found = {}
for name in NAMES:
    for trouble in ("full", "read-only", "gone"):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        given = command(name, folder, out, lines)
        for file in OLD:
            (out / file).write_text("what was there")
        before = contents(out)
        if trouble == "full":
            with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(65536))
        elif trouble == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        else:
            taken.append(True)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            status = main.main(given)
        left = contents(out)
        fresh = sorted(file for file in left if file not in before and not file.endswith(".unfinished") and ".work/" not in file)
        intact = trouble == "gone" or {file: left.get(file) for file in before} == before
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        (disk / "filler").unlink(missing_ok=True)
        met = trouble != "gone" or not taken
        taken.clear()
        again = main.main(given) if out.is_dir() and not (out / "made").exists() and trouble != "gone" else 0
        found[f"{name}, {trouble}"] = [status, intact, fresh, met, again, said.getvalue()[-400:]]
# A cache that may only be read: what is bundled opens all the same, and what has to be written there says where else.
import models
from huggingface_hub import constants

constants.HF_HUB_CACHE = str(disk / "cache")
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
cached = [len(models.load("bert", "cpu").sites)]
try:
    models.load(folder, "split", room={"cpu": 1000})
except models.ModelError as error:
    cached.append(str(error))
print("FOUND " + json.dumps([found, cached]))
"""
ADVICE = {"full": "Make room, or name another place", "read-only": "a place that this user may write to", "gone": "Make the folder first"}


def mounts() -> bool:
    """Whether this user may mount a disk of her own here."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return False
    tried = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt && mount -o remount,ro /mnt"]
    return not subprocess.run(tried, capture_output=True, check=False).returncode


@pytest.mark.skipif(not mounts(), reason="no disk may be mounted here")
def test_a_small_disk_is_told_of_and_loses_nothing(tmp_path):
    done = subprocess.run(["unshare", "-rm", sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    found, cached = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))[6:])
    assert len(found) == 30
    wrong = {}
    for what, (status, intact, fresh, met, again, said) in found.items():
        told = ADVICE[what.rpartition(", ")[2]] in said and "Traceback" not in said
        if (status, intact, fresh, met, again, told) != (1, True, [], True, 0, True):
            wrong[what] = (status, intact, fresh, met, again, told, said)
    assert not wrong
    assert cached[0] == 6 and "cannot be written" in cached[1] and "Set HF_HOME" in cached[1]
