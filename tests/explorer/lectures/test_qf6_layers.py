"""QF6: distances, entropies and divergences against loops over the weights of a network's own eager attention."""

import copy
import math

import numpy as np
import pytest
import torch

from explorer.capture import capture
from explorer.lectures import qf6_layers, shipped
from explorer.lectures.demo import Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from explorer.scores import null

DEMO = demo("QF6")


@pytest.fixture(scope="module")
def texts():
    """Weights of transformers' own eager attention on each text, and the tokens that frame it: of bert-mini."""

    def of(model):
        config = copy.deepcopy(model.network.base_model.config)
        config._attn_implementation = "eager"
        network = type(model.network.base_model)(config).eval()
        network.load_state_dict(model.network.base_model.state_dict(), strict=False)
        found = []
        for text in qf6_layers.texts_of(model.name):
            given = model.tokenizer(text, return_tensors="pt")
            with torch.no_grad():
                out = network(**given, output_attentions=True)
            framing = np.isin(given["input_ids"][0].numpy(), [model.tokenizer.cls_token_id, model.tokenizer.sep_token_id])
            found.append((torch.stack(out.attentions)[:, 0].double().numpy(), framing))
        return found

    return of


def distances(texts, words):
    """(layers, heads): a loop over texts, heads, queries and keys."""
    layers, heads = texts[0][0].shape[:2]
    far, rows = np.zeros((layers, heads)), 0
    for weights, framing in texts:
        kept = [i for i in range(weights.shape[-1]) if not (words and framing[i])]
        for i in kept:
            row = weights[:, :, i, kept]
            away = np.array([abs(i - j) for j in kept])
            far += (row * away).sum(-1) / row.sum(-1)
            rows += 1
    return far / rows


@pytest.mark.parametrize("tokens", ["all", "words"])
def test_distances_are_those_of_eager_attention(opener, texts, tokens):
    found = texts(opener("bert-mini"))
    result = DEMO.compute(opener, model="bert-mini", tokens=tokens)
    far = distances(found, tokens == "words")
    assert result.data["distance"] == pytest.approx(far, abs=2e-4)
    assert result["shallow"] == pytest.approx(far[0].mean(), abs=1e-4)
    assert result["deep"] == pytest.approx(far[-1].mean(), abs=1e-4)
    assert result["within"] == pytest.approx(np.mean([row.std() for row in far]), abs=1e-4)
    assert float(result.said["between"]) == pytest.approx(np.std([row.mean() for row in far]), abs=0.006)
    even = [(np.full_like(weights, 1 / weights.shape[-1]), framing) for weights, framing in found]
    assert qf6_layers.uniform_distance(
        [capture(opener("bert-mini"), text) for text in qf6_layers.texts_of("bert-mini")], tokens
    ) == pytest.approx(distances(even, tokens == "words")[0, 0], abs=1e-5)


def test_entropy_sink_and_divergences_are_those_of_eager_attention(opener, texts):
    found = texts(opener("bert-mini"))
    result = DEMO.compute(opener, model="bert-mini")
    broad, first, framed, rows, after = 0.0, 0.0, 0.0, 0, 0
    for weights, framing in found:
        n = weights.shape[-1]
        broad += -(weights * np.log(np.maximum(weights, 1e-300))).sum((-1, -2)) / math.log(n)
        framed += weights[..., framing].sum((-1, -2))
        first += weights[:, :, 1:, 0].sum(-1)
        rows, after = rows + n, after + n - 1
    assert result["entropy"] == pytest.approx((broad / rows).mean(), abs=1e-5)
    assert result["sink"] == pytest.approx(np.maximum(first / after, framed / rows).mean(), abs=1e-5)

    weights = found[0][0]
    heads = [(layer, head) for layer in range(weights.shape[0]) for head in range(weights.shape[1])]
    apart = {}
    for a, one in enumerate(heads):
        for other in heads[a + 1 :]:
            p, q = weights[one], weights[other]
            middle = (p + q) / 2
            kl = [(t * np.log(np.maximum(t, 1e-300) / np.maximum(middle, 1e-300))).sum(-1) for t in (p, q)]
            apart[one, other] = math.sqrt(((kl[0] + kl[1]) / 2).mean())
    inside = [value for (one, other), value in apart.items() if one[0] == other[0] == 2]
    assert result.data["between"][2, 2] == pytest.approx(np.mean(inside), abs=1e-4)
    assert result["apart"] == pytest.approx(max(apart.values()), abs=1e-4)
    assert result.data["between"][1, 3] == pytest.approx(np.mean([v for (a, b), v in apart.items() if {a[0], b[0]} == {1, 3}]), abs=1e-4)
    assert result["deviation"] < 1e-5


def test_the_shipped_curve_of_random_weights_is_flat_and_the_one_that_such_a_network_gives(opener, texts):
    drawn = null.random_weights(opener("bert-mini"))
    kept = shipped.read("qf6_layers").data["bert-mini"]["random"]["all"]
    model = type("Named", (), {"network": drawn.network, "tokenizer": drawn.tokenizer, "name": "bert-mini"})
    assert kept == pytest.approx(distances(texts(model), False).mean(1), abs=1e-3)
    assert DEMO.compute(opener, model="bert-mini")["random"] == pytest.approx((max(kept) - min(kept)) / np.mean(kept), abs=1e-4)


def test_what_is_read_out_is_the_word_at_once_and_the_word_before_only_through_attention(opener):
    for name, kept in shipped.read("qf6_layers").data.items():
        assert kept["read"].keys() == kept["chance"].keys() == set(qf6_layers.READ), name
        assert all(0 <= share <= 1 for shares in kept["read"].values() for share in shares)
        result = DEMO.compute(opener, model=name)
        levels = DEMO.more(result, read(DEMO.module, "en"), False)[1].tables["levels"]
        assert dict(zip(levels["series"], levels["y"], strict=True)) == {
            read(DEMO.module, "en").label(of): share for of, share in kept["chance"].items()
        }
        word, previous = kept["read"]["word"], kept["read"]["previous"]
        assert word[0] > 0.99 and max(previous[1:]) > previous[0] + 0.1, name


@pytest.mark.parametrize(("means", "letter"), [([3, 3, 3.05, 3], "A"), ([5, 4, 3, 3], "B"), ([2, 3, 4, 5], "C"), ([2, 4, 5, 3], "D")])
def test_the_measurement_decides_which_option_is_right(means, letter):
    assert DEMO.right(Result((), {"distance": np.array(means, float)[:, None]})) == letter


def test_each_model_and_each_choice_of_tokens_has_a_curve_of_its_own(opener):
    seen = set()
    for model in qf6_layers.MODELS:
        for tokens in ("all", "words"):
            result = DEMO.compute(opener, model=model, tokens=tokens)
            drawn = DEMO.pictures(result, read(DEMO.module, "en"), False)
            table = drawn[0].tables["points"]
            means = table[table["series"] == read(DEMO.module, "en").label("mean")]["y"].to_numpy()
            assert means == pytest.approx(result.data["distance"].mean(1))
            seen.add((*np.round(means, 3),))
    # gpt2-mini has no tokens that frame a text: there both choices are one.
    assert len(seen) == 2 * len(qf6_layers.MODELS) - 1
