"""Measures that the demos' own files reach only through the functions that they come from; and that no measure is left without a test."""

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM

from explorer.lectures import edits, retrieval, shipped
from explorer.lectures.registry import demo, demos
from explorer.lectures.words import read
from models.opening import catalogue

HERE = Path(__file__).parent


def eager(name, kind=AutoModel):
    return kind.from_pretrained(catalogue.bundled_folder(name), attn_implementation="eager", dtype=torch.float32).eval()


def found(opener, id_, **settings):
    one = demo(id_)
    return one.compute(opener, **{**one.defaults(read(one.module, "en")), **settings})


@pytest.mark.parametrize("id_", [one.id for one in demos()])
def test_every_measure_is_named_by_a_test(opener, id_):
    """By its name in quotes, or by an f-string that it fits."""
    one = demo(id_)
    own = {"Q24b": ["test_one_fact.py"], "Q3": ["test_scales.py"]}.get(id_, [])
    text = "".join((HERE / name).read_text(encoding="utf-8") for name in (f"test_{one.module}.py", *own, Path(__file__).name))
    quoted = set(re.findall(r"[\"']([\w-]+)[\"']", text))
    patterns = [re.sub(r"\\\{[^}]*\\\}", r"[\\w-]+", re.escape(form)) for form in re.findall(r"\bf[\"']([^\"']*\{[^\"']*)[\"']", text)]
    names = [measure.name for measure in found(opener, id_).measures]
    assert not [name for name in names if name not in quoted and not any(re.fullmatch(form, name) for form in patterns)]


def test_q5b_equal_weights_of_every_head(opener):
    """From the weights of transformers' own network: entropies as they are, and with equal weights the mean of all values."""
    result = found(opener, "Q5b")
    network, tokenizer = eager("bert-mini"), opener("bert-mini").tokenizer
    with torch.no_grad():
        maps = network(**tokenizer("The cat sat on the mat", return_tensors="pt"), output_attentions=True).attentions
    n = maps[0].shape[-1]
    entropies = [-sum(float(w) * math.log(float(w)) for w in row if w > 0) for layer in maps for head in layer[0] for row in head]
    assert result["over"] == pytest.approx(max(entropies) - math.log(n), abs=1e-5)
    assert result["uniform_entropy"] == pytest.approx(abs(-n * (1 / n) * math.log(1 / n) - math.log(n)), abs=1e-6)
    assert max(result[name] for name in ("deviation", "switched", "pooling")) < 1e-5 and result["one_hot"] < 1e-3


def test_q6_lookups_of_three_scores(opener):
    result, kept = found(opener, "Q6"), shipped.read("q06_dictionary").data
    assert result["absent"] == pytest.approx(1 / 3) and result["formula"] < 1e-9
    assert result["limit"] == pytest.approx((0.15 / 0.8) ** 100 + (0.05 / 0.8) ** 100, rel=1e-2)
    assert result["trained_hard"] == kept["hard"][-1][2] < kept["soft"][-1][2]
    assert 0.9 <= result["table"] <= 1


def test_q7_q10_q12_deviations_are_rounding_and_counts_are_counts(opener):
    assert found(opener, "Q7")["grouped"] < 1e-5
    tenth = found(opener, "Q10")
    # The same walk: what lies elsewhere afterwards, although nothing was computed, was copied.
    walk, moved = [torch.zeros(2, 3, 32)], 0
    walk.append(walk[-1].view(2, 3, 8, 4))
    walk.append(walk[-1].transpose(1, 2))
    walk.append(walk[-1].transpose(1, 2))
    moved += sum(a.data_ptr() != b.data_ptr() for a, b in itertools.pairwise(walk))
    heads = torch.zeros(2, 8, 3, 4).transpose(1, 2)
    moved += heads.reshape(2, 3, 32).data_ptr() != heads.data_ptr()
    assert tenth["copies"] == moved and 0 < tenth["deviation"] < 1e-5
    twelfth = found(opener, "Q12")
    assert twelfth["bare"] == 3 * 512 * 512 and 0 < twelfth["toy"] < 1e-5


def test_q17_branches_are_means_of_what_was_trained(opener):
    run = shipped.read("q17_residual").data["pre"]["16"]["0.01"]["branch"]
    result = found(opener, "Q17")
    assert [result["branch_begun"], result["branch_after"]] == pytest.approx([sum(part) / len(part) for part in run])


def test_q20_masks_of_five_scores_and_of_bert(opener):
    result = found(opener, "Q20")
    five = np.tril(np.full((5, 5), 0.2))
    assert result["sum_five"] == pytest.approx(max(abs(five[i].sum() - (i + 1) / 5) for i in range(5)), abs=1e-12)
    assert result["own"] < 1e-5 and result["passes"] == 100
    assert result["asked"] == pytest.approx(0.15) and result["bert_mask"] == pytest.approx(0.8, abs=0.03)


def test_q21_tensors_and_the_measured_step(opener):
    result, kept = found(opener, "Q21"), shipped.read("q21_cache").data
    config = eager("gpt2-mini", AutoModelForCausalLM).config
    assert result["batch_tensors"] == 3 * 2 * config.n_layer * 40 * config.n_embd * 4
    plain, checkpointed = kept["step"]["plain"], kept["step"]["checkpointed"]
    assert [result["step_bytes"], result["step_time"]] == pytest.approx([b / a for a, b in zip(plain, checkpointed, strict=True)])
    # At n tokens with a cache each is read once; without, all before it again.
    d, n, layers = 768, 1024, 12
    linear, pairs = 12 * d * d, 2 * d
    again = sum(i * linear + i * i * pairs for i in range(1, n + 1)) * layers
    once = sum(linear + i * pairs for i in range(1, n + 1)) * layers
    assert result["saved_here"] == pytest.approx(again / once, rel=0.01) and result["deviation"] < 1e-3


def test_q21b_traffic_and_sums(opener):
    result = found(opener, "Q21b")
    assert result["standard"] == 2 * (4 * 4096**2 + 4 * 4096 * 64)
    assert result["fewer"] == pytest.approx(result["standard"] / result["tiled"])
    assert result["extra"] == pytest.approx(1 / (2 * result["tile_side"]))
    assert result["first_sum"] == pytest.approx(1 + math.exp(-2)) and result["last_sum"] == pytest.approx(1.2034, abs=5e-5)
    assert max(result["peak_tiled"], result["peak_fused"]) < 1.2 < 1.8 < result["peak_standard"]


def test_q22_orders_agree_to_rounding(opener):
    result = found(opener, "Q22")
    assert 0 < result["regrouped"] < 1e-9 and 0 < result["chunks"] < 1e-9


def test_q22b_the_least_of_the_four(opener):
    result = found(opener, "Q22b")
    assert result["best"] == min(result[f"loss_{name}"] for name in ("window", "strided", "random", "sinks"))
    assert result["equal"] == 0 and result["score"] < result["score_full"] < 1


@pytest.mark.parametrize("layers", [1, 2])
def test_q23_steps_by_a_walk_over_all_tokens(opener, layers):
    n = 1024
    result = found(opener, "Q23", n=n, layers=layers)
    at = np.zeros((layers + 1, n + 1), dtype=int)
    for layer in range(1, layers + 1):
        for t in range(1, n + 1):
            at[layer, t] = 1 + max(at[layer - 1, t], at[layer, t - 1])
    assert result["rnn_steps"] == at.max() and result["transformer_steps"] == layers and result["generated"] == layers * n
    reach = rounds = 0
    while 2**reach < n:
        reach, rounds = reach + 1, rounds + 1
    assert result["scan_rounds"] == rounds and result["scan_steps"] == rounds * layers and result["scan_apart"] < 1e-12
    times = {row[0]: row[1:] for row in shipped.read("q23_serial").data["times"]}
    assert result["transformer_doubles"] == pytest.approx(times[2048][1] / times[1024][1])


def test_q24a_what_is_kept(opener):
    result = found(opener, "Q24a")
    assert result["state"] == sum(np.zeros(shape).size for shape in ((512, 512), (512,)))
    assert result["cache"] == pytest.approx(2 * 100_000 * 512 / result["state"])
    # A window of 512 at either end of the text has fewer neighbours than in the middle.
    assert 0.9 < result["ends"] < 1


def test_q24c_answers_by_hand_and_what_was_trained(opener):
    fact = "The Nobel Prize in Physics 2024 went to a parrot."
    result, kept = found(opener, "Q24c", fact=fact), shipped.read("q24c_outside").data
    network, tokenizer = eager("all-MiniLM-L6-v2"), opener("all-MiniLM-L6-v2").tokenizer

    def vector(text):
        with torch.no_grad():
            mean = network(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0)
        return mean / mean.norm()

    asked = torch.stack([vector(question) for question in retrieval.QUESTIONS])
    before, after = (torch.stack([vector(text) for text in (first, *retrieval.STORE[1:])]) for first in (retrieval.STORE[0], fact))
    best = [(asked @ store.T).argmax(1).tolist() for store in (before, after)]
    assert result["hits"] == sum(i == b for i, b in enumerate(best[0])) / len(asked)
    assert result["others"] == sum(a != b for a, b in zip(best[0][1:], best[1][1:], strict=True)) and result["moved"] == 0
    model = opener("gpt2-mini")
    _nothing, alone, _tokens = retrieval.remembered(model, [0])
    assert result["alone"] == pytest.approx(alone) and result["remembered"] > alone
    assert result["attention"] == kept["attention"][-1] and result["leak"] < 1e-12
    assert (result["averaged"], result["apart"]) == (kept["federated"]["averaged"][-1], kept["federated"]["alone"][-1])
    at = [curve.index(result[name]) for name, curve in (("few", kept["steps"]["learned"]), ("few_usual", kept["steps"]["usual"]))]
    assert at[0] == at[1] and result["few"] < result["few_usual"]


def test_q24d_the_edit_and_all_heads_together(opener):
    result, model = found(opener, "Q24d"), opener("gpt2-mini")
    edit, causes = edits.edited(model, 2), edits.causes(model)
    assert (result["before"], result["after"]) == pytest.approx((edit.before, edit.after), rel=0.01) and result["rank"] == 1
    assert result["unchanged"] == sum(was == now for was, now, _p, _q in edit.others)
    assert result["moved"] == pytest.approx(max(abs(p - q) for _was, _now, p, q in edit.others), rel=0.05)
    assert result["joint"] == pytest.approx(causes.whole[0] - causes.whole[1], abs=1e-3)
    assert result["sum"] == pytest.approx(sum(map(float, causes.effect.flat)), abs=0.01)
    assert result["guessing"] == 0.1 and result["fewest"] == shipped.read("q24d_further").data["by_examples"][0]
