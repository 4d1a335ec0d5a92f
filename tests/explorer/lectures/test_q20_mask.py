"""Q20: each measure against eager transformers, torch's own softmax, or a count."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from explorer.lectures import q20_mask
from explorer.lectures.q20_mask import BERT, HIDDEN, TEXT
from explorer.lectures.words import read
from models import InputError
from models.opening import catalogue


@pytest.fixture(scope="module")
def gpt2():
    return AutoModelForCausalLM.from_pretrained(catalogue.bundled_folder("gpt2-mini"), attn_implementation="eager", dtype=torch.float32).eval()


@torch.no_grad()
@pytest.mark.parametrize(("layer", "head", "text"), [(2, 1, TEXT), (0, 5, "She gave him a book, and he read it")])
def test_weights_under_each_mask_are_those_of_torch(opener, gpt2, layer, head, text):
    result = q20_mask.compute(opener, layer=layer, head=head, text=text)
    ids = torch.tensor([opener("gpt2-mini").tokenizer(text)["input_ids"][: q20_mask.TOKENS]])
    n, inside = ids.shape[1], {}
    gpt2.transformer.h[layer].attn.c_attn.register_forward_hook(lambda _m, _a, out: inside.update(qkv=out[0]))
    given = gpt2(ids, output_attentions=True)
    q, k, _v = (part.unflatten(-1, (8, 32))[:, head] for part in inside["qkv"].split(256, dim=-1))
    scores, future = q @ k.T / 32**0.5, torch.ones(n, n, dtype=torch.bool).triu(1)
    wanted = {
        "inf": scores.masked_fill(future, -torch.inf).softmax(-1),
        "before": scores.masked_fill(future, 0).softmax(-1),
        "after": scores.softmax(-1).masked_fill(future, 0),
    }
    assert np.allclose(wanted["inf"], given.attentions[layer][0, head], atol=1e-5)
    for how, weights in wanted.items():
        assert np.allclose(result.data["weights"][how], weights, atol=1e-5)
    leak = sum(float(wanted["before"][i, i + 1 :].sum()) for i in range(n)) / n
    assert result["leak_before"] == pytest.approx(leak, abs=1e-5) and result["leak_inf"] == 0
    assert result["sum_after"] == pytest.approx(float(wanted["after"].sum(-1).min()), abs=1e-5)
    assert result["sum_before"] == pytest.approx(1, abs=1e-6)


@torch.no_grad()
def test_one_pass_is_step_by_step_with_the_models_own_cache(opener, gpt2):
    result = q20_mask.compute(opener)
    ids = torch.tensor([opener("gpt2-mini").tokenizer(TEXT)["input_ids"]])
    cache, apart, whole = None, [], gpt2(ids).logits[0]
    for i in range(ids.shape[1]):
        made = gpt2(ids[:, i : i + 1], past_key_values=cache, use_cache=True)
        cache = made.past_key_values
        apart.append(float((made.logits[0, 0] - whole[i]).abs().max()))
    assert max(apart) < 1e-4 and result["steps"] < 1e-4 and result["steps"] > 0
    once, steps = result.data["next"]
    assert once == steps == [opener("gpt2-mini").tokenizer.decode(int(row.argmax())).strip() for row in whole]


@torch.no_grad()
def test_an_unmasked_prompt_is_the_network_with_a_mask_of_zeros(opener, gpt2):
    result = q20_mask.compute(opener)
    ids = torch.tensor([opener("gpt2-mini").tokenizer(TEXT)["input_ids"]])
    n = ids.shape[1]
    both = [gpt2(ids, attention_mask=mask).logits[0, -1].double() for mask in (None, torch.zeros(1, 1, n, n))]
    one, other = (found.log_softmax(-1) for found in both)
    assert result["unmasked"] == pytest.approx(float((one.exp() * (one - other)).sum()), abs=1e-4)
    assert result["unmasked"] > 0.001
    assert np.allclose(result.data["chances"][1].max(axis=1), [found.softmax(-1).max() for found in both], atol=1e-5)


@pytest.mark.parametrize("name", ["gpt_neox", "llama", "toy_alibi", "toy_rope"])
def test_other_decoders_have_the_weights_of_their_mask_and_lose_it(tiny, name):
    try:
        model = tiny(name)
    except KeyError:
        pytest.skip("no such tiny model")
    result = q20_mask.compute(lambda _name: model, model=name, layer=9, head=9)
    assert all(measure.holds for measure in result.measures), [m for m in result.measures if not m.holds]


def test_exact_figures_are_those_of_a_count(opener):
    result = q20_mask.compute(opener)
    n = 100
    assert result["linear"] == pytest.approx(sum(range(1, n + 1)) / n) and result["pairs"] == pytest.approx(
        sum(i * i for i in range(1, n + 1)) / n**2
    )
    assert (f"{result['linear']:.1f}", f"{result['pairs']:.1f}") == ("50.5", "33.8")
    assert result["leak_five"] == pytest.approx((4 + 3 + 2 + 1 + 0) / 25) and result["nowhere"] == 1
    assert torch.full((1, 4), -torch.inf).softmax(-1).isnan().all()
    hidden = q20_mask.drawn(40, 3000, 1)
    assert ((hidden > 0).sum(axis=1) == round(HIDDEN * 40)).all()
    for kind, share in ((1, 0.8), (2, 0.1), (3, 0.1)):
        assert (hidden == kind).sum() / (hidden > 0).sum() == pytest.approx(share, abs=0.01)
    assert q20_mask.DEMO.right_option(result) == "C"


def test_what_bert_reads_differs_where_it_is_asked(opener):
    words = TEXT.split()
    draws = q20_mask.compute(opener, view="sight").data["bert"]
    assert len(draws) == 5 and {int(kind) for _given, row in draws for kind in row} == {0, 1, 2, 3}
    for given, row in draws:
        for token, kind, own in zip(given, row, words, strict=True):
            assert {0: token == own, 1: token == "[MASK]", 2: token != own, 3: token == own}[int(kind)]


def test_pictures_show_the_chosen_mask(opener):
    words = read("q20_mask", "en")
    for mask in q20_mask.MASKS:
        result = q20_mask.compute(opener, mask=mask)
        scores, weights, sums = q20_mask.pictures(result, words, False)
        shown = weights.tables["cells"]["value"].to_numpy().reshape(4, 4)
        assert np.allclose(shown[np.tri(4, dtype=bool)], result.data["weights"][mask][np.tri(4, dtype=bool)])
        assert np.isnan(shown[0, 3]) == (mask != "before")
        drawn = sums.tables["bars"].groupby("name")["value"].sum()
        assert np.allclose(drawn, result.data["weights"][mask].sum(axis=1))
        assert np.isnan(scores.tables["cells"]["value"].to_numpy()[3]) == (mask == "inf")


def test_an_encoder_is_refused(opener):
    with pytest.raises(InputError, match="no causal mask"):
        q20_mask.compute(opener, model=BERT)
    assert q20_mask.compute(opener, text="The")["leak_before"] == 0
