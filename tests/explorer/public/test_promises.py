"""What SECURITY.md and docs/operating.md say is so."""

import re
import shutil
import subprocess
from importlib import metadata

import pytest

from explorer.public import bounds
from tests import ROOT
from tests.browser import proxies

PAGES = ["SECURITY.md", "docs/operating.md"]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_named_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|explorer|models|benchmarks|docs)/[\w/.]+)(?:::(\w+))?`", text) + [
        (f"{module.replace('.', '/')}.py", "") for module in re.findall(r"python -m (benchmarks\.\w+)", text)
    ]
    assert named
    for path, test in named:
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), test


def test_commands_are_there():
    commands = re.findall(r"`\.venv/bin/(\S+) ", (ROOT / "docs/operating.md").read_text(encoding="utf-8"))
    installed = {script.name for script in metadata.entry_points(group="console_scripts")}
    assert commands and set(commands) <= installed


def test_numbers_are_those_of_the_code():
    said = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert f"at most {bounds.UPLOAD_MB} MB" in said and f"after {bounds.JOB_SECONDS / 60:.0f} minutes" in said
    assert f"a viewer has {bounds.JOBS} at once" in said
    assert f"client_max_body_size {bounds.UPLOAD_MB + 1}m" in (ROOT / "docs/operating.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("of", ["nginx", "caddy"])
def test_the_lines_for_several_servers_are_taken_by_the_proxy_that_they_are_for(of, tmp_path):
    if shutil.which(of) is None:
        assert proxies.written(of, tmp_path, 8500)
        pytest.skip(f"{of} is not on this machine")
    command = proxies.command(of, tmp_path, proxies.free_port(), ["http://127.0.0.1:8501", "http://127.0.0.1:8502"], check=True)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=proxies.surroundings(str(tmp_path)))
    assert done.returncode == 0, done.stderr
