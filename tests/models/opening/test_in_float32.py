"""Half precision: what is compared at opening is arithmetic, and not its rounding."""

import numpy as np
import pytest
import torch
from torch import nn

import models
from explorer.capture import capture
from models.attention import kernel, scoring
from models.opening import sites
from models.opening.in_float32 import HALF, InFloat32
from tests import tiny as making

TEXT = "the cat sat on the mat because it was warm ."


def eager(name: str, dtype: torch.dtype) -> nn.Module:
    network = making.network(name).to(dtype)
    network.set_attn_implementation("eager")
    return network


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("name", making.DISPATCHED)
def test_a_pass_in_float32_is_that_of_the_same_weights_in_float32(name, dtype):
    half = sites._hidden(eager(name, dtype), output_attentions=True)
    whole = sites._hidden(eager(name, dtype).float(), output_attentions=True)
    assert half.outputs[0].dtype == torch.float32
    torch.testing.assert_close(half.hidden, whole.hidden, rtol=0, atol=1e-6)
    for part in ("encoder", "decoder", "cross"):
        for one, other in zip(sites.attentions(half.outputs, part), sites.attentions(whole.outputs, part), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("name", making.DISPATCHED)
def test_every_architecture_opens_as_in_float32(name, dtype, tmp_path):
    making.save(name, tmp_path)
    half = models.load(tmp_path, device="cpu", dtype=str(dtype).removeprefix("torch."))
    whole = models.load(tmp_path, device="cpu", dtype="float32")
    assert not half.view_only and half.dtype == dtype and half.sites == whole.sites
    text, target = TEXT if name != "gpt2" else "the cat", "a dog sat" if name in making.PAIRED else None
    one, other = (capture(model, text, target=target) for model in (half, whole))
    for part in one.parts:
        for site in one.sites(part):
            patterns = one.patterns(site.layer, part)
            np.testing.assert_allclose(patterns.sum(-1), 1, atol=1e-5)
            # Eight bits of a score: its weight is known to a tenth of its size, and these scores are large.
            np.testing.assert_allclose(patterns, other.patterns(site.layer, part), atol=0.15)


@pytest.mark.parametrize("dtype", [torch.float32, *HALF], ids=str)
@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_an_attention_that_computes_otherwise_is_told_from_rounding(dtype, factor, monkeypatch):
    scores_of = scoring.scores_of
    monkeypatch.setattr(scoring, "scores_of", lambda query, *rest: scores_of(query * factor, *rest))
    monkeypatch.setattr(kernel, "serves", lambda *_given: False)
    layout = sites.find_sites(making.network("bert").to(dtype))
    assert layout.view_only == (factor != 1.0)
    assert ("computes more" in layout.reason) == (factor != 1.0)


def test_a_table_is_looked_up_before_it_is_converted():
    table = nn.Embedding(50_000, 64, dtype=torch.bfloat16)
    seen = []

    class Watched(InFloat32):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            found = super().__torch_dispatch__(func, types, args, kwargs)
            seen.append(found.numel())
            return found

    with Watched():
        rows = table(torch.tensor([[3, 7]]))
    assert rows.dtype == torch.float32 and max(seen) < 1000
    torch.testing.assert_close(rows, table.weight[[3, 7]][None].float())
