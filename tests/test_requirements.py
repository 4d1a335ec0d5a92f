"""What is required: ranges for those who install it, pins for those who build it, and both say the same of each library."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests import ROOT

CLAIMED = [Requirement(line) for line in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]]


def pins(file: str) -> dict[str, Version]:
    """Versions by library that a file of requirements pins; every line of it does."""
    lines = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
    pinned = dict(line.split("==") for line in lines)
    return {canonicalize_name(name): Version(version) for name, version in pinned.items()}


def test_what_is_claimed_is_pinned_and_nothing_else():
    assert {canonicalize_name(one.name) for one in CLAIMED} == set(pins("requirements.txt")) == set(pins("constraints-lowest.txt"))


@pytest.mark.parametrize("claim", CLAIMED, ids=lambda claim: claim.name)
def test_a_claim_begins_at_what_the_lowest_leg_runs_on_and_holds_our_own(claim):
    ours, lowest = (pins(file)[canonicalize_name(claim.name)] for file in ("requirements.txt", "constraints-lowest.txt"))
    begins = [Version(part.version) for part in claim.specifier if part.operator in (">=", "==")]
    assert begins == [lowest]
    assert ours in claim.specifier and lowest in claim.specifier and lowest <= ours


def test_the_tests_are_run_with_the_same_tools_on_all_versions():
    wanted = {line for line in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
    assert wanted == {"-r requirements.txt", "-r requirements-cluster.txt", "-r requirements-tools.txt"}
    told = (ROOT / "Makefile").read_text(encoding="utf-8").partition(".venv-lowest/.test:")[2]
    assert re.findall(r"-r (\S+)", told) == ["constraints-lowest.txt", "requirements-cluster.txt", "requirements-tools.txt"]
