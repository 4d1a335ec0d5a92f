"""The sweep against a brute-force loop on every architecture; gates, fills, sets of heads."""

import numpy as np
import pytest
import torch

from explorer.ablation import curves, importance
from explorer.ablation.heads import changes, every, parse, write
from explorer.ablation.replacements import METHODS, replacements
from explorer.ablation.results import TaskResults
from explorer.ablation.resumable import Resumable
from explorer.ablation.sweep import sweep
from explorer.tasks.data import Examples, Labelled
from explorer.tasks.language import Masked, Next
from models import InputError, attention
from tests import tiny as making

TEXTS = ["the cat sat on the mat", "a dog", "it was warm because the cat sat", "they play in the garden .", "the dog sat on a mat ."]


def task_of(model):
    given = Examples("tiny", tuple(Labelled(text, None) for text in TEXTS), ())
    return Masked(model, given) if model.kind == "encoder" else Next(model, given)


def brute_force(task, removed):
    """Each example alone, padded by nothing, through plain gated transformers; loss by hand from the logits."""
    model, losses = task.model, []
    for item in task.items:
        given = {name: torch.tensor([ids]) for name, ids in item.inputs.items()}
        made = {}
        for site in model.sites:
            gate = torch.ones(site.heads)
            for s, h in removed:
                if s == site.index:
                    gate[h] = 0
            made[site.index] = attention.Change(gate=gate)
        with torch.no_grad(), attention.attending(model.sites_of, changes=made, record=False):
            logits = model.network(**given).logits[0]
        wanted = [(i, t) for i, t in enumerate(item.target) if t != -100]
        losses.append(np.mean([-float(logits[i].log_softmax(-1)[t]) for i, t in wanted]))
    return np.array(losses)


LANGUAGE = ["bert", "roberta", "distilbert", "albert", "toy_sparsemax", *making.DECODERS, *making.PAIRED]


@pytest.mark.parametrize("name", LANGUAGE)
def test_the_sweep_equals_a_brute_force_loop(tiny, name):
    task = task_of(tiny(name))
    found = sweep(task)
    np.testing.assert_allclose(found.baseline.loss, brute_force(task, []), atol=1e-5)
    assert set(found.without) == set(every(task.model))
    for head, scores in found.without.items():
        np.testing.assert_allclose(scores.loss, brute_force(task, [head]), atol=1e-5)


@pytest.mark.parametrize("name", ["bert", "gpt2", "t5"])
def test_with_heads_removed_already(tiny, name):
    task = task_of(tiny(name))
    gone = frozenset([(0, 1), (1, 0), (1, 3)])
    found = sweep(task, pruned=gone, only=frozenset([(1, 2), (0, 0)]))
    assert set(found.without) == {(1, 2), (0, 0)}
    np.testing.assert_allclose(found.baseline.loss, brute_force(task, gone), atol=1e-5)
    np.testing.assert_allclose(found.without[1, 2].loss, brute_force(task, [*gone, (1, 2)]), atol=1e-5)


def test_removing_a_whole_layer_and_everything(tiny):
    task = task_of(tiny("bert"))
    for heads in ([(0, h) for h in range(4)], every(task.model)):
        scores = task.score(lambda batch, heads=heads: changes(task.model, heads))
        np.testing.assert_allclose(scores.loss, brute_force(task, heads), atol=1e-5)


@pytest.mark.parametrize("name", ["bert", "gpt2", "bart"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_the_same_alone_and_in_a_sweep(tiny, name, method):
    task = task_of(tiny(name))
    found = sweep(task, method=method)
    replacement_of = replacements(task, method)
    for head in every(task.model)[::3]:
        alone = task.score(lambda batch, head=head: changes(task.model, [head], replacement_of(batch)))
        np.testing.assert_allclose(found.without[head].loss, alone.loss, atol=1e-5)


def test_the_methods_differ(tiny):
    task = task_of(tiny("bert"))
    losses = {m: sweep(task, method=m, only=frozenset([(1, 1)])).without[1, 1].mean_loss for m in METHODS}
    assert len({round(loss, 5) for loss in losses.values()}) == len(METHODS)


def test_the_mean_is_the_mean_over_all_tokens(tiny):
    import explorer

    model = tiny("gpt_neox")
    task = task_of(model)
    replaced = replacements(task, "mean")(task.batches()[0])[1]
    z = np.concatenate([explorer.capture(model, text).outputs(1, 2) for text in TEXTS])
    np.testing.assert_allclose(replaced[0, 2, 0].numpy(), z.mean(0), atol=1e-5)


def test_gradients_of_the_gates_against_finite_differences(tiny):
    task = task_of(tiny("gpt2"))
    found = importance.gradient(task, normalise=False)
    step = 1e-2
    for site, head in [(0, 0), (1, 3)]:
        losses = []
        for sign in (1, -1):
            gate = torch.ones(4)
            gate[head] += sign * step
            losses.append(task.score(lambda batch, g=gate, s=site: {s: attention.Change(gate=g)}).loss)
        expected = np.abs((losses[0] - losses[1]) / (2 * step)).mean()
        assert found[site, head] == pytest.approx(expected, rel=2e-2, abs=1e-4)
    normed = importance.gradient(task)
    assert sum(normed[0, h] ** 2 for h in range(4)) == pytest.approx(1)


def test_confidence_by_hand(tiny):
    import explorer

    model = tiny("llama")
    task = task_of(model)
    rows = [explorer.capture(model, text).pattern(1, 2).max(1) for text in TEXTS]
    assert importance.confidence(task)[1, 2] == pytest.approx(np.concatenate(rows).mean(), abs=1e-5)


@pytest.mark.parametrize("order", curves.ORDERS)
def test_curves_start_full_and_end_empty(tiny, order):
    task = task_of(tiny("gpt2"))
    found = curves.curve(task, order, seeds=2)
    assert [p.removed for p in found.points] == list(range(9)) and found.points[-1].share == 1
    assert found.points[0].loss == pytest.approx(brute_force(task, []).mean(), abs=1e-5)
    assert found.points[-1].loss == pytest.approx(brute_force(task, every(task.model)).mean(), abs=1e-5)
    assert sorted(found.heads) == every(task.model)
    if order != "random":
        middle = found.points[3]
        assert middle.loss == pytest.approx(brute_force(task, found.heads[:3]).mean(), abs=1e-5)


def test_heads_as_text(tiny):
    model = tiny("t5")
    heads = parse(model, "cross.0.3, decoder.1.2 encoder.0.1")
    assert parse(model, write(model, heads)) == heads and len(heads) == 3
    assert write(tiny("bert"), parse(tiny("bert"), "1.2,0.3")) == "0.3,1.2"
    for wrong in ("0.9", "7.0", "a.b", "0", "cross.0.1"):
        with pytest.raises(InputError):
            parse(tiny("bert"), wrong)


def test_interrupted_work_goes_on(tiny, tmp_path, monkeypatch):
    task = task_of(tiny("bert"))
    whole = sweep(task)
    kept = Resumable(tmp_path / "f", {"a": 1})

    def stop(share):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(task, progress=stop, resumable=kept)
    with (tmp_path / "f").open("a") as file:
        file.write('{"key": "half a li')
    again = Resumable(tmp_path / "f", {"a": 1})
    assert len(again) >= 1
    found = sweep(task, resumable=again)
    for head in every(task.model):
        np.testing.assert_allclose(found.without[head].loss, whole.without[head].loss, atol=1e-6)
    assert not len(Resumable(tmp_path / "f", {"a": 2}))
    again.finish()
    assert not (tmp_path / "f").exists()


def test_a_ledger_computes_each_thing_once(tiny, monkeypatch):
    results = TaskResults(task_of(tiny("bert")))
    heads = frozenset([(0, 1), (1, 2)])
    joint = results.score(heads).mean_loss
    single = results.single_effects(heads)
    exact = results.exact()
    assert single[0, 1] == pytest.approx(exact.without[0, 1].mean_loss - exact.baseline.mean_loss, abs=1e-6)
    monkeypatch.setattr(type(results.task), "score", None)
    assert results.score(heads).mean_loss == joint and results.knows(heads, "zero") and results.knows_exact()
