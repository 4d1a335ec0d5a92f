"""Q21: bytes against tensors, work added up token by token, both ways of making text against transformers' own `generate`."""

import math

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import GPT2Config, GPT2LMHeadModel

from explorer.charts.lectures import race
from explorer.lectures import memory, peak, q21_cache, shipped
from explorer.lectures.demo import Measure, Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models import InputError, load
from tests import tiny

DEMO = demo("Q21")
WORDS = read("q21_cache", "en")


def test_a_cache_saves_what_a_loop_over_the_tokens_counts(opener):
    result = DEMO.compute(opener)
    d, n = 768, 1000
    anew = sum(i * 12 * d * d for i in range(1, n + 1)), sum(2 * i * i * d for i in range(1, n + 1))
    kept = n * 12 * d * d, sum(2 * i * d for i in range(1, n + 1))
    assert result["saved"] == pytest.approx(sum(anew) / sum(kept)) and round(result["saved"]) == 517
    assert result["saved_linear"] == pytest.approx(anew[0] / kept[0]) == 500.5
    assert result["saved_pairs"] == pytest.approx(anew[1] / kept[1]) == 667
    assert DEMO.right_option(result) == "B"
    for times, letter in ((1000, "A"), (2, "C"), (1, "D")):
        assert DEMO.right_option(Result((Measure("saved", times),))) == letter


def test_what_is_saved_is_what_torch_counts_in_a_real_network():
    """A small GPT-2 that makes 12 tokens from one, both ways, counted while it runs."""
    config = GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=50, n_positions=16, attn_implementation="eager")
    network, n = GPT2LMHeadModel(config).eval().base_model, 12
    totals = []
    for keep in (False, True):
        cache, total = None, 0
        for i in range(1, n + 1):
            with torch.inference_mode(), FlopCounterMode(display=False) as counter:
                out = network(torch.zeros(1, 1 if keep else i, dtype=torch.long), past_key_values=cache, use_cache=keep)
            cache, total = out.past_key_values if keep else None, total + counter.get_total_flops()
        totals.append(total)
    shape = memory.sizes_of(network, 4).shape
    assert totals[0] / totals[1] == pytest.approx(memory.saved(n, shape), rel=1e-9)


@pytest.mark.parametrize("shape", ["gpt2-small", "llama-8b", "gpt2-mini"])
def test_bytes_of_the_cache_are_those_of_the_tensors(opener, shape):
    n = 256
    result = DEMO.compute(opener, n=n, shape=shape)
    layers, heads, d_k = {"gpt2-small": (12, 12, 64), "llama-8b": (32, 8, 128), "gpt2-mini": (6, 8, 32)}[shape]
    assert result["cache_bytes"] == 2 * layers * n * heads * d_k * 2
    tensors = next(m for m in result.measures if m.name == "tensors")
    assert tensors.holds and tensors.value == result["cache_bytes"]
    assert DEMO.compute(opener, n=n, shape=shape, batch=8, dtype="float32")["cache_bytes"] == 16 * result["cache_bytes"]


def test_numbers_of_the_syllabus(opener):
    result = DEMO.compute(opener, n=2**14)
    assert result["asked_bytes"] == 37_748_736 and result["head_16k"] == result["head_bytes"] == 512 * 2**20
    assert result["maps_bytes"] == 12 * 512 * 2**20 and result["all_maps_bytes"] == 144 * 512 * 2**20
    assert result["weights_bytes"] == 2 * 124_439_808
    gpt3 = DEMO.compute(opener, n=2048, shape="gpt3")
    assert gpt3["maps_bytes"] == 805_306_368 and gpt3["head_bytes"] == 8 * 2**20
    assert DEMO.compute(opener, shape="llama-8b")["grouped"] == 0.25
    assert q21_cache.written(37_748_736) == "36 MiB" and q21_cache.written(3) == "3 B"


def test_grouped_keys_and_values_of_a_loaded_model(tmp_path):
    model = load(tiny.save("llama", tmp_path / "llama"), "cpu")
    tensors = memory.tensors_of(model.network, 7, 2)
    config = model.network.config
    with torch.inference_mode():
        kept = model.network(torch.zeros(2, 7, dtype=torch.long), use_cache=True).past_key_values
    real = sum(t.untyped_storage().nbytes() for layer in kept.layers for t in (layer.keys, layer.values))
    sizes = memory.sizes_of(model.network, config.num_key_value_heads)
    assert memory.bytes_of(tensors) == real == sizes.bytes(7, 2, 4)["cache"]
    assert sizes.kv_heads == 2 < sizes.shape.heads


def test_models_that_make_no_text_are_refused(opener):
    for name in ("bert-mini", "translate-mini"):
        with pytest.raises(InputError, match="keep keys and values"):
            DEMO.compute(opener, shape=name)


def test_both_ways_make_what_transformers_makes(opener):
    model = opener("gpt2-mini")
    ids = model.tokenizer(q21_cache.TEXT, return_tensors="pt")["input_ids"]
    own = model.network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=10, min_new_tokens=10, do_sample=False)
    expected = own[0, ids.shape[1] :].tolist()
    seconds = []
    for way in q21_cache.WAYS:
        tokens, logits = q21_cache.generated(model, way, 10, seconds.append)
        assert tokens == expected
        with torch.inference_mode():
            whole = model.network(own).logits[0, ids.shape[1] - 1 : -1]
        assert logits.numpy() == pytest.approx(whole.numpy(), abs=1e-3)
    assert len(seconds) == 20 and seconds[:10] == sorted(seconds[:10])


def test_a_cache_that_is_wrong_would_be_seen(opener, monkeypatch):
    honest = q21_cache.generated
    monkeypatch.setattr(q21_cache, "generated", lambda m, way, n: (honest(m, way, n)[0][:: 1 if way == "with" else -1], honest(m, "with", n)[1]))
    result = DEMO.compute(opener)
    assert result["differ"] > 0 and not next(m for m in result.measures if m.name == "differ").holds


def test_the_clock_is_that_of_the_race(opener):
    kept = shipped.read("q21_cache").data
    result = DEMO.compute(opener)
    assert result["clock"] == pytest.approx(kept["race"]["without"][-1] / kept["race"]["with"][-1])
    assert len(kept["race"]["with"]) == len(kept["race"]["without"]) > 200
    other = shipped.Shipped({**kept, "race": {"with": [1.0, 2.0], "without": [3.0, 5.0]}}, shipped.read("q21_cache").card)
    with shipped.instead("q21_cache", other):
        assert DEMO.compute(opener)["clock"] == 2.5


def test_the_peak_is_what_a_call_holds_at_one_time():
    def held() -> None:
        a = torch.ones(1000, 1000)
        del a
        b = torch.ones(500, 1000)
        c = b + 1
        del b, c

    assert peak.peak(held) == pytest.approx(4_000_000, abs=1000)
    assert peak.peak(lambda: torch.ones(300, 1000) + torch.ones(300, 1000)) == pytest.approx(3 * 1_200_000, abs=1000)


def test_a_race_shows_how_far_each_was_at_each_moment():
    frames = race({"fast": [1, 2, 3, 4], "slow": [2, 4, 6, 8]}, "t", "made", "run").tables["frames"]
    assert (frames[frames["frame"] == 0]["made"] == 0).all()
    last = frames[frames["frame"] == frames["frame"].max()].set_index("name")
    assert last["made"].tolist() == [4, 4] and last["stood"].tolist() == [4, 2]
    slow = frames[frames["name"] == "slow"]["made"].to_numpy()
    moments = np.linspace(0, 8, 60)
    assert slow[:60].tolist() == [sum(t <= m for t in (2, 4, 6, 8)) for m in moments] and (np.diff(slow) >= 0).all()


def test_lines_are_the_formulas_over_n(opener):
    drawn = DEMO.pictures(DEMO.compute(opener, n=4096, batch=8), WORDS, False)[0].tables
    table = drawn["points"].query("x == 4096").set_index("series")["y"]
    assert drawn["rules"]["x"].tolist() == [4096]
    assert table[WORDS.label("part.cache")] == 8 * 2 * 12 * 4096 * 768 * 2
    assert table[WORDS.label("part.maps")] == 8 * 12 * 4096**2 * 2
    each, counted, steps = DEMO.more(DEMO.compute(opener), WORDS, False)
    line = counted.tables["points"]
    assert line[line["series"] == WORDS.label("terms.linear")].query("x == 1024")["y"].item() == pytest.approx(1025 / 2)
    assert line[line["series"] == WORDS.label("terms.pairs")].query("x == 1024")["y"].item() == pytest.approx(2049 / 3)
    kept = shipped.read("q21_cache").data["step"]
    assert steps.tables["bars"]["value"].tolist()[1] == pytest.approx(kept["checkpointed"][0] / kept["plain"][0])
    assert math.isfinite(each.tables["points"]["y"].sum())
