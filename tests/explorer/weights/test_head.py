"""What a head would match, against the network itself; what it writes, against the product of its matrices, in every precision."""

import numpy as np
import pytest
import torch

import models
from explorer.weights import copying
from explorer.weights import head as reading
from explorer.weights.one import LOOKS, one_head
from explorer.weights.opened import opened, streams
from models import attention
from tests import tiny as making
from tests.explorer.weights.shared import brute, brute_arriving, sizes

NAMES = [name for name in (*making.DISPATCHED, "gpt_neo") if name not in ("toy_mean", "toy_linear")]
PRECISIONS = [(name, "float32") for name in NAMES] + [(name, "bfloat16") for name in ("gpt2", "bert", "llama", "t5", "opt", "toy")]


def heads_of(model: models.Model) -> list[tuple[int, int, str]]:
    """The last head of each site. Where norms follow each sum, what cross-attention asks with has gone through one, and no brute way is here."""
    post = model.network.config.model_type in ("bart", "marian")
    return [(site.layer, site.heads - 1, site.part) for site in model.sites if not (post and site.part == "cross")]


@pytest.mark.parametrize(("name", "dtype"), PRECISIONS)
def test_pairs_are_those_that_the_network_would_score_highest(in_precision, name, dtype):
    model = in_precision(name, dtype)
    weights, n = opened(model), sizes(model)
    for layer, head, part in heads_of(model):
        normed = weights.entry(streams(part)[0]).normed
        query, key, _value = brute(model, weights.site(layer, head, part), normed)
        scores = query[head] @ key[head].T
        found = reading.matched(weights, layer, head, part, top=30)
        np.testing.assert_allclose(found.values, np.sort(scores.ravel())[::-1][:30], rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(found.values, scores[found.rows, found.columns], rtol=1e-3, atol=1e-3)
        asked = n // 2
        words = reading.looked_for(weights, asked, layer, head, part, top=5)
        np.testing.assert_allclose(words.most, np.sort(scores[asked])[::-1][:5], rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(words.least, np.sort(scores[asked])[:5], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["gpt2", "bert", "llama", "albert", "distilbert"])
def test_arriving_tokens_are_what_the_layers_below_make_of_a_text_of_one(in_precision, name):
    model = in_precision(name)
    weights = opened(model, arriving=True)
    scores = brute_arriving(model, weights.site(1, 3), 3)
    found = reading.matched(weights, 1, 3, top=10)
    np.testing.assert_allclose(found.values, np.sort(scores.ravel())[::-1][:10], rtol=1e-3, atol=1e-3)
    words = reading.looked_for(weights, 4, 1, 3, top=5)
    np.testing.assert_allclose(words.most, np.sort(scores[4])[::-1][:5], rtol=1e-3, atol=1e-3)
    assert "arriving" in weights.notes(weights.site(1, 3), words=False)
    # Layer 0 is given nothing but the embedding, in either way.
    plain = reading.matched(opened(model), 0, 1, top=5)
    np.testing.assert_array_equal(reading.matched(weights, 0, 1, top=5).values, plain.values)
    assert np.abs(reading.matched(opened(model), 1, 3, top=10).values - found.values).max() > 1e-3


def test_tokens_of_two_stacks_do_not_arrive_alone(tiny):
    with pytest.raises(models.InputError, match="depends on a source"):
        opened(tiny("bart"), arriving=True)


def unembedding(model: models.Model) -> np.ndarray:
    """(width, size): from the stream to the logits, written down for each architecture, less the mean over words."""
    network, n = model.network, sizes(model)
    weights = {key: value.double().numpy() for key, value in network.state_dict().items()}
    table = network.get_output_embeddings().weight.detach().double().numpy()[:n]
    kind = network.config.model_type
    width = table.shape[1]
    centre = np.eye(width) - 1 / width
    gain = {
        "gpt2": "transformer.ln_f.weight",
        "llama": "model.norm.weight",
        "gpt_neox": "gpt_neox.final_layer_norm.weight",
        "opt": "model.decoder.final_layer_norm.weight",
        "explorer-toy": "transformer.stack.norm.weight",
        "t5": "decoder.final_layer_norm.weight",
    }
    if kind == "bert":
        name = "cls.predictions.transform"
        bias = torch.from_numpy(weights[f"{name}.dense.bias"]).requires_grad_()
        (slope,) = torch.autograd.grad(torch.nn.functional.gelu(bias).sum(), bias)
        way = weights[f"{name}.dense.weight"].T * slope.numpy() @ centre * weights[f"{name}.LayerNorm.weight"]
    elif kind in ("bart", "marian"):
        way = np.eye(width)
    else:
        way = (np.eye(width) if kind in ("llama", "t5") else centre) * weights[gain[kind]]
        way = way * width**-0.5 if kind == "t5" else way
    made = way @ table.T
    return made - made.mean(1, keepdims=True)


def output_of(model: models.Model, site, head: int) -> np.ndarray:
    """W_O of a head, (d_k, width), by the names of the architectures."""
    module = next(m for m in model.network.modules() if site.index in model.sites_of.get(id(m), ()))
    kind = model.network.config.model_type
    if kind == "bert":
        owner = model.network.bert.encoder.layer[site.layer].attention.output.dense
    else:
        names = {"gpt2": "c_proj", "llama": "o_proj", "t5": "o", "explorer-toy": "output", "gpt_neox": "dense"}
        owner = module.get_submodule(names.get(kind, "out_proj"))
    weight = owner.weight.detach().double().numpy()
    weight = weight if kind == "gpt2" else weight.T
    d_k = len(weight) // site.heads
    return weight[head * d_k : (head + 1) * d_k]


WRITING = ("gpt2", "llama", "gpt_neox", "opt", "toy", "toy_rope", "bert", "t5", "bart", "marian", "toy_pair")


def brute_ov(model: models.Model, weights, layer: int, head: int, part: str) -> np.ndarray:
    """W_E W_V W_O W_U, (size, size), with what the biases of the values give to all tokens alike."""
    site = weights.site(layer, head, part)
    value = brute(model, site, weights.entry(streams(part)[1]).normed)[2][head]
    return (value @ output_of(model, site, head)) @ unembedding(model)


@pytest.mark.parametrize(("name", "dtype"), [(name, "float32") for name in WRITING] + [(name, "bfloat16") for name in ("gpt2", "bert", "llama")])
def test_words_are_those_of_the_brute_product(in_precision, name, dtype):
    model = in_precision(name, dtype)
    weights, n = opened(model), sizes(model)
    for layer, head, part in heads_of(model):
        if part == "encoder" and model.kind == "encoder-decoder":
            with pytest.raises(models.InputError, match="only through the decoder"):
                reading.promoted(weights, 3, layer, head, part)
            continue
        # Biases are the same for every token: of two tokens the difference says what the product says.
        whole = brute_ov(model, weights, layer, head, part)
        mine = np.zeros((n, n))
        for token in range(0, n, 1 if n < 50 else 37):
            words = reading.promoted(weights, token, layer, head, part, top=n)
            mine[token, list(words.more)] = words.most
            assert words.more == tuple(reversed(words.less)) or len(set(words.most)) < n
        asked = list(range(0, n, 1 if n < 50 else 37))
        scale = np.abs(whole).max()
        np.testing.assert_allclose(mine[asked] - mine[asked[0]], whole[asked] - whole[asked[0]], atol=2e-3 * scale)
        pairs = reading.moved(weights, layer, head, part, top=10)
        if n < 50:
            np.testing.assert_allclose(pairs.values, np.sort(mine.ravel())[::-1][:10], rtol=1e-3, atol=1e-3 * scale)


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert"])
def test_tokens_that_are_copied_are_those_of_the_whole_product(in_precision, name):
    model = in_precision(name)
    weights = opened(model)
    for layer, head, part in heads_of(model):
        n = weights.exit.size
        own = np.zeros(n)
        for token in range(n):
            words = reading.promoted(weights, token, layer, head, part, top=n)
            own[token] = words.most[words.more.index(token)]
        found = copying.copied(weights, layer, head, part, top=5)
        np.testing.assert_allclose(found.values, np.sort(own)[::-1][:5], rtol=1e-3, atol=1e-3 * np.abs(own).max())
        np.testing.assert_allclose(own[list(found.ids)], found.values, rtol=1e-3, atol=1e-3 * np.abs(own).max())
        assert found.share == pytest.approx((own > 0).mean(), abs=2 / n)
    assert one_head(weights, 0, 0).copied.ids == copying.copied(weights, 0, 0).ids


def test_who_writes_other_words_or_none_copies_nothing(tiny):
    for name, part, said in (("electra", None, "predicts no words"), ("bart", "encoder", "only through the decoder")):
        weights = opened(tiny(name))
        with pytest.raises(models.InputError, match=said):
            copying.copied(weights, 0, 0, part)
        assert one_head(weights, 0, 0, part).copied is None


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert", "toy_pair"])
def test_directions_are_those_of_the_whole_matrix(in_precision, name):
    model = in_precision(name)
    weights = opened(model)
    for layer, head, part in heads_of(model):
        of = weights.head(layer, head, part)
        writes = part != "encoder" or model.kind == "encoder"
        for found, left, right in (
            (reading.matching_directions(weights, layer, head, part), of.query, of.key),
            (reading.moving_directions(weights, layer, head, part) if writes else [], of.value, of.output.T),
        ):
            values = np.linalg.svd((left.double() @ right.double().T).numpy())[1]
            np.testing.assert_allclose([one.value for one in found], values[: len(found)], rtol=1e-4)
            assert all(one.share == pytest.approx(one.value**2 / (values**2).sum(), rel=1e-4) for one in found)
            assert all(set(one.left).isdisjoint(one.left_away) for one in found if sizes(model) > 2 * reading.SHOWN)


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert"])
def test_another_basis_of_a_head_changes_nothing(in_precision, name, monkeypatch):
    """Queries and keys may be turned together, and values and outputs: what a head does is the same."""
    weights = opened(in_precision(name))
    before = weights.head(1, 2)
    turn = torch.linalg.qr(torch.randn(before.query.shape[1], before.query.shape[1], generator=torch.Generator().manual_seed(3))).Q
    turned = vars(before) | {key: getattr(before, key) @ turn for key in ("query", "key", "value", "query_bias", "key_bias")}
    turned |= {"output": turn.T @ before.output}

    def answers() -> list:
        words = reading.promoted(weights, 5, 1, 2, top=6)
        made = [*reading.matching_directions(weights, 1, 2), *reading.moving_directions(weights, 1, 2)]
        return [reading.matched(weights, 1, 2, top=6).values, words.most, words.least, [one.value for one in made]]

    own = answers()
    monkeypatch.setattr(weights, "head", lambda *_asked: type(before)(**turned))
    for a, b in zip(own, answers(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_what_cannot_be_read_is_refused_in_words(tiny):
    with pytest.raises(models.InputError, match="view-only"):
        opened(tiny("falcon"))
    with pytest.raises(models.InputError, match="head by head"):
        opened(tiny("toy_mean"))
    with pytest.raises(models.InputError, match="Linear attention"):
        reading.matched(opened(tiny("toy_linear")), 0, 0)
    weights = opened(tiny("electra"))
    assert len(reading.matched(weights, 0, 0, top=3).values) == 3
    for ask, given in ((reading.promoted, (3, 0, 0)), (reading.moved, (0, 0)), (reading.moving_directions, (0, 0))):
        with pytest.raises(models.InputError, match="predicts no words"):
            ask(weights, *given)
    weights = opened(tiny("gpt2"))
    for asked, said in (((2, 0), "no layer 2"), ((0, 4), "no head 4"), ((0, 0, "cross"), "no part cross"), ((-1, 0), "no layer")):
        with pytest.raises(models.InputError, match=said):
            reading.matched(weights, *asked)
    with pytest.raises(models.InputError, match="no token 256"):
        reading.promoted(weights, 256, 0, 0)
    with pytest.raises(models.InputError, match="no token"):
        reading.token_of(weights, "")


def test_what_is_left_out_is_said(tiny):
    said = {name: set(opened(tiny(name)).notes(tiny(name).sites[0])) for name in ("bert", "gpt2", "llama", "albert", "bart", "toy_alibi")}
    assert said == {
        "bert": {"post", "embedding", "transform", "scale"},
        "gpt2": {"scale"},
        "llama": {"rotary", "scale"},
        "albert": {"post", "embedding", "shared", "transform", "scale"},
        "bart": {"post", "embedding"},
        "toy_alibi": {"post"},
    }


def test_a_typed_token_is_found(tiny):
    weights = opened(tiny("bert"))
    assert reading.named(weights, [reading.token_of(weights, "cat")]) == ["cat"]
    assert reading.named(weights, [reading.token_of(weights, "[MASK]")]) == ["[MASK]"]
    assert reading.named(weights, [reading.token_of(weights, "cat mat")]) == ["cat"]


@pytest.mark.parametrize("name", ["llama", "gpt_neox", "toy_rope"])
def test_pairs_that_are_apart_are_those_of_the_network(in_precision, name):
    """The score of a pair at a distance is the one that the network gives a text of these two tokens, so far apart, in its first layer."""
    model = in_precision(name)
    weights = opened(model)
    for distance, head in ((1, 0), (5, 3)):
        found = reading.matched(weights, 0, head, top=4, distance=distance)
        assert found.rows.tolist() != reading.matched(weights, 0, head, top=4).rows.tolist() or not np.allclose(
            found.values, reading.matched(weights, 0, head, top=4).values
        )
        for query, key, value in zip(found.rows.tolist(), found.columns.tolist(), found.values.tolist(), strict=True):
            ids = torch.tensor([[key, *[7] * (distance - 1), query]])
            with torch.no_grad(), attention.attending(model.sites_of) as run:
                model.network(ids)
            record = run.records[0]
            q, k = record.query[0, head, distance], record.key[0, head // record.group, 0]
            assert value == pytest.approx(float(record.scale.flatten()[0] * (q @ k)), abs=1e-3)


def test_a_distance_that_says_nothing_is_refused(tiny):
    with pytest.raises(models.InputError, match="Only rotary positions"):
        reading.matched(opened(tiny("gpt2")), 0, 1, distance=2)
    for distance in (-1, 64):
        with pytest.raises(models.InputError, match="no distance"):
            reading.matched(opened(tiny("llama")), 0, 1, distance=distance)


PARTS = {"match": {"matched"}, "write": {"moved", "copied"}, "directions": {"matching", "moving"}}


@pytest.mark.parametrize(("name", "part"), [("gpt2", None), ("toy_linear", None), ("bart", "encoder"), ("bart", "cross")])
def test_a_look_reads_what_it_shows_and_no_more(tiny, name, part):
    weights = opened(tiny(name))
    whole = one_head(weights, 0, 1, part)
    for look in LOOKS:
        found = one_head(weights, 0, 1, part, looks=(look,))
        assert [str(error) for error in (found.no_scores, found.no_words)] == [str(error) for error in (whole.no_scores, whole.no_words)]
        assert found.notes == whole.notes
        for field in set().union(*PARTS.values()):
            asked = getattr(whole, field) if field in PARTS[look] else None
            if asked:
                torch.testing.assert_close(vars_of(getattr(found, field)), vars_of(asked), rtol=0, atol=0)
            else:
                assert not getattr(found, field)


def vars_of(found: object) -> list:
    """All that it holds."""
    return [vars(one) for one in found] if isinstance(found, list) else [vars(found)]
