"""The walls of the house: who may import whom, how long a file may be, and that what is imported is required."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests import ROOT

PRODUCT = ["app.py", *sorted(str(file.relative_to(ROOT)) for name in ("pages", "explorer", "models") for file in (ROOT / name).rglob("*.py"))]
AROUND = sorted(str(file.relative_to(ROOT)) for name in ("benchmarks", "scripts") for file in (ROOT / name).rglob("*.py"))
PACKAGES = sorted({str(Path(file).parent) for file in PRODUCT + AROUND if Path(file).name == "__init__.py"})

USES_OPTIONAL = ("explorer/units/on_dask.py", "explorer/units/work.py")
"""May import what requirements-cluster.txt names, within functions."""


@cache
def parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


def imports(file: str) -> set[str]:
    """Modules that a file imports, anywhere in it, in full: "explorer.charts.common"."""
    found = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert isinstance(node, ast.Import) or node.level == 0, f"{file}: imports are absolute here"
            found |= names_of(node)
    return found


def names_of(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The modules of one import."""
    return {node.module} if isinstance(node, ast.ImportFrom) else {alias.name for alias in node.names}


def roots(file: str) -> set[str]:
    """The first words of what a file imports: packages."""
    return {name.split(".")[0] for name in imports(file)}


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below a node that runs when its module is imported: not the bodies of functions, but their defaults and decorators."""
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and name in ("body", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from at_import(child)


def translated_at_import(tree: ast.Module) -> list[int]:
    """Lines on which a word is translated while the module is imported."""
    return [n.lineno for n in at_import(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "_"]


@pytest.mark.parametrize(
    ("inside", "outside", "forbidden"),
    [
        ("", ("app.py", "pages/", "explorer/ui/"), {"streamlit"}),
        ("models/", (), {"explorer", "pages", "streamlit"}),
        ("explorer/charts/", (), {"torch", "streamlit"}),
        ("explorer/", (), {"pages", "app", "benchmarks", "tests"}),
        ("models/", (), {"benchmarks", "tests"}),
    ],
    ids=["streamlit", "models", "charts", "explorer", "tests"],
)
def test_who_may_import_whom(inside, outside, forbidden):
    looked_at = [file for file in PRODUCT if file.startswith(inside) and not file.startswith(outside or ("nowhere/",))]
    assert len(looked_at) > 10
    found = {file: sorted(both) for file in looked_at if (both := roots(file) & forbidden)}
    assert not found


def test_a_page_and_a_file_can_be_read_in_one_go():
    lengths = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in PRODUCT + AROUND}
    assert not {file: n for file, n in lengths.items() if n > (150 if file.startswith("pages/") else 350)}


def test_a_page_is_run_again_in_one_place():
    users = [file for file in PRODUCT if "rerun" in {node.attr for node in ast.walk(parsed(file)) if isinstance(node, ast.Attribute)}]
    assert users == ["explorer/ui/common/again.py"]


def test_no_word_is_translated_at_import():
    """It would stay in the language of whoever came first. app.py and pages/ are not imported but run anew for each viewer."""
    imported = [file for file in PRODUCT if file.startswith(("explorer/", "models/"))]
    assert not {file: lines for file in imported if (lines := translated_at_import(parsed(file)))}


def test_what_runs_at_import_is_told_from_what_does_not():
    source = """
A = _("one")
def f(x=_("two")):
    return _("no")
g = lambda: _("no")
class C:
    b = [_("three") for i in range(3)]
    def m(self): return {"x": _("no")}
@d(_("four"))
def h(): ...
"""
    assert translated_at_import(ast.parse(source)) == [2, 3, 7, 9]


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_folder_says_what_its_files_are_for(folder):
    told = ast.get_docstring(parsed(f"{folder}/__init__.py")) or ""
    modules = [file.stem for file in sorted((ROOT / folder).glob("*.py")) if file.stem not in ("__init__", "__main__")]
    assert not [name for name in modules if not re.search(rf"\b{name}\b", told)]


def test_what_is_imported_is_required():
    """Every package that the product imports is named in requirements.txt, where it is pinned, and not only there because another needs it."""
    required, optional = (required_in(name) for name in ("requirements.txt", "requirements-cluster.txt"))
    own, known = {"app", "pages", "explorer", "models"}, packages_distributions()
    missing = {}
    for file in PRODUCT:
        for package in roots(file) - own - set(sys.stdlib_module_names):
            may = required | (optional if file in USES_OPTIONAL else set())
            if not may & {normal(name) for name in known.get(package, [package])}:
                missing.setdefault(package, []).append(file)
    assert not missing


def test_what_is_optional_is_only_imported_where_it_is_asked_for():
    """At the top of a file it would be needed by whoever imports that file."""
    optional = {package for package, names in packages_distributions().items() if {*map(normal, names)} & required_in("requirements-cluster.txt")}
    for file in PRODUCT:
        top = {node for node in parsed(file).body if isinstance(node, ast.Import | ast.ImportFrom)}
        assert not {name.split(".")[0] for node in top for name in names_of(node)} & optional, file
    told = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert sorted(re.findall(r'"(\S+==\S+)"', told.partition("cluster = ")[2].partition("\n")[0])) == sorted(
        line for line in (ROOT / "requirements-cluster.txt").read_text(encoding="utf-8").splitlines() if "==" in line
    )


def required_in(name: str) -> set[str]:
    """Distributions that a file of requirements names."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {normal(re.split(r"[=<>~\[; ]", line)[0]) for line in lines if line.strip() and not line.startswith("#")}


def normal(distribution: str) -> str:
    """A name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
