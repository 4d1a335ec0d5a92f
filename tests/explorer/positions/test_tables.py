"""Position tables and biases against what the networks themselves do with them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import MarianMTModel

from explorer.positions import order, tables
from models import InputError, attention
from models.toy import positions

IDS = torch.tensor([[7, 5, 9, 11, 8]])
N = IDS.shape[1]


@pytest.mark.parametrize(("name", "start"), [("bert", 0), ("distilbert", 0), ("roberta", 1), ("electra", 0), ("albert", 0)])
def test_encoders_add_the_rows_of_the_table(tiny, name: str, start: int) -> None:
    model = tiny(name)
    table, embeddings = tables.learned(model), model.network.base_model.embeddings
    tokens = embeddings.word_embeddings(IDS)
    if hasattr(embeddings, "token_type_embeddings"):
        tokens = tokens + embeddings.token_type_embeddings.weight[0]
    ours = embeddings.LayerNorm(tokens + torch.from_numpy(table.values[:N]))
    assert torch.allclose(ours, embeddings(IDS), atol=1e-6)
    assert table.weight_rows.start == start  # RoBERTa counts from padding_idx + 1, and the tiny one pads with 0
    assert len(table.weight_rows) == len(table.values) == model.max_length
    assert model.network.get_submodule(table.name) is embeddings.position_embeddings


@pytest.mark.parametrize("name", ["gpt2", "opt", "gpt_neo", "toy"])
def test_decoders_add_the_rows_of_the_table(tiny, name: str) -> None:
    model = tiny(name)
    table = tables.learned(model)
    with torch.inference_mode():
        summed = model.network(IDS, output_hidden_states=True).hidden_states[0]
    added = (summed - model.network.get_input_embeddings()(IDS))[0].detach().numpy()
    assert np.allclose(table.values[:N], added, atol=1e-6)
    assert table.weight_rows.start == (2 if name == "opt" else 0)


def test_the_encoder_of_a_pair_has_its_own_table(tiny) -> None:
    table = tables.learned(tiny("bart"))
    module = tiny("bart").network.model.encoder.embed_positions
    assert torch.equal(module(IDS)[0], torch.from_numpy(table.values[:N]))


def test_the_bundled_bert_has_512_positions(bert) -> None:
    table = tables.learned(bert)
    assert table.values.shape == (512, 384) and table.values.dtype == np.float32
    assert np.array_equal(table.values, bert.network.embeddings.position_embeddings.weight.detach().numpy())


@pytest.mark.parametrize(
    ("name", "said"), [("llama", "RoPE"), ("t5", "T5"), ("toy_alibi", "ALiBi"), ("marian", "sinusoids"), ("toy_mean", "sinusoids")]
)
def test_what_a_model_has_instead_is_said(tiny, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        tables.learned(tiny(name))
    assert caught.value.advice


def test_kinds(tiny) -> None:
    wanted = {"bert": "learned", "gpt_neox": "rope", "t5": "relative", "marian": "sinusoidal", "toy_sparsemax": "alibi", "toy_rope": "rope"}
    assert {name: tables.kind(tiny(name)) for name in wanted} == wanted
    assert tables.kind(order.toy("none")) == "none"


def test_sinusoids_are_found_as_added(tiny) -> None:
    marian: MarianMTModel = tiny("marian").network
    found = tables.added(tiny("marian"))
    assert torch.equal(torch.from_numpy(found.values[:N]), marian.model.encoder.embed_positions(IDS.shape))
    toy = tables.added(tiny("toy_mean"))
    assert np.array_equal(toy.values, positions.sinusoids(40, 24).numpy()) and not toy.learned


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_relative_buckets_are_what_t5_adds(tiny, part: str) -> None:
    model, n = tiny("t5"), 150
    found = tables.relative_buckets(model, part)
    ids = torch.full((1, n), 7)
    with attention.attending() as run, torch.inference_mode():
        model.network.base_model(input_ids=ids, decoder_input_ids=ids[:, :-1], use_cache=False)
    record = run.records[0] if part == "encoder" else run.records[len(model.sites_in("encoder"))]
    bias = record.bias[0].numpy()
    queries, keys = bias.shape[1:]
    for head in range(bias.shape[0]):
        for query in range(0, queries, 7):
            for key in range(0, keys if part == "encoder" else query + 1, 5):
                offset = int(np.clip(key - query, -tables.FARTHEST, tables.FARTHEST))
                assert found.values[head, offset - found.offsets[0]] == bias[head, query, key]
    assert found.offsets[0] == -128 and found.offsets[-1] == (128 if part == "encoder" else 0)
    assert all(len(np.unique(row)) <= found.buckets == 32 for row in found.values)


def test_no_buckets_elsewhere(bert) -> None:
    with pytest.raises(InputError, match="learned positions"):
        tables.relative_buckets(bert)


@given(st.integers(3, 12), st.integers(3, 12), st.integers(0, 2**32 - 1))
def test_components_are_those_of_the_singular_values(n: int, width: int, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal((n, width))
    points, shares = tables.pca(values, 3)
    centred = values - values.mean(axis=0)
    u, s, _vt = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(np.abs(points), np.abs(u[:, :3] * s[:3]), atol=1e-8)
    assert np.allclose(shares, s[:3] ** 2 / (s**2).sum())


def test_too_many_components() -> None:
    with pytest.raises(InputError, match="no 4 components"):
        tables.pca(np.ones((3, 5)), 4)


def test_similarity_is_row_by_row() -> None:
    values = np.random.default_rng(0).standard_normal((5, 4))
    values[2] = 0
    found = tables.similarity(values)
    for i, a in enumerate(values):
        for j, b in enumerate(values):
            assert np.isclose(found.dot[i, j], sum(x * y for x, y in zip(a, b, strict=True)))
            lengths = np.linalg.norm(a) * np.linalg.norm(b)
            assert np.isclose(found.cosine[i, j], a @ b / lengths if lengths else 0)
