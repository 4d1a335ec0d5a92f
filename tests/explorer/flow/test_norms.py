"""Norm-weighted attention: the vectors must sum to what the layer's own attention gives."""

import numpy as np
import pytest
import torch

import models
from explorer.capture import Capture, capture
from explorer.flow import norms
from models import attention
from models.opening import sites
from models.surgery.cutting import HeadProjections
from models.surgery.projections import of_sites
from tests import tiny as making

SUPPORTED = [name for name in [*making.ENCODERS, *making.DECODERS] if name not in ("toy_mean", "toy_linear", "toy_sparsemax")]


def text_for(name: str) -> str:
    return "the cat" if name == "gpt2" else "the cat sat on the mat"


def outputs_of(model: models.Model, projections: HeadProjections, captured: Capture) -> torch.Tensor:
    """What the output projection gave in a run of the model, without its bias, (n, width)."""
    given = []
    hook = projections.output.register_forward_hook(lambda _m, _args, out: given.append(out))
    with torch.no_grad(), attention.attending(model.sites_of, record=False):
        model.network.base_model(**sites.inputs_for(model.network, input_ids=torch.tensor([captured.sides[captured.parts[0]].ids])))
    hook.remove()
    bias = projections.output.bias
    return (given[-1] if bias is None else given[-1] - bias).reshape(-1, given[-1].shape[-1]).float()


@pytest.mark.parametrize("name", SUPPORTED)
def test_lengths_are_those_of_the_vectors(tiny, name):
    model = tiny(name)
    captured = capture(model, text_for(name))
    projections = of_sites(model)[model.sites[1].index]
    given = outputs_of(model, projections, captured).detach().numpy()
    size, width = projections.size, given.shape[1]
    columns = (
        projections.output.weight.detach()
        if projections.output.weight.shape[0] == width and not hasattr(projections.output, "nf")
        else projections.output.weight.detach().T
    )
    pattern, record, n = captured.patterns(1), captured.record(1), len(captured.tokens)
    of_heads, of_layer, summed = norms.of_heads(model, captured, 1), norms.of_layer(model, captured, 1), np.zeros((n, width))
    for query in range(n):
        for key in range(n):
            vectors = []
            for head in range(projections.heads):
                value = record.value[0, head // record.group, key].float()
                vectors.append((pattern[head, query, key] * (columns[:, head * size : (head + 1) * size] @ value)).numpy())
                assert of_heads[head, query, key] == pytest.approx(np.linalg.norm(vectors[-1]), abs=1e-5)
            assert of_layer[query, key] == pytest.approx(np.linalg.norm(sum(vectors)), abs=1e-5)
            summed[query] += sum(vectors)
    np.testing.assert_allclose(summed, given, atol=1e-4)


def test_vectors_of_several_heads_may_cancel_but_never_grow(bert):
    captured = capture(bert, "The cat sat on the mat.")
    assert (norms.of_layer(bert, captured, 3) <= norms.of_heads(bert, captured, 3).sum(0) + 1e-5).all()


@pytest.mark.parametrize("name", ["falcon", "toy_mean"])
def test_what_cannot_be_taken_apart_is_said(tiny, name):
    with pytest.raises(models.InputError):
        norms.of_heads(tiny(name), capture(tiny(name), "the cat"), 0)
