"""Q9b: shares of attention by a loop over transformers' own eager weights, or over the records; roles against their definitions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from explorer.lectures import q09b_roles as q09b
from explorer.lectures import shipped
from explorer.lectures.words import read
from explorer.scores import roles
from explorer.scores.repeated import on_repeated
from explorer.syntax import sentences
from explorer.syntax.relations import best_heads
from models import InputError
from models.opening import catalogue


def eager_weights(texts):
    """MiniLM's weights by layer, (layers, heads, n, n), and its tokens, by transformers alone."""
    folder = catalogue.bundled_folder(catalogue.BUNDLED_BERT)
    network = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for text in texts:
        given = tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            weights = network(**given, output_attentions=True).attentions
        yield torch.cat(weights).double().numpy(), tokenizer.convert_ids_to_tokens(given["input_ids"][0])


def test_shares_are_those_of_a_loop_over_eager_weights(opener):
    made = q09b.compute(opener)
    sums, rows = np.zeros((6, 5)), 0
    for weights, tokens in eager_weights(q09b.texts(q09b.TEXTS)):
        n = len(tokens)
        for i in range(n):
            rows += 1
            for j in range(n):
                if tokens[j] == "[SEP]":
                    kind = 0
                elif j == 0:
                    kind = 1
                else:
                    kind = {0: 3, 1: 2}.get(abs(i - j), 4)
                sums[:, kind] += weights[:, :, i, j].mean(axis=1)
    assert np.abs(made.data["layers"][:-1] - sums / rows).max() < 1e-5
    low, high = made.data["middle"]
    for name, value in zip(q09b.SHARES, (sums / rows)[low:high].mean(axis=0), strict=True):
        assert made[name] == pytest.approx(value, abs=1e-5)
    assert made["total"] < 1e-5


def test_equal_weights_give_each_key_its_share(opener):
    made = q09b.compute(opener)
    lengths = [len(tokens) for _weights, tokens in eager_weights(q09b.texts(q09b.TEXTS))]
    # Of n keys one is the separator, one the first; a query each.
    assert made["equal_nowhere"] == pytest.approx(sum(n * 2 / n for n in lengths) / sum(lengths), abs=1e-6)


@pytest.mark.parametrize("name", q09b.BUNDLED)
def test_the_option_that_is_right_is_the_largest_share(opener, name):
    made = q09b.compute(opener, model=name)
    shares = {share: made[share] for share in ("rest", "neighbours", "itself")} | {"nowhere": made["separator"] + made["first"]}
    largest = max(shares, key=shares.get)
    assert {"rest": "A", "neighbours": "B", "nowhere": "C", "itself": "D"}[largest] == q09b.right(made)


def test_middle_layers_are_those_of_the_paper():
    assert q09b.middle(12) == (5, 10)  # 6 to 10, counted from 1
    assert q09b.middle(6) == (2, 5) and q09b.middle(1) == (0, 1)


@pytest.mark.parametrize("role", q09b.SHOWN)
def test_heads_that_hold_a_role_are_framed_and_counted(opener, role):
    made = q09b.compute(opener, role=role)
    kept = shipped.read("q09b_roles").data["all-MiniLM-L6-v2"]
    held = {(layer, head) for layer, head, name in kept["held"] if name == role}
    assert set(made.data["held"]) == held
    if role != "same":
        assert made.data["counts"][role] == len(held)
    if role in ("sink", "positional", "rare", "broad") and held:
        inside = [made.data["values"][at] for at in held]
        assert np.median(inside) > np.nanmedian(made.data["values"]) or len(held) > 36


def test_a_syntactic_head_beats_the_offset_also_in_a_plain_count(opener):
    """The best head of one relation, counted again: the word that a word attends to most, or by which it is attended to most."""
    kept = shipped.read("q09b_roles").data["all-MiniLM-L6-v2"]
    relation, layer, head, accuracy, baseline = max(kept["relations"], key=lambda row: row[3] - row[4])
    best = best_heads(opener("all-MiniLM-L6-v2"), sentences.own("en")).best(relation)
    assert (best.layer, best.head) == (layer, head)
    assert best.accuracy == pytest.approx(accuracy, abs=1e-3) and best.baseline == pytest.approx(baseline, abs=1e-3)
    assert accuracy > baseline


def test_a_model_that_is_not_bundled_is_held_against_the_trees_now(opener):
    """MiniLM under another name: nothing is shipped for it, and what is measured is what is shipped for MiniLM."""
    kept = shipped.read("q09b_roles").data["all-MiniLM-L6-v2"]
    model = replace(opener("all-MiniLM-L6-v2"), name="mine")
    made = q09b.compute(lambda _name: model, role=roles.SYNTACTIC, model="mine")
    assert np.allclose(made.data["values"], kept["gain"], atol=1e-3)
    assert [row[:3] for row in made.data["relations"]] == [row[:3] for row in kept["relations"]]
    # Which heads are syntactic does not depend on random weights; other roles do, and those are not drawn here.
    held = {(layer, head) for layer, head, name in kept["held"] if name == roles.SYNTACTIC}
    assert set(made.data["held"]) == held and made.said["n_syntactic"] == str(len(held)) != "0"


def test_an_encoder_decoder_is_refused(opener):
    with pytest.raises(InputError, match="reads a source and a target"):
        q09b.compute(opener, model="translate-mini")


def test_on_repeated_tokens_gpt2s_best_heads_stand_beside_this_models(opener):
    words, made = read("q09b_roles", "en"), q09b.compute(opener, model="gpt2-mini")
    rows = {name: rest for name, *rest in made.data["repeated"]}
    # The syllabus' figures (section "Published reference points").
    published = {"repeated_previous": ("4.11", 0.992), "repeated_duplicate": ("0.5", 0.703), "repeated_induction": ("5.1", 0.931)}
    assert {name: (row[2], row[3]) for name, row in rows.items()} == published
    here = on_repeated(opener("gpt2-mini"))
    for name, (head, value, *_rest) in rows.items():
        layer, number = map(int, head.split("."))
        assert value == pytest.approx(here[name].max(), abs=1e-4) == pytest.approx(here[name][layer, number], abs=1e-4)
    drawn = q09b.more(made, words, False)[-1].tables["bars"]
    assert drawn["value"].tolist() == [value for row in rows.values() for value in (row[1], row[3])]


def test_a_click_on_a_cell_names_its_layer_and_head(opener):
    made = q09b.compute(opener)
    cells = q09b.pictures(made, read("q09b_roles", "en"), False)[1].tables["cells"]
    assert made.opens == "all-MiniLM-L6-v2" and len(cells) == 6 * 12
    assert all(made.data["values"][row.layer, row.head] == pytest.approx(row.value) for row in cells.itertuples())


def test_a_model_without_shipped_roles_is_scored_here(opener):
    words = read("q09b_roles", "en")
    made = q09b.compute(opener, role="sink", model="zh-mini")
    trees = best_heads(opener("zh-mini"), sentences.own("zh"))
    for relation, layer, head, accuracy, baseline in made.data["relations"]:
        best = trees.best(relation)
        assert (best.layer, best.head, best.accuracy, best.baseline) == (
            layer,
            head,
            pytest.approx(accuracy, abs=1e-4),
            pytest.approx(baseline, abs=1e-4),
        )
    assert made.data["relations"] and len(q09b.more(made, words, False)) == 3
    assert made.said["n_syntactic"] == str(len(trees.syntactic()))
    assert "random" not in {measure.name for measure in made.measures}
    assert len(q09b.pictures(made, words, True)) == 2


def test_entropies_of_shallow_and_deep_layers_are_those_of_a_loop(opener):
    """As a share of the largest that a row could have; two layers of six are a third."""
    total, rows = np.zeros(6), 0
    for weights, tokens in eager_weights(q09b.texts(q09b.TEXTS)):
        n = len(tokens)
        for i in range(n):
            rows += 1
            for layer in range(6):
                for head in range(12):
                    total[layer] -= sum(w * np.log(w) for w in weights[layer, head, i] if w > 0) / np.log(n) / 12
    made = q09b.compute(opener)
    assert made["shallow"] == pytest.approx((total[0] + total[1]) / 2 / rows, abs=1e-4)
    assert made["deep"] == pytest.approx((total[4] + total[5]) / 2 / rows, abs=1e-4)
