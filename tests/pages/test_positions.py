"""The positions laboratory as Streamlit runs it, without a browser."""

import importlib
import json
import re
import threading
from dataclasses import replace

import numpy as np
import pytest

import models
from explorer.capture import capture
from explorer.positions import extrapolation, order, tables, terms
from explorer.ui.common import session
from explorer.ui.common.sidebar import Chosen
from explorer.ui.positions import order as positions_order
from explorer.ui.positions import tables as positions_tables
from explorer.ui.positions import terms as positions_terms
from models.toy.positions import sinusoids
from tests import tiny as making
from tests.pages.shared import charts, opened, settle, started, table, written

DOG = "The dog bites the man."


def test_closed_form_views_need_no_model(monkeypatch) -> None:
    app = started()
    monkeypatch.setattr(session, "open_model", lambda *asked, **how: pytest.fail("a model was opened"))
    app.switch_page("pages/positions.py").run()
    found = {}
    for view in ("sinusoidal", "rope", "alibi", "where"):
        app.button_group(key="positions").set_value(view).run()
        (chart,) = charts(app)
        found[view] = {given["name"] for given in chart["params"]}
        assert not app.exception and not app.sidebar.selectbox
    assert "d_model_step" in found["sinusoidal"] and "q_angle" in found["rope"] and "heads" in found["alibi"] and "scheme" in found["where"]


def test_names_of_the_lab_are_not_those_of_this_page() -> None:
    app = started().switch_page("pages/training.py").run()
    app.selectbox(key="lab_positions").set_value("alibi").run()
    app.switch_page("pages/positions.py").run()
    assert not app.exception and app.button_group(key="positions").value == "sinusoidal"


def test_titles_of_earlier_links_still_say_which_view() -> None:
    app = opened("positions", positions="ALiBi")
    assert not app.exception and app.button_group(key="positions").value == "alibi"


def test_the_table_of_the_bundled_bert(bert) -> None:
    app = opened("positions", positions="tables")
    assert not app.exception and len(charts(app)) == 1
    learned = tables.learned(bert)
    for name, values, said in (("model", learned.values, "196,608 parameters"), ("sinusoids", sinusoids(512, 384).numpy(), "0 parameters")):
        settle(app.button_group(key="table_of").set_value(name).run())
        components, shares = tables.pca(values)
        assert not app.exception and f"512 positions × 384 dimensions, {said.strip()}; three components explain {shares.sum():.0%}" in written(
            app
        )
        points = table(app, {"p", "a", "b", "c"})
        assert points["p"].tolist() == list(range(0, 512, 2))
        np.testing.assert_allclose(points[["a", "b", "c"]], components[::2] / np.abs(components).max(), atol=1e-5)
        diagonal = [np.diagonal(tables.similarity(values).cosine, offset).mean() for offset in (0, 3, 400)]
        found = table(app, {"offset", "mean", "low", "high"})["mean"]
        assert [found[offset] for offset in (0, 3, 400)] == pytest.approx(diagonal, abs=1e-5)


def test_biases_by_distance(tiny, monkeypatch) -> None:
    monkeypatch.setattr(positions_tables, "choose_model", lambda: tiny("t5"))
    app = opened("positions", positions="tables")
    for part in ("encoder", "decoder"):
        settle(app.button_group(key="bias_of").set_value(part).run())
        expected = tables.relative_buckets(tiny("t5"), part)
        assert not app.exception and len(charts(app)) == 1 and "32 buckets for each head" in written(app)
        drawn = table(app, {"head", "offset", "bias"})
        np.testing.assert_allclose(drawn["bias"].to_numpy().reshape(expected.values.shape), expected.values, atol=1e-6)
        assert drawn["offset"].tolist() == expected.offsets.tolist() * len(expected.values)


def test_a_model_without_a_table_says_what_it_has(tiny, monkeypatch) -> None:
    monkeypatch.setattr(positions_tables, "choose_model", lambda: tiny("llama"))
    app = opened("positions", positions="tables")
    assert not app.exception and not charts(app) and "RoPE" in written(app)


def test_the_model_is_run_once_for_its_table(monkeypatch, tmp_path) -> None:
    model = models.load(making.save("bert", tmp_path), device="cpu")
    monkeypatch.setattr(positions_tables, "choose_model", lambda: model)
    calls = []
    found = tables.kind_and_table
    monkeypatch.setattr(tables, "kind_and_table", lambda model: calls.append(model) or found(model))
    app = opened("positions", positions="tables")
    settle(app.run())
    settle(app.run())
    assert len(charts(app)) == 1 and len(calls) == 1


def test_tokens_in_another_order(bert) -> None:
    app = opened("positions", positions="order", text=DOG)
    captured = capture(bert, DOG)

    def compared(expected: list[int], on: bool) -> None:
        settle(app)
        found = order.permuted(bert, captured, expected, on)
        drawn = table(app, {"r", "apart"})["apart"]
        np.testing.assert_allclose(drawn, found.deviation, atol=1e-5)
        assert not app.exception and len(charts(app)) == 1 and ("Not equivariant" in written(app)) == (on and expected != sorted(expected))
        assert json.loads(app.get("vega_lite_chart")[0].proto.spec)["params"][1]["value"] == [captured.source.labels[i] for i in found.order]

    compared([5, 4, 3, 2, 1, 0], True)
    app.toggle(key="order_positions").set_value(False).run()
    compared([5, 4, 3, 2, 1, 0], False)
    app.toggle(key="order_positions").set_value(True).run()
    app.button(key="order_original").click().run()
    compared([0, 1, 2, 3, 4, 5], True)
    app.button(key="order_shuffle").click().run()
    shuffled = [int(word) for word in app.query_params["order"].split(".")]
    assert sorted(shuffled) == [0, 1, 2, 3, 4, 5]
    compared(shuffled, True)


def test_an_order_comes_with_the_link_and_another_text_has_its_own(bert) -> None:
    app = opened("positions", positions="order", text=DOG, order="1.0.2.3.4.5")
    found = order.permuted(bert, DOG, [1, 0, 2, 3, 4, 5])
    assert f"**{found.max:.1e}**" in written(app)
    settle(app.text_area(key="text").set_value("Dogs bite").run())
    assert not app.exception and f"**{order.permuted(bert, 'Dogs bite', [1, 0]).max:.1e}**" in written(app)
    settle(app.text_area(key="pair").set_value("Men do not").run())
    captured = capture(bert, "Dogs bite", "Men do not")
    assert f"**{order.permuted(bert, captured, [4, 3, 2, 1, 0]).max:.1e}**" in written(app), "the second text is read, too"


@pytest.mark.parametrize(("view", "slow"), [("order", "explorer.positions.order.permuted"), ("terms", "explorer.positions.terms.four_terms")])
def test_the_recipe_is_of_what_is_shown_also_while_another_text_is_computed(monkeypatch, view, slow) -> None:
    app = opened("positions", positions=view, text="The dog bites the man.")
    before, go_on = app.code[0].value, threading.Event()
    module, name = slow.rsplit(".", 1)
    compute = getattr(importlib.import_module(module), name)

    def waiting(*given: object) -> object:
        assert go_on.wait(60)
        return compute(*given)

    monkeypatch.setattr(slow, waiting)
    try:
        app.text_area(key="text").set_value("Nobody has read these words.").run()
        assert not app.exception and "Still shown" in written(app)
        assert "The dog bites the man." in before and app.code[0].value == before
    finally:
        go_on.set()
    settle(app)
    assert "Still shown" not in written(app) and "Nobody has read these words." in app.code[0].value


@pytest.mark.parametrize("name", list(positions_order.MODELS)[1:])
def test_toys_that_were_trained_to_tell_who_does_it(name) -> None:
    app = opened("positions", positions="order", order_model=name)
    assert not app.exception and len(charts(app)) == 1
    assert ("Not equivariant" in written(app)) == (name == "order")


def test_four_terms_add_up(bert) -> None:
    app = opened("positions", positions="terms", text=DOG, head="3", layer="2")
    for head in (3, 5):
        settle(app.selectbox(key="head_box").set_value(head).run())
        assert not app.exception and len(charts(app)) == 2
        deviation = float(re.search(r"within \*\*([\d.e-]+)\*\*", written(app))[1])
        assert 0 < deviation < 1e-5 and f"Smallest angle {terms.principal_angles(bert).angles[0]:.0f}°" in written(app)
        found = terms.four_terms(bert, capture(bert, DOG), 0, head)
        spreads = table(app, {"i", "value"}, 1)["value"]
        assert spreads.tolist() == pytest.approx(list(found.spreads), abs=1e-5)
        largest = max(float(np.abs(part).max()) for part in (*found.terms, found.scores))
        params = {given["name"]: given.get("value") for given in charts(app)[0]["params"]}
        assert params["matrix_top"] == pytest.approx(largest, abs=1e-4) and params["tokens"] == list(capture(bert, DOG).source.labels)
    assert app.query_params["head"] == "5" and app.query_params["layer"] == "0"


def test_four_terms_of_a_model_that_adds_no_positions(tiny, monkeypatch) -> None:
    llama = tiny("llama")
    chosen = Chosen(llama, capture(llama, "the cat"), "the cat", "", "", (llama.name, "cpu", "auto"))
    monkeypatch.setattr(positions_terms, "sidebar", lambda: chosen)
    app = opened("positions", positions="terms")
    assert not app.exception and not charts(app) and "adds no positions" in written(app)


def test_longer_texts_as_measured() -> None:
    app = opened("positions", positions="extrapolation")
    curves = extrapolation.shipped()
    assert curves.command in written(app) and curves.date in written(app)
    columns = ["scheme", "length", "seeds", "mean", "low", "high"]
    for what in ("accuracy", "loss"):
        settle(app.button_group(key="curves_what").set_value(what).run())
        expected = curves.summary(what).sort_values(["scheme", "length"])
        drawn = table(app, set(columns)).sort_values(["scheme", "length"])
        assert not app.exception and len(charts(app)) == 1 and drawn["scheme"].tolist() == expected["scheme"].tolist()
        assert drawn["mean"].tolist() == pytest.approx(expected["mean"].clip(lower=1e-6).tolist())


def test_a_small_run_waits_until_it_is_asked_for(monkeypatch) -> None:
    readings = extrapolation.shipped().readings[:4]
    plan = replace(extrapolation.SMALL, steps=401)  # this job is another one than that of the browser tests

    def compute(run, tell=None, **_how):
        tell(0.5, extrapolation.Curves(readings[:2], plan.about()))
        return extrapolation.Curves(readings, plan.about())

    monkeypatch.setattr(extrapolation, "SMALL", plan)
    monkeypatch.setattr(extrapolation.LiveRun, "compute", compute)
    app = opened("positions", positions="extrapolation", curves_of="live")
    assert not app.exception and not charts(app)
    settle(app.button(key="train_extrapolation").click().run())
    assert not app.exception and len(charts(app)) == 1
    expected = extrapolation.Curves(readings, plan.about()).summary("accuracy")
    assert table(app, {"scheme", "length", "seeds", "mean", "low", "high"})["mean"].tolist() == pytest.approx(expected["mean"].tolist())


@pytest.mark.parametrize("view", ["order", "terms"])
def test_a_text_that_cannot_be_read_is_told(view) -> None:
    app = opened("positions", positions=view, text=DOG)
    settle(app.text_area(key="text").set_value("").run())
    assert not app.exception and not charts(app) and "no text" in written(app)


@pytest.mark.parametrize("view", ["order", "terms"])
def test_a_text_that_is_too_long_is_cut_as_on_all_pages(view) -> None:
    app = opened("positions", positions=view, text=DOG)
    settle(app.text_area(key="text").set_value("word " * 600).run())
    assert not app.exception and charts(app) and "cut at 512 of 602 tokens" in written(app)
