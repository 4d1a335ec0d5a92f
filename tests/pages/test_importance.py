"""Which heads matter, as Streamlit runs it, without a browser."""

import itertools

import numpy as np
import pytest

from explorer.ablation import curves, importance
from explorer.ablation.curves import Curve, Point
from explorer.ablation.results import TaskResults
from explorer.ablation.sweep import sweep
from explorer.tasks import choose
from explorer.tasks.classify import Classify, chance
from explorer.ui.common import session
from explorer.ui.importance import curves as page
from tests.explorer.tasks.headed import headed, named
from tests.pages.shared import charts, opened, settle, tables, written


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """Small: most of these tests compute whatever the page computes once more."""
    return headed(tmp_path_factory.mktemp("classifier"), "BertForSequenceClassification", **named("negative", "positive"))


@pytest.fixture(autouse=True)
def opens_it(monkeypatch, classifier):
    monkeypatch.setattr(session, "open_model", lambda *args, **how: classifier)


BOARD = {"row", "head", "value", "removed"}
POINTS = {"share", "removed", "score", "low", "high", "loss", "order"}


def task_of(classifier, n: int):
    examples = choose.built_in("classify")
    return choose.make("classify", classifier, type(examples)(examples.name, examples.examples[:n], examples.labels))


def lines(app):
    """The tables of the chart of curves: on all examples, and the first ones."""
    (index,) = [i for i in range(len(app.get("vega_lite_chart"))) if any(set(one.columns) == POINTS for one in tables(app, i))]
    return [one for one in tables(app, index) if set(one.columns) == POINTS]


def test_the_chosen_head_is_marked_on_every_map():
    app = opened("importance", limit="3", layer="1", head="0")
    framed = [param["value"] for chart in charts(app) for param in chart["params"] if param["name"] == "cell"]
    assert framed == [[{"row": 1, "head": 0}]] * len(framed) and len(framed) >= 2
    assert "Layer 1, head 0" in written(app)


def test_maps_are_those_of_the_examples(classifier):
    app = opened("importance", limit="5")
    for n in (5, 3):
        settle(app.number_input(key="limit").set_value(n).run())
        settle(app.button(key="compute_exact").click().run())
        assert not app.exception
        task = task_of(classifier, n)
        every = [tables(app, i) for i in range(len(app.get("vega_lite_chart")))]
        drawn = [one["value"].to_numpy() for of_chart in every for one in of_chart if set(one.columns) == BOARD]
        exact = curves.from_sweep(sweep(task))
        expected = [exact, importance.gradient(task), importance.confidence(task)]
        for values, known in zip(drawn, expected, strict=True):
            np.testing.assert_allclose(values, [known[head] for head in sorted(known)], atol=1e-5)
        assert f"{importance.rank_correlation(exact, expected[1]):+.2f}" in written(app)


@pytest.mark.parametrize(("order", "n"), [("exact", 6), ("greedy", 5), ("random", 3)])
def test_a_curve_is_that_of_its_order_and_examples(classifier, order, n):
    app = opened("importance", limit=str(n), orders=order)
    assert not app.exception
    whole, first = lines(app)
    expected = TaskResults(task_of(classifier, n)).curve(order)
    assert set(whole["order"]) == {order} and first.empty
    np.testing.assert_allclose(whole["score"], [point.score for point in expected.points], atol=1e-6)
    np.testing.assert_allclose(whole["loss"], [point.loss for point in expected.points], atol=1e-5)
    guessed, said = chance(task_of(classifier, n)), f"{order} {expected.largest_share():.0%}"
    assert (said in written(app)) == (expected.points[0].score > guessed) and expected.chance == guessed


@pytest.mark.parametrize(("score", "lost"), [(0.0, True), (0.5, True), (0.75, False)])
def test_no_head_is_said_to_go_for_free_where_all_of_them_are_no_better_than_guessing(monkeypatch, score, lost):
    """With labels the wrong way round, 100 % of the heads could go: nothing is lost that was not there."""
    monkeypatch.setattr(TaskResults, "knows_curve", lambda *_args, **_how: True)
    found = Curve("gradient", (Point(0.0, 0, score, 0, 1, 0.7), Point(1.0, 8, 0.5, 0, 1, 0.7)), (), chance=0.5)
    monkeypatch.setattr(TaskResults, "curve", lambda *_args, **_how: found)
    app = opened("importance", limit="4", orders="gradient")
    assert ("Heads that can go" not in written(app)) == ("there is nothing to lose" in written(app)) == lost


def test_fewer_right_answers_than_by_guessing_are_doubted_here_too(monkeypatch):
    monkeypatch.setattr(Classify, "doubt", lambda self, full: f"{len(full.correct)} labels: are they matched?")
    app = opened("importance", limit="4")
    assert [warning.value for warning in app.warning] == ["4 labels\\: are they matched?"]


def test_orders_stay_chosen_while_their_costs_change(monkeypatch):
    """A job finds out something at any moment, also between two names of one list."""
    costs = itertools.count(1)
    monkeypatch.setattr(TaskResults, "cost", lambda *_args: float(next(costs)))
    monkeypatch.setattr(TaskResults, "knows_curve", lambda self, order, method="zero", sample=None: order == "confidence")
    monkeypatch.setattr(TaskResults, "curve", lambda *_args, **_how: Curve("confidence", (Point(0.0, 0, 0.5, 0.4, 0.6, 0.7),), ()))
    monkeypatch.setattr(page, "_job", lambda choice, order: None)
    app = opened("importance", limit="4", orders="gradient,confidence,random")
    assert app.pills(key="orders").value == ["gradient", "confidence", "random"]
    app.segmented_control(key="what").set_value("loss").run()
    assert not app.exception and app.pills(key="orders").value == ["gradient", "confidence", "random"]


def test_an_order_says_what_it_costs_until_it_is_there():
    app = opened("importance", limit="24")
    by_name = dict(zip(["gradient", "exact", "greedy", "confidence", "reversed", "random"], app.pills(key="orders").options, strict=True))
    assert by_name["gradient"] == "gradient" and all(" · " in by_name[name] for name in ("exact", "greedy", "random"))
