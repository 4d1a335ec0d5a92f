"""Q13 against eager transformers with its position embedding emptied, and attention as a loop."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModel

from explorer.lectures import demo, q13_order
from explorer.lectures.demo import ordered
from explorer.lectures.words import read
from models.toy import tasks
from models.training.runs import SHIPPED


def _outputs(network, ids, with_positions: bool) -> torch.Tensor:
    """Last hidden states by the network's own eager code; positions are off where each row of the table is the mean of all."""
    network = copy.deepcopy(network)
    network.set_attn_implementation("eager")
    if not with_positions:
        weight = next(w for name, w in network.named_parameters() if name.endswith(("position_embeddings.weight", "wpe.weight")))
        weight.data[:] = weight.data.double().mean(0).float()
    with torch.inference_mode():
        return network.base_model(torch.tensor([ids]), output_hidden_states=True)


@pytest.mark.parametrize(
    ("model", "text", "swap"),
    [
        ("zh-mini", "我爱你", "ends"),
        ("zh-mini", "狗咬人", "shift"),
        ("all-MiniLM-L6-v2", "no good", "reverse"),
        ("zh-mini", "不好", "1.0"),
        ("all-MiniLM-L6-v2", "dog bites man", "1.2.0"),
        ("all-MiniLM-L6-v2", "I love you", "ends"),
    ],
)
def test_outputs_move_with_their_tokens_without_positions_and_not_with_them(opener, model, text, swap):
    result = demo("Q13").compute(opener, text=text, swap=swap)
    opened = opener(model)
    assert result.said["model"] == opened.name
    ids = opened.tokenizer(text)["input_ids"]
    inner = ids[1:-1]
    place = {"ends": [2, 1, 0], "shift": [2, 0, 1], "reverse": [1, 0], "1.0": [1, 0], "1.2.0": [1, 2, 0]}[swap]
    new = [inner[i] for i in place]
    full = [0, *(1 + i for i in place), len(ids) - 1]
    for on, name in ((False, "off"), (True, "on")):
        before, after = (_outputs(opened.network, given, on).last_hidden_state[0].numpy() for given in (ids, [ids[0], *new, ids[-1]]))
        apart = np.abs(after - before[full]).max()
        assert abs(apart - result[name]) < 2e-5
        if not on:
            assert result["stayed"] > 0.5 and result["on"] > 0.5
            assert apart < 1e-5 and abs(np.abs(after - before).max() - result["stayed"]) < 1e-4
            assert np.abs(after[1:-1].mean(0) - before[1:-1].mean(0)).max() < 1e-5 > result["mean"]


def test_one_head_as_a_loop_is_equivariant():
    random = np.random.default_rng(0)
    x, (q, k, v) = random.standard_normal((4, 6)), random.standard_normal((3, 6, 6))

    def attention(rows):
        made = []
        for row in rows:
            scores = [math.exp((row @ q) @ (other @ k) / math.sqrt(6)) for other in rows]
            made.append(sum(score * (other @ v) for score, other in zip(scores, rows, strict=True)) / sum(scores))
        return np.array(made)

    for order in itertools.permutations(range(4)):
        assert np.allclose(attention(x[list(order)]), attention(x)[list(order)], atol=1e-12)


NETWORKS = {"with": "order", "without": "order-without-positions"}


def _network(name: str):
    """A shipped toy, as transformers opens its folder."""
    return AutoModel.from_pretrained(SHIPPED / NETWORKS[name], dtype=torch.float32).eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_toys_answer_as_they_are_said_to(opener, name):
    task, right, asked = tasks.make("order"), 0, 0
    network = _network(name)
    for batch in task.held_out(1000):
        for ids, targets in zip(batch.input_ids, batch.targets, strict=True):
            with torch.inference_mode():
                answers = network(ids[None]).logits[0].argmax(-1)
            right += all(int(a) == int(t) for a, t in zip(answers, targets, strict=True) if t >= 0)
            asked += 1
    assert demo("Q13").compute(opener)[f"toy_{name}"] == pytest.approx(right / asked)


def _answered(name: str, text: str, of: str) -> np.ndarray:
    """(2 questions, words + 1): chances of the words of `of`, and of all else, when `text` and both questions are read."""
    tokens = tasks.make("order").tokens
    with torch.inference_mode():
        logits = _network(name)(torch.tensor([[tokens.index(character) for character in text + "主宾"]])).logits[0, 3:]
    chances = np.exp(logits.double().numpy())
    chances /= chances.sum(axis=1, keepdims=True)
    each = chances[:, [tokens.index(character) for character in of]]
    return np.hstack([each, 1 - each.sum(axis=1, keepdims=True)])


@pytest.mark.parametrize(
    ("text", "swap", "read_", "other", "right"),
    [
        ("我爱你", "ends", "我爱你", "你爱我", [(0, 0), (1, 2), (2, 2), (3, 0)]),
        ("猫追狗", "2.1.0", "猫追狗", "狗追猫", [(0, 0), (1, 2), (2, 2), (3, 0)]),
        ("猫追狗", "shift", "猫追狗", "狗猫追", [(0, 0), (1, 2)]),
        ("猫追狗", "0.1.2", "猫追狗", "猫追狗", [(0, 0), (1, 2), (2, 0), (3, 2)]),
        ("狗咬人", "1.2.0", "我爱你", "爱你我", [(0, 0), (1, 2)]),
        ("dog bites man", "reverse", "我爱你", "你爱我", [(0, 0), (1, 2), (2, 2), (3, 0)]),
        ("不好", "1.0", "我爱你", "你爱我", [(0, 0), (1, 2), (2, 2), (3, 0)]),
        ("我爱我", "ends", "我爱你", "你爱我", [(0, 0), (1, 2), (2, 2), (3, 0)]),
    ],
)
def test_both_toys_are_drawn_reading_what_is_dragged(opener, text, swap, read_, other, right):
    """Of another text than theirs they read their own sentence in that order, and the titles say so."""
    result = demo("Q13").compute(opener, text=text, swap=swap, view="toy")
    assert all(measure.holds for measure in result.measures)
    for which in ("en", "zh"):
        words = read("q13_order", which)
        drawn = demo("Q13").pictures(result, words, False)
        assert len(drawn) == 2
        for name, picture in zip(NETWORKS, drawn, strict=True):
            cells = picture.tables["cells"].pivot(index="r", columns="c", values="value").to_numpy()
            expected = np.vstack([_answered(name, one, read_) for one in (read_, other)])
            assert np.allclose(cells, expected, atol=1e-5) and np.allclose(cells.sum(axis=1), 1)
            assert picture.values["columns"][:3] == list(read_) and [row[:3] for row in picture.values["rows"]] == [read_] * 2 + [other] * 2
            title = picture.description["title"]["text"]
            assert (read_ in title) == (text != read_) and text not in title.replace(read_, "")
            assert [tuple(cell) for cell in picture.tables["marked"][["r", "c"]].to_numpy().tolist()] == right
            change = np.abs(expected[:2] - expected[2:]).max()
            assert result[f"answers_{name}"] == pytest.approx(change, abs=1e-5)
            assert (change > 0.9) == (name == "with" and read_ != other)
            assert name == "with" or change < 1e-5


def test_the_toy_that_is_not_spoken_of_is_pale(opener):
    words = read("q13_order", "en")
    for positions, pale in (("on", [False, True]), ("off", [True, False])):
        drawn = demo("Q13").pictures(demo("Q13").compute(opener, text="我爱你", view="toy", positions=positions), words, False)
        assert ["fillOpacity" in one.description["layer"][0]["mark"] for one in drawn] == pale


def test_what_moves_in_no_way_is_not_said_to_differ(opener):
    """Chips that are dragged back: nothing differs, and nothing is claimed to."""
    found = {measure.name: measure for measure in demo("Q13").compute(opener, text="我爱你", swap="0.1.2").measures}
    assert found["on"].value < 1e-5 and found["on"].holds and found["answers_with"].value == 0 and found["answers_with"].holds


def test_sentences_are_offered_and_any_other_is_taken(opener):
    control = next(one for one in demo("Q13").controls if one.name == "text")
    assert control.is_text and not control.is_slider and control.parsed("马看羊") == "马看羊" and control.parsed(" ") is None
    for which in ("en", "zh"):
        assert demo("Q13").defaults(read("q13_order", which))["text"] in control.values
    for text in control.values:
        labels, _order = q13_order.chips(opener, {"text": text, "swap": "ends", "model": "auto"})
        assert [label.lower() for label in labels] == (text.lower().split() if " " in text else list(text)), "a token a word"


def test_a_causal_model_without_positions_notices_the_order_from_its_second_layer_on(opener):
    result = demo("Q13").compute(opener)
    model = opener("gpt2-mini")
    ids = model.tokenizer(q13_order._CAUSAL_TEXT)["input_ids"]
    other = [*ids[:-1][::-1], ids[-1]]
    passed = [_outputs(model.network, given, False).hidden_states for given in (ids, other)]
    found = [float(np.linalg.norm(a[0, -1] - b[0, -1]) / np.linalg.norm(a[0, -1])) for a, b in zip(*passed, strict=True)]
    assert found[1] < 1e-5 and found[2] > 0.001
    assert np.allclose(found, result.data["causal"], atol=1e-4)
    assert result["causal_first"] == result.data["causal"][1] and result["causal_second"] == result.data["causal"][2]


def test_other_networks_get_the_order_for_free(opener):
    found = demo("Q13").compute(opener).data["others"]
    assert found["attention"] < 1e-5 and min(found["gru"], found["convolution"]) > 0.05


def test_layers_are_counted_as_reach_adds_up(opener):
    found = demo("Q13").compute(opener).data["layers"]
    reach, layers = 1, 0
    while reach < 1024:
        reach, layers = reach + 2, layers + 1
    assert found["convolution"] == layers == 512
    reach, layers = 1, 0
    while reach < 1024:
        reach, layers = reach + 2 * 2**layers, layers + 1
    assert found["dilated"] == layers == 10
    assert found["attention"] == 1


@pytest.mark.parametrize("swap", q13_order.ORDERS)
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_every_order_is_one_of_all_tokens(swap, n):
    made = q13_order.reordered(n, swap)
    assert sorted(made) == list(range(n)) and (n == 1 or made != list(range(n)))


@given(st.permutations(range(5)))
def test_an_order_that_is_dragged_is_taken_as_it_is_and_only_for_as_many_tokens(order):
    word = ".".join(map(str, order))
    (control,) = (control for control in demo("Q13").controls if control.name == "swap")
    assert control.parsed(word) == word and ordered(word) == order == q13_order.reordered(5, word)
    assert q13_order.reordered(4, word) == q13_order.reordered(4, "ends")


@pytest.mark.parametrize("word", ["0.0", "1.2", "", ".", "0.1.", "-1.0", "x", "²", "0,1"])
def test_what_is_no_order_is_none(word):
    assert ordered(word) is None


@pytest.mark.parametrize(("name", "claimed"), [("all-MiniLM-L6-v2", True), ("gpt2-mini", False)])
def test_the_viewers_model_reads_the_text(opener, name, claimed):
    """The claim is one about attention without a causal mask; of a decoder it is not made, and its outputs do change."""
    found = demo("Q13").compute(opener, text="No dog bites", swap="2.0.1" if claimed else "reverse", model=name)
    assert found.said["model"] == opener(name).name
    off = next(measure for measure in found.measures if measure.name == "off")
    assert (off.expected is not None) == claimed and (off.value < 1e-4) == claimed and off.holds


def test_what_is_drawn_is_the_outputs_of_the_new_order(opener):
    words = read("q13_order", "zh")
    for positions in ("off", "on"):
        result = demo("Q13").compute(opener, text="不好", positions=positions)
        moved, after, bars = demo("Q13").pictures(result, words, False)
        ids = opener("zh-mini").tokenizer("好不")["input_ids"]
        expected = _outputs(opener("zh-mini").network, ids, positions == "on").last_hidden_state[0, :, :12].numpy()
        cells = [picture.tables["cells"].pivot(index="r", columns="c", values="value").to_numpy() for picture in (moved, after)]
        assert np.allclose(cells[1], expected, atol=1e-4)
        assert (np.abs(cells[0] - expected).max() < 1e-4) == (positions == "off")
        assert after.values["rows"][1:-1] == ["好", "不"] and "好不" in after.description["title"]["text"]
        assert (bars.tables["bars"]["value"].max() < 1e-4) == (positions == "off")


def test_other_networks_are_drawn_where_they_are_asked_for(opener):
    result = demo("Q13").compute(opener, view="others")
    twist, others, layers = demo("Q13").pictures(result, read("q13_order", "en"), False)
    assert twist.tables["points"]["y"].tolist() == result.data["causal"]
    assert others.tables["bars"]["value"].tolist() == list(result.data["others"].values())
    assert layers.tables["bars"]["value"].tolist() == [512, 10, 1]


def test_the_switch_gives_positions_to_attention_and_to_nothing_else(opener):
    off, on = (demo("Q13").compute(opener, view="others", positions=positions).data for positions in ("off", "on"))
    assert on["others"]["attention"] > 0.01 > off["others"]["attention"]
    assert all(on["others"][name] == off["others"][name] for name in ("gru", "convolution"))
    model = opener("gpt2-mini")
    ids = model.tokenizer(q13_order._CAUSAL_TEXT)["input_ids"]
    states = [_outputs(model.network, given, True).hidden_states for given in (ids, [*ids[:-1][::-1], ids[-1]])]
    found = [float(np.linalg.norm(a[0, -1] - b[0, -1]) / np.linalg.norm(a[0, -1])) for a, b in zip(*states, strict=True)]
    assert np.allclose(found, on["causal"], atol=1e-4) and found[1] > 0.001, "with positions the first layer notices, too"


def test_who_knows_no_order_is_right_as_often_as_is_said(opener):
    """All sentences of three words, by their words: the best single answer for each set of them."""
    task, hits, asked = tasks.make("order"), 0, 0
    by_words: dict[frozenset, list[tuple]] = {}
    for one, verb, other in itertools.product(range(len(task.tokens)), repeat=3):
        words = [task.tokens[i] for i in (one, verb, other)]
        if one != other and words[1] in "爱恨看找帮等追画" and words[0] in "我你他她猫狗鸟马牛羊虎兔" and words[2] in "我你他她猫狗鸟马牛羊虎兔":
            by_words.setdefault(frozenset(words), []).append((words[0], words[2]))
    for answers in by_words.values():
        hits, asked = hits + max(answers.count(answer) for answer in answers), asked + len(answers)
    found = demo("Q13").compute(opener)
    assert asked == 12 * 11 * 8 and found["chance"] == hits / asked == 0.5
    (without,) = (measure for measure in found.measures if measure.name == "toy_without")
    assert without.expected == found["chance"]


@pytest.mark.parametrize("model", ["auto", "gpt2-mini"])
def test_the_notice_says_what_was_measured_of_any_model(opener, model):
    """Of a causal model the outputs do differ, and the notice gives the number; what it claims is of models whose mask tells no order."""
    found = demo("Q13").compute(opener, text="I love you", model=model)
    shown = {measure.name: measure.shown for measure in found.measures}
    for language in ("en", "zh"):
        said = read("q13_order", language).noticed(shown | dict(found.said) | {"A": "C"})
        assert shown["off"] in said and found.said["model"] in said and shown["chance"] in said and "{" not in said
