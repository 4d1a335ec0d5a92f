"""Starting a network in the middle, against running all of it."""

import pytest
import torch
import transformers

import models
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


_GEMMA = {
    **{"vocab_size": 32, "vocab_size_per_layer_input": 32, "hidden_size": 24, "hidden_size_per_layer_input": 8, "intermediate_size": 32},
    **{"num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "num_kv_shared_layers": 2},
    **{"layer_types": ["sliding_attention", "full_attention"] * 2, "sliding_window": 4, "max_position_embeddings": 40},
    **{"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3},
}
SHARING = {
    "gemma3n": lambda: transformers.Gemma3nForCausalLM(
        transformers.Gemma3nTextConfig(**_GEMMA, laurel_rank=4, activation_sparsity_pattern=[0.0] * 4, altup_num_inputs=3)
    ),
    "gemma4": lambda: transformers.Gemma4ForCausalLM(transformers.Gemma4TextConfig(**_GEMMA, global_head_dim=8)),
}
"""The last two layers attend with keys and values of earlier ones; of each token's state Gemma 3n has three versions."""


@pytest.mark.parametrize("name", SHARING)
def test_layers_that_use_keys_of_earlier_ones_are_resumed(name, tmp_path):
    torch.manual_seed(0)
    made = SHARING[name]()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    made.save_pretrained(tmp_path)
    making.tokenizer("llama").save_pretrained(tmp_path)
    model = models.load(tmp_path, device="cpu")
    assert not model.view_only
    given = sites.inputs_for(model.network, **inputs("llama"))
    runner, kept, again = Runner(model), Passed(), Passed()
    twice = {n: v.repeat_interleave(2, 0) if isinstance(v, torch.Tensor) else v for n, v in given.items()}
    with torch.inference_mode():
        expected = runner.run(given, kept).logits
        for site in model.sites:
            gates = torch.ones(6, site.heads)
            gates[1::2, 0] = 0
            start = runner.call_of[site.index]
            with attention.attending(runner.sites_of, changes={site.index: attention.Change(gate=gates)}, record=False):
                resumed = runner.resume(start, twice, kept.detached(), times=2).logits
            with attention.attending(model.sites_of, changes={site.index: attention.Change(gate=gates[1])}, record=False):
                gated = model.network(**given).logits
            torch.testing.assert_close(resumed[::2], expected, rtol=0, atol=1e-5)
            torch.testing.assert_close(resumed[1::2], gated, rtol=0, atol=1e-5)
            assert (gated - expected).abs().max() > 1e-4
        # What a resumed run keeps serves another one, also where layers were passed over.
        runner.resume(3, given, kept, keep=again)
        torch.testing.assert_close(runner.resume(2, given, again).logits, expected, rtol=0, atol=1e-5)
    assert kept.bytes > sum(output.numel() * 4 for output in kept.outputs)


def test_the_original_network_learns_nothing_of_it(tiny):
    model = tiny("bert")
    names = [name for name, _ in model.network.named_modules()]
    runner = Runner(model)
    assert [name for name, _ in model.network.named_modules()] == names
    weights = {p.data_ptr() for p in model.network.parameters()}
    assert {p.data_ptr() for p in runner.network.parameters()} == weights


def test_repeated():
    assert repeated({"a": torch.tensor([1, 2])}, 2)["a"].tolist() == [1, 1, 2, 2]
