"""Q15 against the formula written out in float64, scipy's angles, and parameters counted by hand."""

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from explorer.lectures import demo, q15_addition
from explorer.lectures.words import read
from tests.matrix import part

TEXT = "The cat sat on the mat"


def _numbers(weight) -> np.ndarray:
    return weight.detach().double().numpy()


def _terms(network, ids, head):
    """The four terms of a head of bert-mini, token by token, and the scores of its own query and key modules."""
    embeddings, attention = network.bert.embeddings, network.bert.encoder.layer[0].attention.self
    norm, contents, places = embeddings.LayerNorm, [], []
    for place, token in enumerate(ids):
        x = _numbers(embeddings.word_embeddings.weight[token] + embeddings.token_type_embeddings.weight[0])
        p = _numbers(embeddings.position_embeddings.weight[place])
        gain = _numbers(norm.weight) / np.sqrt((x + p).var() + norm.eps)
        contents.append(gain * (x - x.mean()) + _numbers(norm.bias))
        places.append(gain * (p - p.mean()))
    d = attention.attention_head_size
    rows = slice(head * d, (head + 1) * d)
    parts = []
    for projection in (attention.query, attention.key):
        weight, bias = _numbers(projection.weight)[rows], _numbers(projection.bias)[rows]
        parts.append((np.array(contents) @ weight.T + bias, np.array(places) @ weight.T))
    with torch.inference_mode():
        x = embeddings(torch.tensor([ids]))
        own = (attention.query(x)[0, :, rows] @ attention.key(x)[0, :, rows].T / d**0.5).numpy()
    return [q @ k.T / d**0.5 for q in parts[0] for k in parts[1]], own


@pytest.mark.parametrize("head", [0, 5])
def test_four_terms_make_the_score(opener, head):
    result = demo("Q15").compute(opener, head=head)
    model = opener("bert-mini")
    expected, own = _terms(model.network, model.tokenizer(TEXT)["input_ids"], head)
    found = result.data["found"]
    for one, other in zip(found.terms, expected, strict=True):
        assert np.abs(one - other).max() < 1e-5
    assert np.abs(sum(expected) - own).max() < 1e-5 and result["deviation"] < 1e-5 and result["toy"] < 1e-5
    assert result["terms"] == len(expected) == 4
    spreads = [np.mean([row.std() for row in term]) for term in expected]
    assert result.said["share_cc"] == f"{spreads[0] / sum(spreads):.0%}" and result.said["share_pp"] == f"{spreads[3] / sum(spreads):.0%}"


@pytest.mark.parametrize("name", part(["bert-mini", "gpt2-mini"], ["gpt2-mini"]))
def test_angles_are_those_of_another_library(opener, name):
    result = demo("Q15").compute(opener, model=name)
    network = opener(name).network
    positions = next(w for n, w in network.named_parameters() if n.endswith(("position_embeddings.weight", "wpe.weight")))
    leading = [PCA(10, svd_solver="full").fit(_numbers(w)).components_.T for w in (network.get_input_embeddings().weight, positions)]
    angles = np.degrees(subspace_angles(*leading))
    assert abs(angles.min() - result["smallest"]) < 1e-2 and abs(angles.max() - result["largest"]) < 1e-2


def test_putting_beside_is_counted(opener):
    result = demo("Q15").compute(opener)
    d, layers = 256, 6
    assert result["added"] == 0
    assert result["first"] == 2 * d * d  # (2 d, d)
    assert result["qkv"] == layers * 3 * d * d  # (2 d, d) instead of (d, d), three times a layer
    # Attention 4 d d + 4 d, feed-forward 8 d d + 5 d, two norms 4 d; one last norm 2 d.
    stack = [layers * (12 * w * w + 13 * w) + 2 * w for w in (d, 2 * d)]
    assert result["stream"] == stack[1] - stack[0]


def test_maps_are_of_the_head_and_the_text_that_are_asked_for(opener):
    one, words, drawn = demo("Q15"), read("q15_addition", "zh"), []
    for head in (0, 3):
        result = one.compute(opener, head=head, text="我爱你", model="zh-mini")
        picture = one.pictures(result, words, False)[0]
        assert picture.values["tokens"] == ["[CLS]", "我", "爱", "你", "[SEP]"]
        cells = picture.tables["cells"]["value"].to_numpy().reshape(5, 5, 5)
        assert np.allclose(cells[:4].sum(axis=0), cells[4], atol=1e-5)
        assert np.allclose(cells[4], result.data["found"].scores)
        drawn.append(cells)
    assert np.abs(drawn[0] - drawn[1]).max() > 0.1


def test_a_head_that_is_not_there_is_the_last(opener):
    heads = opener("bert-mini").sites[0].heads
    assert demo("Q15").compute(opener, head=99).said["head"] == str(heads - 1)
    assert q15_addition.concatenated(64, 2)["first"] == 2 * 64 * 64


def test_angles_and_cost_are_drawn_where_they_are_asked_for(opener):
    one, words = demo("Q15"), read("q15_addition", "en")
    result = one.compute(opener, view="angles")
    points = one.pictures(result, words, False)[0].tables["points"]
    assert points["y"].iloc[0] == result["smallest"] and points["y"].iloc[10] == result["random"] and len(points) == 20
    result = one.compute(opener, view="cost")
    bars = one.pictures(result, words, False)[0].tables["bars"]
    assert np.allclose(bars["value"] * 1e6, [result[way] for way in ("added", "first", "qkv", "stream")])


def test_every_head_of_a_model_of_twelve_can_be_chosen(opener):
    (control,) = (control for control in demo("Q15").controls if control.main)
    for name in ("all-MiniLM-L6-v2", "bert-mini"):
        heads = opener(name).sites[0].heads
        chosen = [demo("Q15").compute(opener, head=head, model=name).said["head"] for head in control.values]
        assert set(chosen) == {str(head) for head in range(heads)} and chosen[-1] == str(heads - 1)
