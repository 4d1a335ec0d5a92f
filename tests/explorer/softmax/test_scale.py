"""A factor on the scale: against the tasks' own scores, and against the definitions, one row at a time."""

import numpy as np
import pytest
import torch

from explorer.ablation.heads import changes, every
from explorer.softmax.heads import SATURATED
from explorer.softmax.scale import FACTORS, ScaleCurve
from explorer.tasks import choose, data
from explorer.tasks.data import Examples, Labelled
from models import InputError, attention
from tests.explorer.tasks.headed import headed

TEXTS = ("the cat sat on the mat", "a dog", "they play in the garden .", "it was warm , because the cat sat")


def task_of(model, kind: str):
    return choose.make(kind, model, Examples("", tuple(Labelled(text, 0) for text in TEXTS)))


@pytest.fixture(params=[("llama", "next"), ("bert", "masked"), ("bart", "next")], ids=lambda p: p[0])
def task(request, tiny):
    name, kind = request.param
    return task_of(tiny(name), kind)


def test_one_is_the_model_itself(task) -> None:
    (point,) = ScaleCurve(task).compute([1.0])
    scores = task.score()
    assert (point.score, point.loss, point.agreement) == pytest.approx((scores.score, scores.mean_loss, 1.0), abs=1e-6)
    assert point.low <= point.score <= point.high


@pytest.mark.parametrize("factor", [0.3, 4.0])
def test_a_point_is_what_its_definitions_say(tiny, factor: float) -> None:
    model = tiny("llama")
    task, change = task_of(model, "next"), {site.index: attention.Change(scale=factor) for site in model.sites}
    own, point = ScaleCurve(task).compute([1.0, factor])
    scores = task.score(lambda batch: change)
    assert (point.score, point.loss) == pytest.approx((scores.score, scores.mean_loss), abs=1e-6)
    entropies, relative, largest, same = [], [], [], []
    for item in task.items:
        ids = torch.tensor([item.inputs["input_ids"]])
        with torch.inference_mode(), attention.attending(model.sites_of, changes=change) as run:
            changed = model.network(input_ids=ids).logits[0, :-1].argmax(-1)
        with torch.inference_mode():
            plain = model.network(input_ids=ids).logits[0, :-1].argmax(-1)
        same += (changed == plain).tolist()
        for record in run.records:
            for head in range(record.heads):
                for i, row in enumerate(record.pattern(head).double()):
                    if i:
                        entropies.append(float(torch.special.entr(row).sum()))
                        relative.append(entropies[-1] / np.log(i + 1))
                        largest.append(float(row.max()))
    expected = np.mean(entropies), np.mean(relative), np.mean(np.array(largest) > SATURATED), np.mean(same)
    assert (point.entropy, point.relative, point.saturated, point.agreement) == pytest.approx(expected, abs=1e-5)
    assert own.agreement == 1


def test_entropy_falls_as_the_factor_rises_and_its_ends_are_uniform_and_one_hot(tiny) -> None:
    points = ScaleCurve(task_of(tiny("bert"), "masked")).compute([1e-6, 0.1, 1.0, 1e5])
    assert [p.entropy for p in points] == sorted((p.entropy for p in points), reverse=True)
    assert points[0].relative == pytest.approx(1, abs=1e-4) and points[-1].relative < 0.01 and points[-1].saturated > 0.99


def test_a_factor_of_nothing_is_uniform_attention(tiny) -> None:
    task = task_of(tiny("llama"), "next")
    (point,) = ScaleCurve(task).compute([1e-7])
    everything = frozenset(every(task.model))
    sites = dict.fromkeys((site.index for site in task.model.sites), "uniform")
    uniform = task.score(lambda batch: changes(task.model, everything, sites))
    assert (point.loss, point.score) == pytest.approx((uniform.mean_loss, uniform.score), abs=1e-4)


def test_classes(bert) -> None:
    given = choose.built_in("classify")
    task = choose.make("classify", bert, type(given)(given.name, given.examples[:12], given.labels))
    change = {site.index: attention.Change(scale=0.1) for site in bert.sites}
    (point,) = ScaleCurve(task).compute([0.1])
    agreement = (task.score(lambda batch: change).predicted == task.score().predicted).mean()
    assert point.agreement == pytest.approx(agreement) and 0 < agreement < 1


def test_stopped_work_goes_on(tiny) -> None:
    curve, told = ScaleCurve(task_of(tiny("llama"), "next")), []

    class Stopped(Exception):
        pass

    def stop(share: float) -> None:
        told.append(share)
        if share > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        curve.compute([0.5, 1.0, 2.0], stop)
    assert 1.0 in curve.points and not curve.known([0.5, 1.0, 2.0])
    before = dict(curve.points)
    whole = curve.compute([0.5, 1.0, 2.0])
    assert curve.known([0.5, 1.0, 2.0]) and all(curve.points[factor] is point for factor, point in before.items())
    assert [p.factor for p in whole] == [0.5, 1.0, 2.0] and told == sorted(told)
    assert whole == ScaleCurve(curve.task).compute([0.5, 1.0, 2.0])


def test_what_cannot_be_scaled(tiny) -> None:
    with pytest.raises(InputError, match="above 0"):
        ScaleCurve(task_of(tiny("llama"), "next")).compute([0.0, 1.0])
    with pytest.raises(InputError, match="no scale"):
        ScaleCurve(task_of(tiny("toy_linear"), "next")).compute()


def test_the_factors_are_even_and_hold_one() -> None:
    assert len(FACTORS) == 13 and FACTORS[6] == 1 and (FACTORS[0], FACTORS[-1]) == (0.1, 10)
    assert np.diff(np.log10(FACTORS)) == pytest.approx(1 / 6, abs=1e-3)


def test_numbers_that_hardly_move_are_the_same_predictions(tmp_path) -> None:
    """They were compared to the last bit: at a factor of 0.9999999, none was said to be the same."""
    model = headed(tmp_path, "BertForSequenceClassification", num_labels=1)
    texts = b"text,score\nthe cat sat,1\na dog,2\nthe mat was warm,3\nit was in the garden,4\n"
    task = choose.make("regression", model, data.read(texts, "f.csv", **choose.told("regression")))
    near, own, far = ScaleCurve(task).compute([1 - 1e-7, 1.0, 8.0])
    assert near.agreement == own.agreement == 1
    change = {site.index: attention.Change(scale=8.0) for site in model.sites}
    differ = task.differ(task.score(), task.score(lambda batch: change))
    assert far.agreement == 1 - differ.mean() < 1
