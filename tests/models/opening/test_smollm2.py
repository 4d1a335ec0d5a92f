"""Patterns and logits on the real SmolLM2-135M: rotary embedding, grouped heads, 30 layers, trained weights."""

import os

import pytest

import models
from benchmarks import real
from benchmarks.exactness import TOLERANCE, cases, deviation, eager
from models.attention import scoring


@pytest.fixture(scope="module")
def smollm2():
    if why := real.lacking():
        pytest.skip(why)
    try:
        return real.smollm2()
    except RuntimeError as error:  # a registry that does not answer says nothing about the project
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@pytest.mark.thorough
def test_patterns_and_logits_equal_eager(smollm2, monkeypatch):
    model = models.load(smollm2, device="cpu", dtype="float32")
    assert (model.kind, len(model.sites), model.trained) == ("decoder", 30, True)
    assert {(site.heads, site.kv_heads) for site in model.sites} == {(9, 3)}
    reference = eager(smollm2, model.kind)
    # Small blocks, so that 300 tokens go through in several; 1,200 in blocks as they are: `python -m benchmarks.exactness`.
    monkeypatch.setattr(scoring, "BLOCK_BYTES", 2**20)
    for name, encoded in cases(model, long=300):
        found = deviation(model, reference, encoded)
        assert found.patterns <= TOLERANCE, (name, found)
        assert found.relative <= TOLERANCE, (name, found)
