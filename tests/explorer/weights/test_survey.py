"""All heads by their weights: copying by the eigenvalues of the whole product, composition by whole matrices, distances by pairs of tokens."""

import numpy as np
import pytest
import torch

import models
from explorer.positions import tables
from explorer.weights import head as reading
from explorer.weights.composition import composition, random_composition, writing
from explorer.weights.copying import copying
from explorer.weights.distance import by_distance
from explorer.weights.opened import opened
from explorer.weights.survey import survey
from models import attention
from models.opening import loading, sites
from models.opening.catalogue import SHIPPED
from models.toy import handmade


@pytest.mark.parametrize(("name", "dtype"), [("gpt2", "bfloat16"), *((name, "float32") for name in ("llama", "bert", "opt", "toy_pair", "t5"))])
def test_copying_is_that_of_the_whole_product(in_precision, name, dtype):
    weights = opened(in_precision(name, dtype))
    for part in weights.model.parts:
        if part == "encoder" and weights.model.kind == "encoder-decoder":
            with pytest.raises(models.InputError, match="only through the decoder"):
                copying(weights, part)
            continue
        shares = []
        found = copying(weights, part, shares.append)
        assert shares == sorted(shares) and shares[-1] == 1.0
        n = weights.exit.size
        for layer, head in ((0, 1), (1, 3)):
            words = [reading.promoted(weights, token, layer, head, part, top=n) for token in range(n)]
            whole = np.zeros((n, n))
            for token, one in enumerate(words):
                whole[token, list(one.more)] = one.most
            values = np.linalg.eigvals(whole)
            assert found[layer, head] == pytest.approx(values.real.sum() / np.abs(values).sum(), abs=5e-3)


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert", "bart", "toy_pair"])
def test_composition_is_that_of_whole_matrices(in_precision, name):
    weights = opened(in_precision(name))
    for part in weights.model.parts:
        found = composition(weights, part)
        assert set(found.values) == ({"q"} if part == "cross" else {"q", "k", "v"})
        for writer, reader in ((0, 1), (3, 2)):
            below, above = weights.head(0, writer, part), weights.head(1, reader, part)
            ov = (below.value @ below.output).double()
            wholes = {"q": above.query @ above.key.T, "k": above.key @ above.query.T, "v": above.value @ above.output}
            for kind in found.values:
                whole = wholes[kind].double()
                expected = float((ov @ whole).norm() / (ov.norm() * whole.norm()))
                assert found.values[kind][0, writer, 1, reader] == pytest.approx(expected, rel=1e-4)
        assert all(np.isnan(values[1]).all() and np.isnan(values[:, :, 0]).all() for values in found.values.values())


PATHS = {("encoder", "encoder"): "qkv", ("decoder", "decoder"): "qkv", ("cross", "decoder"): "qkv", ("cross", "cross"): "q"}
PATHS |= {("decoder", "cross"): "q", ("encoder", "cross"): "kv"}
"""Of an encoder-decoder: who writes, who reads, and with which of its sides."""


@pytest.mark.parametrize("name", ["t5", "bart", "marian", "toy_pair"])
def test_composition_between_parts_goes_where_a_change_arrives(in_precision, name):
    """What is called a path is one: another output of the head that writes changes the queries, keys or values of the head that reads, and
    where there is none, it changes nothing."""
    model = in_precision(name)
    weights = opened(model)
    ids = {"input_ids": torch.tensor([[5, 7, 9]]), "decoder_input_ids": torch.tensor([[2, 6]])}

    def heard(changes=None):
        with model.lock, torch.no_grad(), attention.attending(model.sites_of, changes=changes) as run:
            model.network.base_model(**sites.inputs_for(model.network, **ids))
        return {record.site: record for record in run.records}

    plain = heard()
    for writers in model.parts:
        for part in model.parts:
            kinds = PATHS.get((writers, part), "")
            assert (writers in writing(weights, part)) == bool(kinds)
            if not kinds:
                with pytest.raises(models.InputError, match="No head of"):
                    composition(weights, part, writers=writers)
                continue
            found = composition(weights, part, writers=writers)
            assert "".join(found.values) == kinds and (found.part, found.writers) == (part, writers)
            for writer in weights.sites(writers):
                changed = heard({writer.index: attention.Change(gate=torch.tensor([0.0, 1.0, 1.0, 1.0]))})
                for reader in weights.sites(part):
                    one, other = plain[reader.index], changed[reader.index]
                    for kind, side in (("q", "query"), ("k", "key"), ("v", "value")):
                        moved = not torch.allclose(getattr(one, side), getattr(other, side), atol=1e-7)
                        there = kind in kinds and not np.isnan(found.values[kind][writer.layer, 0, reader.layer]).any()
                        # A change also arrives by way of other heads: what it reaches directly is a part of that.
                        assert moved or not there
                        assert not (kind in kinds and moved and not there)


@pytest.mark.parametrize(("writers", "part"), [("encoder", "cross"), ("decoder", "cross"), ("cross", "decoder")])
@pytest.mark.parametrize("name", ["t5", "bart", "toy_pair"])
def test_composition_between_parts_is_that_of_whole_matrices(in_precision, name, writers, part):
    weights = opened(in_precision(name))
    found = composition(weights, part, writers=writers)
    layers = (0, 0) if (writers, part) == ("decoder", "cross") else (0, 1)
    for writer, reader in ((0, 1), (3, 2)):
        below, above = weights.head(layers[0], writer, writers), weights.head(layers[1], reader, part)
        ov = (below.value @ below.output).double()
        wholes = {"q": above.query @ above.key.T, "k": above.key @ above.query.T, "v": above.value @ above.output}
        for kind in found.values:
            whole = wholes[kind].double()
            expected = float((ov @ whole).norm() / (ov.norm() * whole.norm()))
            assert found.values[kind][layers[0], writer, layers[1], reader] == pytest.approx(expected, rel=1e-4)


def test_random_heads_have_no_edge():
    """What is subtracted is what heads have whose weights mean nothing, whatever the shape."""
    for width, d_k in ((24, 6), (64, 16), (128, 8)):
        generator = torch.Generator().manual_seed(5)
        made = []
        for _ in range(40):
            a, b, c, d = (torch.randn(width, d_k, generator=generator).double() for _ in range(4))
            one, other = a @ b.T, c @ d.T
            made.append(float((one @ other).norm() / (one.norm() * other.norm())))
        mean, spread = random_composition(width, d_k)
        assert mean == pytest.approx(np.mean(made), abs=4 * spread / 40**0.5)


def wrapped(tmp_path, network, tokenizer) -> models.Model:
    network.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return loading.load(str(tmp_path), "cpu")


def test_the_handmade_circuit_has_its_one_edge(tmp_path):
    weights = opened(wrapped(tmp_path, *handmade.induction(list("abcdefgh"))))
    found = survey(weights)
    edges = found.composition.edges(least=0.0)
    assert [(edge.kind, edge.writer, edge.reader) for edge in edges] == [("k", (0, 0), (1, 0))]
    assert found.composition.values["q"][0, 0, 1, 0] == found.composition.values["v"][0, 0, 1, 0] == 0
    assert found.distances.previous[0, 0] > 0.95 and found.distances.previous[1, 0] < 0.5
    assert found.induction.argmax() == 1 and found.induction[1, 0] > 0.9 * edges[0].value
    # Attended to, a token makes itself likelier.
    assert found.copying[1, 0] == pytest.approx(1.0)
    for token in ("a", "h"):
        words = reading.promoted(weights, reading.token_of(weights, token), 1, 0)
        assert reading.named(weights, words.more[:1]) == [token]
        # One logit, less the mean over the words.
        assert words.most[0] == pytest.approx(handmade.SHARP * (1 - 1 / weights.exit.size), rel=1e-4)


def test_the_trained_circuit_has_its_own_edge():
    """In the toy that learned induction, the strongest edge by keys goes from a head that looks back one token to the head that copies."""
    weights = opened(models.load(str(SHIPPED / "runs" / "induction"), "cpu"))
    found = survey(weights)
    edge = found.composition.edges(("k",))[0]
    writer, reader = edge.writer, edge.reader
    assert found.distances.previous[writer] == np.nanmax(found.distances.previous)
    assert found.copying[reader] > 0.5
    assert edge.value > 5 * found.composition.spread


def test_distances_of_learned_positions_are_those_of_the_table(in_precision):
    model = in_precision("gpt2")
    found = by_distance(opened(model), n=12)
    assert found.kind == tables.LEARNED and found.offsets.tolist() == list(range(-11, 1))
    network = model.network.transformer
    x = network.h[1].ln_1(network.wpe.weight[:12])
    q, k, _v = network.h[1].attn.c_attn(x).split(24, dim=1)
    for head in (0, 3):
        scores = (q[:, 6 * head : 6 * head + 6] @ k[:, 6 * head : 6 * head + 6].T / 6**0.5).detach().numpy()
        for at, offset in enumerate(found.offsets):
            expected = np.mean([scores[i, i + offset] for i in range(12) if i + offset >= 0])
            assert found.curves[1, head, at] == pytest.approx(expected, abs=1e-4)
        seen = np.exp(np.tril(scores)) * np.tril(np.ones_like(scores))
        weights = seen / seen.sum(1, keepdims=True)
        assert found.previous[1, head] == pytest.approx(np.mean([weights[i, i - 1] for i in range(1, 12)]), abs=1e-4)


@pytest.mark.parametrize("name", ["llama", "gpt_neox", "toy_rope"])
def test_distances_of_rotations_are_means_over_all_pairs_of_tokens(in_precision, name):
    model = in_precision(name)
    weights = opened(model)
    found = by_distance(weights, n=8)
    assert found.kind == tables.ROPE
    of = weights.head(1, 2)
    queries, keys = reading.query_rows(weights, of).numpy(), reading.key_rows(weights, of).numpy()
    config = model.network.config
    d = queries.shape[1]
    turning = 2 if name == "gpt_neox" else d  # a quarter of 6 numbers, but at least a pair
    base = config.rope_base if name == "toy_rope" else config.rope_parameters["rope_theta"]
    angles = base ** (-np.arange(0, turning, 2) / turning)

    def turned(x: np.ndarray, position: int) -> np.ndarray:
        """Each pair of numbers by its angle: neighbours in a toy, halves in the others."""
        part, rest = x[:, :turning], x[:, turning:]
        a, b = (part[:, 0::2], part[:, 1::2]) if name == "toy_rope" else np.split(part, 2, axis=1)
        c, s = np.cos(position * angles), np.sin(position * angles)
        one, other = a * c - b * s, a * s + b * c
        made = np.stack([one, other], axis=2).reshape(part.shape) if name == "toy_rope" else np.concatenate([one, other], axis=1)
        return np.concatenate([made, rest], axis=1)

    for at, offset in enumerate(found.offsets):
        pairs = turned(queries, 0) @ turned(keys, int(offset)).T
        assert found.curves[1, 2, at] == pytest.approx(of.scale * pairs.mean(), abs=1e-3)


def test_distances_of_biases_are_the_biases(in_precision):
    model = in_precision("t5")
    weights = opened(model)
    found = by_distance(weights, "encoder", n=10)
    expected = tables.relative_buckets(model, "encoder")
    where = [int(np.flatnonzero(expected.offsets == offset)[0]) for offset in found.offsets]
    for layer in (0, 1):
        np.testing.assert_allclose(found.curves[layer], expected.values[:, where], atol=1e-5)
    assert by_distance(weights, "cross") is None
    model = in_precision("toy_alibi")
    found = by_distance(opened(model), n=10)
    slopes = 2.0 ** (-8 * np.arange(1, 5) / 4)
    np.testing.assert_allclose(found.curves[0], slopes[:, None] * found.offsets, atol=1e-5)


def test_a_survey_has_what_there_is(tiny):
    for name in ("electra", "bart", "toy_linear", "albert", "gpt2"):
        weights = opened(tiny(name))
        for part in weights.model.parts:
            shares = []
            found = survey(weights, part, shares.append)
            assert shares == sorted(shares) and shares[-1] == 1.0
            assert (found.copying is None) == (found.no_words is not None)
            assert (found.copying is None) == (name == "electra" or (name == "bart" and part == "encoder"))
            assert (found.distances is None) == (found.induction is None) == (part == "cross")
            assert found.composition.edges(most=2) == found.composition.edges()[:2]
            head = found.composition.edges()[0].reader
            for kinds in (("k",), ("q", "k", "v")):
                every = found.composition.edges(kinds)
                assert found.composition.of_head(head, kinds, most=99) == [edge for edge in every if edge.reader == head]
                assert found.composition.of_head(head, kinds, writes=True, most=2) == [edge for edge in every if edge.writer == head][:2]
