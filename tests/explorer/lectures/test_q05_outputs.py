"""Q5: each measure against transformers' own eager attention, or a loop."""

import numpy as np
import pytest
import torch
from scipy.stats import rankdata
from transformers import AutoModel

from explorer.lectures import q05_outputs
from explorer.lectures.q05_outputs import PAIRS
from explorer.lectures.words import read
from models.opening import catalogue


@pytest.fixture(scope="module")
def result(opener):
    return q05_outputs.compute(opener, layer=3, head=5, model="bert-mini", pair="after")


@pytest.fixture(scope="module")
def bert():
    return AutoModel.from_pretrained(catalogue.bundled_folder("bert-mini"), attn_implementation="eager", dtype=torch.float32).eval()


def ids_of(opener, text, model="bert-mini"):
    return torch.tensor([opener(model).tokenizer(text)["input_ids"]])


def place(opener, ids):
    tokens = opener("bert-mini").tokenizer.convert_ids_to_tokens(ids[0].tolist())
    return next(i for i, token in enumerate(tokens) if token.strip("Ġ▁#") == "bank")


@torch.no_grad()
def test_the_output_is_a_weighted_sum_of_values(opener, result, bert):
    ids = ids_of(opener, PAIRS["after"][0])
    inside = {}
    attention = bert.encoder.layer[3].attention
    attention.self.value.register_forward_hook(lambda _m, _args, out: inside.update(value=out[0]))
    attention.output.dense.register_forward_pre_hook(lambda _m, args: inside.update(z=args[0][0]))
    weights = bert(ids, output_attentions=True).attentions[3][0, 5]
    part = slice(5 * 32, 6 * 32)
    z = torch.zeros(ids.shape[1], 32)
    for i in range(ids.shape[1]):
        for j in range(ids.shape[1]):
            z[i] += weights[i, j] * inside["value"][j, part]
    assert np.allclose(result.data["output"], z, atol=1e-5) and np.allclose(result.data["output"], inside["z"][:, part], atol=1e-5)
    assert np.allclose(result.data["weights"], weights, atol=1e-5)
    assert (result["rows"], result["width"]) == z.shape and 0 <= result["deviation"] < 1e-5


@torch.no_grad()
def test_similarities_are_cosines_of_the_networks_own_states(opener, result, bert):
    found = []
    for text in PAIRS["after"]:
        ids = ids_of(opener, text)
        at = place(opener, ids)
        found.append([state[0, at].double().numpy() for state in bert(ids, output_hidden_states=True).hidden_states])
    cosines = [float(a @ b / np.sqrt((a @ a) * (b @ b))) for a, b in zip(*found, strict=True)]
    assert result.data["similar"] == pytest.approx(cosines, abs=1e-5)
    assert (result["first"], result["last"]) == pytest.approx((cosines[0], cosines[-1]), abs=1e-5)
    assert result["first"] == pytest.approx(1, abs=1e-6) and result["last"] < 0.99
    queries = []
    for text in PAIRS["after"]:
        ids = ids_of(opener, text)
        states = bert(ids, output_hidden_states=True).hidden_states
        queries.append(
            [layer.attention.self.query(state)[0, place(opener, ids)] for layer, state in zip(bert.encoder.layer, states, strict=False)]
        )
    change = [float((a - b).norm() / a.norm()) for a, b in zip(*queries, strict=True)]
    assert result.data["changed"] == pytest.approx(change, abs=1e-4)
    assert result["query_first"] == pytest.approx(0, abs=1e-6) and result["query_last"] > 0.01


@torch.no_grad()
def test_agreement_is_a_correlation_of_ranks(opener, result, bert):
    ids = ids_of(opener, PAIRS["after"][0])
    at = place(opener, ids)
    whole = bert(ids, output_attentions=True)
    attended, moved = [], []
    for i in range(1, ids.shape[1] - 1):
        if i == at:
            continue
        blanked = ids.clone()
        blanked[0, i] = opener("bert-mini").tokenizer.mask_token_id
        a, b = whole.last_hidden_state[0, at].double(), bert(blanked).last_hidden_state[0, at].double()
        moved.append(float(1 - a @ b / (a.norm() * b.norm())))
        attended.append(float(whole.attentions[3][0, :, at, i].mean()))
    assert result["agreement"] == pytest.approx(np.corrcoef(rankdata(attended), rankdata(moved))[0, 1], abs=1e-5)


def test_a_causal_model_does_not_see_a_clue_that_comes_after(opener):
    after, before = (q05_outputs.compute(opener, model="gpt2-mini", pair=pair) for pair in ("after", "before"))
    assert after["last"] == pytest.approx(1, abs=1e-6) and before["last"] < 0.99
    assert all(measure.holds for found in (after, before) for measure in found.measures)


def test_layer_and_head_change_what_is_drawn_and_a_small_model_takes_its_last(opener):
    words = read("q05_outputs", "en")

    def cells(**settings):
        found = q05_outputs.compute(opener, **settings)
        return [picture.tables["cells"]["value"].tolist() for picture in q05_outputs.pictures(found, words, False)[:2]]

    assert len({str(cells(layer=layer, head=head)) for layer, head in ((0, 0), (4, 0), (4, 7))}) == 3
    assert cells(layer=5, head=11, model="bert-mini") == cells(layer=5, head=7, model="bert-mini")
