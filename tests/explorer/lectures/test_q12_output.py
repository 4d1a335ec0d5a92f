"""Q12: counts, folding and where heads write, against loops over the weights of real layers and of the toys."""

import copy

import numpy as np
import pytest
import torch

from explorer.lectures import q12_output, shipped
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models.toy import ToyConfig, ToyModel
from models.toy.layers import ToyAttention
from models.training.presets import PRESETS

DEMO = demo("Q12")


@pytest.mark.parametrize("heads", q12_output.HEADS)
def test_parameters_are_the_sizes_of_matrices_written_down(heads):
    d, d_k = 512, 512 // heads
    counted = q12_output.parameters(heads)
    assert counted["trained"] == heads * (3 * d * d_k) + (heads * d_k) * d == 4 * d * d
    assert counted["ov"] == heads * (2 * d * d_k + d * d)
    assert counted["both"] == heads * 2 * d * d
    assert q12_output.bare_parameters() == 3 * d * d


def test_one_head_without_its_output_projection_computes_the_same_once_values_are_folded():
    assert 0 < q12_output.toy_deviation() < 1e-5
    # A network whose values are not folded gives something else: the number can fail.
    config = {"layers": 2, "heads": 1, "d_model": 64, "init_std": 0.15}
    torch.manual_seed(0)
    whole = ToyModel(ToyConfig(**config)).eval()
    bare = ToyModel(ToyConfig(output_projection=False, **config)).eval()
    bare.load_state_dict({name: weight for name, weight in whole.state_dict().items() if ".attention.output." not in name})
    ids = torch.arange(24)[None]
    with torch.no_grad():
        assert (whole(input_ids=ids).logits - bare(input_ids=ids).logits).abs().max() > 0.1


def own_matrices(model):
    """Per head (W_Q, b_Q, W_K, b_K, W_V, b_V, W_O) of the first layer, and b_O, read from the network by hand, as numpy float64."""
    base = model.network.base_model
    if model.kind == "decoder":
        layer = base.h[0].attn
        joined, bias = layer.c_attn.weight.detach().double().numpy(), layer.c_attn.bias.detach().double().numpy()
        width = joined.shape[0]
        parts = [(joined[:, i * width : (i + 1) * width], bias[i * width : (i + 1) * width]) for i in range(3)]
        out, out_bias, heads = layer.c_proj.weight.detach().double().numpy(), layer.c_proj.bias.detach().double().numpy(), layer.num_heads
    else:
        layer = base.encoder.layer[0].attention
        own = layer.self
        parts = [(one.weight.detach().double().numpy().T, one.bias.detach().double().numpy()) for one in (own.query, own.key, own.value)]
        out, out_bias = layer.output.dense.weight.detach().double().numpy().T, layer.output.dense.bias.detach().double().numpy()
        heads = own.num_attention_heads
    d_k = out.shape[0] // heads
    cut = [[(weight[:, h * d_k : (h + 1) * d_k], bias[h * d_k : (h + 1) * d_k]) for weight, bias in parts] for h in range(heads)]
    return [(*(t for pair in one for t in pair), out[h * d_k : (h + 1) * d_k]) for h, one in enumerate(cut)], out_bias, d_k


@pytest.mark.parametrize("name", ["gpt2-mini", "bert-mini"])
def test_folded_matrices_of_a_real_layer_give_its_own_eager_output(opener, name):
    model = opener(name)
    heads, out_bias, d_k = own_matrices(model)
    config = copy.deepcopy(model.network.base_model.config)
    config._attn_implementation = "eager"
    network = type(model.network.base_model)(config).eval()
    network.load_state_dict(model.network.base_model.state_dict(), strict=False)
    given = model.tokenizer(q12_output.TEXT, return_tensors="pt")
    with torch.no_grad():
        out = network(**given, output_attentions=True, output_hidden_states=True)
        stream = out.hidden_states[0]
        if name == "gpt2-mini":
            x, module = network.h[0].ln_1(stream), network.h[0].attn.c_proj
        else:
            x, module = stream, network.encoder.layer[0].attention.output.dense
        seen = []
        module.register_forward_hook(lambda _m, _g, y: seen.append(y))
        network(**given)
    x, y, weights = x[0].double().numpy(), seen[0][0].double().numpy(), out.attentions[0][0].double().numpy()
    total = np.tile(out_bias, (len(x), 1))
    for h, (w_q, b_q, w_k, b_k, w_v, b_v, w_o) in enumerate(heads):
        total += weights[h] @ (x @ (w_v @ w_o)) + b_v @ w_o
        qk = x @ (w_q @ w_k.T) @ x.T + (x @ w_q @ b_k)[:, None] + (x @ w_k @ b_q)[None] + b_q @ b_k
        scores = np.where(weights[h] > 0, qk / d_k**0.5, -np.inf)
        again = np.exp(scores - scores.max(1, keepdims=True))
        assert np.abs(again / again.sum(1, keepdims=True) - weights[h]).max() < 1e-4
    assert np.abs(total - y).max() / np.abs(y).max() < 1e-5
    result = DEMO.compute(opener, model=name)
    assert result["ov"] < 1e-5 and result["qk"] < 1e-5
    values = np.linalg.svd(heads[0][4] @ heads[0][6], compute_uv=False)
    assert result["rank"] == (values > 1e-9 * values[0]).sum() == d_k
    assert result.data["spectrum"][0][:d_k] == pytest.approx(values[:d_k], rel=1e-6)


def test_where_heads_write_is_read_from_the_output_projection():
    torch.manual_seed(1)
    module = ToyAttention(ToyConfig(d_model=12, heads=3, bias=False))
    out = module.output.weight.detach().numpy()  # (stream, heads x d_k)
    shares = q12_output.writes(module)
    for head in range(3):
        power = [(out[4 * part : 4 * part + 4, 4 * head : 4 * head + 4] ** 2).sum() for part in range(3)]
        assert shares[head] == pytest.approx(np.array(power) / sum(power), abs=1e-6)
    bare = ToyAttention(ToyConfig(d_model=12, heads=3, bias=False, output_projection=False))
    assert q12_output.writes(bare) == pytest.approx(np.eye(3))


def test_shipped_trainings_are_of_all_head_counts_and_learn_without_the_projection():
    kept = shipped.read("q12_output").data
    assert set(kept) == {str(h) for h in q12_output.HEADS}
    chance = 1 / PRESETS["recall"].toy_task().n_values
    for heads, both in kept.items():
        assert np.array(both["without"]["writes"]) == pytest.approx(np.eye(int(heads)))
        assert np.array(both["with"]["writes"]).sum(1) == pytest.approx(np.ones(int(heads)), abs=1e-3)
        assert both["without"]["accuracy"] > 0.9 > 5 * chance


def test_more_heads_make_folding_dear_and_the_switch_shows_the_diagonal(opener):
    words = read(DEMO.module, "en")
    heights = {h: DEMO.pictures(DEMO.compute(opener, heads=h), words, False)[0].tables["bars"]["value"].tolist() for h in (1, 8)}
    assert heights[1] == pytest.approx([4 * 512**2 / 1e6, 3 * 512**2 / 1e6, 2 * 512**2 / 1e6])
    assert heights[8] == pytest.approx([4 * 512**2 / 1e6, 10 * 512**2 / 1e6, 16 * 512**2 / 1e6])
    cells = DEMO.pictures(DEMO.compute(opener, heads=4, output="without"), words, False)[1].tables["cells"]
    assert cells["value"].to_numpy().reshape(4, 4) == pytest.approx(np.eye(4))


@pytest.mark.parametrize("heads", q12_output.HEADS)
def test_accuracies_are_those_of_the_toys_that_are_shipped(opener, heads):
    found, seen = DEMO.compute(opener, heads=heads), 0
    for name, kept in shipped.read(DEMO.module).data.items():
        for which, one in kept.items():
            if name == str(heads):
                assert found[f"accuracy_{which}"] == one["accuracy"] and 0 <= one["accuracy"] <= 1
                seen += 1
    assert seen == 2
