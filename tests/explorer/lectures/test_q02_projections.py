"""Q2: each measure against transformers' own eager attention, or a loop."""

import numpy as np
import pytest
import torch
from transformers import AutoModel

from explorer.capture import capture
from explorer.lectures import q02_projections, shipped
from explorer.lectures.demo import Measure, Result
from explorer.lectures.q02_projections import MODEL, TEXT, WIDTHS
from explorer.lectures.words import read
from models import InputError
from models.opening import catalogue


@torch.no_grad()
def test_one_query_step_by_step_is_what_the_model_does(opener):
    result = q02_projections.compute(opener, query=5, head=3, layer=1)
    network = AutoModel.from_pretrained(catalogue.bundled_folder(MODEL), attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.tensor([opener(MODEL).tokenizer(TEXT)["input_ids"]])
    inside = {}
    network.encoder.layer[1].attention.output.dense.register_forward_pre_hook(lambda _m, args: inside.update(z=args[0][0]))
    weights = network(ids, output_attentions=True).attentions[1][0, 3, 5]
    assert np.allclose(result.data["weights"], weights, atol=1e-5)
    assert np.allclose(result.data["output"], inside["z"][5, 3 * 32 : 4 * 32], atol=1e-5)
    assert np.allclose(result.data["parts"].sum(0), result.data["output"], atol=1e-9)
    assert result["best"] == pytest.approx(float(weights.max()), abs=1e-5) and result["sum"] == pytest.approx(1, abs=1e-9)
    assert result.said["card"] == opener(MODEL).tokenizer.convert_ids_to_tokens(int(ids[0, weights.argmax()]))
    assert result["deviation"] < 1e-5


@torch.no_grad()
@pytest.mark.parametrize("query", [0, 4, 99])
def test_a_text_of_ones_own_through_a_model_that_sees_only_what_came_before(opener, query):
    text = "Seven green apples fell on the old man's head and he laughed."
    result = q02_projections.compute(opener, query=query, head=99, layer=99, text=text, model="gpt2-mini")
    network = AutoModel.from_pretrained(catalogue.bundled_folder("gpt2-mini"), attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.tensor([opener("gpt2-mini").tokenizer(text)["input_ids"][: q02_projections.TOKENS]])
    last, at = network.config.n_layer - 1, min(query, ids.shape[1] - 1)
    weights = network(ids, output_attentions=True).attentions[last][0, -1, at]
    assert np.allclose(result.data["weights"], weights, atol=1e-5) and result.data["seen"].tolist() == [i <= at for i in range(ids.shape[1])]
    assert np.isnan(result.data["scores"][at + 1 :]).all() and result["deviation"] < 1e-5
    assert result["best"] == pytest.approx(float(weights.max()), abs=1e-5) and all(measure.holds for measure in result.measures)


@pytest.mark.parametrize("name", ["t5", "llama", "marian", "distilbert", "toy_alibi"])
def test_scores_are_those_that_a_model_with_biases_and_shared_keys_makes(tiny, name):
    """T5's table of distances without a scale, keys for several heads: weights are the capture's, and so is the output."""
    model = tiny(name)
    result = q02_projections.compute(lambda _name: model, query=6, head=1, layer=1, text=TEXT, model=name)
    captured = capture(model, TEXT, max_tokens=q02_projections.TOKENS)
    at = min(6, len(captured.queries()) - 1)
    layer, head = min(1, len(captured.sites()) - 1), min(1, captured.site(min(1, len(captured.sites()) - 1)).heads - 1)
    assert np.allclose(result.data["weights"], captured.pattern(layer, head)[at], atol=1e-5)
    assert np.allclose(result.data["output"], captured.outputs(layer, head)[at], atol=1e-5)
    assert all(measure.holds for measure in result.measures)


def test_a_model_without_a_softmax_is_refused(tiny):
    model = tiny("toy_sparsemax")
    with pytest.raises(InputError, match="softmax"):
        q02_projections.compute(lambda _name: model, text=TEXT, model="toy_sparsemax")


def test_accuracies_are_means_over_the_seeds(opener):
    rows = shipped.read("q02_projections").data["rows"]
    for width in WIDTHS:
        result = q02_projections.compute(opener, width=width)
        for name, tied in (("untied", 0), ("tied", 1)):
            found = [share for d_k, was_tied, _seed, share in rows if (d_k, was_tied) == (width, tied)]
            assert len(found) == len(q02_projections.SEEDS) and result[name] == pytest.approx(sum(found) / len(found))
    gaps = [result[name] for name in ("narrow_gap", "wide_gap")]
    by_width = {width: q02_projections.compute(opener, width=width) for width in (min(WIDTHS), max(WIDTHS))}
    assert gaps == pytest.approx([found["untied"] - found["tied"] for found in by_width.values()], abs=6e-4)
    assert q02_projections.DEMO.right_option(result) == "C"


def test_scores_are_written_as_they_are_and_change_with_the_query(opener):
    words = read("q02_projections", "en")
    drawn = []
    for query in (1, 5):
        result = q02_projections.compute(opener, query=query)
        cells = q02_projections.pictures(result, words, False)[0].tables["cells"]
        drawn.append(cells.sort_values(["r", "c"])["value"].tolist())
        assert drawn[-1][0::2] == pytest.approx(list(result.data["scores"])) and drawn[-1][1::2] == pytest.approx(list(result.data["weights"]))
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(("narrow", "wide", "option"), [(0.8, 0.0, "C"), (0.01, 0.0, "B"), (0.5, 0.4, "A"), (-0.3, -0.2, "D")])
def test_the_trainings_decide_which_option_is_right(narrow, wide, option):
    assert q02_projections.right(Result((Measure("narrow_gap", narrow), Measure("wide_gap", wide)))) == option


@torch.no_grad()
def test_tied_keys_are_the_values_and_a_lookup_reads_the_right_pair():
    network = q02_projections.Dictionary(4, True)
    keys, values = q02_projections.draw(3, torch.Generator().manual_seed(5))
    assert all(len(set(row.tolist())) == q02_projections.PAIRS for row in keys)
    pairs = network.keys(keys) + network.values(values)
    attention = network.attention
    key = attention.key(pairs)
    query = attention.query(network.asked(keys))
    z = ((query @ key.mT) / 2).softmax(-1) @ key
    assert attention.value is None
    assert torch.allclose(network(keys, values, keys), network.read(attention.output(z)), atol=1e-5)


def test_a_training_is_a_function_of_its_seed_and_learns():
    told = []
    one, other = (q02_projections.train(8, False, 3, told.append, steps=60) for _time in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert told[-1] == 1 and q02_projections.accuracy(one) > 3 / q02_projections.VALUES
