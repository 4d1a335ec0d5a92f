"""The pages about pruning as Streamlit runs them, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import models
from explorer.ablation.heads import changes, parse
from explorer.tasks import choose
from explorer.ui.prune.board import all_but_best
from explorer.ui.prune.pruned_set import PrunedSet
from tests import tiny

ROOT = Path(__file__).parents[2]


def opened(page: str, **params: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=200)
    # AppTest opens the first page first; what belongs to all pages is read there.
    for name, value in params.items():
        app.query_params[name] = value
    app.run().switch_page(f"pages/{page}.py")
    for name, value in {"limit": "24", **params}.items():
        app.query_params[name] = value
    return app.run()


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_board_scores_the_heads_of_the_url(bert):
    app = opened("prune", pruned="5.9,0.2,2.1")
    assert not app.exception
    heads = parse(bert, "5.9,0.2,2.1")
    examples = choose.built_in("classify")
    task = choose.make("classify", bert, type(examples)(examples.name, examples.examples[:24], examples.labels))
    expected = task.score(lambda batch: changes(bert, heads))
    assert metrics(app)["Accuracy"] == f"{expected.score:.1%}"
    assert metrics(app)["Loss, nats"] == f"{expected.mean_loss:.3f}"
    assert any("single effects sum" in m.value for m in app.markdown)


def test_reset_and_undo(bert):
    app = opened("prune", pruned="0.2")
    full = opened("prune")
    assert "1 of 72" in "".join(m.value for m in app.markdown)
    app.button(key="reset").click().run()
    assert "0 of 72" in "".join(m.value for m in app.markdown) and metrics(app) == metrics(full)
    app.button(key="undo").click().run()
    assert "1 of 72" in "".join(m.value for m in app.markdown) and not app.exception


def test_a_wrong_set_in_the_url_is_told():
    app = opened("prune", pruned="99.1")
    assert not app.exception and any("no head" in w.value for w in app.warning)


def test_a_model_without_a_head_can_do_nothing(tmp_path):
    tiny.network("bert").bert.save_pretrained(tmp_path)
    tiny.tokenizer("bert").save_pretrained(tmp_path)
    assert choose.possible(models.load(tmp_path)) == []


def test_importance_page():
    app = opened("importance")
    assert not app.exception
    app.button(key="compute_exact").click().run()
    assert not app.exception
    assert any("rank correlation" in m.value for m in app.markdown)
    assert any("less than one point" in m.value for m in app.markdown)


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
