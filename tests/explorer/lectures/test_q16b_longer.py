"""Q16b against the file of readings, read anew, and a training that is read by a loop."""

import json
import math

import numpy as np
import pytest
import torch

from explorer.lectures import demo, q16b_longer, shipped
from explorer.lectures.words import read
from explorer.positions import extrapolation, order
from explorer.positions.extrapolation import Curves, Plan
from models.opening.catalogue import SHIPPED
from models.training.extrapolation_runs import Reading


@pytest.fixture(scope="module")
def readings():
    return json.loads((SHIPPED / "extrapolation" / "curves.json").read_text(encoding="utf-8"))["readings"]


def _mean(readings, scheme: str, length: int, what: str) -> float:
    found = [r[what] for r in readings if (r["scheme"], r["length"]) == (scheme, length)]
    return math.nan if None in found else sum(found) / len(found)


def test_measures_are_those_of_the_readings(opener, readings):
    result = demo("Q16b").compute(opener)
    for scheme in ("none", "sinusoidal", "rope", "rope-interpolated", "alibi"):
        assert abs(result[f"loss_{scheme}"] - _mean(readings, scheme, 128, "loss")) < 1e-9
    assert result["none_accuracy"] == pytest.approx(_mean(readings, "none", 128, "accuracy"))
    assert result["none_end"] == pytest.approx(_mean(readings, "none", 128, "end_accuracy"))
    assert result["learned"] == sum(r["loss"] is None for r in readings)


def test_the_measurement_decides_who_is_right(opener, readings, monkeypatch):
    one = demo("Q16b")
    loses = {s: _mean(readings, s, 128, "loss") - _mean(readings, s, 32, "loss") for s in ("rope", "sinusoidal", "alibi")}
    assert one.right_option(one.compute(opener)) == {"rope": "A", "sinusoidal": "B", "alibi": "C"}[min(loses, key=loses.get)]
    curves = extrapolation.shipped()
    for scheme, letter in (("rope", "A"), ("sinusoidal", "B")):
        better = tuple(Reading(**{**vars(r), "loss": 0.0}) if r.scheme == scheme else r for r in curves.readings if r.scheme != "alibi")
        worse = tuple(Reading(**{**vars(r), "loss": 9.0 * r.length}) for r in curves.readings if r.scheme == "alibi")
        monkeypatch.setattr(extrapolation, "shipped", lambda found=better + worse: Curves(found, curves.plan))
        assert one.right_option(one.compute(opener)) == letter


@pytest.mark.parametrize("times", [1, 2, 4, 8])
@pytest.mark.parametrize("what", q16b_longer.WHAT)
def test_bars_are_the_means_at_that_length(opener, readings, times, what):
    one, words = demo("Q16b"), read("q16b_longer", "en")
    bars, lines = one.pictures(one.compute(opener, times=times, what=what), words, False)
    expected = [_mean(readings, scheme, 32 * times, what) for scheme in extrapolation.SCHEMES]
    assert np.allclose(bars.tables["bars"]["value"], np.nan_to_num(expected))
    assert (bars.tables["bars"]["text"] == "–").tolist() == [math.isnan(value) for value in expected]
    assert lines.tables["rules"]["x"].tolist() == [32 * times]


def test_the_small_run_is_what_the_project_ships_or_what_was_computed_here(opener):
    kept = shipped.read("q16b_longer")
    result = demo("Q16b").compute(opener, run="small")
    assert result.said["n"] == "16" == str(kept.data["plan"]["length"]) and result.said["seeds"] == "1"
    assert result["loss_rope"] == pytest.approx(_mean(kept.data["readings"], "rope", 64, "loss"))
    other = [{**r, "loss": None if r["loss"] is None else 7.0} for r in kept.data["readings"]]
    with shipped.instead("q16b_longer", shipped.Shipped({**kept.data, "readings": other}, kept.card)):
        assert demo("Q16b").compute(opener, run="small")["loss_rope"] == 7.0


def test_making_trains_each_kind_and_reads_it_as_a_loop_does(monkeypatch):
    plan, shares = Plan(length=16, seeds=(0,), examples=20, steps=3), []
    monkeypatch.setattr(q16b_longer, "SMALL", plan)
    made = q16b_longer.make(shares.append)
    assert shares == sorted(shares) and shares[-1] == 1
    assert {r["scheme"] for r in made["readings"]} == set(extrapolation.SCHEMES)
    training = plan.training("alibi", 0)
    while not training.finished:
        training.step()
    losses, right, total = 0.0, 0, 0
    for batch in type(training.task)(**{**training.task.settings(), "length": 32}).held_out(20):
        with torch.inference_mode():
            logits = training.network(batch.input_ids).logits
        for row, targets in zip(logits, batch.targets, strict=True):
            for scores, target in zip(row, targets.tolist(), strict=True):
                if target >= 0:
                    losses -= float(scores.double().log_softmax(-1)[target])
                    right, total = right + int(scores.argmax() == target), total + 1
    found = next(r for r in made["readings"] if (r["scheme"], r["length"]) == ("alibi", 32))
    assert found["loss"] == pytest.approx(losses / total, rel=1e-4) and found["accuracy"] == pytest.approx(right / total, abs=1e-4)


def test_a_sentence_turned_round_is_told_by_all_but_no_positions_and_symmetric_distances(opener):
    """Outputs of the toys themselves for both orders, token by token."""
    found = demo("Q16b").compute(opener)
    for scheme in q16b_longer.TELLING:
        model = order.toy(scheme)
        ids = torch.tensor([model.tokenizer("我爱你", add_special_tokens=False)["input_ids"]])
        with torch.inference_mode():
            before, after = (model.network.base_model(given)[0][0] for given in (ids, ids.flip(1)))
        apart = max(float((after[2 - i] - before[i]).abs().max()) for i in range(3))
        assert q16b_longer.told()[scheme] == pytest.approx(apart, abs=2e-5)
        assert (apart < 1e-5) == (scheme in ("none", "alibi"))
    (drawn,) = q16b_longer.more(found, read("q16b_longer", "en"), False)
    assert drawn.tables["bars"]["value"].tolist() == list(q16b_longer.told().values())
    assert [found[f"told_{scheme}"] for scheme in ("none", "alibi", "rope")] == [q16b_longer.told()[s] for s in ("none", "alibi", "rope")]


def test_the_notice_says_what_the_readings_say(opener, readings):
    said = demo("Q16b").compute(opener).said
    assert said["short_loss"] == f"{_mean(readings, 'sinusoidal', 32, 'loss'):.2g}"
    assert said["long_loss"] == f"{_mean(readings, 'sinusoidal', 128, 'loss'):.2g}"
    assert _mean(readings, "sinusoidal", 32, "loss") < _mean(readings, "sinusoidal", 128, "loss")
    for scheme in ("sinusoidal", "rope"):
        assert said[f"{scheme}_right"] == f"{_mean(readings, scheme, 128, 'accuracy'):.0%}"
    assert said["rope_end"] == f"{_mean(readings, 'rope', 128, 'end_accuracy'):.0%}"
