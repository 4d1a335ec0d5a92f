"""The board of heads as Streamlit runs it, without a browser."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

import models
from explorer.ablation.heads import changes, parse
from explorer.ablation.results import TaskResults
from explorer.tasks import choose
from explorer.ui.prune import effect
from explorer.ui.prune.board import all_but_best
from explorer.ui.prune.pruned_set import PrunedSet
from tests import tiny
from tests.pages.shared import opened, settle, table, written


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def bars(app: AppTest) -> list[str]:
    """Titles of the jobs whose progress is drawn."""
    return [bar.proto.text.split(":")[0] for bar in app.get("progress")]


def scores_of(classifier, text: str, method: str = "zero"):
    examples = choose.built_in("classify")
    task = choose.make("classify", classifier, type(examples)(examples.name, examples.examples[:24], examples.labels))
    full, heads = task.score(), parse(classifier, text)
    alone = [task.score(lambda batch, head=head: changes(classifier, [head])).mean_loss - full.mean_loss for head in heads]
    return full, task.score(lambda batch: changes(classifier, heads)), sum(alone)


def test_the_board_scores_the_heads_of_the_address_one_set_after_the_other(classifier):
    app = opened("prune", limit="24", pruned="5.9,0.2,2.1")
    for text in ("5.9,0.2,2.1", "1.0,1.1", "5.9,0.2,2.1"):
        app.query_params["pruned"] = text
        settle(app.run())
        full, expected, alone = scores_of(classifier, text)
        assert not app.exception and metrics(app)["Accuracy"] == f"{expected.score:.1%}"
        assert metrics(app)["Loss, nats"] == f"{expected.mean_loss:.3f}"
        together = expected.mean_loss - full.mean_loss
        assert f"change the loss by **{together:+.3f}**; their single effects sum to **{alone:+.3f}**." in written(app)
        cells = table(app, {"row", "head", "value", "removed"})
        crossed = cells[cells["removed"] == 1]
        assert set(zip(crossed["row"], crossed["head"], strict=True)) == set(parse(classifier, text))


def test_a_task_is_called_by_what_is_asked_for():
    """Not by its answers: "Classes" is also what a file's labels are matched with, a button beside it."""
    offered = str(opened("prune", limit="24").button_group(key="task").options)
    assert "One label" in offered and "Classes" not in offered


def test_one_head_is_one_head():
    assert "This head changes the loss by" in written(opened("prune", limit="24", pruned="0.2"))


def test_the_board_is_there_before_its_colours(monkeypatch):
    """Colours wait for the score; nothing on the board waits for them."""
    app = opened("prune", limit="24", colour="gradient")
    cells = table(app, {"row", "head", "value", "removed"})
    assert cells["value"].notna().all() and len(cells) == 72


def test_the_single_effects_of_before_are_not_asked_for_again(classifier, monkeypatch):
    """Scores of before stay while those of now are computed; their single effects would be a second bar under another name."""
    score, alone, go_on, asked = TaskResults.score, TaskResults.single_effects, threading.Event(), []

    def slow(self: TaskResults, heads=frozenset(), method="zero", progress=None):
        assert method == "zero" or progress is None or go_on.wait(60)
        return score(self, heads, method, progress)

    def single(self: TaskResults, heads, method="zero", progress=None):
        asked.append(method)
        if progress is not None:
            go_on.wait(60)
            progress(0.5)
        return alone(self, heads, method, progress)

    monkeypatch.setattr(TaskResults, "single_effects", single)
    monkeypatch.setattr(effect, "SCORE_S", 0.0)
    app = opened("prune", limit="20", pruned="0.3", colour="none")
    try:
        app.query_params["pruned"] = "0.3,1.4"
        while bars(app) != ["Each of them alone"]:
            assert not app.exception
            app.run()
        monkeypatch.setattr(TaskResults, "score", slow)
        app.selectbox(key="method").set_value("mean").run()
        assert not app.exception and "Still shown" in written(app)
        assert bars(app) == ["Scoring"] and set(asked) == {"zero"}
    finally:
        go_on.set()
    settle(app)
    assert "their single effects sum to" in written(app) and set(asked) == {"zero", "mean"}


def test_scores_of_before_are_not_shown_under_the_name_of_now(classifier, monkeypatch):
    app = opened("prune", limit="24", pruned="0.2,1.1", colour="none")
    before, score, go_on = metrics(app), TaskResults.score, threading.Event()

    def slow(self: TaskResults, heads=frozenset(), method="zero", progress=None):
        assert method == "zero" or progress is None or go_on.wait(60)
        return score(self, heads, method, progress)

    monkeypatch.setattr(TaskResults, "score", slow)
    monkeypatch.setattr(effect, "SCORE_S", 0.0)
    try:
        app.selectbox(key="method").set_value("mean").run()
        assert not app.exception and metrics(app) == before
        assert "Still shown" in written(app) and "zero" in written(app)
    finally:
        go_on.set()
    settle(app)
    assert "Still shown" not in written(app) and metrics(app) != before


def test_reset_and_undo():
    app = opened("prune", limit="24", pruned="0.2")
    full = opened("prune", limit="24")
    assert "1 of 72" in written(app)
    settle(app.button(key="reset").click().run())
    assert "0 of 72" in written(app) and metrics(app) == metrics(full) and app.query_params["pruned"] == ""
    settle(app.button(key="undo").click().run())
    assert "1 of 72" in written(app) and not app.exception and app.query_params["pruned"] == "0.2"


def test_going_back_in_the_browser_is_a_step_that_can_be_undone():
    app = opened("prune", limit="24", pruned="0.2")
    app.query_params["pruned"] = "0.2,3.4"
    settle(app.run())
    assert "2 of 72" in written(app)
    settle(app.button(key="undo").click().run())
    assert "1 of 72" in written(app)


def test_a_wrong_set_in_the_url_is_told():
    app = opened("prune", limit="24", pruned="99.1")
    assert not app.exception and any("no head" in w.value for w in app.warning)


def test_a_model_without_a_head_can_do_nothing(tmp_path):
    tiny.network("bert").bert.save_pretrained(tmp_path)
    tiny.tokenizer("bert").save_pretrained(tmp_path)
    assert choose.possible(models.load(tmp_path)) == []


def test_sets_of_heads_with_undo_and_redo():
    pruned = PrunedSet(0)
    pruned.toggle([(0, 1)])
    pruned.toggle([(0, 1), (0, 2)])
    assert pruned.heads == {(0, 1), (0, 2)}
    pruned.toggle([(0, 1), (0, 2)])
    assert not pruned.heads
    pruned.undo()
    pruned.undo()
    assert pruned.heads == {(0, 1)}
    pruned.redo()
    assert pruned.heads == {(0, 1), (0, 2)}
    pruned.change([])
    assert not pruned.after


def test_one_head_per_layer_keeps_the_most_important():
    assert all_but_best([(0, 1), (1, 0), (0, 0), (1, 2)]) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("name", ["gpt2", "bert"])
def test_tasks_that_a_model_can_do(tmp_path, name):
    assert choose.possible(models.load(tiny.save(name, tmp_path))) == [{"gpt2": "next", "bert": "masked"}[name]]


def test_the_bundled_bert_classifies_only(bert):
    assert choose.possible(bert) == ["classify"]
    with pytest.raises(models.InputError, match="next words"):
        choose.make("next", bert, choose.built_in("next"))
