"""Q4: each measure against a count of its own."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2Model

from explorer import export
from explorer.lectures import q04_cost, shipped
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models import InputError


def of_a_real_layer(n, config):
    """Multiply-adds of one layer of transformers' own GPT-2, by looking at what its modules read and write."""
    with torch.device("meta"):
        block = GPT2Model(config).h[0]
    found = {}
    for name, weight in block.named_parameters():
        if weight.dim() == 2:
            part = "ffn" if "mlp" in name else "four"
            found[part] = found.get(part, 0) + n * weight.numel()
    return found


def test_counts_are_those_of_a_real_gpt2(opener):
    result = q04_cost.compute(opener, n=1024)
    real = of_a_real_layer(1024, GPT2Config())
    assert (result["four"], result["ffn"]) == (real["four"], real["ffn"])
    pairs = sum(2 * 64 for _head in range(12)) * 1024 * 1024
    assert result["pairs"] == pairs
    assert result["share"] == pytest.approx(pairs / (pairs + real["four"] + real["ffn"]), abs=1e-12)
    assert f"{result['share']:.3f}" == "0.182" and demo("Q4").right_option(result) == "C" and real["ffn"] > max(real["four"], pairs)


@pytest.mark.parametrize(("shape", "n", "share"), [("gpt3", 2048, 0.027), ("long", 16384, 0.4)])
def test_shares_of_other_shapes(opener, shape, n, share):
    assert q04_cost.compute(opener, n=n, shape=shape)["share"] == pytest.approx(share, abs=5e-4)


def test_crossings_are_where_the_curves_meet(opener):
    result, d = q04_cost.compute(opener), 768
    n = np.arange(1, 8 * d)
    two, four, eight = 2 * n * n * d, 4 * n * d * d, 8 * n * d * d
    for name, rest in (("crossing", four), ("crossing_ffn", eight), ("crossing_all", four + eight)):
        assert result[name] == n[two >= rest][0]
    assert result["crossing_causal"] == n[n * (n + 1) * d >= four][0]


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float16", 2), ("int8", 1)])
def test_bytes_are_those_of_the_tensor(opener, dtype, size):
    result = q04_cost.compute(opener, n=64, dtype=dtype)
    assert result["bytes"] == torch.zeros(12, 64, 64, dtype=getattr(torch, dtype)).untyped_storage().nbytes() == 12 * 64 * 64 * size


def test_the_exponent_is_the_slope_of_what_was_timed(opener):
    result = q04_cost.compute(opener)
    times = [row for row in shipped.read("q04_cost").data["times"] if row[0] >= 512]
    x = np.log([row[0] for row in times])
    y = np.log([row[2] for row in times])
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    assert result["exponent"] == pytest.approx(slope, abs=1e-9)


def test_a_shape_is_a_preset_a_model_or_three_numbers(opener):
    mini = q04_cost.shape_of(opener, "gpt2-mini")
    assert (mini.d, mini.heads, mini.layers, mini.ffn) == (256, 8, 6, 1024)
    assert q04_cost.shape_of(opener, "64x4x2") == q04_cost.Shape(64, 4, 2, 256)
    with pytest.raises(InputError, match="no shape"):
        q04_cost.shape_of(opener, "64x5x2")
    with pytest.raises(InputError, match="no number"):
        q04_cost.compute(opener, ridge="much")


def test_a_ridge_that_is_typed_is_drawn(opener):
    from explorer.lectures.words import read

    words = read("q04_cost", "en")
    drawn = [q04_cost.more(q04_cost.compute(opener, ridge=ridge), words, False)[1].tables["points"] for ridge in ("20", "300")]
    heights = [set(table[table["series"] == words.label("ridge")]["y"]) for table in drawn]
    assert heights == [{20.0}, {300.0}]


def test_what_is_timed_is_the_layer_itself(opener):
    block = opener("gpt2-mini").network.transformer.h[0]
    times = q04_cost._timed(block, torch.randn(1, 16, 256), 8)
    assert all(0 < seconds < 60 for seconds in times)
    assert [row[0] for row in shipped.read("q04_cost").data["times"]] == list(q04_cost.TIMED)


@pytest.mark.parametrize("n", [64, 1024, 2**20])
def test_the_bar_is_cut_as_the_formulas_say(opener, n):
    d, heads = 768, 12
    terms = {"Q, K, V": 3 * n * d**2, "W_O": n * d**2, "FFN": 8 * n * d**2, "scores": n**2 * d, "softmax": heads * n**2, "weighted sum": n**2 * d}
    drawn = q04_cost.pictures(q04_cost.compute(opener, n=n), read("q04_cost", "en"), False)[0].tables
    assert list(drawn["parts"]["name"]) == list(terms)
    assert list(drawn["parts"]["share"]) == pytest.approx([term / sum(terms.values()) for term in terms.values()])
    assert drawn["groups"]["share"].tolist()[1] == pytest.approx((2 * d + heads) * n / (12 * d**2 + (2 * d + heads) * n))


def test_what_happens_when_the_text_gets_twice_as_long(opener):
    result = q04_cost.compute(opener, n=4096, shape="64x4x2")
    d_k, heads = 16, 4
    work = {
        "pairs": lambda n: heads * 2 * n * n * d_k,
        "window": lambda n: heads * 2 * n * 8 * d_k,
        "linear": lambda n: heads * 2 * n * d_k * d_k,
    }
    for way, of in work.items():
        assert result[f"double_{way}"] == of(8192) / of(4096)
    # What the cheaper ways lose is what the demos about them say.
    sparse, linear = demo("Q22b").compute(opener, **demo("Q22b").defaults(read("q22b_sparse", "en"))), demo("Q22").compute(opener)
    assert result["lost_window"] == pytest.approx(sparse["loss_sinks"] - sparse["full"], abs=1e-12)
    assert result["lost_linear"] == pytest.approx(linear["trained_softmax"] - linear["trained_linear"], abs=1e-12)
    words = read("q04_cost", "en")
    cells = q04_cost.more(result, words, False)[2].tables["cells"]
    shown = cells.set_index(["r", "c"])["text"]
    assert [shown[row, 0] for row in range(3)] == ["×4", "×2", "×2"] and shown[0, 1] == "0"
    assert shown[1, 1] == f"{result['lost_window']:+.2f}" and shown[2, 1] == f"{result['lost_linear']:.0%}"


def test_three_pictures_in_a_row_are_as_large_as_each_other(opener):
    """Vega makes a drawing as wide as its legend, and a drawing that is too wide for its third is shown smaller, letters and all."""
    result = q04_cost.compute(opener)
    for language in ("en", "zh"):
        widths = []
        for picture in q04_cost.more(result, read("q04_cost", language), False)[:2]:
            svg = export.picture(lambda picture=picture: picture, "svg").decode()
            widths.append(float(svg.split('width="', 1)[1].split('"', 1)[0].removesuffix("px")))
        assert max(widths) <= 1.15 * min(widths), (language, widths)
