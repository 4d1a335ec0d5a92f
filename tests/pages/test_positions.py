"""The positions laboratory as Streamlit runs it, without a browser."""

import re

import numpy as np
import pytest

from explorer.positions import extrapolation, order, tables, terms
from explorer.ui.common import session
from explorer.ui.positions import order as positions_order
from explorer.ui.positions import tables as positions_tables
from explorer.ui.positions import terms as positions_terms
from tests.pages.shared import charts, opened, started, written

DOG = "The dog bites the man."


def test_closed_form_views_need_no_model(monkeypatch) -> None:
    app = started()
    monkeypatch.setattr(session, "open_model", lambda *asked: pytest.fail("a model was opened"))
    app.switch_page("pages/positions.py").run()
    found = {}
    for view in ("sinusoidal", "rope", "alibi", "where"):
        app.button_group(key="positions").set_value(view).run()
        (chart,) = charts(app)
        found[view] = {given["name"] for given in chart["params"]}
        assert not app.exception and not app.sidebar.selectbox
    assert "d_model_step" in found["sinusoidal"] and "q_angle" in found["rope"] and "heads" in found["alibi"] and "scheme" in found["where"]


def test_the_table_of_the_bundled_bert(bert) -> None:
    app = opened("positions", positions="Tables")
    assert not app.exception and len(charts(app)) == 1
    table = tables.learned(bert)
    share = tables.pca(table.values)[1].sum()
    assert f"512 positions × 384 dimensions, 196,608 parameters; three components explain {share:.0%}" in written(app)
    app.button_group(key="table_of").set_value("sinusoids").run()
    assert not app.exception and "0 parameters" in written(app)


def test_biases_by_distance(tiny, monkeypatch) -> None:
    monkeypatch.setattr(positions_tables, "choose_model", lambda: tiny("t5"))
    app = opened("positions", positions="Tables")
    assert not app.exception and len(charts(app)) == 1 and "32 buckets for each head" in written(app)
    app.button_group(key="bias_of").set_value("decoder").run()
    assert not app.exception and len(charts(app)) == 1


def test_a_model_without_a_table_says_what_it_has(tiny, monkeypatch) -> None:
    monkeypatch.setattr(positions_tables, "choose_model", lambda: tiny("llama"))
    app = opened("positions", positions="Tables")
    assert not app.exception and not charts(app) and "RoPE" in written(app)


def test_the_model_is_run_once_for_its_table(monkeypatch) -> None:
    app = opened("positions", positions="Tables")
    positions_tables._known.clear()
    calls = []
    found = tables.kind_and_table
    monkeypatch.setattr(tables, "kind_and_table", lambda model: calls.append(model) or found(model))
    app.run()
    app.run()
    assert len(calls) == 1


def test_reversed_tokens(bert) -> None:
    app = opened("positions", positions="Order", text=DOG)
    assert not app.exception and len(charts(app)) == 1
    found = order.permuted(bert, DOG, [5, 4, 3, 2, 1, 0])
    assert f"**{found.max:.1e}**" in written(app) and "Not equivariant" in written(app)
    app.toggle(key="order_positions").set_value(False).run()
    assert not app.exception and "Equivariant: the outputs moved" in written(app)
    app.button(key="order_original").click().run()
    assert app.session_state["_ordered"][1] == [0, 1, 2, 3, 4, 5]
    app.button(key="order_shuffle").click().run()
    assert sorted(app.session_state["_ordered"][1]) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", list(positions_order.MODELS)[1:])
def test_toys_that_were_trained_to_tell_who_does_it(name) -> None:
    app = opened("positions", positions="Order", order_model=positions_order.MODELS[name])
    assert not app.exception and len(charts(app)) == 1
    assert ("Not equivariant" in written(app)) == (name == "order")


def test_four_terms_add_up(bert) -> None:
    app = opened("positions", positions="Four terms", text=DOG, terms_head="3")
    assert not app.exception and len(charts(app)) == 2
    deviation = float(re.search(r"within \*\*([\d.e-]+)\*\*", written(app))[1])
    assert 0 < deviation < 1e-5 and f"Smallest angle {terms.principal_angles(bert).angles[0]:.0f}°" in written(app)


def test_four_terms_of_a_model_that_adds_no_positions(tiny, monkeypatch) -> None:
    monkeypatch.setattr(positions_terms, "choose_model", lambda: tiny("llama"))
    app = opened("positions", positions="Four terms", text="the cat")
    assert not app.exception and "adds no positions" in written(app)


def test_longer_texts_as_measured() -> None:
    app = opened("positions", positions="Longer texts")
    assert not app.exception and len(charts(app)) == 1
    curves = extrapolation.shipped()
    assert curves.command in written(app) and curves.date in written(app)
    app.button_group(key="curves_what").set_value("loss").run()
    assert not app.exception and len(charts(app)) == 1


def test_a_small_run_waits_until_it_is_asked_for(monkeypatch) -> None:
    readings = extrapolation.shipped().readings[:4]

    def live(tell=None, **_how):
        tell(0.5, extrapolation.Curves(readings[:2], extrapolation.SMALL.about()))
        return extrapolation.Curves(readings, extrapolation.SMALL.about())

    monkeypatch.setattr(extrapolation, "live", live)
    app = opened("positions", positions="Longer texts")
    app.button_group(key="curves_of").set_value("live").run()
    assert not app.exception and not charts(app)
    app.button(key="train_extrapolation").click().run()
    assert not app.exception and len(charts(app)) == 1
    assert np.isclose(app.session_state["_extrapolated"].readings[0].loss, readings[0].loss, equal_nan=True)


@pytest.mark.parametrize("text", ["", "word " * 600])
@pytest.mark.parametrize("view", ["Order", "Four terms"])
def test_texts_that_cannot_be_read_are_said(view, text) -> None:
    app = opened("positions", positions=view, text=DOG)
    app.text_area(key="text").set_value(text).run()
    assert not app.exception and not charts(app) and ("no text" in written(app) or "more than the 512" in written(app))
