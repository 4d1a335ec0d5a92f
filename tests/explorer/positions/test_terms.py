"""The four terms against the formula, written out, and against the scores that the models record."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA

from explorer.capture import capture
from explorer.positions import order, terms
from models import InputError

TEXT = "the cat sat on the mat because it was warm"
BOTH = ["bert", "roberta", "distilbert", "electra", "albert", "gpt2", "opt", "toy", "toy_encoder", "toy_mean"]


@pytest.mark.parametrize("name", BOTH)
def test_the_terms_sum_to_the_recorded_scores(tiny, name: str) -> None:
    text = "a b c" if name == "gpt2" else TEXT
    model = tiny(name)
    record = capture(model, text).record(0)
    for head in range(model.sites[0].heads):
        found = terms.four_terms(model, text, 0, head)
        masked = np.where(found.visible, found.sum, 0)
        assert_allclose(masked, np.where(record.visible(head), record.scores(head), 0), atol=1e-5)
        assert found.deviation < 1e-5
        assert all(np.abs(term).max() > 0.01 for term in found.terms)


def test_the_bundled_bert(bert) -> None:
    found = terms.four_terms(bert, TEXT, 0, 3)
    record = capture(bert, TEXT).record(0)
    assert_allclose(found.sum, record.scores(3), atol=1e-5)
    assert found.deviation < 1e-5 and found.visible.all() and found.labels[0] == "[CLS]"


@pytest.mark.parametrize("name", ["bart", "marian", "toy_pair"])
def test_the_encoder_of_a_pair(tiny, name: str) -> None:
    assert terms.four_terms(tiny(name), TEXT).deviation < 1e-5


@pytest.mark.parametrize("positions", ["sinusoidal", "sinusoidal-concat"])
def test_sinusoids(positions: str) -> None:
    assert terms.four_terms(order.toy(positions), "我爱你主宾").deviation < 1e-5


def test_bert_by_the_formula(tiny) -> None:
    """Each token in numpy, float64: x = token + segment, p = position, both under the norm with the statistics of x + p."""
    network = tiny("bert").network
    embeddings, attention = network.bert.embeddings, network.bert.encoder.layer[0].attention.self
    ids = tiny("bert").tokenizer(TEXT)["input_ids"]
    contents, positions = [], []
    for place, token in enumerate(ids):
        x = _numbers(embeddings.word_embeddings.weight[token] + embeddings.token_type_embeddings.weight[0])
        p = _numbers(embeddings.position_embeddings.weight[place])
        deviation = np.sqrt((x + p).var() + embeddings.LayerNorm.eps)
        gain = _numbers(embeddings.LayerNorm.weight) / deviation
        contents.append(gain * (x - x.mean()) + _numbers(embeddings.LayerNorm.bias))
        positions.append(gain * (p - p.mean()))
    head, width = 2, 6
    rows = slice(head * width, (head + 1) * width)
    _check_terms(
        terms.four_terms(tiny("bert"), TEXT, 0, head),
        *(np.array(contents), np.array(positions)),
        *(_numbers(attention.query.weight)[rows], _numbers(attention.query.bias)[rows]),
        *(_numbers(attention.key.weight)[rows], _numbers(attention.key.bias)[rows]),
    )


def test_gpt2_by_the_formula(tiny) -> None:
    model, text = tiny("gpt2"), "a b c"
    network = model.network.transformer
    norm, c_attn = network.h[0].ln_1, network.h[0].attn.c_attn
    contents, positions = [], []
    for place, token in enumerate(model.tokenizer(text)["input_ids"]):
        x, p = _numbers(network.wte.weight[token]), _numbers(network.wpe.weight[place])
        gain = _numbers(norm.weight) / np.sqrt((x + p).var() + norm.eps)
        contents.append(gain * (x - x.mean()) + _numbers(norm.bias))
        positions.append(gain * (p - p.mean()))
    rows = slice(6, 12)  # of head 1; Conv1D holds the matrix the other way round
    matrix, bias = _numbers(c_attn.weight).T, _numbers(c_attn.bias)
    _check_terms(
        terms.four_terms(model, text, 0, 1),
        *(np.array(contents), np.array(positions)),
        *(matrix[:24][rows], bias[:24][rows], matrix[24:48][rows], bias[24:48][rows]),
    )


def _check_terms(found: terms.FourTerms, content, position, w_q, b_q, w_k, b_k) -> None:
    scale = 1 / np.sqrt(len(w_q))
    queries, keys = (content @ w_q.T + b_q, position @ w_q.T), (content @ w_k.T + b_k, position @ w_k.T)
    wanted = [scale * q @ k.T for q in queries for k in keys]
    for ours, theirs in zip(found.terms, wanted, strict=True):
        assert_allclose(ours, theirs, atol=1e-5)


def _numbers(t: torch.Tensor) -> np.ndarray:
    return t.detach().double().numpy()


@pytest.mark.parametrize("name", ["llama", "t5", "toy_alibi", "falcon", "toy_linear"])
def test_where_there_are_no_four_terms(tiny, name: str) -> None:
    with pytest.raises(InputError) as caught:
        terms.four_terms(tiny(name), TEXT)
    assert caught.value.advice


@pytest.mark.parametrize(("layer", "head"), [(1, 0), (0, 12), (0, -1), (-1, 0)])
def test_no_such_head(bert, layer: int, head: int) -> None:
    with pytest.raises(InputError):
        terms.four_terms(bert, TEXT, layer, head)


def test_nothing_is_left_on_a_shared_network(tiny) -> None:
    network = tiny("bert").network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    hooks = [len(m._forward_hooks) for m in network.modules()]
    terms.four_terms(tiny("bert"), TEXT)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [len(m._forward_hooks) for m in network.modules()] == hooks


def test_principal_angles_are_the_singular_values_of_the_product(bert) -> None:
    found = terms.principal_angles(bert, 5)
    embeddings = bert.network.embeddings
    one, other = (
        PCA(5, svd_solver="arpack", random_state=0).fit(_numbers(e.weight)).components_
        for e in (embeddings.word_embeddings, embeddings.position_embeddings)
    )
    cosines = np.linalg.svd(one @ other.T, compute_uv=False)
    assert_allclose(found.angles, np.degrees(np.arccos(np.clip(cosines, -1, 1))), atol=1e-2)
    assert found.width == 384 and found.angles.shape == found.random.shape == (5,)
    assert (np.diff(found.angles) >= 0).all()


def test_angles_of_known_subspaces() -> None:
    """Tokens in the first four directions, positions in others, in the same, and half and half."""
    for first, wanted in ((4, [90, 90]), (0, [0, 0]), (3, [0, 90])):
        model = order.toy("learned")
        rng = np.random.default_rng(0)
        embedding = model.network.transformer.embedding
        with torch.no_grad():
            for weight, directions in (
                (embedding.token.weight, (3, 0) if first == 3 else (0, 1)),
                (embedding.position.weight, (first, first + 1)),
            ):
                rows = np.zeros(weight.shape)
                rows[:, directions] = rng.standard_normal((len(rows), 2))
                weight.copy_(torch.from_numpy(rows))
        assert_allclose(terms.principal_angles(model, 2).angles, wanted, atol=1e-3)


def test_random_subspaces_are_the_yardstick(bert) -> None:
    random = terms.principal_angles(bert, 1).random
    # One direction among d: the cosine of the angle is about 1 / sqrt(d) large.
    assert 90 - np.degrees(3 / np.sqrt(384)) < random[0] < 90


@pytest.mark.parametrize("k", [0, 10_000])
def test_no_such_subspace(bert, k: int) -> None:
    with pytest.raises(InputError, match="no subspaces"):
        terms.principal_angles(bert, k)


def test_spreads_are_those_of_the_visible_keys(bert):
    found = terms.four_terms(bert, "The dog bites the man.", 0, 3)
    for term, spread in zip(found.terms, found.spreads, strict=True):
        rows = [np.std([term[i, j] for j in range(len(term)) if found.visible[i, j]]) for i in range(len(term))]
        assert spread == pytest.approx(np.mean(rows), rel=1e-5)
