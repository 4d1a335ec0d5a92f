"""The README in two languages says the same: commands, figures, links and pictures."""

import re
from collections import Counter

import pytest

from tests import ROOT

LANGUAGES = {"README.md", "README.zh.md"}


def parts(name: str) -> tuple[list[str], str]:
    """Blocks of code, and all else."""
    blocks, prose, fenced = [], [], False
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        fence = line.startswith("```")
        if fence or fenced or line.startswith("    "):
            blocks.append(line)
        else:
            prose.append(line)
        fenced ^= fence
    assert not fenced
    return blocks, "\n".join(prose)


def facts(name: str) -> dict[str, object]:
    blocks, prose = parts(name)
    bare = re.sub(r"`[^`]+`", "", prose)
    links = re.findall(r"\[[^\]]*\]\(([^)]*)\)", bare)
    return {
        "code": blocks,
        "inline code": Counter(re.findall(r"`([^`]+)`", prose)),
        "numbers": Counter(re.findall(r"\d[\d,.]*\d|\d", re.sub(r"\]\([^)]*\)", "]", bare), re.ASCII)),
        "links and pictures": [re.sub(r"-zh\.png$", ".png", link) for link in links if link not in LANGUAGES],
        "rows": [line.count("|") for line in prose.splitlines() if line.startswith("|")],
        "headings": [line.split(" ")[0] for line in prose.splitlines() if line.startswith("#")],
    }


@pytest.mark.parametrize("what", ["code", "inline code", "numbers", "links and pictures", "rows", "headings"])
def test_both_languages_say_the_same(what):
    assert facts("README.md")[what] == facts("README.zh.md")[what]


def test_each_leads_to_the_other_and_pictures_are_there():
    for name in LANGUAGES:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert f"]({(LANGUAGES - {name}).pop()})" in text
        for target in re.findall(r"\]\(([^):]+)\)", text):
            assert (ROOT / target).exists(), target
