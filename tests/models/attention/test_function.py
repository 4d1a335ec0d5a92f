"""Our attention against transformers' own eager attention: patterns, logits, changes."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models import attention
from models.attention import kernel, scoring
from models.opening import sites
from tests import tiny

EXACT = {"rtol": 0, "atol": 1e-5}


def batch(name: str) -> dict[str, torch.Tensor]:
    """Two texts of different length, padded on the right; encoder-decoders get a target too."""
    ids = torch.randint(5, 25, (2, 9), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    made = {"input_ids": ids * mask, "attention_mask": mask}
    if name in tiny.PAIRED:
        made["decoder_input_ids"] = torch.randint(5, 25, (2, 7), generator=torch.Generator().manual_seed(2))
    if name in ("bert", "electra", "albert"):
        made["token_type_ids"] = (torch.arange(9) > 4).long().expand(2, 9)
    return made


# Toys have no eager code of their own: tests/models/toy/ compares them with a loop.
@pytest.mark.parametrize("name", [name for name in tiny.DISPATCHED if name not in tiny.TOYS])
def test_patterns_and_logits_equal_eager(tiny, name):
    model = tiny(name)
    assert not model.view_only
    given = sites.inputs_for(model.network, **batch(name))
    model.network.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            eager = model.network(**given, output_attentions=True)
    finally:
        model.network.set_attn_implementation(attention.NAME)
    with torch.no_grad(), attention.attending(model.sites_of) as run:
        ours = model.network(**given)
    torch.testing.assert_close(ours.logits, eager.logits, **EXACT)
    assert [record.site for record in run.records] == [site.index for site in model.sites]
    for site in model.sites:
        part = site.part if model.kind == "encoder-decoder" else "encoder"
        expected = sites.attentions(eager, part)[site.layer]
        record = run.records[site.index]
        assert record.heads == site.heads and record.key.shape[1] == site.kv_heads
        for example in range(2):
            for head in range(site.heads):
                torch.testing.assert_close(record.pattern(head, example=example), expected[example, head], **EXACT)


@pytest.mark.parametrize("name", ["bert", "llama", "t5"])
def test_blocks_of_rows_change_nothing(tiny, name, monkeypatch):
    monkeypatch.setattr(kernel, "serves", lambda *_given: False)
    model = tiny(name)
    given = sites.inputs_for(model.network, **batch(name))
    with torch.no_grad():
        whole = model.network(**given).logits
        monkeypatch.setattr(scoring, "BLOCK_BYTES", 300)
        torch.testing.assert_close(model.network(**given).logits, whole, **EXACT)


@pytest.mark.parametrize("name", tiny.DISPATCHED)
def test_gates_of_one_change_nothing_and_gates_of_zero_do(tiny, name):
    model = tiny(name)
    given = sites.inputs_for(model.network, **batch(name))

    def logits(value: float) -> torch.Tensor:
        changes = {site.index: attention.Change(gate=torch.full((site.heads,), value)) for site in model.sites}
        with torch.no_grad(), attention.attending(model.sites_of, changes=changes, record=False):
            return model.network(**given).logits

    with torch.no_grad():
        plain = model.network(**given).logits
    torch.testing.assert_close(logits(1.0), plain, rtol=0, atol=0)
    assert (logits(0.0) - plain).abs().max() > 1e-3


def test_a_zero_gate_equals_zeroed_columns_of_the_output_projection(tiny):
    model = tiny("bert")
    given = batch("bert")
    change = {1: attention.Change(gate=torch.tensor([1.0, 0.0, 1.0, 1.0]))}
    weight = model.network.bert.encoder.layer[1].attention.output.dense.weight
    kept = weight.detach().clone()
    with torch.no_grad():
        with attention.attending(model.sites_of, changes=change):
            gated = model.network(**given).logits
        weight[:, 6:12] = 0
        zeroed = model.network(**given).logits
        weight.copy_(kept)
    torch.testing.assert_close(gated, zeroed, **EXACT)


def test_gates_carry_gradients_and_may_differ_per_example(tiny):
    model = tiny("gpt2")
    gate = torch.ones(2, 4, requires_grad=True)
    with attention.attending(model.sites_of, changes={0: attention.Change(gate=gate)}):
        model.network(**sites.inputs_for(model.network, **batch("gpt2"))).logits.sum().backward()
    assert gate.grad.shape == (2, 4) and (gate.grad[0] != gate.grad[1]).any()


def test_cut_edges_carry_nothing_and_the_rest_still_sums_to_one(tiny):
    model = tiny("bert")
    with torch.no_grad(), attention.attending(model.sites_of, changes={0: attention.Change(cut=((1, 2, 3),))}) as run:
        model.network(**batch("bert"))
    pattern = run.records[0].pattern(1)
    assert pattern[2, 3] == 0 and not run.records[0].visible(1)[2, 3]
    torch.testing.assert_close(pattern.sum(-1), torch.ones(9))


def test_uniform_fill_passes_on_the_mean_of_what_is_visible(tiny):
    model = tiny("gpt2")
    given = sites.inputs_for(model.network, **batch("gpt2"))
    change = attention.Change(gate=torch.zeros(4), replacement="uniform")
    with torch.no_grad(), attention.attending(model.sites_of) as run:
        model.network(**given)
    record = run.records[0]
    z = attention.function._gated(torch.zeros(2, 4, 9, 6), change, record.value, record.mask)
    torch.testing.assert_close(z[0, 2, 4], record.value[0, 2, :5].mean(0))


def test_nothing_is_left_behind_on_a_network(tiny):
    model = tiny("bert")
    with torch.no_grad():
        before = model.network(**batch("bert")).logits
        with attention.attending(model.sites_of, changes={0: attention.Change(scale=5.0)}):
            changed = model.network(**batch("bert")).logits
        after = model.network(**batch("bert")).logits
    assert not torch.equal(before, changed) and torch.equal(before, after)


def test_a_site_that_does_not_exist_is_refused(tiny):
    with pytest.raises(ValueError, match=r"\[9\]"), attention.attending(tiny("bert").sites_of, changes={9: attention.Change()}):
        pass


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 4]), st.floats(0.01, 4))
def test_rows_sum_to_one(n_queries, n_keys, group, scale):
    torch.manual_seed(0)
    q, k = torch.randn(1, 4, n_queries, 5), torch.randn(1, 4 // group, n_keys, 5)
    with attention.attending() as run:
        attention.attention_function(torch.nn.Identity(), q, k, k, None, scale)
    record = run.records[0]
    torch.testing.assert_close(record.patterns().sum(-1), torch.ones(4, n_queries))
    expected = torch.logsumexp(scale * q @ k.repeat_interleave(group, 1).mT, -1)
    torch.testing.assert_close(record.lse, expected, rtol=1e-5, atol=1e-5)
    row = 0
    by_hand = torch.tensor([sum(q[0, 3, row, d] * k[0, 3 // group, j, d] for d in range(5)) * scale for j in range(n_keys)]).softmax(0)
    torch.testing.assert_close(record.pattern(3)[row], by_hand, rtol=1e-4, atol=1e-5)


def test_what_is_added_to_z_passes_on_and_its_gradient_is_that_of_z(tiny):
    model = tiny("gpt2")
    ids = batch("gpt2")["input_ids"]
    added = torch.zeros(2, 4, 9, 6, requires_grad=True)
    with attention.attending(model.sites_of, changes={0: attention.Change(added=added)}):
        value = model.network(ids).logits.sum()
    (gradient,) = torch.autograd.grad(value, [added])
    step = torch.zeros(2, 4, 9, 6)
    step[1, 2, 3, 4] = 1e-2
    with torch.no_grad():
        moved = []
        for sign in (1, -1):
            with attention.attending(model.sites_of, changes={0: attention.Change(added=sign * step)}):
                moved.append(model.network(ids).logits.double().sum())
    assert float(gradient[1, 2, 3, 4]) == pytest.approx(float(moved[0] - moved[1]) / 2e-2, rel=0.02)


@pytest.mark.parametrize("name", ["bert", "llama", "t5"])
def test_an_observer_is_told_every_weight(tiny, name, monkeypatch):
    model = tiny(name)
    monkeypatch.setattr(scoring, "BLOCK_BYTES", 300)
    seen = {}

    def observe(site: int, rows: slice, weights: torch.Tensor, _mask: torch.Tensor | None) -> None:
        seen.setdefault(site, []).append((rows.start, weights.clone()))

    with torch.no_grad(), attention.attending(model.sites_of, observe=observe) as run:
        model.network(**sites.inputs_for(model.network, **batch(name)))
    for record in run.records:
        blocks = seen[record.site]
        assert len(blocks) > 1 and [start for start, _w in blocks] == sorted(start for start, _w in blocks)
        weights = torch.cat([block for _start, block in blocks], dim=2)
        for example in range(2):
            torch.testing.assert_close(weights[example], record.patterns(example=example), **EXACT)
