"""Q17: each measure against a forward pass by hand in numpy or torch, transformers' own layers, or what was shipped."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM

from explorer.lectures import deep, q17_residual, shipped
from explorer.lectures.q17_residual import COMPARED, DEPTHS, TEXT
from explorer.lectures.words import read
from models import InputError
from models.opening import catalogue
from models.toy.model import ToyModel
from models.training.presets import PRESETS


def test_a_hundred_layers_are_a_power(opener):
    result = q17_residual.compute(opener)
    assert result["product"] == pytest.approx(0.5**100, rel=1e-12) and result["alone"] == pytest.approx(0.5**100, rel=1e-12)
    assert f"{result['product']:.1e}" == "7.9e-31" and result["paths"] == 2**12
    assert q17_residual.through(0.5)[10] == pytest.approx(1.5**10) and q17_residual.through(-1.0)[1] == 0
    assert q17_residual.DEMO.right_option(result) == "C"


@pytest.mark.parametrize("kind", list(deep.KINDS))
def test_the_gradient_before_a_layer_is_that_of_the_layers_by_hand(kind):
    """The network again, layer by layer with plain torch; the gradient with respect to the stream by differences."""
    depth, task = 3, deep.task()
    found = deep.begun(kind, depth)
    config = PRESETS["copying"].config(task, layers=depth, d_model=32, heads=2, ffn=4.0, attn_implementation="sdpa", **deep.KINDS[kind])
    network = ToyModel(config)
    deep.preserve(network, 17)
    network.double().eval()
    batch = task.batch(8, torch.Generator().manual_seed(17))
    norm, residual = deep.KINDS[kind]["norm"], deep.KINDS[kind]["residual"]

    def attention(module, x):
        q, k, v = (part.unflatten(-1, (2, 16)).transpose(1, 2) for part in module.qkv(x).chunk(3, dim=-1))
        scores = (q @ k.mT / 4).masked_fill(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1), -torch.inf)
        return module.output((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))

    def branch(x, function, layer_norm):
        y = function(layer_norm(x) if norm == "pre" else x)
        y = x + y if residual else y
        return layer_norm(y) if norm == "post" else y

    def loss_from(x, start):
        for layer in network.transformer.stack.layers[start:]:
            x = branch(x, lambda h, layer=layer: attention(layer.attention, h), layer.attention_norm)
            x = branch(x, layer.ffn, layer.ffn_norm)
        logits = network.lm_head(network.transformer.stack.norm(x))
        return nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=-100)

    x = network.transformer.embedding(batch.inputs["input_ids"]).detach().requires_grad_()
    gradient = torch.autograd.grad(loss_from(x, 0), x)[0]
    assert found.arriving[0] == pytest.approx(float(gradient.norm()), rel=1e-6)
    assert found.sizes[0] == pytest.approx(float(x.detach().pow(2).mean().sqrt()), rel=1e-6)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        step = 1e-6
        slope = (loss_from(x + step * direction, 0) - loss_from(x - step * direction, 0)) / (2 * step)
    assert float(slope) == pytest.approx(float((gradient * direction).sum()), rel=1e-3, abs=1e-8)
    first = network.transformer.stack.layers[0]
    weights = torch.autograd.grad(loss_from(x.detach(), 0), list(first.parameters()))
    assert found.weights[0] == pytest.approx(math.sqrt(sum(float(w.norm()) ** 2 for w in weights)), rel=1e-6)


@pytest.mark.thorough
def test_ratios_are_first_over_last_at_every_depth(opener):
    for depth in DEPTHS:
        result = q17_residual.compute(opener, depth=depth)
        for kind in ("plain", "bare", "pre"):
            found = deep.begun(kind, depth).arriving
            assert len(found) == depth + 1 and result[kind] == pytest.approx(found[0] / found[-1])
        assert all(measure.holds for measure in result.measures)


@torch.no_grad()
def test_a_layer_that_is_cut_is_a_model_without_it(opener):
    result = q17_residual.compute(opener, cut=3)
    network = AutoModelForCausalLM.from_pretrained(catalogue.bundled_folder("gpt2-mini"), attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.tensor([opener("gpt2-mini").tokenizer(TEXT)["input_ids"]])
    whole = network(ids, output_hidden_states=True)
    states = whole.hidden_states[:-1]
    blocks, losses = list(network.transformer.h), []
    for cut in (None, *range(6)):
        network.transformer.h = nn.ModuleList([block for i, block in enumerate(blocks) if i != cut])
        losses.append(float(nn.functional.cross_entropy(network(ids).logits[0, :-1], ids[0, 1:])))
    assert np.allclose(result.data["losses"], losses, atol=1e-4)
    assert result["whole"] == pytest.approx(losses[0], abs=1e-4) and result["without"] == pytest.approx(losses[4], abs=1e-4)
    for layer, (a, b) in enumerate(itertools.pairwise(states)):
        assert result.data["branch"][layer] == pytest.approx(float(((b - a).norm(dim=-1) / a.norm(dim=-1)).mean()), rel=1e-3)
        assert result.data["cosine"][layer] == pytest.approx(float(nn.functional.cosine_similarity(b, states[0], dim=-1).mean()), abs=1e-4)


def test_what_was_trained_is_shown_at_the_chosen_depth_and_rate(opener):
    kept, words = shipped.read("q17_residual").data, read("q17_residual", "en")
    for depth, layers, rate in ((4, 4, 0.001), (96, 16, 0.03)):
        result = q17_residual.compute(opener, depth=depth, rate=rate, view="trained")
        for kind, name in (("pre", "loss_with"), ("plain_pre", "loss_without")):
            run = kept[kind][str(layers)][str(rate)]
            assert result[name] == pytest.approx(np.mean([curve[-2:] for curve in run["curves"]]))
            assert [len(curve) for curve in run["curves"]] == [deep.STEPS // deep.EVERY] * 3
            assert len({tuple(curve) for curve in run["curves"]}) == 3, "three seeds, three trainings"
            assert all(len(norms) == layers for norms in run["norms"])
            steps, mean = 0, np.mean(run["curves"], axis=0)
            for loss in mean:
                steps += deep.STEPS // len(mean)
                if loss < 0.5:
                    break
            assert result[name.replace("loss", "steps")] == steps
        curves, norms, table = q17_residual.pictures(result, words, False)
        assert str(layers) in str(curves.spec()["title"])
        assert len(norms.tables["points"]) == 2 * layers
        cells = table.tables["cells"]["value"].to_numpy().reshape(2, len(deep.DEPTHS), len(deep.RATES))
        wanted = [
            [[np.mean([curve[-2:] for curve in kept[kind][str(d)][str(r)]["curves"]]) for r in deep.RATES] for d in deep.DEPTHS]
            for kind in COMPARED
        ]
        assert np.allclose(cells, wanted)
    shallow = q17_residual.compute(opener, depth=4, rate=0.01)
    assert shallow["steps_with"] < shallow["steps_without"] <= 120
    # What the lesson is about: the deepest network learns with residuals at some rate, and at none without.
    assert min(wanted[0][-1]) < 0.1 and min(wanted[1][-1]) > 2


def test_a_training_is_made_again_to_the_same_curve():
    kept = shipped.read("q17_residual").data["pre"]["2"]["0.01"]
    made = deep.train("pre", 2, 0.01, 0)
    assert np.allclose(made["curve"], kept["curves"][0], atol=0.05) and made["norms"][0] == pytest.approx(kept["norms"][0], rel=0.01)
    assert made["branch"][0] == pytest.approx(kept["branch"][0], rel=1e-3)
    assert np.allclose(deep.train("pre", 2, 0.01, 0, seed=deep.SEEDS[2])["curve"], kept["curves"][2], atol=0.05)


@pytest.mark.parametrize("name", ["gpt_neox", "llama", "opt", "toy"])
def test_other_decoders_lose_layers_too(tiny, name):
    model = tiny(name)
    result = q17_residual.compute(lambda _name: model, model=name)
    assert all(measure.holds for measure in result.measures)


def test_a_model_that_predicts_no_next_token_is_refused(opener):
    with pytest.raises(InputError, match="cut out"):
        q17_residual.compute(opener, model="bert-mini")
