"""Q19: each measure against transformers' own modules called one by one, a loop, or a count."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel, AutoModelForCausalLM

from explorer.lectures import deep, q19_ffn, shipped
from explorer.lectures.q19_ffn import TEXT, WIDTHS
from explorer.lectures.words import read
from explorer.reading import read as read_text
from models import InputError
from models.opening import catalogue


@torch.no_grad()
@pytest.mark.parametrize(("token", "layer"), [(2, 2), (0, 0), (99, 5)])
def test_who_moves_is_what_the_parts_of_gpt2_say_one_by_one(opener, token, layer):
    result = q19_ffn.compute(opener, token=token, layer=layer)
    network = AutoModelForCausalLM.from_pretrained(catalogue.bundled_folder("gpt2-mini"), attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.tensor([opener("gpt2-mini").tokenizer(TEXT)["input_ids"][: q19_ffn.TOKENS]])
    n = ids.shape[1]
    at, block = min(token, n - 1), network.transformer.h[layer]
    x = network(ids, output_hidden_states=True).hidden_states[layer]
    other = torch.randn(256, generator=torch.Generator().manual_seed(19))
    y = x.clone()
    y[0, at] = other * x[0, at].norm() / other.norm()
    mask = torch.full((n, n), -torch.inf).triu(1)[None, None]

    def attention(stream):
        return block.attn(block.ln_1(stream), attention_mask=mask)[0]

    def layer_of(stream, attended):
        middle = stream + attended
        return middle + block.mlp(block.ln_2(middle))

    pairs = {
        "attention": (attention(x), attention(y)),
        "ffn": (layer_of(x, attention(x)), layer_of(y, attention(x))),
        "layer": (layer_of(x, attention(x)), layer_of(y, attention(y))),
    }
    for name, (before, after) in pairs.items():
        wanted = (after - before).norm(dim=-1)[0] / before.norm(dim=-1).max()
        assert np.allclose(result.data["moved"][name], wanted, atol=1e-5), name
    assert result["ffn_off"] == 0 and result["heard"] == n - 1 - at
    assert result["ffn_own"] == pytest.approx(float(result.data["moved"]["ffn"][at]))


@torch.no_grad()
def test_an_encoder_tells_everybody(opener):
    result = q19_ffn.compute(opener, model="bert-mini", token=3)
    assert result["heard"] == len(result.data["tokens"]) - 1 and result["ffn_off"] == 0
    assert q19_ffn.DEMO.right_option(result) == "B"


@pytest.mark.parametrize("name", ["bert", "distilbert", "gpt_neox", "llama", "opt", "toy", "toy_mean"])
def test_other_architectures_hold_too(tiny, name):
    model = tiny(name)
    result = q19_ffn.compute(lambda _name: model, model=name, token=1, layer=1)
    measures = {measure.name: measure for measure in result.measures}
    assert measures["ffn_off"].value == 0 and measures["ffn_own"].holds
    words = read("q19_ffn", "en")
    for view in q19_ffn.VIEWS:
        assert q19_ffn.pictures(q19_ffn.compute(lambda _name: model, model=name, view=view), words, False)


def test_two_stacks_are_refused(tiny):
    model = tiny("t5")
    with pytest.raises(InputError, match="one by one"):
        q19_ffn.compute(lambda _name: model, model="t5")


def test_an_attention_that_adds_the_stream_itself_is_refused(tiny):
    model = tiny("albert")
    with pytest.raises(InputError, match="one by one"):
        q19_ffn.compute(lambda _name: model, model="albert")


@torch.no_grad()
def test_units_are_those_of_the_model(opener):
    result = q19_ffn.compute(opener, layer=3, view="units")
    network = AutoModel.from_pretrained(catalogue.bundled_folder("gpt2-mini"), dtype=torch.float32).eval()
    inside = {}
    network.h[3].mlp.c_fc.register_forward_hook(lambda _m, _a, out: inside.update(up=out[0]))
    network(torch.tensor([read_text(opener("gpt2-mini"), TEXT).ids[: q19_ffn.TOKENS]]))
    wanted = nn.functional.gelu(inside["up"], approximate="tanh")
    assert np.allclose(result.data["fired"], wanted, atol=1e-5)
    assert result["fire"] == pytest.approx(float((wanted > 0).float().mean()), abs=1e-4)
    grid = q19_ffn.pictures(result, read("q19_ffn", "en"), False)[0]
    names = [int(name) for name in grid.values["columns"]]
    cells = grid.tables["cells"]["value"].to_numpy().reshape(len(wanted), -1)
    assert np.allclose(cells, np.maximum(wanted[:, names], 0), atol=1e-5)
    # Each token has the unit that stands out for it most.
    assert {int((row - wanted.mean(dim=0)).argmax()) for row in wanted} == set(names)


def test_counts_are_those_of_gpt2_small(opener):
    result = q19_ffn.compute(opener)
    assert (result["attention"], result["ffn"]) == (768 * 3 * 768 + 3 * 768 + 768 * 768 + 768, 2 * 768 * 3072 + 3072 + 768)
    n, d = 1024, 768
    assert result["times"] == pytest.approx(8 * n * d * d / (4 * n * d * d + 2 * n * n * d))
    assert result["share"] == pytest.approx(result["ffn"] / (result["ffn"] + result["attention"]))
    assert result["convolution"] < 1e-5


def test_tokens_become_alike_through_attention_alone():
    found = {name: q19_ffn.collapse(name) for name in q19_ffn.STACKS}
    assert all(len(values) == q19_ffn.DEPTH + 1 for values in found.values())
    alone = np.array(found["alone"])
    assert (alone[1:4] < alone[:3] / 2).all() and alone[-1] < 1e-10
    for name, switches in q19_ffn.STACKS.items():
        for x, value in zip(deep.untrained(layers=12, norm="none", causal=False, **switches), found[name], strict=True):
            rows = x[0].numpy()
            assert value == pytest.approx(np.linalg.norm(rows - rows.mean(axis=0)) / np.linalg.norm(rows), rel=1e-6, abs=1e-14)
    assert found["both"][-1] > 100 * found["ffn"][-1] and found["skip"][-1] > 0.01


def test_toys_are_means_over_their_seeds_and_one_is_trained_again(opener):
    rows = shipped.read("q19_ffn").data
    result = q19_ffn.compute(opener, view="width")
    for name in ("begun", "after"):
        assert result[name] == pytest.approx(np.mean([[run[name] for run in rows[str(width)]] for width in WIDTHS[1:]]), abs=1e-6)
    loss = [np.mean([run["loss"] for run in rows[str(width)]]) for width in WIDTHS]
    drawn = q19_ffn.pictures(result, read("q19_ffn", "en"), False)[0].tables["bars"]["value"]
    assert np.allclose(drawn, loss) and loss[0] > 5 * max(loss[1:])
