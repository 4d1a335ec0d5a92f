"""Every combination of switches against a loop in numpy; what must hold whatever the weights are."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModel

from models import InputError, attention
from models.opening import sites
from models.toy import CHOICES, ToyConfig, ToyModel
from models.toy.layers import ToyAttention
from tests.models.toy.reference import Reference

EXACT = {"rtol": 0, "atol": 1e-5}
SIZES = {"vocab_size": 11, "d_model": 12, "max_length": 16}
MORE = {
    "layers": [1, 2],
    "heads": [1, 2, 3],
    "d_k": [None, 4, 6, 12],
    "output_projection": [True, False],
    "tie_kv": [False, True],
    "causal": [True, False],
    "encoder_decoder": [False, True],
    "position_interpolation": [1.0, 2.0],
    "residual": [True, False],
    "ffn": [0, 0.5, 2.0],
    "activation": ["relu", "gelu", "gelu_new", "silu"],
    "window": [1, 2, 3],
    "bias": [True, False],
    "tie_embeddings": [True, False],
    "token_types": [0, 2],
    "embedding_norm": [False, True],
    "identical_heads": [False, True],
}


def network(**switches) -> ToyModel:
    """A seeded toy whose weights are spread out, so that its patterns are far from uniform."""
    torch.manual_seed(0)
    made = ToyModel(ToyConfig(**SIZES | switches)).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return made


def inputs(made: ToyModel, n: int = 6, batch: int = 2) -> dict[str, torch.Tensor]:
    ids = torch.randint(0, 11, (batch, n), generator=torch.Generator().manual_seed(1))
    return {"input_ids": ids} | ({"decoder_input_ids": ids.flip(1)[:, :5]} if made.config.encoder_decoder else {})


def with_ours(made: ToyModel) -> ToyModel:
    made.set_attn_implementation(attention.NAME)
    return made


@st.composite
def combinations(draw) -> dict:
    """Switches that go together; what is left out by the rules of `ToyConfig` is drawn no further."""
    made = {name: draw(st.sampled_from(values)) for name, values in (CHOICES | MORE).items()}
    if made["encoder_decoder"]:
        made["causal"] = True
    if made["attention"] == "linear" and made["positions"] in ("rope", "alibi"):
        made["positions"] = "sinusoidal"
    if made["positions"] != "rope":
        made["position_interpolation"] = 1.0
    if made["attention"] == "window":
        made["window"] = max(2, made["window"])
    if not made["output_projection"]:
        made["d_k"] = 12 if made["combine"] == "mean" else 12 // made["heads"]
    return made


def in_double(made: ToyModel, given: dict[str, torch.Tensor]) -> torch.Tensor:
    """Logits of a copy in double precision throughout, angles of positions included."""
    torch.set_default_dtype(torch.double)
    try:
        with torch.no_grad():
            return copy.deepcopy(made).double()(**given).logits
    finally:
        torch.set_default_dtype(torch.float)


@settings(max_examples=40)
@given(combinations())
def test_every_combination_equals_a_loop_and_trains(switches):
    made = network(**switches)
    given = inputs(made)
    fast = made(**given, labels=list(given.values())[-1])
    fast.loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in made.parameters())

    slow = [Reference(made, *(ids[example].tolist() for ids in given.values())) for example in range(2)]
    expected = torch.tensor(np.array([reference.logits for reference in slow]))
    if switches["attention"] != "sparsemax":  # whose scores are always float32
        torch.testing.assert_close(in_double(made, given), expected, rtol=0, atol=1e-8)

    layout = sites.find_sites(made)
    kind = {"encoder", "decoder", "cross"} if switches["encoder_decoder"] else {"decoder" if switches["causal"] else "encoder"}
    assert not layout.view_only and {site.part for site in layout.sites} == kind
    with torch.no_grad(), attention.attending(layout.sites_of) as run:
        recorded = made(**given).logits
    # Unscaled scores without norms multiply a rounding error by thousands.
    near = 1e-3 * max(1.0, expected.abs().max().item())
    torch.testing.assert_close(recorded, fast.logits, rtol=0, atol=near)
    torch.testing.assert_close(recorded, expected.float(), rtol=0, atol=near)
    for example, reference in enumerate(slow):
        for record, patterns in zip(run.records, reference.patterns, strict=True):
            np.testing.assert_allclose(record.patterns(example=example).numpy(), patterns, rtol=0, atol=1e-3)
            assert (record.visible(example=example).numpy() >= (patterns[0] > 0)).all()
    ones = {site.index: attention.Change(gate=torch.ones(site.heads)) for site in layout.sites}
    with torch.no_grad(), attention.attending(layout.sites_of, changes=ones, record=False):
        assert torch.equal(made(**given).logits, recorded)


@pytest.mark.parametrize("attend", ["softmax", "sparsemax", "linear", "window"])
@pytest.mark.parametrize("more", [{}, {"causal": False}, {"encoder_decoder": True}])
def test_padding_changes_nothing(attend, more):
    made = network(attention=attend, window=3, **more)
    short = inputs(made, n=4, batch=1)
    padded = {name: torch.nn.functional.pad(ids, (0, 3)) for name, ids in short.items()}
    masks = {
        name.replace("input_ids", "attention_mask"): (torch.arange(ids.shape[1] + 3) < ids.shape[1]).long()[None] for name, ids in short.items()
    }
    with torch.no_grad():
        expected = made(**short).logits
        for _ in range(2):
            found = made(**padded, **masks).logits
            torch.testing.assert_close(found[:, : expected.shape[1]], expected, **EXACT)
            with_ours(made)


def test_the_two_sides_equal_those_of_pytorch():
    made = network(encoder_decoder=True, norm="post", activation="relu", heads=3, positions="none")
    made = with_ours(made)
    given = inputs(made)
    options = {"d_model": 12, "nhead": 3, "dim_feedforward": 48, "dropout": 0.0, "batch_first": True}
    encoder = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(**options), 2, enable_nested_tensor=False)
    decoder = torch.nn.TransformerDecoder(torch.nn.TransformerDecoderLayer(**options), 2)

    def fill(theirs: torch.nn.MultiheadAttention, ours: torch.nn.Module, names: tuple[str, ...]) -> None:
        theirs.in_proj_weight.copy_(torch.cat([ours.get_submodule(name).weight for name in names]))
        theirs.in_proj_bias.copy_(torch.cat([ours.get_submodule(name).bias for name in names]))
        theirs.out_proj.load_state_dict(ours.output.state_dict())

    with torch.no_grad():
        for theirs, ours in [
            *zip(encoder.layers, made.transformer.encoder.layers, strict=True),
            *zip(decoder.layers, made.transformer.stack.layers, strict=True),
        ]:
            fill(theirs.self_attn, ours.attention, ("qkv",))
            norms = [ours.attention_norm, ours.ffn_norm]
            if hasattr(theirs, "multihead_attn"):
                fill(theirs.multihead_attn, ours.cross_attention, ("query", "key", "value"))
                norms.insert(1, ours.cross_norm)
            for number, norm in enumerate(norms, 1):
                getattr(theirs, f"norm{number}").load_state_dict(norm.state_dict())
            theirs.linear1.load_state_dict(ours.ffn.widen.state_dict())
            theirs.linear2.load_state_dict(ours.ffn.narrow.state_dict())
        embedded = [made.get_input_embeddings()(ids) for ids in given.values()]
        future = torch.ones(5, 5, dtype=torch.bool).triu(1)
        expected = made.lm_head(decoder(embedded[1], encoder(embedded[0]), tgt_mask=future))
        torch.testing.assert_close(made(**given).logits, expected, **EXACT)


@given(st.permutations(range(6)), st.sampled_from(["softmax", "sparsemax", "linear"]))
def test_without_positions_the_outputs_are_permuted_with_the_tokens(order, attend):
    made = network(positions="none", causal=False, attention=attend)
    ids = inputs(made, batch=1)["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(made(ids[:, order]).logits, made(ids).logits[:, order], **EXACT)


@pytest.mark.parametrize("positions", [name for name in CHOICES["positions"] if name != "none"])
def test_with_positions_they_are_not(positions):
    made = network(positions=positions, causal=False, heads=2)
    ids = inputs(made, batch=1)["input_ids"]
    with torch.no_grad():
        assert (made(ids.roll(1, 1)).logits - made(ids).logits.roll(1, 1)).abs().max() > 1e-2


def test_alibi_that_sees_both_sides_cannot_tell_left_from_right():
    made = network(positions="alibi", causal=False, heads=2)
    ids = inputs(made, batch=1)["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(made(ids.flip(1)).logits, made(ids).logits.flip(1), **EXACT)


@pytest.mark.parametrize("positions", ["rope", "alibi", "none", "sinusoidal"])
def test_only_learned_positions_come_to_an_end(positions):
    made = network(positions=positions, heads=2)
    ids = torch.zeros(1, 40, dtype=torch.long)
    assert made(ids).logits.shape == (1, 40, 11) and made.config.max_position_embeddings is None
    with pytest.raises(InputError, match="40 tokens are more than the 16"):
        network()(ids)


def test_relative_positions_see_the_same_wherever_a_text_starts():
    for positions in ("rope", "alibi"):
        made = with_ours(network(positions=positions, heads=2, layers=1))
        ids = torch.tensor([[3, 3, 3, 3, 5, 7, 2, 8]])
        with torch.no_grad(), attention.attending() as run:
            made(ids)
            made(ids[:, 3:])
        whole, part = (record.scores(1) for record in run.records)
        torch.testing.assert_close(whole[3:, 3:].tril(), part.tril(), **EXACT)


def largest_difference_between_heads(made: ToyModel) -> float:
    found = []
    for layer in made.modules():
        if isinstance(layer, ToyAttention):
            rows = [t.unflatten(0, (-1, layer.heads, layer.d_k)).transpose(0, 1) for n, t in layer.named_parameters() if "output" not in n]
            found += [(heads - heads[:1]).abs().max().item() for heads in rows]
    return max(found)


@pytest.mark.parametrize("switches", [{}, {"combine": "mean", "d_k": 16}, {"encoder_decoder": True, "tie_kv": True}])
def test_identical_heads_stay_identical(switches):
    def trained(**more) -> ToyModel:
        torch.manual_seed(0)
        made = ToyModel(ToyConfig(**SIZES | {"d_model": 32} | switches | more)).train()
        optimiser = torch.optim.AdamW(made.parameters(), lr=1e-2)
        for _ in range(8):
            given = inputs(made)
            made(**given, labels=list(given.values())[-1]).loss.backward()
            optimiser.step()
            optimiser.zero_grad()
        return made

    # Not quite 0 on every processor: products of a matrix whose width does not suit its registers are rounded in another order.
    assert largest_difference_between_heads(trained(identical_heads=True)) < 1e-4
    assert largest_difference_between_heads(trained()) > 1e-2


@pytest.mark.parametrize("heads", [1, 2, 3, 4])
def test_parameters_of_attention_do_not_depend_on_the_heads(heads):
    layer = network(heads=heads, bias=False).transformer.stack.layers[0].attention
    assert sum(p.numel() for p in layer.parameters()) == 4 * 12 * 12


def test_full_width_heads_have_a_projection_each():
    layer = network(heads=4, d_k=12, combine="mean", bias=False).transformer.stack.layers[0].attention
    assert sum(p.numel() for p in layer.parameters()) == 3 * 4 * 12 * 12 + 12 * 12


def test_the_loss_is_over_what_has_a_label_and_nothing_is_shifted():
    made = network()
    ids = inputs(made)["input_ids"]
    labels = torch.full_like(ids, -100)
    labels[0, 2], labels[1, 5] = 4, 9
    out = made(ids, labels=labels)
    by_hand = -(out.logits[0, 2].log_softmax(-1)[4] + out.logits[1, 5].log_softmax(-1)[9]) / 2
    torch.testing.assert_close(out.loss, by_hand)
    assert made(ids).loss is None


def test_hidden_states_where_asked_for():
    made = network()
    out = made(**inputs(made), output_hidden_states=True)
    assert [tuple(h.shape) for h in out.hidden_states] == [(2, 6, 12)] * 3
    torch.testing.assert_close(made.transformer.stack.norm(out.hidden_states[-1]), out.last_hidden_state)
    assert made(**inputs(made)).hidden_states is None


def test_dropout_acts_while_training_only():
    made = network(dropout=0.5)
    given = inputs(made)
    assert torch.equal(made(**given).logits, made(**given).logits)
    made.train()
    for implementation in ("sdpa", attention.NAME):
        made.set_attn_implementation(implementation)
        assert not torch.equal(made(**given).logits, made(**given).logits)


@pytest.mark.parametrize("more", [{}, {"encoder_decoder": True, "decoder_start_token_id": 0}])
def test_generating_is_one_most_likely_token_after_the_other(more):
    made = network(**more)
    ids = inputs(made, n=4)["input_ids"]
    found = made.generate(ids, max_new_tokens=5, do_sample=False)
    read = torch.zeros(2, 1, dtype=torch.long) if more else ids
    for _ in range(5):
        given = {"input_ids": ids, "decoder_input_ids": read} if more else {"input_ids": read}
        read = torch.cat([read, made(**given).logits[:, -1:].argmax(-1)], dim=1)
    assert torch.equal(found, read)


def test_no_cache_is_taken_for_one():
    made = network()
    with pytest.raises(InputError, match="use_cache"):
        made.generate(inputs(made)["input_ids"], max_new_tokens=3, use_cache=True)
    with pytest.raises(InputError, match="decoder_input_ids"):
        network(encoder_decoder=True)(inputs(made)["input_ids"])


def test_the_start_depends_on_the_seed_only():
    first, second = network(), network()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    torch.manual_seed(1)
    weight = ToyModel(ToyConfig(d_model=64, init_std=0.05)).transformer.stack.layers[0].ffn.widen.weight
    assert weight.std().item() == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize(
    "switches", [{}, {"identical_heads": True}, {"encoder_decoder": True, "tie_embeddings": False}, {"head": "bert", "attention": "linear"}]
)
def test_a_saved_toy_comes_back(tmp_path, switches):
    made = network(**switches)
    made.save_pretrained(tmp_path)
    back = AutoModel.from_pretrained(tmp_path)
    assert type(back) is ToyModel and {name: getattr(back.config, name) for name in switches} == switches
    with torch.no_grad():
        assert torch.equal(back.eval()(**inputs(made)).logits, made(**inputs(made)).logits)


def test_nothing_is_added_to_the_network_by_looking(tiny):
    model = tiny("toy")
    before = copy.deepcopy(model.network.state_dict())
    with torch.no_grad(), attention.attending(model.sites_of, changes={0: attention.Change(scale=2.0)}):
        model.network(torch.zeros(1, 4, dtype=torch.long))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.network.modules())
    assert all(torch.equal(before[name], t) for name, t in model.network.state_dict().items())
