"""Q18: each measure against layers by hand, transformers' own attention, or what was shipped."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel

from explorer.lectures import deep, q18_norm, shipped
from explorer.lectures.q17_residual import TEXT
from explorer.lectures.words import read
from models import InputError
from models.opening import catalogue
from models.toy.model import ToyModel
from models.training.presets import PRESETS


def by_hand(norm, depth):
    """Sizes of the stream and gradients of each layer's weights, with the layers written out in plain torch."""
    task = deep.task()
    network = ToyModel(PRESETS["copying"].config(task, layers=depth, d_model=64, heads=2, ffn=4.0, norm=norm, attn_implementation="sdpa"))
    deep.preserve(network, 17)
    network.double().eval()
    batch = task.batch(8, torch.Generator().manual_seed(17))
    x = network.transformer.embedding(batch.inputs["input_ids"])
    sizes = [float(x.detach().pow(2).mean().sqrt())]

    def scaled(x):
        return (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + network.config.norm_eps).sqrt()

    for layer in network.transformer.stack.layers:

        def attended(h, layer=layer):
            q, k, v = (part.unflatten(-1, (2, 32)).transpose(1, 2) for part in layer.attention.qkv(h).chunk(3, dim=-1))
            scores = (q @ k.mT / 32**0.5).masked_fill(torch.ones(h.shape[1], h.shape[1], dtype=torch.bool).triu(1), -torch.inf)
            return layer.attention.output((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))

        for branch, own in ((attended, layer.attention_norm), (layer.ffn, layer.ffn_norm)):
            # Multiplied by weights that are still 1 and biases that are still 0, so that they have a gradient, too.
            x = x + branch(scaled(x) * own.weight + own.bias) if norm == "pre" else scaled(x + branch(x)) * own.weight + own.bias
        sizes.append(float(x.detach().pow(2).mean().sqrt()))
    logits = network.lm_head(scaled(x) if norm == "pre" else x)
    nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=-100).backward()
    weights = [sum(float(w.grad.pow(2).sum()) for w in layer.parameters()) ** 0.5 for layer in network.transformer.stack.layers]
    return sizes, weights


@pytest.mark.parametrize("depth", [2, 12])
def test_streams_and_gradients_are_those_of_layers_by_hand(depth, opener):
    result, found = q18_norm.compute(opener, depth=depth), {}
    for kind in ("pre", "post"):
        with torch.enable_grad():
            sizes, weights = found[kind] = by_hand(kind, depth)
        assert result.data["begun"][kind].sizes == pytest.approx(sizes, rel=1e-5)
        assert result.data["begun"][kind].weights == pytest.approx(weights, rel=1e-5)
    (pre, pre_weights), (post, post_weights) = found["pre"], found["post"]
    assert result["first"] == pytest.approx(pre[1], rel=1e-5) and result["last_pre"] == pytest.approx(pre[-1], rel=1e-5)
    assert result["last_post"] == pytest.approx(post[-1], rel=1e-5)
    # Lemma 2 of Xiong et al. 2020 (arXiv 2002.04745): (1 + l/2) d <= E |x_l|^2 <= (1 + 3l/2) d.
    lemma = [1 + layer / 2 <= size**2 <= 1 + 3 * layer / 2 for layer, size in enumerate(pre[1:], 1)]
    assert result["within"] == sum(lemma) / depth == 1
    size = q18_norm.pictures(result, read("q18_norm", "en"), False)[0].tables["points"]
    for name, slope in (("at most (Xiong)", 1.5), ("at least (Xiong)", 0.5)):
        line = size[size["series"] == name]
        assert line["x"].tolist() == list(range(1, depth + 1)) and np.allclose(line["y"] ** 2, 1 + slope * line["x"])
    assert result["gradient"] == pytest.approx(post_weights[-1] / pre_weights[-1], rel=1e-5)


def test_the_stream_grows_with_depth_and_the_measurement_says_which_option_is_right(opener):
    results = [q18_norm.compute(opener, depth=depth) for depth in q18_norm.DEPTHS]
    grown = [result["last_pre"] for result in results]
    assert grown == sorted(grown)
    assert grown[q18_norm.DEPTHS.index(12)] == pytest.approx(4.5, rel=0.15) and grown[-1] == pytest.approx(11.8, rel=0.1)
    for result in results:
        assert all(measure.holds for measure in result.measures) and q18_norm.DEMO.right_option(result) == "B"
        assert 1.25 < result["first"] < 1.45
    for size, letter in ((1.0, "D"), (1.42, "A"), (0.7, "C"), (3.0, "B")):
        assert q18_norm.right({"first": 1.4, "last_pre": size}) == letter


@pytest.mark.parametrize("warm_up", [0, deep.WARM_UP])
@pytest.mark.parametrize(("depth", "layers", "rate"), [(4, 4, 0.03), (12, 8, 0.003), (96, 16, 0.001)])
def test_what_was_trained_is_shown_at_the_chosen_place(depth, layers, rate, warm_up, opener):
    pre, others = shipped.read("q17_residual").data["pre"], shipped.read("q18_norm").data
    kept = {("pre", 0): pre, ("post", 0): others["post"], ("pre", 40): others["pre_warm"], ("post", 40): others["post_warm"]}
    curves_of = {at: np.array([[cells[str(d)][str(r)]["curves"] for r in deep.RATES] for d in deep.DEPTHS]) for at, cells in kept.items()}
    last = {at: curves[..., -2:].mean(axis=(-1, -2)) for at, curves in curves_of.items()}
    result = q18_norm.compute(opener, depth=depth, rate=rate, warm_up=warm_up, view="trained")
    curves, *grids = q18_norm.pictures(result, read("q18_norm", "en"), False)
    at = deep.DEPTHS.index(layers), deep.RATES.index(rate)
    for kind in ("pre", "post"):
        assert result[f"loss_{kind}"] == pytest.approx(last[kind, warm_up][at])
        assert result[f"learned_{kind}"] == (last[kind, warm_up] < 0.5).sum()
        assert result[f"deep_{kind}"] == pytest.approx(min(last[kind, 0][-1].min(), last[kind, 40][-1].min()))
        drawn = curves.tables["points"].query(f"series == '{kind.title()}-LN'")["y"]
        assert np.allclose(drawn, np.minimum(curves_of[kind, warm_up][at].mean(axis=0), 3))
    for steps, table in zip((0, 40), grids, strict=True):
        assert np.allclose(table.tables["cells"]["value"], np.concatenate([last["pre", steps], last["post", steps]]).ravel())
        marked = [(at[0], at[1]), (4 + at[0], at[1])] if steps == warm_up else []
        assert [tuple(row) for row in table.tables["marked"].to_numpy()] == marked


def test_warm_up_rescues_shallow_post_ln_and_no_deep_one(opener):
    """What the speaker is told."""
    final = q18_norm.compute(opener).data["final"]
    assert (final[0][1, :2, 3] > 1.5).all() and final[40][1, 0, 3] < 0.5 and 0.5 < final[40][1, 1, 3] < final[0][1, 1, 3] - 1
    assert min(final[steps][1, 3].min() for steps in final) > 2
    assert all((final[steps][0][:, 1:3] < 0.5).all() for steps in final)


@pytest.mark.parametrize("warm_up", [0, deep.WARM_UP])
def test_a_training_is_made_again_to_the_same_curve(warm_up):
    kept = shipped.read("q18_norm").data["post_warm" if warm_up else "post"]["2"]["0.01"]
    made = deep.train("post", 2, 0.01, warm_up)
    assert np.allclose(made["curve"], kept["curves"][0], atol=0.05) and made["norms"][0] == pytest.approx(kept["norms"][0], rel=0.01)


@pytest.mark.parametrize(("name", "place"), [("gpt2-mini", "pre"), ("bert-mini", "post")])
@torch.no_grad()
def test_a_real_model_is_read_as_transformers_runs_it(name, place, opener):
    result = q18_norm.compute(opener, model=name, view="model")
    assert result.data["place"] == place and result.said["norm"] == "LayerNorm"
    network = AutoModel.from_pretrained(catalogue.bundled_folder(name), attn_implementation="eager", dtype=torch.float32).eval()
    blocks = network.h if place == "pre" else network.encoder.layer
    states, projected = [], []
    for block in blocks:
        block.register_forward_pre_hook(lambda _m, args: states.append(args[0][0]))
        attention = block.attn.c_attn if place == "pre" else block.attention.self
        parts = [attention] if place == "pre" else [attention.query, attention.key]
        for part in parts:
            part.register_forward_hook(lambda _m, _a, output: projected.append(output[0]))
    blocks[-1].register_forward_hook(lambda _m, _a, output: states.append((output if isinstance(output, torch.Tensor) else output[0])[0]))
    ids = torch.tensor([opener(name).tokenizer(TEXT)["input_ids"]])
    attentions = network(ids, output_attentions=True).attentions
    assert result.data["sizes"] == pytest.approx([float(state.pow(2).mean().sqrt()) for state in states], rel=1e-4)
    assert result["model_first"] == result.data["sizes"][0] and result["model_last"] == result.data["sizes"][-1]
    heads, width, n = network.config.num_attention_heads, network.config.hidden_size, ids.shape[1]
    seen = torch.ones(n, n, dtype=torch.bool).tril() if place == "pre" else torch.ones(n, n, dtype=torch.bool)
    high, low, sharp = [], [], []
    for layer, weights in enumerate(attentions):
        q, k = projected[layer].split(width, dim=-1)[:2] if place == "pre" else projected[2 * layer : 2 * layer + 2]
        q, k = (part.reshape(n, heads, -1).transpose(0, 1) for part in (q, k))
        scores = (q @ k.mT / q.shape[-1] ** 0.5)[:, seen]
        high.append(float(scores.max()))
        low.append(float(scores.min()))
        sharp.append(float((weights[0, :, 1 if place == "pre" else 0 :].amax(-1) > 0.99).float().mean()))
    assert result.data["scores"]["high"] == pytest.approx(high, rel=1e-4, abs=1e-4) and result["high"] == pytest.approx(max(high), rel=1e-4)
    assert result.data["scores"]["low"] == pytest.approx(low, rel=1e-4, abs=1e-4) and result["low"] == pytest.approx(min(low), rel=1e-4)
    assert result.data["sharp"] == pytest.approx(sharp, abs=1e-6) and result["sharp"] == pytest.approx(np.mean(sharp), abs=1e-6)
    stream, scores, _sharp = q18_norm.pictures(result, read("q18_norm", "en"), False)
    assert f"{name}: {place.title()}, LayerNorm" in str(stream.spec()["title"]) and len(scores.tables["points"]) == 2 * len(blocks)


@pytest.mark.parametrize(
    ("name", "place", "norm"),
    [
        ("llama", "pre", "LlamaRMSNorm"),
        ("gpt_neox", "pre", "LayerNorm"),
        ("distilbert", "post", "LayerNorm"),
        ("toy", "pre", "LayerNorm"),
        ("toy_alibi", "post", "LayerNorm"),
        ("toy_mean", "other", ""),
    ],
)
def test_the_place_of_the_norm_is_read_from_other_models(name, place, norm, tiny):
    model = tiny(name)
    result = q18_norm.compute(lambda _name: model, model=name, view="model")
    assert (result.data["place"], result.said["norm"]) == (place, norm)
    assert all(measure.holds for measure in result.measures)
    assert len(q18_norm.pictures(result, read("q18_norm", "zh"), True)) == 3


def test_a_model_of_two_sides_is_refused(tiny):
    with pytest.raises(InputError, match="one by one"):
        q18_norm.compute(lambda _name: tiny("bart"), model="bart")
