"""Q23b: own histories written by a loop of one text, the translator by its own generate, curves as they are shipped."""

import numpy as np
import pytest
import torch

from explorer.lectures import q23b_exposure as q23b
from explorer.lectures import shipped
from explorer.lectures.registry import demo
from explorer.lectures.words import read

DEMO = demo("Q23b")


def test_sums_are_those_of_a_loop():
    numbers, sums = q23b.draw(5, torch.Generator().manual_seed(1))
    for row, expected in zip(numbers.tolist(), sums.tolist(), strict=True):
        assert expected == [sum(row[: t + 1]) % q23b.HOURS for t in range(q23b.LENGTH)]


def test_an_own_history_is_written_token_by_token():
    """One text, one token after the other, by ids put together by hand."""
    net = q23b.network(1).eval()
    numbers, _sums = q23b.draw(3, torch.Generator().manual_seed(2))
    written = q23b.own_history(net, numbers)
    for row, expected in zip(numbers.tolist(), written.tolist(), strict=True):
        ids, last = [], q23b.HOURS
        for number, wrote in zip(row, expected, strict=True):
            ids += [last, number + q23b.HOURS + 1]
            with torch.no_grad():
                last = int(net(input_ids=torch.tensor([ids])).logits[0, -1, : q23b.HOURS].argmax())
            assert last == wrote


def test_the_translator_scores_its_own_translation(opener):
    """By generate, step by step: scores of the greedy translation, which is the true one."""
    model = opener("translate-mini")
    given = model.tokenizer(q23b.SOURCE, return_tensors="pt")
    ids = model.tokenizer.convert_tokens_to_ids(list(q23b.TARGET))
    made = model.network.generate(
        given.input_ids, max_new_tokens=6, num_beams=1, do_sample=False, output_scores=True, return_dict_in_generate=True
    )
    assert made.sequences[0, 1:4].tolist() == ids
    expected = [float(score[0].softmax(-1)[one]) for score, one in zip(made.scores, ids, strict=False)]
    assert q23b.translated(opener, "true") == pytest.approx(expected, abs=1e-5)
    wrong = q23b.translated(opener, "wrong")
    assert wrong[0] == pytest.approx(expected[0], abs=1e-5) and wrong[1] < 0.1 < 0.9 < expected[1]


@pytest.mark.parametrize("training", q23b.TRAININGS)
def test_curves_are_means_of_what_was_trained(opener, training):
    result = DEMO.compute(opener, training=training)
    runs = shipped.read("q23b_exposure").data["runs"]
    points = DEMO.pictures(result, read("q23b_exposure", "en"), False)[0].tables["points"]
    for name, title in (("true", "the true one"), ("own", "its own")):
        mean = np.mean([run[training][name] for run in runs], axis=0)
        assert points[points["series"] == title]["y"].tolist() == pytest.approx(mean.tolist())
        assert result[f"{training}_{name}"] == pytest.approx(mean[-1])


def test_errors_grow_on_an_own_history():
    runs = shipped.read("q23b_exposure").data["runs"]
    true, own = (np.mean([run["forced"][name] for run in runs], axis=0) for name in q23b.HISTORIES)
    assert true[0] == own[0] and true[-1] - own[-1] > 0.05 and own[1] > own[-1]


def test_a_slip_changes_the_table(opener):
    words = read("q23b_exposure", "en")
    tables = [DEMO.pictures(DEMO.compute(opener, first=first), words, False)[1].tables["bars"]["value"].tolist() for first in ("true", "wrong")]
    assert tables[0] != tables[1] and tables[0] == pytest.approx(q23b.translated(opener, "true")[1:])


def test_make_trains_on_both_histories(monkeypatch):
    monkeypatch.setattr(q23b, "STEPS", 2)
    monkeypatch.setattr(q23b, "SEEDS", (1,))
    told = []
    made = q23b.make(told.append)
    assert made["runs"][0].keys() == set(q23b.TRAININGS) and told[-1] == pytest.approx(1)
    assert all(len(curve) == q23b.LENGTH for both in made["runs"][0].values() for curve in both.values())


def test_each_way_goes_on_from_the_start_as_a_loop_does(opener):
    """Greedy by a loop of one token after the other; a beam is at least as likely; probabilities by a product."""
    model = opener("translate-mini")
    tokenizer, network = model.tokenizer, model.network
    source, result = tokenizer(q23b.SOURCE, return_tensors="pt").input_ids, DEMO.compute(opener)
    for start, character in (("true", "我"), ("wrong", "喜")):
        made, chance = [network.config.decoder_start_token_id, tokenizer.convert_tokens_to_ids(character)], 1.0
        while made[-1] != network.config.eos_token_id and len(made) < 2 + q23b._MADE:
            with torch.no_grad():
                logits = network(input_ids=source, decoder_input_ids=torch.tensor([made])).logits[0, -1]
            logits[network.config.pad_token_id] = -torch.inf  # where a text starts, and never in it
            made.append(int(logits.argmax()))
            chance *= float(logits.softmax(-1)[made[-1]])
        ((text, found),) = result.data["rows"][start, "greedy"]
        assert text == tokenizer.decode(made, skip_special_tokens=True).replace(" ", "") and found == pytest.approx(chance, rel=1e-3)
        assert result.data["rows"][start, "beam"][0][1] >= found * (1 - 1e-4)
    drawn = result.data["rows"]["wrong", "top_p"]
    assert len(drawn) == q23b.DRAWN and len({text for text, _chance in drawn}) > 1 and all(text.startswith("喜") for text, _chance in drawn)
    assert result["top_p"] == max(chance for _text, chance in drawn)
    (table,) = DEMO.more(result, read("q23b_exposure", "zh"), False)
    said = set(table.tables["cells"]["text"])
    assert {"我爱你。", *(text for text, _chance in drawn)} <= said
