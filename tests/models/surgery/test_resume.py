"""Starting a network in the middle, against running all of it."""

import pytest
import torch

from models import attention
from models.opening import sites
from models.surgery.resume import Passed, Runner, repeated
from tests import tiny as making


def inputs(name: str) -> dict[str, torch.Tensor]:
    ids = torch.randint(5, 25, (3, 7), generator=torch.Generator().manual_seed(1))
    return {"input_ids": ids} | ({"decoder_input_ids": ids[:, :4]} if name in making.PAIRED else {})


@pytest.mark.parametrize("name", making.DISPATCHED)
def test_a_resumed_run_equals_a_whole_one(tiny, name):
    model = tiny(name)
    given = sites.inputs_for(model.network, **inputs(name))
    runner, kept = Runner(model), Passed()
    with torch.inference_mode():
        expected = model.network(**given).logits
        torch.testing.assert_close(runner.run(given, kept).logits, expected, rtol=0, atol=0)
        assert sorted(runner.call_of) == [site.index for site in model.sites]
        twice = {n: v.repeat_interleave(2, 0) if isinstance(v, torch.Tensor) else v for n, v in given.items()}
        for site in model.sites:
            gates = torch.ones(6, site.heads)
            gates[1::2, 0] = 0
            with attention.attending(runner.sites_of, changes={site.index: attention.Change(gate=gates)}, record=False):
                resumed = runner.resume(runner.call_of[site.index], twice, kept, times=2).logits
            with attention.attending(model.sites_of, changes={site.index: attention.Change(gate=gates[1])}, record=False):
                gated = model.network(**given).logits
            torch.testing.assert_close(resumed[::2], expected, rtol=0, atol=1e-5)
            torch.testing.assert_close(resumed[1::2], gated, rtol=0, atol=1e-5)
            assert (gated - expected).abs().max() > 1e-4


def test_the_original_network_learns_nothing_of_it(tiny):
    model = tiny("bert")
    names = [name for name, _ in model.network.named_modules()]
    runner = Runner(model)
    assert [name for name, _ in model.network.named_modules()] == names
    weights = {p.data_ptr() for p in model.network.parameters()}
    assert {p.data_ptr() for p in runner.network.parameters()} == weights


def test_repeated():
    assert repeated({"a": torch.tensor([1, 2])}, 2)["a"].tolist() == [1, 1, 2, 2]
