"""The softmax laboratory as Streamlit runs it, without a browser."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import models
from explorer.capture import capture
from explorer.softmax import heads
from explorer.softmax.scale import ScaleCurve
from explorer.softmax.vectors import WIDTHS, draw
from explorer.tasks import choose
from explorer.ui.common import session
from tests import tiny
from tests.pages.shared import charts, opened, settle, started, table, tables, written

MODEL = {"softmax": "model"}
BOARD = {"row", "head", "value", "removed"}


def value(app: AppTest, chart: int, name: str) -> object:
    """Of a parameter of a chart on the page."""
    return next(given["value"] for given in charts(app)[chart]["params"] if given["name"] == name)


def test_it_opens_on_random_vectors_without_a_model(monkeypatch) -> None:
    app = started()
    monkeypatch.setattr(session, "open_model", lambda *asked, **how: pytest.fail("a model was opened"))
    app.switch_page("pages/softmax.py").run()
    (vectors,) = charts(app)
    app.button_group(key="softmax").set_value("lookups").run()
    (lookups,) = charts(app)
    assert not app.exception and not app.sidebar.selectbox
    names = [{given["name"] for given in chart["params"]} for chart in (vectors, lookups)]
    assert "d_k_step" in names[0] and "score_6" in names[1]


def test_another_number_draws_other_vectors() -> None:
    app = opened("softmax", seed="5")
    (chart,) = charts(app)
    steps = next(given for given in chart["params"] if given["name"] == "d_k_step")
    assert steps["bind"]["max"] == len(WIDTHS) - 1
    assert app.number_input(key="seed").value == 5 and "draw(5)" in "".join(block.value for block in app.code)
    columns = {"i", *(f"s{step}" for step in range(len(WIDTHS)))}
    for seed in (5, 6):
        settle(app.number_input(key="seed").set_value(seed).run())
        made, drawn = draw(seed), [one for one in tables(app) if set(one.columns) == columns]
        assert not app.exception and [len(one) for one in drawn] == [len(made.pairs), len(made.row)]
        for one, expected in zip(drawn, (made.pairs, made.row), strict=True):
            np.testing.assert_allclose(one.drop(columns="i").to_numpy(), expected)


def test_scores_and_saturation_of_the_loaded_model(bert) -> None:
    app = opened("softmax", **MODEL, layer="0", head="2")
    for text, head in (("The cat sat on the mat.", 2), ("Dogs bite.", 2), ("Dogs bite.", 7)):
        app.text_area(key="text").set_value(text).run()
        settle(app.selectbox(key="head_box").set_value(head).run())
        assert not app.exception and len(charts(app)) == 3
        captured = capture(bert, text)
        found, spread = heads.softmax(captured), heads.spread(captured)
        assert f"{np.nanmean(found.saturated):.1%} of all rows" in written(app)
        assert f"Scale of the chosen head: {32**-0.5:.4f}" in written(app)
        bars = [one for one in tables(app, 0) if "q0" in one.columns]
        for one, expected in zip(bars, (spread.raw, spread.scaled), strict=True):
            np.testing.assert_allclose(one[[f"q{i}" for i in range(5)]].to_numpy().reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)
        variance = heads.raw_scores(captured, 0, head).var()
        assert value(app, 1, "variances")[0] == f"variance {variance:.4g}"
        np.testing.assert_allclose(table(app, BOARD, 2)["value"].to_numpy().reshape(found.saturated.shape), found.saturated, atol=1e-6)
    assert app.query_params["head"] == "7" and app.query_params["layer"] == "0"


def test_the_chosen_head_is_marked_in_all_pictures() -> None:
    app = opened("softmax", **MODEL, text="Dogs bite.", layer="3", head="4")
    assert value(app, 0, "head") == [{"layer": 3, "head": 4}] and value(app, 2, "cell") == [{"row": 3, "head": 4}]
    settle(app.selectbox(key="layer_box").set_value(5).run())
    assert value(app, 0, "head") == [{"layer": 5, "head": 4}] and value(app, 2, "cell") == [{"row": 5, "head": 4}]


def test_uniform_weights_of_a_causal_model() -> None:
    app = opened("softmax", **MODEL, look="uniform", head="5", model="gpt2-mini")
    gpt = models.load("gpt2-mini", device="cpu")
    for text in ("The cat sat.", "A dog ran away from it."):
        settle(app.text_area(key="text").set_value(text).run())
        captured = capture(gpt, text)
        made, found = heads.uniform(captured, 0, 5), heads.softmax(captured)
        assert not app.exception and len(charts(app)) == 2
        assert "the mean of the values that a token sees; largest deviation over all heads and tokens: " in written(app)
        drawn = [one["value"].to_numpy() for one in tables(app, 0) if "column" in one.columns]
        for one, expected in zip(drawn, (made.values, made.uniform, made.learned), strict=True):
            np.testing.assert_allclose(one, expected.ravel(), atol=1e-4)
        np.testing.assert_allclose(table(app, BOARD, 1)["value"].to_numpy().reshape(found.relative.shape), found.relative, atol=1e-5)


def test_a_model_with_fewer_heads() -> None:
    app = opened("softmax", **MODEL, head="11")
    assert app.selectbox(key="head_box").value == 11
    settle(app.selectbox(key="model").set_value("gpt2-mini").run())
    assert not app.exception and app.selectbox(key="head_box").value == 0


def _view_only(folder: str) -> None:
    import models
    from explorer.capture import capture
    from explorer.ui.softmax import heads as softmax_model

    of = softmax_model.Head(capture(models.load(folder), "the cat sat"), "decoder", 0, 0)
    softmax_model.scores(of)
    softmax_model.uniform(of)


def test_a_view_only_model_shows_what_it_can(tmp_path) -> None:
    app = AppTest.from_function(_view_only, args=(str(tiny.save("falcon", tmp_path)),), default_timeout=60).run()
    settle(app)
    assert not app.exception and len(charts(app)) == 2, "both maps"
    assert len(app.info) == 2 and "view-only" in app.info[0].value and "of all rows" in written(app)


def test_the_scale_is_computed_when_asked(bert) -> None:
    app = opened("softmax", **MODEL, look="scale", limit="6")
    assert not app.exception and not charts(app)
    settle(app.button(key="compute_scale").click().run())
    assert not app.exception and len(charts(app)) == 1
    given = choose.built_in("classify")
    task = choose.make("classify", bert, type(given)(given.name, given.examples[:6], given.labels))
    own = ScaleCurve(task).compute([1.0])[0]
    assert f"entropy {own.entropy:.2f} nats, accuracy {own.score:.1%}" in written(app)
    # Known from now on, for whoever comes back.
    assert len(charts(app.run())) == 1
