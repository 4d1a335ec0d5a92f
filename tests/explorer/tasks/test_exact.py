"""Exact matches of toys, against the toy's own evaluation and a plain loop; heads taken away from a toy."""

import json

import numpy as np
import pytest
import torch

import models
from explorer.ablation.heads import changes, every
from explorer.ablation.sweep import sweep
from explorer.cli import main
from explorer.tasks import choose, exact
from explorer.tasks.data import Examples, Labelled
from models import InputError, attention
from models.toy.tasks import make
from models.training.settings import Settings
from models.training.toy import Training, configure

STEPS = {"copying": 60, "order": 60, "translation": 40}


@pytest.fixture(scope="module", params=STEPS)
def toy(request, tmp_path_factory):
    """A run that has learned a part of its task, and its model, opened from its folder."""
    task = make(request.param, {"length": 3, "n_symbols": 4} if request.param == "copying" else {})
    config = configure(task, layers=1, heads=2, d_model=16, ffn=1.0, tie_embeddings=False)
    run = Training(task, config, Settings(steps=STEPS[request.param], learning_rate=0.02, warm_up=5))
    while not run.finished:
        run.step()
    folder = tmp_path_factory.mktemp("toy")
    run.save(folder)
    return run, models.load(folder, device="cpu"), folder


def test_the_score_is_the_toy_s_own_held_out_accuracy(toy):
    run, model, _folder = toy
    scores = choose.make("exact", model, choose.built_in("exact", model)).score()
    found = run.evaluate()
    assert len(scores.loss) == found.examples and scores.score == pytest.approx(found.exact)
    assert (scores.loss * scores.count).sum() / scores.count.sum() == pytest.approx(found.loss, rel=1e-4)
    assert set(np.unique(scores.correct)) <= {0.0, 1.0}
    if run.task.name != "translation":
        assert scores.score > 0


def test_every_head_alone_equals_a_plain_loop(toy):
    _run, model, _folder = toy
    task = choose.make("exact", model, exact.held_out(model, 12))
    found = sweep(task)
    for head in every(model):
        for i, item in enumerate(task.items):
            inputs = {name: torch.tensor([ids]) for name, ids in item.inputs.items()}
            with torch.no_grad(), attention.attending(model.sites_of, changes=changes(model, [head]), record=False):
                logits = model.network(**inputs).logits[0]
            asked = [(j, t) for j, t in enumerate(item.target) if t != -100]
            assert found.without[head].correct[i] == all(logits[j].argmax() == t for j, t in asked)
            loss = -sum(logits[j].log_softmax(-1)[t].item() for j, t in asked) / len(asked)
            assert found.without[head].loss[i] == pytest.approx(loss, abs=1e-4)


def test_a_toy_offers_its_own_task_and_no_other(toy, bert):
    _run, model, _folder = toy
    assert choose.possible(model) == ["exact"] and choose.possible(bert) == ["classify"]
    assert choose.built_in("exact", model) == choose.built_in("exact", model)
    with pytest.raises(InputError, match="not trained on a toy task"):
        choose.built_in("exact", bert)
    with pytest.raises(InputError, match="come from the toy"):
        choose.built_in("exact")


def test_ablate_and_prune_from_the_shell(toy, tmp_path):
    run, model, folder = toy
    out = tmp_path / "heads.json"
    assert main.main(["ablate", "--model", str(folder), "--task", "exact", "--limit", "5", "--json", str(out)]) == 0
    made = json.loads(out.read_text())
    assert np.shape(made["loss"]) == (len(model.sites), 2) and made["examples"] == 5
    typed = tmp_path / "typed.txt"
    typed.write_text("\n".join(run.task.text(ids) for ids in run.task.held_out(3)[0].input_ids.tolist()))
    assert main.main(["prune", "--model", str(folder), "--task", "exact", "--data", str(typed), "--heads", "", "--json", str(out)]) == 0


def test_what_a_viewer_types_is_answered_or_refused():
    task = make("order")
    run = Training(task, configure(task, layers=1, heads=2, d_model=16), Settings(steps=1))
    run.step()
    model = run.model()
    made = choose.make("exact", model, Examples("", (Labelled("你爱我主宾", None), Labelled("虎追羊主宾", None))))
    assert [[task.tokens[t] for t in item.target if t >= 0] for item in made.items] == [["你", "我"], ["虎", "羊"]]
    for text, said in (("我 love 你", "does not know"), ("爱我你主宾", "Example 1 is none of the task order. Word order wants")):
        with pytest.raises(InputError, match=said):
            choose.make("exact", model, Examples("", (Labelled(text, None),)))


def test_characters_have_no_exact_answers():
    task = make("characters", {"passage": "some letters, and more of them. " * 20, "length": 16})
    model = Training(task, configure(task, layers=1, heads=2, d_model=16), Settings(steps=1)).model()
    with pytest.raises(InputError, match="exact answers"):
        exact.held_out(model)
    assert choose.possible(model) == ["next"]
