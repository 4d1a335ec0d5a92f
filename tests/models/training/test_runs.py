"""Runs that can be looked at: figures against a plain loop, folders that open again, models of any snapshot."""

import json

import numpy as np
import pytest
import torch

import models
from explorer.capture import capture
from models import ModelError
from models.toy.tasks import make
from models.training import runs
from models.training.settings import Settings
from models.training.toy import Training, configure


@pytest.fixture(scope="module", params=["copying", "order", "translation"])
def run(request):
    task = make(request.param)
    made = Training(task, configure(task, layers=1, heads=2, d_model=16, init_std=0.3), Settings(steps=8, batch=16, learning_rate=0.02))
    while not made.finished:
        made.step()
    return made


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run.save(folder)
    return folder


def test_the_evaluation_is_that_of_a_plain_loop(run):
    losses, right, exact = [], [], []
    for batch in run.task.held_out(30):
        for i in range(len(batch)):
            one = batch.rows(torch.tensor([i]))
            with torch.no_grad():
                log_p = run.network(**one.inputs).logits[0].log_softmax(-1)
            asked = [(j, t) for j, t in enumerate(one.targets[0].tolist()) if t != -100]
            losses += [-log_p[j, t].item() for j, t in asked]
            mine = [log_p[j].argmax().item() == t for j, t in asked]
            right, exact = right + mine, [*exact, all(mine)]
    found = run.evaluate(30)
    assert (found.examples, found.accuracy, found.exact) == (len(exact), pytest.approx(np.mean(right)), pytest.approx(np.mean(exact)))
    assert found.loss == pytest.approx(np.mean(losses), rel=1e-4)
    assert found.held_out_accuracy(run.task) == found.exact


def test_where_no_answer_is_certain_positions_count():
    found = runs.Evaluation(1.0, 0.4, 0.0, 10)
    passage = "some text of a few words " * 20
    assert found.held_out_accuracy(make("characters", {"passage": passage, "length": 8})) == 0.4


def test_a_folder_opens_as_a_model_and_as_a_run(run, folder):
    model, again = models.load(folder, device="cpu"), runs.load(folder)
    assert model.kind == run.task.kind and not model.view_only and model.trained
    assert model.network.config.task == run.task.name and model.network.config.task_settings == run.task.settings()
    assert again.identity() == run.identity() and again.history == run.history and again.evaluate(50) == run.evaluate(50)
    batch = run.task.held_out(5)[0]
    with torch.no_grad():
        logits = run.network(**batch.inputs).logits
        for network in (model.network, again.network):
            torch.testing.assert_close(network(**batch.inputs).logits, logits, rtol=1e-4, atol=1e-5)
    for mine, theirs in zip(run.snapshots, again.snapshots, strict=True):
        assert mine.step == theirs.step and mine.evaluation == theirs.evaluation
        assert all(torch.equal(weight, theirs.weights[name]) for name, weight in mine.weights.items())
    assert json.loads((folder / runs.HISTORY).read_text())["held_out"] == vars(run.evaluate())


def test_half_precision_opens_too(run, tmp_path):
    run.save(tmp_path, torch.float16)
    sizes = [(f / "model.safetensors").stat().st_size for f in (tmp_path,)]
    assert sizes[0] < 2.4 * run.network.num_parameters() + 4000
    assert runs.load(tmp_path).evaluate(50).loss == pytest.approx(run.evaluate(50).loss, rel=1e-2)
    assert models.load(tmp_path, device="cpu", dtype="float32").dtype == torch.float32


def test_the_model_of_a_snapshot_is_the_network_of_that_step(run):
    first, last, now = run.model(run.snapshots[0]), run.model(run.snapshots[-1]), run.model()
    assert not first.trained and last.trained and first.name.endswith("step 0") and now.name.endswith("step 8")
    text = run.task.text(run.task.held_out(1)[0].input_ids[0].tolist())
    target = "猫 看见 狗" if run.task.kind == "encoder-decoder" else None
    patterns = [capture(model, text, target=target).pattern(0, 0) for model in (first, last, now)]
    np.testing.assert_allclose(patterns[1], patterns[2], atol=1e-2)
    assert np.abs(patterns[0] - patterns[1]).max() > 3e-2
    np.testing.assert_allclose(patterns[0].sum(-1), 1, atol=1e-5)
    assert now.network is not run.network


def test_a_folder_without_a_run_is_explained(tmp_path, folder):
    with pytest.raises(ModelError, match="holds no training run"):
        runs.load(tmp_path)
    (tmp_path / runs.HISTORY).write_text('{"task": "order"}')
    with pytest.raises(ModelError, match="holds no training run"):
        runs.load(tmp_path)
