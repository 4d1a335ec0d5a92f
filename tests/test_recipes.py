"""Lines of Python that a page gives away run as they are saved, in any folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from explorer import export
from tests import ROOT


@pytest.mark.skipif(Path(sys.prefix) != ROOT / ".venv", reason="only `make` tells .venv where the project lies")
def test_a_recipe_runs_where_it_is_saved(tmp_path):
    (tmp_path / "recipe.py").write_text(export.recipe("gpt2-mini", "The history of the town", layer=1, head="2", part="decoder"), "utf-8")
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "recipe.py"], cwd=tmp_path, env=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
