"""The glossary says the same in all languages, and knows the relations of our treebanks."""

import re

import pytest

from explorer import i18n
from explorer.syntax import sentences
from explorer.ui.common import glossary


@pytest.mark.parametrize("which", i18n.LANGUAGES)
def test_the_entries_are_the_same(which):
    def shape(text: str) -> list[int]:
        return [line.count("**") for line in text.splitlines() if line.strip()]

    english, other = glossary.text(i18n.SOURCE), glossary.text(which)
    assert shape(english) == shape(other)
    for name in ("d_k", "d_model", "[CLS]", "RoPE", "ALiBi", "ρ (rho)", "diag(p) − p pᵀ", "Olsson et al. 2022"):
        assert name in other


@pytest.mark.parametrize("which", i18n.LANGUAGES)
def test_the_relations_of_our_treebanks_are_explained(which):
    counts: dict[str, int] = {}
    for sentence in sentences.own(which):
        for relation in sentence.relations:
            counts[relation.partition(":")[0]] = counts.get(relation.partition(":")[0], 0) + 1
    common = {name for name, n in counts.items() if n >= 10} - {"punct", "discourse"}
    assert common <= set(re.findall(r"[a-z]+", glossary.text("en")))
