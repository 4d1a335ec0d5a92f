"""Everything that is computed, on models whose layers differ in heads: the first of each stack has none, and the others lack some."""

import numpy as np
import pytest

import models
from benchmarks import operations
from explorer.ablation.heads import changes
from models.surgery import slicing
from tests import families, matrix

# Grouped heads (llama, mistral, qwen2), a sliding window (mistral), three kinds of attention (t5, bart, marian).
NAMES = ["bert", "roberta", "distilbert", "electra", "gpt2", "opt", "llama", "mistral", "qwen2", "t5", "bart", "marian"]
ONCE = operations.OPERATIONS.keys() - {"greedy", "scaled", "by_gradient"}


@pytest.mark.parametrize("name", matrix.part(NAMES, ["bert", "gpt2", "mistral", "bart"]))
def test_what_a_whole_model_can_a_cut_one_can(name, tmp_path, monkeypatch):
    monkeypatch.setattr(operations, "TEXTS", operations.TEXTS[:2])
    whole = models.load(families.save(name, tmp_path), device="cpu")
    cut = {site.index: range(site.heads if site.layer == 0 and site.part != "cross" else site.heads // site.kv_heads) for site in whole.sites}
    small = slicing.sliced(whole, cut)
    assert len({site.heads for site in small.sites}) > 1 and min(site.heads for site in small.sites) == 0
    for operation in ONCE:
        try:
            expected = operations.OPERATIONS[operation](whole)
        except (models.InputError, models.ModelError):
            continue  # not for this architecture
        found = operations.OPERATIONS[operation](small)
        if operation == "pruned":
            gone = [(site, head) for site, heads in cut.items() for head in heads]
            without = operations.task(whole).score(lambda batch, gone=gone: changes(whole, gone))
            np.testing.assert_allclose(found["all"], without.loss, atol=1e-4)
        for what, values in found.items():
            if what in expected:
                assert not np.isnan(values).all() or np.isnan(expected[what]).all(), f"{operation}: {what}"
