"""Gradient-weighted relevance against eager transformers, whose weights carry their own gradients."""

import numpy as np
import pytest
import torch

import models
from explorer.flow import relevance, targets
from models.opening import sites

CASES = {
    "bert": "masked",
    "roberta": "masked",
    "distilbert": "vector",
    "gpt2": "next",
    "gpt_neox": "next",
    "opt": "next",
    "llama": "next",
}


def by_eager(model: models.Model, target: targets.Target) -> np.ndarray:
    model.network.set_attn_implementation("eager")
    try:
        runs = model.network.base_model if target.kind == "vector" else model.network
        output = runs(**sites.inputs_for(model.network, input_ids=target.ids[None]), output_attentions=True)
        for weights in output.attentions:
            weights.retain_grad()
        if target.kind == "vector":
            mean = output[0][0].mean(0)
            value = mean @ (mean / mean.norm()).detach()
        else:
            value = output.logits[0, target.rows[0], target.number]
        value.backward()
    finally:
        model.network.set_attn_implementation(models.attention.NAME)
        model.network.zero_grad(set_to_none=True)
    found = torch.eye(len(target.ids))
    for weights in output.attentions:
        found = found + (weights.grad * weights)[0].clamp(min=0).mean(0).detach() @ found
    return found.numpy()


@pytest.mark.parametrize(("name", "kind"), CASES.items())
def test_it_is_what_eager_gradients_give(tiny, name, kind):
    model = tiny(name)
    target = targets.make(model, "the cat" if name == "gpt2" else "the cat sat on mat", kind)
    np.testing.assert_allclose(relevance.relevance(model, target), by_eager(model, target), atol=2e-5, rtol=1e-4)


def test_no_gradient_stays_on_the_network(tiny):
    model = tiny("bert")
    relevance.relevance(model, targets.make(model, "the cat sat", "masked"))
    assert all(parameter.grad is None for parameter in model.network.parameters())
