"""Each benchmark begins and says what it takes, and the commands that the project's pages give are ones that it takes."""

import argparse
import ast
import importlib
import inspect
import re
import shlex

import pytest

from tests import ROOT

BEGUN_BY_OTHERS = {"transformer_lens_loop", "watched"}
"""Begun by another benchmark: the first in an environment of its own, the second as a dashboard, with the options of Streamlit."""
COMMANDS = sorted(
    file.stem for file in (ROOT / "benchmarks").glob("*.py") if '__name__ == "__main__"' in file.read_text() and file.stem not in BEGUN_BY_OTHERS
)
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs").glob("*.md"))]
OURS = {"benchmarks", "explorer", "models", "scripts", "tests"}
HEADING = "## How exact, how far, how fast, how safe"


class Understood(Exception):
    """It has read its options; what it measures takes minutes."""


@pytest.fixture
def begin(monkeypatch):
    """Begins a benchmark with some options, until it has read them."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # one of them sets it when it is imported: put back afterwards
    read = argparse.ArgumentParser.parse_args

    def parse_args(self, *given, **how):
        read(self, *given, **how)
        raise Understood

    def begun(name: str, *options: str) -> None:
        monkeypatch.setattr("sys.argv", [name, *options])
        importlib.import_module(f"benchmarks.{name}").main()

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    return begun


def named(page: str) -> list[tuple[str, ...]]:
    """Commands of a page: the name of a benchmark and its options. What stands alone in code after a command is a further option of it."""
    found = []
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        for command, more in re.findall(r"python -m benchmarks\.([^`|]+)((?:`; `--[^`]+)*)", line):
            words = shlex.split(command)
            found += [tuple(words), *((*words, *shlex.split(one)) for one in more.replace("`", "").split(";") if one.strip())]
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_it_begins_and_says_what_it_takes(name, begin, capsys):
    with pytest.raises(SystemExit) as ended:
        begin(name, "--help")
    assert ended.value.code == 0 and capsys.readouterr().out.startswith("usage:")


@pytest.mark.parametrize(
    "file", [file for file in sorted((ROOT / "benchmarks").glob("*.py")) if file.stem != "transformer_lens_loop"], ids=lambda file: file.stem
)
def test_what_it_takes_from_our_modules_is_there(file, monkeypatch):
    """Much of a benchmark runs in no test, and what it names may have moved since."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    module = importlib.import_module(f"benchmarks.{file.stem}")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of = getattr(module, node.value.id, None)
            if inspect.ismodule(of) and of.__name__.partition(".")[0] in OURS:
                assert hasattr(of, node.attr), f"line {node.lineno}: {node.value.id}.{node.attr}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_are_understood(page, begin):
    for name, *options in named(page):
        try:
            begin(name, *options)
        except Understood:
            continue
        except SystemExit:
            pytest.fail(f"{page}: python -m benchmarks.{name} {shlex.join(options)}")
        pytest.fail(f"benchmarks.{name} reads no options")


def test_each_row_of_the_table_has_a_command(request):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.split(HEADING)[1].split("\n## ")[0].splitlines() if line.startswith("|")][2:]
    last = [row.split("|")[-2].strip() for row in rows]
    assert len(rows) > 30 and last[0] != "the same"
    for command in last:
        if tests := re.fullmatch(r"`python -m pytest (\S+) (--\w+)`", command):
            assert (ROOT / tests[1]).is_file() and request.config.getoption(tests[2]) is not None
        else:
            assert command == "the same" or command.startswith("`python -m benchmarks."), command
    known = named("README.md")
    assert ("viewers", "--sweep") in known and ("atlas", "--flat", "15") in known
